/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks now and then whether TLS at a public URL is still opened at this end alone (relay/seal).
 * When is left to chance within bounds, so that nobody can be honest just then.
 */
#ifndef BEAM_RELAY_VIGIL_H
#define BEAM_RELAY_VIGIL_H

#include "relay/seal.h"

struct vigil;

struct vigil_spec { /* as seal_start has them; the struct is copied */
    struct proof_spec proof;
    const struct seal_source *source;
    const char *url;   /* copied */
    uint64_t every_ms; /* between two looks on average: from half of it to one and a half */
};

/* 0: it is still. BEAM_EAUTH: it is not. Others: it could not be seen several times in a row. From
 * the loop, after each look for which one of them holds; vigil_free may be called within. */
typedef void vigil_fn(void *arg, int err, const struct beam_why *why);

/* The first look comes later. 0 or BEAM_ENOMEM. */
int vigil_start(const struct vigil_spec *spec, vigil_fn *seen, void *arg, struct vigil **out);
/* NULL allowed. */
void vigil_free(struct vigil *v);

#endif
