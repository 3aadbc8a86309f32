/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tunnel among peers: a libp2p host of its persona's own, anonymous, with nothing of the node's
 * or of another tunnel's, and the paths through relays that stand on it.
 */
#ifndef BEAM_TUNNEL_AGENT_H
#define BEAM_TUNNEL_AGENT_H

#include "identity/key.h"
#include "path/relay.h"
#include "tor/isolation.h"
#include "tor/tor.h"

struct agent;

struct agent_spec { /* what is pointed to is borrowed, but for the key */
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    struct tor *tor;
    const struct isolation *isolation;
    const struct permit *permit;
    struct key_pair *key;           /* taken over, always */
    uint64_t kind;                  /* of its endpoints: RESERVATION_HTTP … */
    uint16_t port;                  /* wanted, of TCP and UDP; 0: any */
    const struct seal_source *seal; /* of RESERVATION_TLS, as owner_spec has both */
    uint64_t seal_every;
    uint64_t max_streams;  /* visitors at once */
    const char *dir;       /* for what is kept of relays; copied */
    const char *bootstrap; /* nodes of the DHT to begin with, one a line; good while it starts */
    const char *ca_file; /* of authorities that a relay's https URL may be vouched for by; or "" */
    /* As struct rendezvous_spec has them; NULL: nobody is looked for in the DHT of IPFS. Good while
     * it starts. */
    const char *rendezvous;
    bool keep;   /* reservations outlive this program */
    bool direct; /* the permit lets it dial without Tor: answers are waited for less long */
};

/* 0 or BEAM_ENOMEM. */
int agent_new(const struct agent_spec *spec, struct agent **out);
/* A path through a relay; `name` (NULL: none) is the one that is wanted there. As path_relay. */
int agent_relay(struct agent *a, const struct where *where, const char *name,
                const struct path_events *events, struct path **out, struct beam_why *why);
/* The same by a relay that is found in the DHT: once for an agent. BEAM_EINVAL: a node is none. */
int agent_relay_found(struct agent *a, const char *name, const struct path_events *events,
                      struct path **out, struct beam_why *why);
/* Whether its paths, which are gone, left relays something that they do not know yet. */
bool agent_is_leaving(const struct agent *a);
/* Does nothing more but that, and calls `done` from the loop, once; it may not free the agent. */
void agent_leave(struct agent *a, void (*done)(void *arg), void *arg);
/* After its paths. NULL allowed. */
void agent_free(struct agent *a);

#endif
