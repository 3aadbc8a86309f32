/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A permit is what a policy lets its bearer dial. Only this folder makes one,
 * dialling code cannot dial without one, and none widens: a way that is not
 * permitted fails with BEAM_EPOLICY and nothing else is tried.
 */
#ifndef BEAM_POLICY_PERMIT_H
#define BEAM_POLICY_PERMIT_H

#include "base/addr.h"
#include "policy/policy.h"

struct permit;

/* Who named the address. A record, a peer or an answer from the network that
 * names a unix socket, a loopback or a private address is never dialled, unless
 * network.allow_private lets the latter two be, as if they were typed. One that a machine on the
 * same link names there may be private, with a policy that finds such machines. */
enum permit_origin { PERMIT_TYPED, PERMIT_NEARBY, PERMIT_LEARNED };

/* 0 or BEAM_ENOMEM. */
int permit_new(const struct policy *policy, struct permit **out);
/* For what never leaves this machine: unix sockets and loopback, typed alone. */
int permit_new_local(struct permit **out);
void permit_free(struct permit *p);

/* 0, or BEAM_EPOLICY with words in `why` (NULL allowed). */
int permit_check(const struct permit *p, const struct addr *to, enum permit_origin origin,
                 struct beam_why *why);
/* Whether connections may be taken at an address, which a user named: unix sockets and loopback
 * always, others where the egress reaches as far. 0, or BEAM_EPOLICY with words (NULL allowed). */
int permit_check_listen(const struct permit *p, const struct addr *at, struct beam_why *why);
/* Whether peers on the link of an interface with this address may be asked for, and told of this
 * one, by multicast: on private and link-local ones, where the policy finds peers by `lan` (and on
 * loopback with network.allow_private). 0, or BEAM_EPOLICY with words (NULL allowed). */
int permit_check_nearby(const struct permit *p, const struct addr *at, struct beam_why *why);
/* Whether a stream through Tor may be opened: 0 or BEAM_EPOLICY. */
int permit_check_tor(const struct permit *p, struct beam_why *why);

#endif
