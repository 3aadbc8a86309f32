/* SPDX-License-Identifier: BSD-3-Clause */
/* TARGET: what a tunnel publishes. PORT | HOST:PORT | unix:PATH. Pure. */
#ifndef BEAM_TUNNEL_TARGET_H
#define BEAM_TUNNEL_TARGET_H

#include "base/addr.h"
#include "base/err.h"

struct target {
    char text[ADDR_TEXT_SIZE]; /* canonical: "127.0.0.1:3000", "[::1]:80", "unix:/run/app.sock" */
    struct addr addr[2]; /* tried in order: `localhost` and a bare port are 127.0.0.1, then ::1 */
    int addr_count;
};

/*
 * HOST is an IP literal ([::1] in brackets) or `localhost`: other names would have to be asked of
 * DNS, and are refused with words that say so. A relative unix path is taken from `dir`.
 * BEAM_EINVAL or BEAM_ELIMIT with words ("port 65536: …").
 */
int target_parse(const char *text, const char *dir, struct target *out, struct beam_why *why);

#endif
