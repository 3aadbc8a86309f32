/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked of the network (docs/protocol/control.md, "network"): how it stands, who is
 * connected, which relays there are, to connect to somebody, to time a round trip. Some answers
 * take a while; whoever asked may leave before.
 */
#ifndef BEAM_DAEMON_INQUIRY_H
#define BEAM_DAEMON_INQUIRY_H

#include "daemon/message.h"
#include "daemon/network.h"

enum { INQUIRY_MAX = 256 }; /* that wait for an answer */

struct inquiries;

/* Both are borrowed; what was seen of relays is kept in `relays_dir`. 0 or BEAM_ENOMEM. */
int inquiries_new(struct network *network, const char *relays_dir, struct inquiries **out);
/* Before the network is freed. NULL allowed. */
void inquiries_free(struct inquiries *all);

/* The reply, an object that is now the callee's; NULL: out of memory. Once for each question,
 * perhaps before inquiries_ask returns. */
typedef void inquiry_fn(void *arg, cJSON *reply);
void inquiries_ask(struct inquiries *all, const struct message *m, inquiry_fn *fn, void *arg);
/* Nothing more is told to `arg`. NULL allowed. */
void inquiries_leave(struct inquiries *all, const void *arg);
/* The key store was unlocked: a node that waits for that comes up. NULL allowed. */
void inquiries_unlocked(struct inquiries *all);

#endif
