/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_peer.h"

#include <stdio.h>
#include <string.h>

#include "daemon/operator_crew.h"
#include "daemon/place.h"
#include "daemon/relaying.h"

enum {
    HALF_OPEN = 512,   /* handshakes at once: all owners come back after a restart */
    STREAMS = 1024,    /* of an owner at least, who may have several tunnels */
    OTHER_STREAMS = 64 /* beside visits */
};

static int make_permit(const struct operator_peer_spec *s, struct operator_peer *p,
                       struct beam_why *why)
{
    int err = policy_ad_hoc(POLICY_RELAY, POLICY_EGRESS_ANY, &p->policy);
    p->policy.allow_private = s->conf->network_allow_private;
    if (err == 0)
        err = permit_new(&p->policy, &p->permit);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}

static int make_host(const struct operator_peer_spec *s, struct operator_peer *p,
                     struct beam_why *why)
{
    const struct conf *c = s->conf;
    size_t most = operator_crew_share(c->relay_max_connections, s->workers);
    size_t each = c->relay_max_streams + OTHER_STREAMS;
    snprintf(p->agent, sizeof(p->agent), "beam/%s", s->version);
    const struct host_spec spec = {
        .loop = s->loop,
        .rng = rng_system(),
        .clock = clock_system(),
        .key = s->key,
        .permit = p->permit,
        .kind = HOST_OPEN,
        .agent = p->agent,
        .sharing = s->sharing,
        .limits = {.connections = most,
                   .inbound = most,
                   .per_address = c->relay_max_per_address,
                   .half_open = HALF_OPEN,
                   .half_open_per_address = c->relay_max_per_address,
                   .streams = most + 2 * c->relay_max_visitors + relaying_streams(c),
                   .streams_per_peer = each < STREAMS ? STREAMS : each}};
    int err = host_new(&spec, &p->host);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}

static int listen_for_owners(const struct operator_peer_spec *s, struct operator_peer *p,
                             struct beam_why *why)
{
    static const char loopback[] = "127.0.0.1:4001"; /* relay.p2p, if nobody said otherwise */
    const char *text = s->listen ? s->listen : s->conf->relay_p2p;
    struct multiaddr at;
    struct addr addr;
    if (s->is_public && strcmp(text, loopback) == 0)
        text = "0.0.0.0:4001";
    int err = place_read(s->listen ? "--p2p" : "relay.p2p", text, &addr, why);
    if (err == 0 && (err = multiaddr_from_addr(&addr, MULTIADDR_TCP, &at)) < 0)
        beam_why(why, err, "%s: %s", text, beam_err_text(err));
    return err < 0 ? err : host_listen(p->host, &at, why);
}

int operator_peer_open(const struct operator_peer_spec *spec, struct operator_peer *p,
                       struct beam_why *why)
{
    int err = make_permit(spec, p, why);
    if (err == 0)
        err = make_host(spec, p, why);
    if (err == 0)
        err = listen_for_owners(spec, p, why);
    if (err < 0)
        operator_peer_close(p);
    return err;
}

void operator_peer_close(struct operator_peer *p)
{
    host_free(p->host);
    permit_free(p->permit);
    *p = (struct operator_peer){.host = NULL};
}
