/* SPDX-License-Identifier: BSD-3-Clause */
/* What `beam relay` says on standard output: for people, or an object a line. */
#ifndef BEAM_DAEMON_OPERATOR_SAY_H
#define BEAM_DAEMON_OPERATOR_SAY_H

#include <stdbool.h>

#include "base/err.h"

struct operator_say {
    bool json;
    bool quiet; /* a further process of a relay: the first says it all */
    const char *version;
};

/* `front`: the URL of the front; `p2p`: the multiaddr by which owners reach it. */
void operator_say_listening(const struct operator_say *s, const char *front, const char *p2p,
                            const char *peer_id);
/* It serves; owners reach it over an onion too. */
void operator_say_ready(const struct operator_say *s);
void operator_say_onion(const struct operator_say *s, const char *p2p);
void operator_say_warning(const struct operator_say *s, const struct beam_why *why);
/* What it ends with; people are told by whoever called. */
void operator_say_error(const struct operator_say *s, const struct beam_why *why);
void operator_say_stopped(const struct operator_say *s);

#endif
