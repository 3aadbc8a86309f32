/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/rendezvous_conf.h"

#include <string.h>

#include "p2p/way.h"
#include "tests/unit/harness.h"

static struct conf *conf_with(const char *const assignments[], size_t n)
{
    struct conf *c = NULL;
    struct beam_why why = {0};
    cr_assert_eq(conf_new(&c), 0);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(conf_set(c, assignments[i], &why), 0, "%s", why.text);
    return c;
}

static bool is_wanted(const char *mode, const char *bootstrap, enum policy_egress egress)
{
    struct policy policy;
    const char *const assignments[] = {mode, bootstrap};
    struct conf *c = conf_with(assignments, bootstrap ? 2 : 1);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, egress, &policy), 0);
    cr_assert_eq(rendezvous_conf_check(c, NULL), 0);
    bool wanted = rendezvous_conf_wanted(c, &policy);
    policy.discovery = POLICY_DISCOVERY_GOSSIP | POLICY_DISCOVERY_LAN;
    cr_expect_not(rendezvous_conf_wanted(c, &policy), "no DHT is asked at all");
    conf_free(c);
    return wanted;
}

BEAM_TEST(rendezvous_conf, who_looks_there_is_told_by_the_policy)
{
    static const char bootstrap[] = "network.bootstrap=/ip4/192.0.2.1/tcp/1";
    static const char automatic[] = "network.rendezvous=auto", on[] = "network.rendezvous=ipfs",
                      off[] = "network.rendezvous=off";
    cr_expect(is_wanted(automatic, NULL, POLICY_EGRESS_ANY));
    cr_expect(is_wanted(automatic, bootstrap, POLICY_EGRESS_ANY));
    cr_expect(is_wanted(automatic, NULL, POLICY_EGRESS_TOR));
    cr_expect_not(is_wanted(automatic, bootstrap, POLICY_EGRESS_TOR));
    cr_expect_not(is_wanted(automatic, NULL, POLICY_EGRESS_LAN), "it works without the internet");
    cr_expect(is_wanted(on, bootstrap, POLICY_EGRESS_TOR));
    cr_expect(is_wanted(on, NULL, POLICY_EGRESS_LAN));
    cr_expect_not(is_wanted(off, NULL, POLICY_EGRESS_ANY));
    cr_expect_not(is_wanted(off, NULL, POLICY_EGRESS_TOR));
}

BEAM_TEST(rendezvous_conf, what_cannot_be_read_is_refused)
{
    static const char *const bad[] = {"network.rendezvous=dht",
                                      "network.rendezvous_bootstrap=mars.i.ipfs.io",
                                      "network.rendezvous_bootstrap=/dnsaddr/bootstrap.libp2p.io"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct beam_why why = {0};
        struct conf *c = conf_with(&bad[i], 1);
        cr_expect_eq(rendezvous_conf_check(c, &why), BEAM_EINVAL, "%s", bad[i]);
        cr_expect_eq(strncmp(why.text, bad[i], strcspn(bad[i], "=")), 0, "%s", why.text);
        conf_free(c);
    }
    struct conf *c = conf_with(NULL, 0);
    for (int i = 0; i <= RENDEZVOUS_CONF_NODES_MAX; i++)
        cr_assert_eq(conf_set(c, "network.rendezvous_bootstrap=/ip4/192.0.2.1/tcp/1", NULL), 0);
    cr_expect_eq(rendezvous_conf_check(c, NULL), BEAM_ELIMIT);
    conf_free(c);
}

BEAM_TEST(rendezvous_conf, of_the_public_nodes_each_can_be_dialled)
{
    struct multiaddr nodes[RENDEZVOUS_CONF_NODES_MAX];
    struct policy policy;
    struct permit *permit = NULL;
    struct way_target way;
    struct peer_id peer;
    size_t n = rendezvous_conf_nodes("", nodes);
    cr_assert_eq(n, 6u);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &permit), 0);
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(multiaddr_peer(&nodes[i], &peer), 0);
        cr_assert_eq(way_find(&nodes[i], permit, PERMIT_TYPED, WAY_BY_TOR, &way, NULL), 0);
        cr_expect_eq(way.way, WAY_EXIT, "one that hides leaves through Tor alone");
        cr_expect_eq(way_find(&nodes[i], permit, PERMIT_TYPED, 0, &way, NULL), BEAM_EPOLICY);
    }
    permit_free(permit);
}

BEAM_TEST(rendezvous_conf, rows_take_the_place_of_the_public_nodes)
{
    struct multiaddr nodes[RENDEZVOUS_CONF_NODES_MAX];
    char text[MULTIADDR_TEXT_SIZE];
    cr_assert_eq(rendezvous_conf_nodes("/ip4/192.0.2.1/tcp/1\n\n/ip4/192.0.2.2/tcp/2\n", nodes),
                 2u);
    multiaddr_text(&nodes[1], text);
    cr_expect_str_eq(text, "/ip4/192.0.2.2/tcp/2");
}
