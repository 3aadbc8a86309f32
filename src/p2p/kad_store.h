/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server of the DHT keeps for others: values that a validator of their namespace found good,
 * and who provides a key. Pure; time is passed in. All of it expires, what one peer may leave here
 * is bounded, and when all places are taken those farthest from us go first: for them others are
 * the better place. Values of some namespaces say themselves how long they are good; such a one is
 * not given away after that, and may lie here as long, when it is put again and again.
 */
#ifndef BEAM_P2P_KAD_STORE_H
#define BEAM_P2P_KAD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "p2p/kad_id.h"
#include "p2p/kad_message.h"
#include "p2p/kad_table.h"

enum {
    KAD_NAMESPACE_MAX = 32,                  /* bytes of a namespace's name */
    KAD_VALUE_LIFE_MS = 48 * 60 * 60 * 1000, /* libp2p/specs, kad-dht: what IPFS has */
    /* How long what was kept, and went, keeps out what ranks below it: as long as a name's record
     * may be good. */
    KAD_OVER_LIFE_MS = 7 * 24 * 60 * 60 * 1000,
    KAD_PROVIDER_LIFE_MS = 48 * 60 * 60 * 1000,
    /* After so long, and up to three times as long as chance has it, a value that nobody put here
     * meanwhile is due (Kademlia, 2.5: whoever is first spares the others the trouble). */
    KAD_REPEAT_MS = 60 * 60 * 1000,
    KAD_PROVIDERS_MAX = 20,   /* of one key: in an answer, */
    KAD_PROVIDERS_KEPT = 200, /* and kept, while there is room; */
    KAD_PROVIDERS_SHARE = 8   /* of one network no more than one part in so many */
};

/* What may be kept under "/NAMESPACE/…". All are functions of their arguments alone. */
struct kad_validator {
    const char *name; /* "pk"; borrowed, as is all else here */
    /* Whether value belongs under key. 0; BEAM_ETIMEOUT: not at this time (wall_ms, since 1970), as
     * our clock has it; BEAM_ENOMEM; another BEAM_E…: never. */
    int (*check)(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms);
    /* These two are asked of what `check` found good alone, and need not look at signatures.
     *
     * Below zero when a is the better of two that are good, above when b is, zero when the same. */
    int (*compare)(void *arg, struct kad_text key, struct kad_text a, struct kad_text b);
    /* When one that is good ceases to be, in ms since 1970. NULL: they do not say. */
    uint64_t (*until)(void *arg, struct kad_text key, struct kad_text value);
    /* Servers put it again where it belongs, as long as it is good: whoever made it may be away.
     * Only with `until`. */
    bool repeated;
    void *arg;
};

struct kad_store_limits {
    size_t values, providers; /* keys that have one */
    size_t each; /* things that one peer may have left here, of both kinds; not of our own */
};

struct kad_store;

/* rng is borrowed. 0 or BEAM_ENOMEM. */
int kad_store_new(const struct rng *rng, const struct kad_id *self,
                  const struct kad_store_limits *limits, struct kad_store **out);
/* NULL allowed. */
void kad_store_free(struct kad_store *s);

/* Whether a value is one that nobody honest keeps, by what its validator says of it: it is neither
 * a matter of clocks nor of memory. */
bool kad_store_forged(int err);

/* From now on values of this namespace are known. 0, BEAM_EEXIST, BEAM_EINVAL (the name),
 * BEAM_ELIMIT (more than 16). */
int kad_store_register(struct kad_store *s, const struct kad_validator *v);
/* The validator of a key's namespace, or NULL. */
const struct kad_validator *kad_store_validator(const struct kad_store *s, struct kad_text key);

/* The monotonic clock decides what expires, the wall clock what a validator thinks of it. */
struct kad_now {
    uint64_t ms, wall_ms;
};

/* `from` left it here. 0: kept, or the same was. BEAM_EINVAL: of no known namespace, or not good.
 * BEAM_ETIMEOUT: not at this time. BEAM_EEXIST: a better one is, or was, here. BEAM_ELIMIT: no
 * place. BEAM_ENOMEM. */
int kad_store_put(struct kad_store *s, struct kad_text key, struct kad_text value,
                  const struct peer_id *from, struct kad_now now);
/* Whether one that ranks above a value was kept here and is over: then neither is that good. */
bool kad_store_outdated(const struct kad_store *s, struct kad_text key, struct kad_text value,
                        uint64_t wall_ms);
/* A view until the store changes. 0 or BEAM_ENOTFOUND. */
int kad_store_get(struct kad_store *s, struct kad_text key, struct kad_now now,
                  struct kad_text *value);

/* `peer` says that it provides key, and came from `group`. As kad_store_put; BEAM_EINVAL: the key
 * is no multihash. Chance decides who makes room when so many are kept: nobody stays, or goes, by
 * speaking often. Whose network has its share takes the place of one from there. */
int kad_store_provide(struct kad_store *s, struct kad_text key, const struct peer_id *peer,
                      kad_group group, struct kad_now now);
/* When they are more than `max`, a random part of them. Returns how many. */
size_t kad_store_providers(struct kad_store *s, struct kad_text key, struct kad_now now,
                           struct peer_id *out, size_t max);

/* One that is due to be put again, and who left it; the one that was put longest ago comes first.
 * Views until the store changes. It stays due until somebody puts it, or it is tended. */
bool kad_store_due(struct kad_store *s, struct kad_now now, struct kad_text *key,
                   struct kad_text *value, const struct peer_id **from);
/* It is being put again: it is not due for a while. */
void kad_store_tended(struct kad_store *s, struct kad_text key, struct kad_now now);

size_t kad_store_values(const struct kad_store *s);

#endif
