/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a name is reached, signed by the name's own key (docs/protocol/names.md). It lies in the
 * DHT under "/beam-name/" and that key, so that whoever has the key needs nobody's word to be sure
 * of what he finds. Pure.
 */
#ifndef BEAM_NAMES_BINDING_H
#define BEAM_NAMES_BINDING_H

#include "identity/multiaddr.h"
#include "p2p/kad_store.h"

enum {
    BINDING_MAX = 1024, /* bytes, sealed */
    BINDING_ADDRS_MAX = 8,
    BINDING_URLS_MAX = 4,
    BINDING_URL_SIZE = 256,
    BINDING_TTL_MAX = 60 * 60,                 /* seconds */
    BINDING_LIFE_MS = 7 * 24 * 60 * 60 * 1000, /* the longest, from when it was made */
    BINDING_AHEAD_MS = 60 * 60 * 1000,         /* how far its clock may be ahead of ours */
    BINDING_HASH_SIZE = 32,
    BINDING_KEY_SIZE = 11 + KEY_ED25519_SIZE /* of its key in the DHT */
};

struct binding {
    uint8_t key[KEY_ED25519_SIZE]; /* the name's: who signed it */
    uint64_t seq;                  /* from 1; the later one counts */
    struct peer_id tunnel;
    size_t addr_count, url_count; /* where it is reached; none: nowhere now */
    struct multiaddr addrs[BINDING_ADDRS_MAX];
    char urls[BINDING_URLS_MAX][BINDING_URL_SIZE]; /* of relays */
    uint32_t ttl;                                  /* seconds that an answer may be kept */
    uint64_t made, not_after;                      /* milliseconds since 1970 */
};

/* b->key is not looked at. Sets *out_len. 0; BEAM_EINVAL (what binding_open would refuse),
 * BEAM_ELIMIT (too long), BEAM_ENOMEM. */
int binding_seal(const struct key_pair *pair, const struct binding *b, void *out, size_t size,
                 size_t *out_len);
/* Addresses of protocols that are not known are left out. BEAM_EINVAL, BEAM_EAUTH, BEAM_ELIMIT,
 * BEAM_ENOMEM; `out` (some 6 kB) may then have been written to. */
int binding_open(const void *data, size_t len, struct binding *out);
/* Whether it is believed at that time: neither over nor from the future. */
bool binding_holds(const struct binding *b, uint64_t wall_ms);

/* Which of two of one name is the better. */
struct binding_rank {
    uint64_t seq;
    uint8_t hash[BINDING_HASH_SIZE]; /* of the sealed bytes */
};
/* Of the sealed bytes that b was opened from. */
void binding_rank(const struct binding *b, const void *data, size_t len, struct binding_rank *out);
/* Below zero when a is the better, above when b is, zero when they are the same. */
int binding_rank_compare(const struct binding_rank *a, const struct binding_rank *b);

/* Its key in the DHT, as bytes. */
void binding_key(const uint8_t key[KEY_ED25519_SIZE], uint8_t out[BINDING_KEY_SIZE]);
/* "/beam-name/…". */
extern const struct kad_validator binding_validator;

#endif
