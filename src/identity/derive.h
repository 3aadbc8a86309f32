/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys from one master seed, each for a purpose and a context of its own
 * (docs/protocol/keystore.md): who has one of them learns nothing of the seed or of another. Pure.
 */
#ifndef BEAM_IDENTITY_DERIVE_H
#define BEAM_IDENTITY_DERIVE_H

#include <stddef.h>
#include <stdint.h>

/* The numbers are those of the file. */
enum derive_purpose {
    DERIVE_NODE = 1,    /* this machine to its peers */
    DERIVE_PERSONA = 2, /* a tunnel to its peers */
    DERIVE_NAME = 3,    /* a name that is published */
    DERIVE_ONION = 4,   /* an onion service */
    DERIVE_CA = 5,      /* the local certificate authority */
    DERIVE_LABEL = 6,   /* what a target is called that was given no name */
    DERIVE_COOKIE = 7   /* what a relay's cookies are signed with */
};

enum { DERIVE_SEED_SIZE = 32, DERIVE_CONTEXT_MAX = 255 };

/* "node", "persona" …; NULL for what is none. Static storage. */
const char *derive_purpose_name(enum derive_purpose purpose);

/* The 32 bytes for (purpose, context of at most DERIVE_CONTEXT_MAX bytes). `out` is a secret then,
 * the caller's to wipe. 0; BEAM_EINVAL (no such purpose), BEAM_ELIMIT (the context). */
int derive_seed(const uint8_t master[DERIVE_SEED_SIZE], enum derive_purpose purpose,
                const void *context, size_t len, uint8_t out[DERIVE_SEED_SIZE]);

#endif
