/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a tor that is not ours takes SOCKS: its owner may move that while we are attached to it, so
 * it is asked now and then. */
#ifndef BEAM_TOR_SOCKS_PORT_H
#define BEAM_TOR_SOCKS_PORT_H

#include "loop/loop.h"
#include "tor/control.h"

#define SOCKS_PORT_QUESTION "GETINFO net/listeners/socks"

/* Its memory is the owner's; zeroed is fine for socks_port_stop. Private to socks_port.c. */
struct socks_port {
    struct control *control; /* NULL: nothing is asked */
    struct loop_timer timer;
    uint64_t every;
    struct addr *at;
};

/* Keeps *at, which is the owner's, as it is, by asking each `every` ms; no length: it has none. The
 * control is borrowed until socks_port_stop. */
void socks_port_start(struct loop *l, struct socks_port *s, struct control *control, uint64_t every,
                      struct addr *at);
void socks_port_stop(struct socks_port *s);
/* What an answer says into *at, which no answer to that question leaves as it was. */
void socks_port_note(const struct control_reply *r, struct addr *at);

#endif
