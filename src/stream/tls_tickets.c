/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_tickets.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

struct tls_tickets {
    const struct rng *rng;
    bool follows; /* another makes them */
    size_t count;
    struct tls_ticket_key keys[TLS_TICKETS_KEPT]; /* the newest first */
};

static void make(struct tls_tickets *t, uint64_t now)
{
    struct tls_ticket_key *k = &t->keys[0];
    t->rng->fill(t->rng->arg, k->name, sizeof(k->name));
    t->rng->fill(t->rng->arg, k->cipher, sizeof(k->cipher));
    t->rng->fill(t->rng->arg, k->mac, sizeof(k->mac));
    k->made_ms = now;
}

int tls_tickets_new(const struct rng *rng, uint64_t now_ms, struct tls_tickets **out)
{
    struct tls_tickets *t = sodium_malloc(sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    memset(t, 0, sizeof(*t));
    t->rng = rng;
    t->count = 1;
    make(t, now_ms);
    *out = t;
    return 0;
}

void tls_tickets_free(struct tls_tickets *t)
{
    sodium_free(t);
}

static void drop_last(struct tls_tickets *t)
{
    t->count--;
    sodium_memzero(&t->keys[t->count], sizeof(t->keys[0]));
}

static void turn(struct tls_tickets *t, uint64_t now)
{
    const uint64_t life = (uint64_t)TLS_TICKETS_KEPT * TLS_TICKETS_TURN_MS;
    while (t->count > 0 && now - t->keys[t->count - 1].made_ms >= life)
        drop_last(t);
    if (t->count > 0 && (t->follows || now - t->keys[0].made_ms < TLS_TICKETS_TURN_MS))
        return;
    if (t->count == TLS_TICKETS_KEPT)
        drop_last(t);
    memmove(&t->keys[1], &t->keys[0], t->count * sizeof(t->keys[0]));
    t->count++;
    make(t, now);
}

const struct tls_ticket_key *tls_tickets_newest(struct tls_tickets *t, uint64_t now_ms)
{
    turn(t, now_ms);
    return &t->keys[0];
}

const struct tls_ticket_key *tls_tickets_find(struct tls_tickets *t,
                                              const uint8_t name[TLS_TICKETS_NAME_SIZE],
                                              uint64_t now_ms, bool *old)
{
    turn(t, now_ms);
    for (size_t i = 0; i < t->count; i++) {
        if (memcmp(t->keys[i].name, name, TLS_TICKETS_NAME_SIZE) != 0)
            continue;
        *old = i > 0;
        return &t->keys[i];
    }
    return NULL;
}

size_t tls_tickets_all(struct tls_tickets *t, uint64_t now_ms, const struct tls_ticket_key **out)
{
    turn(t, now_ms);
    *out = t->keys;
    return t->count;
}

void tls_tickets_follow(struct tls_tickets *t, const struct tls_ticket_key *keys, size_t count)
{
    sodium_memzero(t->keys, sizeof(t->keys));
    memcpy(t->keys, keys, count * sizeof(*keys));
    t->count = count;
    t->follows = true;
}
