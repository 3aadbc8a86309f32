/* SPDX-License-Identifier: BSD-3-Clause */
/* What peer.c has of circuit relays: it uses them, is reached by them, and may be one. */
#ifndef BEAM_TESTS_INTEROP_MEETING_H
#define BEAM_TESTS_INTEROP_MEETING_H

#include "circuit/hop.h"
#include "circuit/relayed.h"

struct meeting;

/* With "any" among the words, to any address, those that the network names included; else to what
 * was typed on loopback. 0 or BEAM_E… */
int meeting_permit(int argc, char **argv, struct permit **out);
/* Ends the program when it cannot. All is borrowed. With "relay" among the words it is one. */
struct meeting *meeting_new(struct loop *l, struct host *h, const struct key_pair *key, int argc,
                            char **argv);
void meeting_free(struct meeting *m);
/* Holds a reservation there, and answers with the address that leads here once it does. */
void meeting_reserve(struct meeting *m, const char *relay);
/* Answers with the way that the connection to a peer takes. */
void meeting_way(struct meeting *m, const struct peer_id *peer);

#endif
