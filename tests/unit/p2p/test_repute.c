/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/repute.h"

#include "base/err.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {3};
static const struct rng rng = {.fill = fill, .arg = &seed};

static struct repute *make(size_t peers)
{
    struct repute *r = NULL;
    cr_assert_eq(repute_new(&rng, peers, &r), 0);
    return r;
}

BEAM_TEST(repute, debts_fall_with_time)
{
    struct repute *r = make(10);
    struct peer_id p = kad_peer_no(1), other = kad_peer_no(2);
    cr_assert_eq(repute_of(r, &p, 0), REPUTE_GOOD);
    cr_assert_eq(repute_blame(r, &p, REPUTE_GARBLED, 1000), REPUTE_IS_DOUBTED);
    cr_assert_eq(repute_debt(r, &p, 1000), 10u);
    cr_assert_eq(repute_debt(r, &other, 1000), 0u);
    cr_assert_eq(repute_of(r, &p, 1000 + REPUTE_POINT_MS), REPUTE_GOOD);
    cr_assert_eq(repute_debt(r, &p, 1000 + 4 * REPUTE_POINT_MS), 6u);
    cr_assert_eq(repute_debt(r, &p, 1000 + 10 * REPUTE_POINT_MS), 0u);
    cr_assert_eq(repute_blame(r, &p, REPUTE_UNWANTED, 1000 + 99 * REPUTE_POINT_MS), REPUTE_GOOD);
    cr_assert_eq(repute_debt(r, &p, 1000 + 99 * REPUTE_POINT_MS), 1u, "what was paid is paid");
    repute_free(r);
}

BEAM_TEST(repute, debts_add_up_to_a_ceiling)
{
    struct repute *r = make(10);
    struct peer_id p = kad_peer_no(1);
    cr_assert_eq(repute_blame(r, &p, REPUTE_BAD_VALUE, 5), REPUTE_IS_DOUBTED);
    cr_assert_eq(repute_blame(r, &p, REPUTE_BAD_VALUE, 5), REPUTE_IS_DOUBTED);
    cr_assert_eq(repute_blame(r, &p, REPUTE_BAD_VALUE, 5), REPUTE_IS_SHUNNED);
    for (int i = 0; i < 100; i++)
        repute_blame(r, &p, REPUTE_GARBLED, 5);
    cr_assert_eq(repute_debt(r, &p, 5), (unsigned)REPUTE_MOST);
    repute_free(r);
}

/* An honest peer's mistakes leave it in good standing; an offence that none commits does not. */
BEAM_TEST(repute, each_offence_costs_what_it_says)
{
    static const unsigned points[REPUTE_OFFENCES] = {10, 10, 10, 5, 5, 0, 20, 1};
    struct repute *r = make(10);
    for (unsigned o = 0; o < REPUTE_OFFENCES; o++) {
        struct peer_id p = kad_peer_no(o + 1);
        repute_blame(r, &p, (enum repute_offence)o, 7);
        cr_expect_eq(repute_debt(r, &p, 7), points[o], "offence %u", o);
        cr_expect_not_null(repute_text((enum repute_offence)o));
    }
    repute_free(r);
}

/* Others bring it about: whatever they do, who told of the dead is asked last for some of the time,
 * and it adds to nothing else. */
BEAM_TEST(repute, who_tells_of_the_dead_comes_last_and_no_worse)
{
    struct repute *r = make(10);
    struct peer_id p = kad_peer_no(1);
    unsigned last = 0;
    repute_blame(r, &p, REPUTE_BOGUS, 0);
    for (uint64_t at = 0; at < 5 * (uint64_t)REPUTE_DEAD_MS; at += REPUTE_POINT_MS) {
        enum repute_standing s = REPUTE_GOOD;
        for (int i = 0; i < 20; i++)
            s = repute_blame(r, &p, REPUTE_OF_DEAD, at);
        cr_assert_leq(s, REPUTE_IS_LAST);
        cr_assert_leq(repute_debt(r, &p, at), 5u);
        last += s == REPUTE_IS_LAST;
    }
    cr_expect_eq(last, 5 * REPUTE_LAST_MS / REPUTE_POINT_MS);
    for (int i = 0; i < 3; i++)
        repute_blame(r, &p, REPUTE_GARBLED, 0);
    cr_expect_eq(repute_blame(r, &p, REPUTE_OF_DEAD, 0), REPUTE_IS_SHUNNED, "nor any better");
    repute_free(r);
}

BEAM_TEST(repute, who_owes_least_is_forgotten)
{
    struct repute *r = make(3);
    struct peer_id p[4];
    for (unsigned i = 0; i < 4; i++)
        p[i] = kad_peer_no(i + 1);
    repute_blame(r, &p[0], REPUTE_GARBLED, 0);
    repute_blame(r, &p[1], REPUTE_UNWANTED, 0);
    repute_blame(r, &p[2], REPUTE_BOGUS, 0);
    repute_blame(r, &p[3], REPUTE_ITSELF, 0);
    cr_assert_eq(repute_debt(r, &p[0], 0), 10u);
    cr_assert_eq(repute_debt(r, &p[1], 0), 0u);
    cr_assert_eq(repute_debt(r, &p[2], 0), 5u);
    cr_assert_eq(repute_debt(r, &p[3], 0), 5u);
    repute_free(r);
}
