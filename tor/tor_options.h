/* SPDX-License-Identifier: BSD-3-Clause */
/* What the owner of a tor decides of it. */
#ifndef BEAM_TOR_TOR_OPTIONS_H
#define BEAM_TOR_TOR_OPTIONS_H

#include <stdint.h>

#include "base/clock.h"
#include "tor/bridges.h"

/* Texts may be NULL for "". */
struct tor_options {
    /* Of a tor that runs already: where its control port is (tor/places.h), and the file with its
     * password. "" for one of our own, to which alone all that names a program, a file or a bridge
     * below applies. */
    const char *control, *control_password_file;
    const char *binary; /* a path or a name looked up in PATH */
    const char *dir;    /* private folder (0700) for its data directory and sockets */
    const char *torrc;  /* a file its torrc includes, or "" */
    struct bridges bridges;
    uint64_t bootstrap_timeout; /* ms without progress before `warning` says so */
    uint64_t answer_timeout;    /* ms it may leave a question unanswered before it counts as hung */
    uint64_t restart_max;       /* ms, the longest pause before a restart */
    const struct clock_source *clock; /* NULL: the system's; borrowed */
};

/* `out` gets texts of its own. 0, or BEAM_ENOMEM with nothing in `out`. */
int tor_options_copy(const struct tor_options *from, struct tor_options *out);
/* Frees the texts of a copy. Zeroed is fine. */
void tor_options_clear(struct tor_options *copy);

#endif
