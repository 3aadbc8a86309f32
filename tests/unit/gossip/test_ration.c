/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/ration.h"

#include <string.h>

#include "tests/unit/harness.h"

enum { AT_ONCE = 240, EVERY = 500, NOW = 5000000 };

static const struct ration_limit limit = {.at_once = AT_ONCE, .every_ms = EVERY};

static struct peer_id number(uint64_t no)
{
    struct peer_id id = {.len = PEER_ID_MAX};
    memcpy(id.bytes, &no, sizeof(no));
    return id;
}

/* A peer with this number is in the network with that one. */
static bool take(struct ration *r, uint64_t peer, uint8_t network, uint64_t author, uint64_t now)
{
    const struct ration_share share = {.peer = number(peer),
                                       .author = number(author),
                                       .network = {.len = 3, .bytes = {4, 10, network}}};
    return ration_take(r, &limit, &share, now);
}

/* How many of n are let in, each by an author of its own. */
static size_t flood(struct ration *r, uint64_t peer, uint8_t network, size_t n, uint64_t now)
{
    static uint64_t authors = 1000;
    size_t in = 0;
    for (size_t i = 0; i < n; i++)
        in += take(r, peer, network, authors++, now);
    return in;
}

BEAM_TEST(ration, one_peer_alone_has_a_third)
{
    static struct ration r;
    cr_expect_eq(flood(&r, 1, 1, 1000, NOW), AT_ONCE / 3u);
    cr_expect_eq(flood(&r, 1, 1, 1000, NOW + 10 * EVERY), 10u, "and what becomes free");
    cr_expect_eq(flood(&r, 1, 1, 1000, NOW + 1000 * EVERY), AT_ONCE / 3u);
}

BEAM_TEST(ration, who_floods_stops_nobody_else)
{
    static struct ration r;
    (void)flood(&r, 1, 1, 1000, NOW);
    cr_expect_eq(flood(&r, 2, 2, 10, NOW), 10u, "one from elsewhere");
    cr_expect_eq(flood(&r, 3, 1, 10, NOW), 10u, "nor one of the same network");
    cr_expect_eq(flood(&r, 1, 1, 1, NOW), 0u);
}

BEAM_TEST(ration, one_network_has_less_than_half_however_many_are_there)
{
    static struct ration r;
    size_t in = 0;
    for (uint64_t peer = 1; peer <= 300; peer++)
        in += flood(&r, peer, 1, 1000, NOW);
    cr_expect_leq(in, AT_ONCE / 2u);
    cr_expect_eq(flood(&r, 1000, 2, 30, NOW), 30u, "one from elsewhere");
}

BEAM_TEST(ration, one_author_has_half_whoever_brings_it)
{
    static struct ration r;
    size_t in = 0;
    for (uint8_t peer = 1; peer <= 100; peer++)
        for (int i = 0; i < 10; i++)
            in += take(&r, peer, peer, 1, NOW);
    cr_expect_eq(in, AT_ONCE / 2u);
    cr_expect(take(&r, 1, 1, 2, NOW), "who brought that is not to blame");
}

/* So many flood, each from a network of its own, and each time one who is new comes after them. How
 * often he does not get in. */
static unsigned besiege(uint8_t flooders, unsigned rounds, unsigned *last)
{
    static struct ration r;
    unsigned missed = 0;
    memset(&r, 0, sizeof(r));
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t now = NOW + (uint64_t)round * EVERY;
        for (uint8_t i = 1; i <= flooders; i++)
            while (flood(&r, i, i, 1, now) > 0)
                ;
        if (round % 10 == 0 && flood(&r, 1000 + round, (uint8_t)(100 + round / 10), 1, now) == 0) {
            missed++;
            *last = round;
        }
    }
    return missed;
}

BEAM_TEST(ration, floods_from_many_networks_leave_room_for_one_who_comes_new)
{
    unsigned last = 0;
    cr_expect_eq(besiege(10, 1000, &last), 0u);
    (void)besiege(60, 1000, &last);
    cr_expect_lt(last, 60u, "once each of them has what is his");
}

BEAM_TEST(ration, of_two_who_flood_for_long_each_has_half)
{
    static struct ration r;
    size_t one = 0, two = 0;
    for (unsigned round = 0; round < 2000; round++) {
        uint64_t now = NOW + (uint64_t)round * EVERY;
        two += flood(&r, 2, 2, 1, now);
        one += flood(&r, 1, 1, 50, now);
    }
    cr_expect_leq(one, 2 * two, "%zu and %zu", one, two);
}

BEAM_TEST(ration, all_together_have_no_more)
{
    static struct ration r;
    size_t in = 0;
    for (unsigned peer = 0; peer < 4000; peer++)
        in += flood(&r, peer, (uint8_t)peer, 1, NOW);
    cr_expect_eq(in, (size_t)AT_ONCE);
    cr_expect_eq(r.n, (size_t)AT_ONCE);
}
