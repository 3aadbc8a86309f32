/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/rendezvous_conf.h"

#include <string.h>

#include "identity/multiaddr_list.h"
#include "p2p/way.h"

/*
 * Where the public DHT is entered: those that kubo has (config/bootstrap_peers.go), of which the
 * names behind its /dnsaddr rows stand here, since a name is looked up by an exit of Tor or not at
 * all, and an exit looks up no TXT records.
 */
static const char public_nodes[] =
    "/ip4/104.131.131.82/tcp/4001/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ\n"
    "/dns4/sv15.bootstrap.libp2p.io/tcp/4001/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN\n"
    "/dns4/ny5.bootstrap.libp2p.io/tcp/4001/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa\n"
    "/dns4/am6.bootstrap.libp2p.io/tcp/4001/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb\n"
    "/dns4/sg1.bootstrap.libp2p.io/tcp/4001/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt\n"
    "/dns4/va1.bootstrap.libp2p.io/tcp/4001/p2p/"
    "12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8\n";

struct nodes {
    struct multiaddr *list;
    size_t n;
};

enum mode { OFF, IPFS, AUTO };

static int mode_of(const struct conf *c)
{
    static const char *const words[] = {[OFF] = "off", [IPFS] = "ipfs", [AUTO] = "auto"};
    for (int i = 0; i < (int)(sizeof(words) / sizeof(words[0])); i++)
        if (strcmp(c->network_rendezvous, words[i]) == 0)
            return i;
    return BEAM_EINVAL;
}

bool rendezvous_conf_wanted(const struct conf *c, const struct policy *policy)
{
    if (!(policy->discovery & POLICY_DISCOVERY_DHT))
        return false;
    switch (mode_of(c)) {
    case IPFS:
        return true;
    case AUTO:
        return policy->egress == POLICY_EGRESS_ANY ||
               (policy->egress == POLICY_EGRESS_TOR && !c->network_bootstrap[0]);
    default:
        return false;
    }
}

static int check_node(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    size_t *n = arg;
    if (++*n > RENDEZVOUS_CONF_NODES_MAX)
        return beam_why(why, BEAM_ELIMIT, "more than %d entries", RENDEZVOUS_CONF_NODES_MAX);
    return way_dialable(a, why);
}

int rendezvous_conf_check(const struct conf *c, struct beam_why *why)
{
    size_t n = 0;
    if (mode_of(c) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "network.rendezvous: `%.60s` is not one of: auto, ipfs, off",
                        c->network_rendezvous);
    return multiaddr_list_each("network.rendezvous_bootstrap", c->network_rendezvous_bootstrap,
                               NULL, check_node, &n, why);
}

static int take_node(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    struct nodes *nodes = arg;
    (void)why;
    if (nodes->n == RENDEZVOUS_CONF_NODES_MAX)
        return BEAM_ELIMIT;
    nodes->list[nodes->n++] = *a;
    return 0;
}

size_t rendezvous_conf_nodes(const char *list, struct multiaddr out[RENDEZVOUS_CONF_NODES_MAX])
{
    struct nodes nodes = {.list = out};
    (void)multiaddr_list_each("", *list ? list : public_nodes, NULL, take_node, &nodes, NULL);
    return nodes.n;
}
