/* SPDX-License-Identifier: BSD-3-Clause */
/* Which peer is meant: a peer id, an address, or an address with a peer id at its end. Pure. */
#ifndef BEAM_DAEMON_WHOM_H
#define BEAM_DAEMON_WHOM_H

#include <stdbool.h>

#include "identity/multiaddr.h"

struct whom {
    bool has_peer, has_addr;
    struct peer_id peer;
    struct multiaddr addr; /* as it was typed */
};

/* 0, or BEAM_EUSAGE with words. */
int whom_parse(const char *text, struct whom *out, struct beam_why *why);

#endif
