/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams through a struct tor for a libp2p host: each waits until tor is ready, and has a circuit
 * that this persona and this destination share with nobody (tor/isolation).
 */
#ifndef BEAM_PATH_CIRCUITS_H
#define BEAM_PATH_CIRCUITS_H

#include "p2p/way.h"
#include "tor/isolation.h"
#include "tor/tor.h"

enum { CIRCUITS_PERSONA_SIZE = 128 };

/* Filled by its owner; borrowed, all of it, while anything is dialled. */
struct circuits {
    struct loop *loop;
    struct tor *tor; /* started when it is off */
    const struct permit *permit;
    const struct isolation *isolation;
    char persona[CIRCUITS_PERSONA_SIZE]; /* a text that no other persona has */
};

struct way_tor circuits_way(struct circuits *w);

#endif
