/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/rsvp.h"

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

BEAM_TEST(rsvp, is_asked_for_and_renewed)
{
    struct seed seed = seed_start("rsvp");
    const struct rng rng = {fill, &seed};
    struct rsvp r = {.failures = 0};
    cr_expect_eq(rsvp_wait(&r, &rng, 5), 0u, "at once");
    rsvp_event(&r, RSVP_DUE, 5, 0);
    cr_expect(rsvp_asks(&r) && !rsvp_holds(&r));
    rsvp_event(&r, RSVP_GRANTED, 10, 1000);
    cr_expect(!rsvp_asks(&r) && rsvp_holds(&r));
    cr_expect_eq(rsvp_wait(&r, &rng, 10), 500u, "in the middle of its time");
    rsvp_event(&r, RSVP_DUE, 510, 0);
    cr_expect(rsvp_asks(&r) && rsvp_holds(&r));
    rsvp_event(&r, RSVP_GRANTED, 520, 2000);
    cr_expect_eq(r.state, RSVP_HELD);
    cr_expect_eq(rsvp_wait(&r, &rng, 520), 1000u);
}

BEAM_TEST(rsvp, a_renewal_that_fails_is_tried_again_in_time)
{
    struct seed seed = seed_start("rsvp");
    const struct rng rng = {fill, &seed};
    struct rsvp r = {.state = RSVP_HELD, .ends = 10000};
    rsvp_event(&r, RSVP_DUE, 5000, 0);
    rsvp_event(&r, RSVP_FAILED, 5100, 0);
    cr_expect_eq(r.state, RSVP_HELD);
    uint64_t ms = rsvp_wait(&r, &rng, 5100);
    cr_expect(ms >= RSVP_PAUSE_MIN_MS / 2 && ms <= RSVP_PAUSE_MIN_MS);
    cr_expect_leq(rsvp_wait(&r, &rng, 9900), 100u);
    rsvp_event(&r, RSVP_DUE, 9999, 0);
    rsvp_event(&r, RSVP_FAILED, 10000, 0);
    cr_expect_eq(r.state, RSVP_RESTING, "its time is over");
    cr_expect_eq(r.failures, 2u);
}

BEAM_TEST(rsvp, who_fails_often_is_asked_rarely)
{
    struct seed seed = seed_start("rsvp");
    const struct rng rng = {fill, &seed};
    struct rsvp r = {.failures = 0};
    for (int i = 0; i < 40; i++) {
        rsvp_event(&r, RSVP_DUE, 0, 0);
        rsvp_event(&r, RSVP_FAILED, 0, 0);
        cr_expect_eq(r.state, RSVP_RESTING);
        uint64_t ms = rsvp_wait(&r, &rng, 0);
        cr_expect(ms >= RSVP_PAUSE_MIN_MS / 2 && ms <= RSVP_PAUSE_MAX_MS);
        cr_expect(i < 20 || ms >= RSVP_PAUSE_MAX_MS / 2);
    }
    rsvp_event(&r, RSVP_DUE, 0, 0);
    rsvp_event(&r, RSVP_GRANTED, 0, 100);
    rsvp_event(&r, RSVP_LOST, 0, 0);
    cr_expect_eq(r.state, RSVP_RESTING);
    cr_expect_geq(rsvp_wait(&r, &rng, 0), RSVP_PAUSE_MIN_MS / 2, "not all the time");
}

/* What comes late changes nothing. */
BEAM_TEST(rsvp, events_out_of_season_are_passed_over)
{
    static const struct {
        enum rsvp_state in;
        enum rsvp_event ev;
        enum rsvp_state out;
    } all[] = {
        {RSVP_RESTING, RSVP_GRANTED, RSVP_RESTING}, {RSVP_RESTING, RSVP_FAILED, RSVP_RESTING},
        {RSVP_RESTING, RSVP_LOST, RSVP_RESTING},    {RSVP_ASKING, RSVP_DUE, RSVP_ASKING},
        {RSVP_ASKING, RSVP_LOST, RSVP_ASKING},      {RSVP_HELD, RSVP_GRANTED, RSVP_HELD},
        {RSVP_HELD, RSVP_FAILED, RSVP_HELD},        {RSVP_HELD, RSVP_LOST, RSVP_RESTING},
        {RSVP_RENEWING, RSVP_DUE, RSVP_RENEWING},   {RSVP_RENEWING, RSVP_LOST, RSVP_RESTING},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct rsvp r = {.state = all[i].in, .ends = 100};
        rsvp_event(&r, all[i].ev, 0, 50);
        cr_expect_eq(r.state, all[i].out, "%zu", i);
    }
}

BEAM_TEST(rsvp, clocks_that_differ_do_no_harm)
{
    cr_expect_eq(rsvp_life(4600, 1000 * 1000), (uint64_t)3600 * 1000);
    cr_expect_eq(rsvp_life(0, 1000 * 1000), (uint64_t)RSVP_LIFE_MIN_MS);
    cr_expect_eq(rsvp_life(1001, 1000 * 1000), (uint64_t)RSVP_LIFE_MIN_MS);
    cr_expect_eq(rsvp_life(UINT64_MAX, 1000 * 1000), (uint64_t)RSVP_LIFE_MAX_MS);
}
