/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_handover.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

struct tls_handover {
    uint8_t secret[crypto_box_SECRETKEYBYTES], key[crypto_box_PUBLICKEYBYTES];
};

/* What is sealed, in memory's own form. */
struct handed {
    uint64_t count;
    struct tls_ticket_key keys[TLS_TICKETS_KEPT];
};

enum { SEALED_SIZE = sizeof(struct handed) + crypto_box_SEALBYTES };
_Static_assert((int)TLS_HANDOVER_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "an X25519 key");
_Static_assert((int)SEALED_SIZE <= (int)TLS_HANDOVER_SIZE_MAX, "there is room for all");

int tls_handover_new(const struct rng *rng, struct tls_handover **out)
{
    struct tls_handover *h = sodium_malloc(sizeof(*h));
    if (!h)
        return BEAM_ENOMEM;
    rng->fill(rng->arg, h->secret, sizeof(h->secret));
    (void)crypto_scalarmult_base(h->key, h->secret);
    *out = h;
    return 0;
}

void tls_handover_free(struct tls_handover *h)
{
    sodium_free(h);
}

const uint8_t *tls_handover_key(const struct tls_handover *h)
{
    return h->key;
}

int tls_handover_seal(struct tls_tickets *t, uint64_t now_ms,
                      const uint8_t to[TLS_HANDOVER_KEY_SIZE], uint8_t out[TLS_HANDOVER_SIZE_MAX],
                      size_t *out_len)
{
    const struct tls_ticket_key *keys;
    struct handed *all = sodium_malloc(sizeof(*all));
    if (!all)
        return BEAM_ENOMEM;
    memset(all, 0, sizeof(*all));
    all->count = tls_tickets_all(t, now_ms, &keys);
    memcpy(all->keys, keys, (size_t)all->count * sizeof(*keys));
    int err = crypto_box_seal(out, (const uint8_t *)all, sizeof(*all), to) == 0 ? 0 : BEAM_EINVAL;
    sodium_free(all);
    if (err == 0)
        *out_len = SEALED_SIZE;
    return err;
}

int tls_handover_open(const struct tls_handover *h, const uint8_t *data, size_t len,
                      struct tls_tickets *t)
{
    struct handed *all = sodium_malloc(sizeof(*all));
    int err = BEAM_EAUTH;
    if (!all)
        return BEAM_ENOMEM;
    if (len == SEALED_SIZE &&
        crypto_box_seal_open((uint8_t *)all, data, len, h->key, h->secret) == 0 &&
        all->count <= TLS_TICKETS_KEPT) {
        tls_tickets_follow(t, all->keys, (size_t)all->count);
        err = 0;
    }
    sodium_free(all);
    return err;
}
