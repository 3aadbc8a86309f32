/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a tor listens: the reply to GETINFO net/listeners/… (control-spec section 3.9). Pure. */
#ifndef BEAM_TOR_LISTENERS_H
#define BEAM_TOR_LISTENERS_H

#include "base/addr.h"
#include "tor/control_line.h"

/*
 * The first listener of `key` ("net/listeners/socks") that is a unix socket or on loopback; one on
 * the unspecified address is dialled on 127.0.0.1. 0, or BEAM_ENOTFOUND.
 */
int listeners_first(const struct control_reply *r, const char *key, struct addr *out);

#endif
