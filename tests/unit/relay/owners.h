/* SPDX-License-Identifier: BSD-3-Clause */
/* Peer ids that differ in a number, and a folder that goes again. */
#ifndef BEAM_TESTS_UNIT_RELAY_OWNERS_H
#define BEAM_TESTS_UNIT_RELAY_OWNERS_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "identity/peer_id.h"
#include "tests/unit/harness.h"

static inline struct peer_id owner(uint8_t n)
{
    uint8_t seed[KEY_SEED_SIZE] = {n};
    struct key_pair *pair = NULL;
    struct key_public key;
    struct peer_id id = {.len = 0};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    key_pair_public(pair, &key);
    key_pair_free(pair);
    cr_assert_eq(peer_id_from_key(&key, &id), 0);
    return id;
}

struct place {
    char dir[64], file[96];
};

static inline void place_make(struct place *p)
{
    cr_assert_geq(sodium_init(), 0);
    snprintf(p->dir, sizeof(p->dir), "/tmp/beam-relay-test.XXXXXX");
    cr_assert_not_null(mkdtemp(p->dir));
    snprintf(p->file, sizeof(p->file), "%s/leases.db", p->dir);
}

static inline void place_remove(const struct place *p)
{
    cr_assert_eq(file_remove_tree(p->dir), 0);
}

#endif
