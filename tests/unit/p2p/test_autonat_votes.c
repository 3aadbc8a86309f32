/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_votes.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct autonat_votes votes;
static struct multiaddr at;

static struct multiaddr address(unsigned port)
{
    char text[64];
    struct multiaddr a;
    (void)snprintf(text, sizeof(text), "/ip4/192.0.2.1/tcp/%u", port);
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, NULL), 0);
    return a;
}

static void vote(uint64_t network, enum autonat_answer answer, unsigned port, uint64_t now)
{
    const struct autonat_vote v = {
        .network = network, .answer = answer, .addr = address(port), .at = now};
    autonat_votes_add(&votes, &v);
}

static uint64_t network_of(const char *ip)
{
    struct addr a;
    cr_assert_eq(addr_ip(ip, strlen(ip), 1, &a), 0);
    return autonat_network(&a);
}

BEAM_TEST(autonat_votes, more_than_three_decide)
{
    struct multiaddr want = address(1);
    for (uint64_t i = 1; i < AUTONAT_AGREE; i++)
        vote(i, AUTONAT_REACHED, 1, 0);
    cr_expect_eq(autonat_votes_verdict(&votes, 0, &at), AUTONAT_UNKNOWN);
    vote(20, AUTONAT_REACHED, 2, 0);
    vote(21, AUTONAT_SILENT, 1, 0);
    cr_expect_eq(autonat_votes_verdict(&votes, 0, &at), AUTONAT_UNKNOWN, "elsewhere, or no answer");
    vote(22, AUTONAT_REACHED, 1, 0);
    cr_expect_eq(autonat_votes_verdict(&votes, 0, &at), AUTONAT_PUBLIC);
    cr_expect(multiaddr_equal(&at, &want));
}

BEAM_TEST(autonat_votes, more_than_three_failures)
{
    for (uint64_t i = 1; i <= AUTONAT_AGREE; i++)
        vote(i, AUTONAT_FAILED, 1, 0);
    cr_expect_eq(autonat_votes_verdict(&votes, 0, &at), AUTONAT_PRIVATE);
    cr_expect_eq(autonat_votes_verdict(&votes, AUTONAT_VOTE_MS, &at), AUTONAT_UNKNOWN,
                 "votes grow old");
}

BEAM_TEST(autonat_votes, one_network_has_one_vote)
{
    for (unsigned i = 0; i < 10; i++)
        vote(7, AUTONAT_REACHED, 1, 0);
    cr_expect_eq(votes.n, 1u);
    cr_expect_eq(autonat_votes_verdict(&votes, 0, &at), AUTONAT_UNKNOWN);
    cr_expect(autonat_votes_asked(&votes, 7, AUTONAT_AGAIN_MS - 1));
    cr_expect(!autonat_votes_asked(&votes, 7, AUTONAT_AGAIN_MS));
    cr_expect(!autonat_votes_asked(&votes, 8, 0));
    cr_expect_eq(network_of("192.0.2.1"), network_of("192.0.77.1"));
    cr_expect_neq(network_of("192.0.2.1"), network_of("192.1.2.1"));
    cr_expect_eq(network_of("2001:db8::1"), network_of("2001:db8:1::2"));
    cr_expect_neq(network_of("2001:db8::1"), network_of("2001:db9::1"));
}

BEAM_TEST(autonat_votes, the_oldest_goes)
{
    for (uint64_t i = 0; i < AUTONAT_VOTES + 3u; i++)
        vote(i, AUTONAT_FAILED, 1, i);
    cr_expect_eq(votes.n, (size_t)AUTONAT_VOTES);
    cr_expect_eq(votes.rows[0].network, 3u);
    cr_expect_str_eq(autonat_state_name(AUTONAT_PUBLIC), "public");
}
