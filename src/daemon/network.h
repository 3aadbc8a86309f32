/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's own node in the peer-to-peer network: a host under the default policy, with the
 * identity that the key store has for this machine, and what that policy finds others by: the DHT,
 * of which it is a server when it listens and need not hide, else a client; gossip and multicast on
 * its own networks, of one that need not hide. It comes up when something is configured that needs
 * it, or somebody asks for it.
 */
#ifndef BEAM_DAEMON_NETWORK_H
#define BEAM_DAEMON_NETWORK_H

#include "base/clock.h"
#include "base/rng.h"
#include "conf/conf.h"
#include "gossip/gossip.h"
#include "identity/keystore.h"
#include "p2p/autonat.h"
#include "p2p/host.h"
#include "p2p/kad.h"
#include "p2p/keeper.h"
#include "p2p/rendezvous.h"
#include "relay/news.h"
#include "tor/isolation.h"
#include "tor/tor.h"

enum { NETWORK_ONION_PORT = 4001 /* the virtual port of its onion service */ };

struct network;

/* Borrowed, all of it. */
struct network_spec {
    struct loop *loop;
    struct tor *tor;
    const struct isolation *isolation; /* of circuits through it */
    struct keystore *keys;
    const struct conf *conf;
    const struct rng *rng;
    const struct clock_source *clock;
    const char *run_dir;
    const char *keep_dir; /* for the peers of last time */
    const char *version;
};

/* The lists of [network] can be read. 0, BEAM_EINVAL or BEAM_ELIMIT with words. Pure. */
int network_readable(const struct conf *c, struct beam_why *why);

/* Where the configuration listens or names peers, the host comes up at once. 0; BEAM_EPOLICY (the
 * policy does not let it listen there), BEAM_EEXIST, BEAM_ENOMEM, … with words. A key store that is
 * locked is waited for: see network_resume. */
int network_new(const struct network_spec *spec, struct network **out, struct beam_why *why);
/* NULL allowed. */
void network_free(struct network *n);
/* Brings the host up, if it is not. 0, or what stands in the way, with words. */
int network_up(struct network *n, struct beam_why *why);

/* After the key store was unlocked: what network_new left undone. What stands in the way is
 * logged. */
void network_resume(struct network *n);

/* NULL while it is not up. Borrowed. */
struct host *network_host(const struct network *n);
struct keeper *network_keeper(const struct network *n);
/* And where its policy has no DHT. */
struct kad *network_kad(const struct network *n);
/* What is known of whether it is reached from elsewhere. */
enum autonat_state network_nat(const struct network *n);
/* And where its policy has no gossip. */
struct gossip *network_gossip(const struct network *n);
const struct news *network_news(const struct network *n);
/* Whether it knows nobody, listens to nobody, and has no way to find anybody. */
bool network_is_alone(const struct network *n);
const struct network_spec *network_spec(const struct network *n);

#endif
