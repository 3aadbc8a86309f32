/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/hearsay.h"

#include <stdio.h>
#include <string.h>

#include "p2p/core.h"
#include "tests/unit/p2p/world.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {1};
static const struct rng rng = {fill, &seed};

static struct hearsay *hearsay(void)
{
    struct hearsay *h = NULL;
    cr_assert_eq(hearsay_new(&rng, &h), 0);
    return h;
}

static struct way_target at(const char *ip, unsigned port)
{
    struct way_target t = {.way = WAY_DIRECT, .origin = PERMIT_LEARNED, .port = (uint16_t)port};
    cr_assert_eq(addr_ip(ip, strlen(ip), t.port, &t.at), 0, "%s", ip);
    return t;
}

static struct way_target named(const char *host, unsigned port)
{
    struct way_target t = {.way = WAY_ONION, .origin = PERMIT_LEARNED, .port = (uint16_t)port};
    (void)snprintf(t.host, sizeof(t.host), "%s", host);
    return t;
}

static void dials(struct hearsay *h, const struct way_target *t, uint64_t now, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        cr_assert_eq(hearsay_dial(h, t, now), 0, "%u", i);
    cr_assert_eq(hearsay_dial(h, t, now), BEAM_EAGAIN);
}

BEAM_TEST(hearsay, a_port_is_dialled_a_few_times_and_then_so_often)
{
    struct hearsay *h = hearsay();
    struct way_target t = at("192.0.2.7", 4001);
    dials(h, &t, 5, HEARSAY_PORT_BURST);
    dials(h, &t, 5 + HEARSAY_PORT_MS, 1);
    dials(h, &t, 5 + 3 * HEARSAY_PORT_MS, 2);
    dials(h, &t, 5 + 100ull * HEARSAY_PORT_MS, HEARSAY_PORT_BURST);
    hearsay_free(h);
}

BEAM_TEST(hearsay, an_address_has_one_share_for_all_its_ports)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.7", "::ffff:192.0.2.7", true},
        {"2001:db8:0:100::1", "2001:db8:0:1ff:1::2", true},
        {"2001:db8:0:100::1", "2001:db8:0:200::1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hearsay *h = hearsay();
        for (unsigned port = 1; port <= HEARSAY_HOST_BURST; port++) {
            struct way_target t = at(port % 2 ? rows[i].first : rows[i].second, port);
            cr_assert_eq(hearsay_dial(h, &t, 0), 0, "%s %u", rows[i].second, port);
        }
        struct way_target one = at(rows[i].first, 900), other = at(rows[i].second, 901);
        cr_expect_eq(hearsay_dial(h, &one, 0), rows[i].same ? BEAM_EAGAIN : 0);
        cr_expect_eq(hearsay_dial(h, &other, 0), rows[i].same ? BEAM_EAGAIN : 0);
        cr_expect_eq(hearsay_dial(h, &other, HEARSAY_HOST_MS), 0);
        hearsay_free(h);
    }
}

BEAM_TEST(hearsay, names_and_onions_have_theirs)
{
    struct hearsay *h = hearsay();
    struct way_target alice = named("alice.example", 443), bob = named("bob.example", 443);
    dials(h, &alice, 0, HEARSAY_PORT_BURST);
    dials(h, &bob, 0, HEARSAY_PORT_BURST);
    struct way_target circuit = {.way = WAY_CIRCUIT};
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(hearsay_dial(h, &circuit, 0), 0);
    hearsay_failed(h, &circuit, 0);
    hearsay_met(h, &circuit);
    cr_expect_eq(hearsay_dial(h, &circuit, 0), 0);
    hearsay_free(h);
}

BEAM_TEST(hearsay, a_place_is_one_however_it_is_written)
{
    struct hearsay *h = hearsay();
    struct way_target name = named("alice.example", 443), other = named("Alice.EXAMPLE.", 443);
    dials(h, &name, 0, HEARSAY_PORT_BURST);
    cr_expect_eq(hearsay_dial(h, &other, 0), BEAM_EAGAIN);
    struct way_target ip = at("192.0.2.7", 443), text = named("192.0.2.7", 443);
    dials(h, &ip, 0, HEARSAY_PORT_BURST);
    cr_expect_eq(hearsay_dial(h, &text, 0), BEAM_EAGAIN);
    hearsay_free(h);
}

/* When it may be dialled again, to the millisecond. */
static void opens_at(struct hearsay *h, const struct way_target *t, uint64_t when)
{
    cr_expect_eq(hearsay_dial(h, t, when - 1), BEAM_EUNREACH);
    cr_expect_eq(hearsay_dial(h, t, when), 0);
}

