/* SPDX-License-Identifier: BSD-3-Clause */
/* The streams by which others ask a server of the DHT. For p2p/kad alone. */
#ifndef BEAM_P2P_KAD_SERVE_H
#define BEAM_P2P_KAD_SERVE_H

#include "p2p/host.h"
#include "p2p/kad_answer.h"

enum { KAD_ASKERS_PER_PEER = 32 }; /* streams that one peer has at once; more are refused */

struct kad_serve;

struct kad_serve_spec { /* borrowed; the struct is copied */
    struct host *host;
    struct loop *loop;
    const char *protocol;
    const struct clock_source *clock;
    const struct kad_answerer *answerer;
};

/* Answers the protocol from now on; each stream any number of questions, one after the other.
 * 0, BEAM_ENOMEM, BEAM_EEXIST. */
int kad_serve_start(const struct kad_serve_spec *spec, struct kad_serve **out);
/* NULL allowed. */
void kad_serve_stop(struct kad_serve *s);

#endif
