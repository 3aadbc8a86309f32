/* SPDX-License-Identifier: BSD-3-Clause */
/* What the configuration says of first contact (p2p/rendezvous.h). Pure. */
#ifndef BEAM_P2P_RENDEZVOUS_CONF_H
#define BEAM_P2P_RENDEZVOUS_CONF_H

#include "conf/conf.h"
#include "identity/multiaddr.h"
#include "policy/policy.h"

enum { RENDEZVOUS_CONF_NODES_MAX = 32 };

/* network.rendezvous and network.rendezvous_bootstrap can be read. 0, BEAM_EINVAL or BEAM_ELIMIT
 * with words. */
int rendezvous_conf_check(const struct conf *c, struct beam_why *why);
/* Whether a node under this policy, which finds others by the DHT, looks for them there: with
 * "ipfs", and with "auto" where the egress is any, or is tor and network.bootstrap is empty. */
bool rendezvous_conf_wanted(const struct conf *c, const struct policy *policy);
/* Nodes of the DHT of IPFS to begin with: a line each, those of an empty list being the public
 * ones. They were checked before. Returns how many. */
size_t rendezvous_conf_nodes(const char *list, struct multiaddr out[RENDEZVOUS_CONF_NODES_MAX]);

#endif