BEAM_TEST(hearsay, where_nobody_was_it_is_left_alone_for_longer_each_time)
{
    struct hearsay *h = hearsay();
    struct way_target t = at("192.0.2.7", 4001);
    uint64_t now = 1000, pause = HEARSAY_PAUSE_MS;
    cr_assert_eq(hearsay_dial(h, &t, now), 0);
    for (int i = 0; i < 12; i++) {
        hearsay_failed(h, &t, now);
        opens_at(h, &t, now + pause);
        now += pause;
        pause = pause < HEARSAY_PORT_PAUSE_MAX_MS ? 2 * pause : pause;
    }
    cr_expect_eq(pause, (uint64_t)HEARSAY_PORT_PAUSE_MAX_MS);
    hearsay_met(h, &t);
    cr_expect_eq(hearsay_dial(h, &t, now), 0, "a peer is there after all");
    hearsay_failed(h, &t, now);
    opens_at(h, &t, now + HEARSAY_PAUSE_MS);
    hearsay_free(h);
}

BEAM_TEST(hearsay, so_is_an_address_but_for_a_shorter_time)
{
    struct hearsay *h = hearsay();
    struct way_target good = at("192.0.2.7", 4001);
    uint64_t now = 0, pause = HEARSAY_PAUSE_MS;
    unsigned port = 1;
    for (; port <= HEARSAY_HOST_GRACE; port++) {
        struct way_target t = at("192.0.2.7", port);
        cr_assert_eq(hearsay_dial(h, &t, now), 0);
        hearsay_failed(h, &t, now);
    }
    cr_expect_eq(hearsay_dial(h, &good, now), 0, "a liar's ports are not all of it");
    hearsay_met(h, &good);
    now = 60 * 60 * 1000;
    for (port = 1; port <= HEARSAY_HOST_GRACE + 10; port++) {
        struct way_target t = at("192.0.2.7", 100 + port);
        cr_assert_eq(hearsay_dial(h, &t, now), 0);
        hearsay_failed(h, &t, now);
        if (port <= HEARSAY_HOST_GRACE)
            continue;
        cr_expect_eq(hearsay_dial(h, &good, now + pause - 1), BEAM_EAGAIN);
        now += pause;
        pause = pause < HEARSAY_HOST_PAUSE_MAX_MS ? 2 * pause : pause;
    }
    cr_expect_eq(pause, (uint64_t)HEARSAY_HOST_PAUSE_MAX_MS);
    cr_expect_eq(hearsay_dial(h, &good, now), 0);
    hearsay_free(h);
}

BEAM_TEST(hearsay, dials_that_fail_together_count_as_one)
{
    struct hearsay *h = hearsay();
    struct way_target t = at("192.0.2.7", 4001), other = at("192.0.2.8", 900);
    dials(h, &t, 0, HEARSAY_PORT_BURST);
    for (unsigned i = 0; i < HEARSAY_PORT_BURST; i++)
        hearsay_failed(h, &t, 10);
    cr_expect_eq(hearsay_dial(h, &t, 10 + HEARSAY_PAUSE_MS - 1), BEAM_EUNREACH);
    cr_expect_eq(hearsay_dial(h, &t, 10 + HEARSAY_PAUSE_MS), BEAM_EAGAIN, "its budget is spent");
    for (unsigned port = 1; port <= HEARSAY_HOST_BURST; port++) {
        struct way_target x = at("192.0.2.8", port);
        cr_assert_eq(hearsay_dial(h, &x, 0), 0);
    }
    for (unsigned port = 1; port <= HEARSAY_HOST_BURST; port++) {
        struct way_target x = at("192.0.2.8", port);
        hearsay_failed(h, &x, 10);
    }
    cr_expect_eq(hearsay_dial(h, &other, 10 + HEARSAY_HOST_MS), 0);
    hearsay_free(h);
}

BEAM_TEST(hearsay, who_is_met_costs_nothing)
{
    struct hearsay *h = hearsay();
    for (unsigned i = 0; i < 100; i++) {
        struct way_target t = at("192.0.2.7", 1 + i % 3);
        cr_assert_eq(hearsay_dial(h, &t, 7), 0, "%u", i);
        hearsay_met(h, &t);
    }
    hearsay_free(h);
}

BEAM_TEST(hearsay, has_a_ceiling)
{
    struct hearsay *h = hearsay();
    struct way_target first = at("192.0.2.7", 4001), second = at("192.0.2.8", 4001);
    dials(h, &first, 0, HEARSAY_PORT_BURST);
    dials(h, &second, 0, HEARSAY_PORT_BURST);
    for (unsigned i = 0; i < HEARSAY_PLACES_MAX / 2 - 1; i++) { /* two places each */
        char ip[32];
        (void)snprintf(ip, sizeof(ip), "198.51.%u.%u", i / 250, i % 250);
        struct way_target t = at(ip, 4001);
        cr_assert_eq(hearsay_dial(h, &t, 0), 0, "%s", ip);
    }
    cr_expect_eq(hearsay_dial(h, &second, 0), BEAM_EAGAIN);
    cr_expect_eq(hearsay_dial(h, &first, 0), 0, "dialled longest ago");
    hearsay_free(h);
}

/* ---- a host --------------------------------------------------------------------------------- */

struct crowd {
    struct world w;
    struct node *alice, *bob; /* whose onion others name */
};

