/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/patience.h"

enum {
    HEAD_MS = 10 * 1000,
    IDLE_MS = 60 * 1000,
    RESPONSE_MS = 60 * 1000,
    SILENCE_MS = 60 * 60 * 1000,
    WINDOW = 256 * 1024,
    BODY_GRACE_MS = 30 * 1000, /* for a request, and then it comes at so many bytes a second: */
    BODY_RATE = 500
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
}

/* How long what is waited for may take, from now on. */
static uint64_t step(const struct engine_limits *l, const struct carry *c)
{
    if (!c->x.begun)
        return carry_sent(c) ? l->response_ms : l->idle_ms;
    if (exchange_answered(&c->x) || buf_len(&c->visitor.out) > 0 || c->visitor.ended)
        return l->idle_ms;
    return l->silence_ms;
}

/* A body that drips in, a byte just before each deadline, has one in all. */
uint64_t patience_due(const struct engine_limits *l, const struct carry *c, uint64_t since,
                      uint64_t now)
{
    uint64_t due = now + step(l, c), all = since + BODY_GRACE_MS + c->x.in * 1000 / BODY_RATE;
    return carry_waits(c) && !c->x.begun && all < due ? all : due;
}
