/* SPDX-License-Identifier: BSD-3-Clause */
/* A host, and servers in networks of their own (a /16 of loopback each) that dial it back. */
#include "p2p/autonat.h"

#include <stdio.h>
#include <string.h>

#include "p2p/autonat2_message.h"
#include "p2p/autonat_serve.h"
#include "tests/unit/p2p/world.h"

enum { SERVERS = 4 };

struct story {
    struct world w;
    struct node *servers[SERVERS], *guest;
    struct autonat_serve *serves[SERVERS];
    struct multiaddr at[SERVERS];
    struct autonat *autonat;
    enum autonat_state wanted;
};

static struct node *add(struct world *w, bool allow_private)
{
    struct policy policy;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    policy.allow_private = allow_private;
    return world_add_under(w, HOST_OPEN, &policy);
}

static struct multiaddr listen_in(struct node *n, size_t network)
{
    char text[64];
    struct beam_why why = {0};
    (void)snprintf(text, sizeof(text), "/ip4/127.%zu.0.1/tcp/0", network);
    struct multiaddr at = world_addr(text), whole;
    cr_assert_eq(host_listen(n->host, &at, &why), 0, "%s", why.text);
    cr_assert_eq(multiaddr_with_peer(host_addr(n->host, 0), host_id(n->host), &whole), 0);
    return whole;
}

static void set_up(struct story *s, bool allow_private)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    for (size_t i = 0; i < SERVERS; i++) {
        s->servers[i] = add(&s->w, allow_private);
        s->at[i] = listen_in(s->servers[i], i + 2);
        cr_assert_eq(autonat_serve_start(s->w.loop, s->servers[i]->host, &s->serves[i]), 0);
    }
    s->guest = add(&s->w, true);
}

static void tear_down(struct story *s)
{
    autonat_free(s->autonat);
    for (size_t i = 0; i < SERVERS; i++)
        autonat_serve_stop(s->serves[i]);
    world_clear(&s->w);
}

static void ask(struct story *s)
{
    const struct autonat_spec spec = {.loop = s->w.loop, .host = s->guest->host};
    cr_assert_eq(autonat_new(&spec, &s->autonat), 0);
    for (size_t i = 0; i < SERVERS; i++) {
        struct asked_of a = world_connect(s->guest, NULL, &s->at[i], 1, PERMIT_TYPED);
        cr_assert_eq(a.err, 0, "%s", a.why.text);
    }
}

static bool is_as_wanted(void *arg)
{
    const struct story *s = arg;
    return autonat_state(s->autonat) == s->wanted;
}

BEAM_TEST(autonat, who_is_reached_by_more_than_three_is_public)
{
    struct story s;
    set_up(&s, true);
    (void)world_listen(s.guest);
    ask(&s);
    cr_expect_eq(autonat_state(s.autonat), AUTONAT_UNKNOWN);
    s.wanted = AUTONAT_PUBLIC;
    cr_assert(until(s.w.loop, is_as_wanted, &s));
    cr_expect_null(host_addr(s.guest->host, 1), "it listens there, and says so already");
    tear_down(&s);
}

/* Servers of both versions have one vote each, and those of the first alone too. */
BEAM_TEST(autonat, whatever_version_they_speak)
{
    for (size_t firsts = 1; firsts <= SERVERS; firsts += SERVERS - 1) {
        struct story s;
        set_up(&s, true);
        for (size_t i = 0; i < firsts; i++)
            host_unhandle(s.servers[i]->host, AUTONAT2_REQUEST_PROTOCOL);
        (void)world_listen(s.guest);
        ask(&s);
        s.wanted = AUTONAT_PUBLIC;
        cr_assert(until(s.w.loop, is_as_wanted, &s), "%zu of the first", firsts);
        tear_down(&s);
    }
}

BEAM_TEST(autonat, who_speaks_the_second_is_asked_by_it)
{
    struct story s;
    set_up(&s, true);
    for (size_t i = 0; i < SERVERS; i++)
        host_unhandle(s.servers[i]->host, AUTONAT_PROTOCOL);
    (void)world_listen(s.guest);
    ask(&s);
    s.wanted = AUTONAT_PUBLIC;
    cr_assert(until(s.w.loop, is_as_wanted, &s));
    tear_down(&s);
}

BEAM_TEST(autonat, who_is_reached_by_nobody_is_private)
{
    struct story s;
    set_up(&s, true);
    struct multiaddr nowhere = world_addr("/ip4/127.0.0.1/tcp/1");
    cr_assert_eq(host_announce(s.guest->host, &nowhere, true), 0);
    ask(&s);
    s.wanted = AUTONAT_PRIVATE;
    cr_assert(until(s.w.loop, is_as_wanted, &s));
    tear_down(&s);
}

BEAM_TEST(autonat, who_listens_elsewhere_than_he_is_seen_is_not_asked_about)
{
    struct story s;
    set_up(&s, true);
    (void)listen_in(s.guest, 77); /* while he comes from 127.0.0.1 */
    ask(&s);
    for (uint64_t end = loop_now(s.w.loop) + 1000; loop_now(s.w.loop) < end;)
        cr_assert_eq(loop_turn(s.w.loop), 0);
    cr_expect_eq(autonat_state(s.autonat), AUTONAT_UNKNOWN);
    tear_down(&s);
}

BEAM_TEST(autonat, an_address_that_others_found_is_announced)
{
    struct story s;
    set_up(&s, true);
    struct multiaddr any = world_addr("/ip4/0.0.0.0/tcp/0");
    struct beam_why why = {0};
    struct addr at;
    enum multiaddr_code transport;
    cr_assert_eq(host_listen(s.guest->host, &any, &why), 0, "%s", why.text);
    ask(&s);
    s.wanted = AUTONAT_PUBLIC;
    cr_assert(until(s.w.loop, is_as_wanted, &s));
    const struct multiaddr *found = host_addr(s.guest->host, 1);
    cr_assert_not_null(found);
    cr_assert_eq(multiaddr_to_addr(found, &at, &transport), 0);
    cr_expect_eq(addr_scope(&at), ADDR_LOOPBACK);
    tear_down(&s);
}