static void set_up(struct crowd *c)
{
    world_init(&c->w);
    c->alice = world_add(&c->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    c->bob = world_add(&c->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *carol = world_add(&c->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr there = world_onion(carol);
    (void)world_onion(c->bob);
    cr_assert_eq(world_connect(c->alice, NULL, &there, 1, PERMIT_TYPED).err, 0);
    c->alice->dials = 0;
}

/* Somebody who is made up is said to be where bob is, and is looked for there. */
static int look_for(struct crowd *c, unsigned no, enum permit_origin origin)
{
    struct peer_id who = *host_id(c->bob->host);
    struct multiaddr bare;
    multiaddr_without_peer(&c->bob->onion, &bare);
    memcpy(who.bytes + who.len - sizeof(no), &no, sizeof(no));
    host_learn(c->alice->host, &who, &bare, 1, ADDRESS_SIGNED, 60 * 1000);
    return world_connect(c->alice, &who, origin == PERMIT_TYPED ? &bare : NULL,
                         origin == PERMIT_TYPED, origin)
        .err;
}

BEAM_TEST(hearsay, has_no_host_knock_at_a_victims_door)
{
    struct crowd c;
    set_up(&c);
    c.bob->no_tor = true;
    cr_expect_eq(look_for(&c, 1, PERMIT_LEARNED), BEAM_ENOTFOUND);
    size_t dials = c.alice->dials;
    for (unsigned i = 2; i < 20; i++)
        cr_expect_eq(look_for(&c, i, PERMIT_LEARNED), BEAM_EUNREACH);
    cr_expect_eq(c.alice->dials, dials);
    cr_expect_eq(look_for(&c, 20, PERMIT_TYPED), BEAM_ENOTFOUND, "a user's word is no hearsay");
    cr_expect_eq(c.alice->dials, dials + 1);
    world_clear(&c.w);
}

BEAM_TEST(hearsay, of_others_at_a_peers_address_is_soon_not_followed)
{
    struct crowd c;
    set_up(&c);
    for (unsigned i = 0; i < 20; i++)
        cr_expect_eq(look_for(&c, i, PERMIT_LEARNED),
                     i < HEARSAY_PORT_BURST ? BEAM_EAUTH : BEAM_EAGAIN);
    cr_expect_eq(c.alice->dials, (size_t)HEARSAY_PORT_BURST);
    world_clear(&c.w);
}

/* A relay by which many are reached, none of them by a circuit to it. */
BEAM_TEST(hearsay, is_followed_once_for_all_who_want_the_same_peer)
{
    enum { MANY = 2 * HEARSAY_PORT_BURST };
    struct crowd c;
    struct connect *connects[MANY];
    set_up(&c);
    const struct connect_spec to = {.peer = host_id(c.bob->host),
                                    .addrs = &c.bob->onion,
                                    .n = 1,
                                    .origin = PERMIT_LEARNED,
                                    .straight = true};
    for (int there = 0; there <= 1; there++) {
        struct asked_of asked[MANY] = {{.done = false}};
        c.alice->dials = 0;
        c.bob->no_tor = !there;
        hearsay_free(c.alice->host->hearsay); /* as if it had never been away */
        c.alice->host->hearsay = hearsay();
        for (unsigned i = 0; i < MANY; i++)
            cr_assert_eq(
                connect_start(c.alice->host, &to, world_on_connect, &asked[i], &connects[i]), 0);
        for (unsigned i = 0; i < MANY; i++) {
            cr_assert(until_flag(c.w.loop, &asked[i].done));
            cr_expect_eq(asked[i].err, there ? 0 : BEAM_ENOTFOUND, "%u: %s", i, asked[i].why.text);
        }
        cr_expect_eq(c.alice->dials, 1u);
    }
    world_clear(&c.w);
}

BEAM_TEST(hearsay, is_not_doubted_for_want_of_our_own_tor)
{
    struct crowd c;
    set_up(&c);
    c.alice->tor_off = true;
    for (unsigned i = 0; i < HEARSAY_PORT_BURST; i++)
        cr_expect_eq(look_for(&c, i, PERMIT_LEARNED), BEAM_ENOTFOUND);
    cr_expect_eq(c.alice->dials, (size_t)HEARSAY_PORT_BURST);
    cr_expect_eq(look_for(&c, HEARSAY_PORT_BURST, PERMIT_LEARNED), BEAM_EAGAIN);
    world_clear(&c.w);
}

BEAM_TEST(hearsay, is_not_what_a_peer_was_reached_by)
{
    struct crowd c;
    set_up(&c);
    for (size_t i = 0; i < 2u * HEARSAY_PORT_BURST; i++) {
        cr_assert_eq(
            world_connect(c.alice, host_id(c.bob->host), &c.bob->onion, i == 0, PERMIT_LEARNED).err,
            0);
        host_disconnect(c.alice->host, host_id(c.bob->host));
    }
    for (unsigned i = 0; i <= HEARSAY_PORT_BURST; i++)
        (void)look_for(&c, i, PERMIT_LEARNED);
    cr_expect_eq(look_for(&c, 99, PERMIT_LEARNED), BEAM_EAGAIN);
    cr_expect_eq(world_connect(c.alice, host_id(c.bob->host), NULL, 0, PERMIT_LEARNED).err, 0);
    world_clear(&c.w);
}
