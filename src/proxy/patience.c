/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/patience.h"

enum {
    HEAD_MS = 10 * 1000,
    IDLE_MS = 60 * 1000,
    RESPONSE_MS = 60 * 1000,
    SILENCE_MS = 60 * 60 * 1000,
    WINDOW = 256 * 1024,
    RATE = 500,
    BODY_GRACE_MS = 30 * 1000 /* for a request, and then its body comes at the least rate */
};

static uint64_t or_else(uint64_t value, uint64_t otherwise)
{
    return value ? value : otherwise;
}

void patience_default(struct engine_limits *l)
{
    l->head_ms = or_else(l->head_ms, HEAD_MS);
    l->idle_ms = or_else(l->idle_ms, IDLE_MS);
    l->response_ms = or_else(l->response_ms, RESPONSE_MS);
    l->silence_ms = or_else(l->silence_ms, SILENCE_MS);
    l->window = or_else(l->window, WINDOW);
    l->rate = or_else(l->rate, RATE);
}

/* ---- a visitor who takes slowly -------------------------------------------------------------- */

/* What lies in buffers of this machine is not taken. */
static uint64_t taken(const struct carry *c)
{
    uint64_t unsent = c->visitor.stream ? stream_unsent(c->visitor.stream) : 0;
    return c->visitor.written > unsent ? c->visitor.written - unsent : 0;
}

void pace_note(struct pace *p, const struct carry *c, uint64_t now)
{
    if (buf_len(&c->visitor.out) == 0)
        p->since = 0;
    else if (p->since == 0)
        *p = (struct pace){.since = now, .taken = taken(c)};
}

bool pace_kept(struct pace *p, const struct engine_limits *l, const struct carry *c, uint64_t now)
{
    if (p->since == 0)
        return false;
    uint64_t all = taken(c);
    if ((all - p->taken) * 1000 < l->rate * (now - p->since))
        return false;
    *p = (struct pace){.since = now, .taken = all};
    return true;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* When what is waited for is late. One who takes a byte just before each deadline is late, too. */
static uint64_t step(const struct engine_limits *l, const struct carry *c, const struct pace *p,
                     uint64_t now)
{
    if (!c->x.begun)
        return now + (carry_sent(c) ? l->response_ms : l->idle_ms);
    if (p->since > 0)
        return p->since + l->idle_ms;
    if (exchange_answered(&c->x) || c->visitor.ended)
        return now + l->idle_ms;
    return now + l->silence_ms;
}

/* A body that drips in, a byte just before each deadline, has one in all. */
uint64_t patience_due(const struct engine_limits *l, const struct carry *c, const struct pace *p,
                      uint64_t since, uint64_t now)
{
    uint64_t due = step(l, c, p, now), all = since + BODY_GRACE_MS + c->x.in * 1000 / l->rate;
    return carry_waits(c) && !c->x.begun && all < due ? all : due;
}
