/* SPDX-License-Identifier: BSD-3-Clause */
/* A key store in a folder of its own, as a test of what is kept in it has it. */
#ifndef BEAM_TESTS_UNIT_TUNNEL_KEYS_H
#define BEAM_TESTS_UNIT_TUNNEL_KEYS_H

#include <sodium.h>

#include "identity/keystore.h"
#include "tests/unit/harness.h"
#include "tests/unit/tunnel/folder.h"

struct keys {
    struct folder folder;
    struct keystore *keys;
    struct beam_why why;
    char path[128]; /* the last that was asked for */
};

static inline struct keys keys_begin(void)
{
    struct keys s = {.folder = folder_make()};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(keystore_new(s.folder.path, KEYSTORE_OWN, rng_system(), &s.keys), 0);
    return s;
}

static inline void keys_end(struct keys *s)
{
    keystore_free(s->keys);
    folder_remove(&s->folder);
}

/* A file in its folder. */
static inline const char *keys_at(struct keys *s, const char *name)
{
    snprintf(s->path, sizeof(s->path), "%s/%s", s->folder.path, name);
    return s->path;
}

#endif
