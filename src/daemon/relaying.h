/* SPDX-License-Identifier: BSD-3-Clause */
/* What [circuit] of the configuration says: being a circuit relay, and being reached by some. */
#ifndef BEAM_DAEMON_RELAYING_H
#define BEAM_DAEMON_RELAYING_H

#include "circuit/hop.h"
#include "circuit/relayed.h"
#include "conf/conf.h"

/* The host relays for others, under the ceilings of [circuit]. `key` is the host's. 0 or BEAM_E… */
int relaying_start(struct loop *l, struct host *h, const struct key_pair *key, const struct conf *c,
                   struct hop **out);
/* Of each circuit. */
struct hop_limit relaying_limit(const struct conf *c);
/* Streams that circuits may take of a host: each is one from either side. */
size_t relaying_streams(const struct conf *c);

/* Whether the entries of circuit.at are addresses of relays. 0, BEAM_EINVAL or BEAM_ELIMIT with
 * words. Pure. */
int relaying_readable(const struct conf *c, struct beam_why *why);
/* Reservations are held at the relays of circuit.at. As relaying_readable, and BEAM_ENOMEM. */
int relaying_reserve(struct relayed *r, const struct conf *c, struct beam_why *why);

#endif
