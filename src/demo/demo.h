/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam demo`: publishes a page of its own as an onion service, fetches it back, compares. */
#ifndef BEAM_DEMO_DEMO_H
#define BEAM_DEMO_DEMO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct demo_options {
    bool offline;                   /* on a private Tor network from the start */
    bool once;                      /* end after the proof */
    const char *config;             /* of --config, or NULL */
    const char *const *assignments; /* of -o */
    size_t assignment_count;
};

/*
 * Everything is run in a folder of its own, which is gone at the end, as is all that was started.
 * Without the internet the private Tor network is taken by itself. 0 when the page came back the
 * same, byte by byte; else a code with words.
 */
int demo_run(const struct demo_options *options, struct beam_why *why);

#endif
