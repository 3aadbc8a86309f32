/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A list of whom others have shut out (docs/protocol/denylist.md): hashes in order, signed by
 * who made it. Up to ten million of them: what was found good lies in a file of the relay's own,
 * mapped, so that no memory is held for it and nobody changes it meanwhile.
 */
#ifndef BEAM_RELAY_DENYLIST_H
#define BEAM_RELAY_DENYLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/envelope.h"
#include "identity/peer_id.h"

enum {
    DENYLIST_HASH_SIZE = 16,
    DENYLIST_DIGEST_SIZE = 32,
    DENYLIST_PREFIX_SIZE = 12, /* of the file: 8 bytes that name it, and the head's length */
    DENYLIST_HEAD_MAX = DENYLIST_PREFIX_SIZE + ENVELOPE_MAX,
    DENYLIST_ENTRIES_MAX = 10 * 1000 * 1000
};

enum denylist_kind { DENYLIST_KEY = 1, DENYLIST_ENDPOINT = 2 };

struct denylist_head {
    uint64_t sequence, created; /* a later list has a greater one; seconds since 1970 */
    uint64_t entries;
    uint8_t digest[DENYLIST_DIGEST_SIZE]; /* SHA-256 of all hashes */
    size_t len;                           /* of the head: the hashes follow */
};

/* What stands for an owner's key (its peer id's bytes) or an endpoint (its id). Pure. */
void denylist_hash(enum denylist_kind kind, const void *value, size_t len,
                   uint8_t out[DENYLIST_HASH_SIZE]);
/* The head at the start of a file's bytes. Pure. BEAM_EINVAL, BEAM_EAUTH (not signed, or by another
 * than `signer`), BEAM_ELIMIT, BEAM_ENOMEM with words. */
int denylist_head_parse(const void *data, size_t len, const struct peer_id *signer,
                        struct denylist_head *out, struct beam_why *why);
/* A whole file of hashes in order, without one twice, in fresh memory. 0 or BEAM_ENOMEM. */
int denylist_make(const struct key_pair *pair, uint64_t sequence, uint64_t created,
                  const uint8_t (*hashes)[DENYLIST_HASH_SIZE], size_t n, uint8_t **out,
                  size_t *out_len);

struct denylist;

/* Begins to read it: its head is checked. `dir`: where the copy goes; NULL: the file is the relay's
 * own, which nobody writes to, and needs none. `least`: of the sequence.
 * As denylist_head_parse; BEAM_EEXIST: older than that; BEAM_ENOTFOUND, BEAM_EIO, with words. */
int denylist_open(const char *path, const char *dir, const struct peer_id *signer, uint64_t least,
                  struct denylist **out, struct beam_why *why);
/* Reads on, a part that takes well below a millisecond: BEAM_EAGAIN: there is more; 0: all of it is
 * good; BEAM_EINVAL (cut, or not in order), BEAM_EAUTH (the digest), BEAM_EIO with words. */
int denylist_read(struct denylist *d, struct beam_why *why);
/* Of one that was read. */
bool denylist_has(const struct denylist *d, enum denylist_kind kind, const void *value, size_t len);
const struct denylist_head *denylist_head(const struct denylist *d);
/* NULL allowed. */
void denylist_free(struct denylist *d);

#endif
