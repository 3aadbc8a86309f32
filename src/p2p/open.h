/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream of a protocol to a peer, which is connected first when it must be. */
#ifndef BEAM_P2P_OPEN_H
#define BEAM_P2P_OPEN_H

#include "p2p/connect.h"

enum { OPEN_PROTOCOLS_MAX = 8 };

struct open;

/* `s` is the callee's; NULL on failure. `peer` is whom and how it goes to; NULL on failure. */
typedef void open_fn(void *arg, int err, const struct beam_why *why, struct stream *s,
                     const char *protocol, const struct host_peer *peer);

/*
 * For the first of the protocols (copied) that the peer speaks. As connect_start, and: with one
 * protocol nothing is waited for (what is written goes out with the request), so that a peer that
 * does not speak it is the stream's first failure, BEAM_ENOTFOUND; with several that is the answer.
 */
int open_start(struct host *h, const struct connect_spec *spec, const char *const *protocols,
               size_t n, open_fn *done, void *arg, struct open **out);
/* NULL allowed. */
void open_cancel(struct open *o);

/* For p2p/ alone: on this connection and no other; the host ends. */
struct conn;
int open_on(struct host *h, struct conn *c, const char *const *protocols, size_t n, open_fn *done,
            void *arg, struct open **out);
void open_clear(struct host *h);

#endif
