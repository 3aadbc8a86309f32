/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_tickets.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "p2p/crew.h"

struct mate {
    bool asked;
    uint8_t key[TLS_HANDOVER_KEY_SIZE]; /* what they are sealed to */
};

struct operator_tickets {
    struct operator_tickets_spec spec;
    struct tls_handover *handover; /* of those who ask; NULL: of the first, and without HTTPS */
    struct mate mates[CREW_MAX];   /* of the first */
    uint64_t made;                 /* when the newest key was that they have been told */
    bool ready;
};

static uint64_t now_of(const struct operator_tickets *t)
{
    return t->spec.clock->monotonic_ms(t->spec.clock->arg);
}

/* Without a key of its own the first answers too: who asked need not wait. */
static void answer(struct operator_tickets *t, unsigned mate)
{
    uint8_t sealed[TLS_HANDOVER_SIZE_MAX];
    size_t len = 0;
    if (t->spec.tickets &&
        tls_handover_seal(t->spec.tickets, now_of(t), t->mates[mate].key, sealed, &len) < 0)
        log_warn("relay", "worker %u could not be given the keys of TLS tickets", mate);
    t->spec.tell(t->spec.arg, mate, sealed, len);
}

static void take(struct operator_tickets *t, const uint8_t *data, size_t len)
{
    if (len > 0 && tls_handover_open(t->handover, data, len, t->spec.tickets) < 0)
        log_warn("relay", "the keys of TLS tickets of the first could not be taken");
    t->ready = true;
}

void operator_tickets_told(struct operator_tickets *t, unsigned mate, const uint8_t *data,
                           size_t len)
{
    if (t->spec.index > 0 && mate == 0 && t->handover) {
        take(t, data, len);
    } else if (t->spec.index == 0 && mate < t->spec.count && len == TLS_HANDOVER_KEY_SIZE) {
        t->mates[mate].asked = true;
        memcpy(t->mates[mate].key, data, len);
        answer(t, mate);
    }
}

void operator_tickets_joined(struct operator_tickets *t, unsigned mate)
{
    if (mate == 0 && t->handover)
        t->spec.tell(t->spec.arg, 0, tls_handover_key(t->handover), TLS_HANDOVER_KEY_SIZE);
}

void operator_tickets_left(struct operator_tickets *t, unsigned mate)
{
    if (mate < t->spec.count)
        t->mates[mate].asked = false;
}

void operator_tickets_tick(struct operator_tickets *t)
{
    if (t->spec.index > 0 || !t->spec.tickets)
        return;
    uint64_t made = tls_tickets_newest(t->spec.tickets, now_of(t))->made_ms;
    if (made == t->made)
        return;
    t->made = made;
    for (unsigned i = 1; i < t->spec.count; i++)
        if (t->mates[i].asked)
            answer(t, i);
}

bool operator_tickets_ready(const struct operator_tickets *t)
{
    return t->ready;
}

int operator_tickets_new(const struct operator_tickets_spec *spec, struct operator_tickets **out)
{
    struct operator_tickets *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->spec = *spec;
    bool asks = spec->index > 0 && spec->tickets;
    int err = asks ? tls_handover_new(spec->rng, &t->handover) : 0;
    if (err < 0) {
        free(t);
        return err;
    }
    t->ready = !asks;
    if (spec->index == 0 && spec->tickets)
        t->made = tls_tickets_newest(spec->tickets, now_of(t))->made_ms;
    *out = t;
    return 0;
}

void operator_tickets_free(struct operator_tickets *t)
{
    if (!t)
        return;
    tls_handover_free(t->handover);
    free(t);
}
