/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/whom.h"

#include <string.h>

static int usage(int err, struct beam_why *why)
{
    if (err == BEAM_EINVAL || err == BEAM_ELIMIT)
        err = why->code = BEAM_EUSAGE;
    return err;
}

int whom_parse(const char *text, struct whom *out, struct beam_why *why)
{
    struct whom w = {.has_addr = text[0] == '/'};
    size_t len = strlen(text);
    if (!w.has_addr) {
        w.has_peer = true;
        int err = peer_id_parse(text, len, &w.peer, why);
        if (err == BEAM_EINVAL || err == BEAM_ELIMIT)
            return beam_why(why, BEAM_EUSAGE,
                            "%.64s: no peer id (12D3KooW…), and no address, which begins with / "
                            "(/ip4/192.0.2.7/tcp/4001)",
                            text);
        if (err == 0)
            *out = w;
        return err;
    }
    int err = usage(multiaddr_parse(text, len, &w.addr, why), why);
    if (err < 0)
        return err;
    w.has_peer = multiaddr_peer(&w.addr, &w.peer) == 0;
    struct multiaddr rest;
    multiaddr_without_peer(&w.addr, &rest);
    w.has_addr = rest.len > 0; /* /p2p/ID alone is a peer id */
    *out = w;
    return 0;
}
