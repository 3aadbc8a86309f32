/* SPDX-License-Identifier: BSD-3-Clause */
/* What peer.c does when it gossips: it is of one topic, and obeys the lines about that. */
#ifndef BEAM_TESTS_INTEROP_GOSSIPER_H
#define BEAM_TESTS_INTEROP_GOSSIPER_H

#include "gossip/gossip.h"

struct gossiper;

/* Ends the program when it cannot. All is borrowed. */
struct gossiper *gossiper_new(struct loop *l, struct host *h, const struct key_pair *key);
/* NULL allowed. */
void gossiper_free(struct gossiper *g);
/* Does what the line says, and answers it with one. */
void gossiper_obey(struct gossiper *g, const char *word, const char *text);

#endif
