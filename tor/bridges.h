/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a tor of ours reaches its network where the way to the public relays is
 * barred: by these bridges, spoken to through these programs. Both lists have
 * one line each entry (tor/bridge.h); "" or NULL for none.
 */
#ifndef BEAM_TOR_BRIDGES_H
#define BEAM_TOR_BRIDGES_H

#include "tor/bridge.h"
#include "tor/page.h"

struct bridges {
    const char *bridges, *transports;
};

/* Takes what these bridges' lines keep secret out of text[size], as bridge_scrub does. */
void bridges_scrub(const struct bridges *b, char *text, size_t size);

/* Whether every line has its form. Pure. 0 or BEAM_EINVAL with words. */
int bridges_check(const struct bridges *b, struct beam_why *why);

/*
 * The lines of a torrc for them; nothing when there is no bridge. The program of a transport that a
 * bridge wants and no line names is the one that Debian's package has; `runs` tells whether a path
 * can be run. 0; BEAM_EINVAL; BEAM_ENOTFOUND: no program for a transport, with words that say what
 * to install. What does not fit is for the page to tell.
 */
int bridges_put(const struct bridges *b, bool (*runs)(const char *path), struct page *p,
                struct beam_why *why);

#endif
