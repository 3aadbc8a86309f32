/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/score.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

/* Round numbers, so that what comes out can be said. */
static const struct score_params params = {.topics_cap = 100,
                                           .app_weight = 2,
                                           .place_weight = -3,
                                           .place_threshold = 2,
                                           .fault_weight = -1,
                                           .fault_decay = 0.5,
                                           .fault_threshold = 1,
                                           .decay_ms = 1000,
                                           .zero = 0.1,
                                           .retain_ms = 10000,
                                           .peers = 8};
static const struct score_topic topic = {.weight = 2,
                                         .time_weight = 1,
                                         .time_cap = 5,
                                         .quantum_ms = 1000,
                                         .first_weight = 3,
                                         .first_decay = 0.5,
                                         .first_cap = 10,
                                         .few_weight = -1,
                                         .few_decay = 0.5,
                                         .few_threshold = 4,
                                         .few_cap = 6,
                                         .activation_ms = 2000,
                                         .window_ms = 10,
                                         .failed_weight = -2,
                                         .failed_decay = 0.5,
                                         .invalid_weight = -10,
                                         .invalid_decay = 0.5};
static const struct score_place nowhere = {.len = 0};

static struct peer_id peer_no(uint32_t no)
{
    struct peer_id id = {.len = 38};
    memcpy(id.bytes, &no, sizeof(no));
    return id;
}

static struct score *fresh(void)
{
    struct score *s = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(score_new(rng_system(), &params, &s), 0);
    cr_assert_eq(score_add_topic(s, &topic), 0);
    return s;
}

static struct score_card *enter(struct score *s, uint32_t no, const struct score_place *place)
{
    struct score_card *c = NULL;
    const struct peer_id id = peer_no(no);
    cr_assert_eq(score_enter(s, &id, place, &c), 0);
    return c;
}

static void is(const struct score *s, const struct score_card *c, uint64_t now, double expected)
{
    double got = score_of(s, c, now);
    cr_assert(fabs(got - expected) < 1e-9, "%f and not %f", got, expected);
}

BEAM_TEST(score, p1_is_time_in_the_mesh)
{
    struct score *s = fresh();
    struct score_card *c = enter(s, 1, &nowhere);
    is(s, c, 0, 0);
    for (int i = 0; i < 4; i++) /* enough for P3 */
        score_first(s, c, 0);
    score_grafted(c, 0, 1000);
    for (int i = 0; i < 4; i++)
        score_first(s, c, 0);
    is(s, c, 3000, 2 * (3 * 8 + 2));
    is(s, c, 99000, 2 * (3 * 8 + 5));
    score_free(s);
}

BEAM_TEST(score, p2_is_capped_and_shrinks_and_so_are_all_topics)
{
    struct score *s = fresh();
    struct score_card *c = enter(s, 1, &nowhere);
    for (int i = 0; i < 20; i++)
        score_first(s, c, 0);
    is(s, c, 0, 2 * 30);
    score_decay(s, 0);
    is(s, c, 0, 2 * 15);
    for (int i = 0; i < 10; i++)
        score_decay(s, 0);
    is(s, c, 0, 0);
    struct score_topic dear = topic;
    dear.weight = 100;
    cr_assert_eq(score_add_topic(s, &dear), 1);
    score_first(s, c, 1);
    is(s, c, 0, 100);
    score_free(s);
}

BEAM_TEST(score, p3_is_what_it_brings_too_little_and_p3b_remembers)
{
    struct score *s = fresh();
    struct score_card *c = enter(s, 1, &nowhere);
    score_grafted(c, 0, 0);
    is(s, c, 2000, 2 * 2);
    is(s, c, 3000, 2 * (3 - 16));
    score_again(s, c, 0, 10);
    score_again(s, c, 0, 11); /* too late to count */
    is(s, c, 3000, 2 * (3 - 9));
    score_pruned(s, c, 0, 3000);
    is(s, c, 3000, 2 * -2 * 9);
    score_decay(s, 3000);
    is(s, c, 3000, 2 * -2 * 4.5);
    score_free(s);
}

BEAM_TEST(score, p4_counts_in_squares)
{
    struct score *s = fresh();
    struct score_card *c = enter(s, 1, &nowhere);
    score_invalid(c, 0);
    is(s, c, 0, 2 * -10);
    score_invalid(c, 0);
    is(s, c, 0, 2 * -10 * 4);
    score_invalid(c, -1);
    score_invalid(c, -1);
    is(s, c, 0, 2 * -10 * 4 - 1);
    score_free(s);
}

BEAM_TEST(score, p5_is_the_program_s_and_p7_counts_beyond_a_threshold)
{
    struct score *s = fresh();
    struct score_card *c = enter(s, 1, &nowhere);
    c->app = -4;
    is(s, c, 0, -8);
    c->app = 0;
    score_fault(c, 1);
    is(s, c, 0, 0);
    score_fault(c, 3);
    is(s, c, 0, -9);
    c->app = 100;
    cr_assert(fabs(score_deeds(s, c, 0) + 9) < 1e-9, "P5 is no deed");
    c->app = 0;
    score_decay(s, 0);
    is(s, c, 0, -1);
    score_free(s);
}

BEAM_TEST(score, p6_is_of_those_who_are_at_one_place)
{
    struct score *s = fresh();
    const struct score_place place = {.len = 4, .bytes = {1, 2, 3, 4}},
                             other = {.len = 4, .bytes = {1, 2, 3, 5}};
    struct score_card *c[5];
    for (uint32_t i = 0; i < 4; i++)
        c[i] = enter(s, i, &place);
    c[4] = enter(s, 4, &other);
    is(s, c[0], 0, -3 * 4);
    cr_assert(fabs(score_deeds(s, c[0], 0)) < 1e-9, "nor is where it is");
    is(s, c[4], 0, 0);
    score_leave(s, c[3], 0);
    is(s, c[0], 0, -3);
    score_leave(s, c[2], 0);
    is(s, c[0], 0, 0);
    score_free(s);
}

BEAM_TEST(score, going_away_mends_nothing)
{
    struct score *s = fresh();
    const struct peer_id id = peer_no(1);
    struct score_card *c = enter(s, 1, &nowhere), *again;
    score_invalid(c, 0);
    score_leave(s, c, 1000);
    score_decay(s, 5000);
    cr_assert_eq(score_enter(s, &id, &nowhere, &again), 0);
    is(s, again, 5000, -20);
    cr_assert_eq(score_enter(s, &id, &nowhere, &again), BEAM_EEXIST);
    score_leave(s, again, 5000);
    score_decay(s, 14999);
    cr_assert_not_null(score_find(s, &id));
    score_decay(s, 15000);
    cr_assert_null(score_find(s, &id));
    score_free(s);
}

BEAM_TEST(score, who_left_with_a_good_name_makes_room_first)
{
    struct score *s = fresh();
    struct score_card *bad = enter(s, 100, &nowhere), *c;
    score_fault(bad, 5);
    score_leave(s, bad, 0);
    for (uint32_t i = 0; i < 20; i++) {
        c = enter(s, i, &nowhere);
        score_leave(s, c, 10 + i);
    }
    const struct peer_id id = peer_no(100), here = peer_no(999);
    cr_assert_not_null(score_find(s, &id));
    for (uint32_t i = 0; i < 8; i++)
        (void)enter(s, 200 + i, &nowhere);
    cr_assert_eq(score_enter(s, &here, &nowhere, &c), BEAM_ELIMIT, "all are here");
    score_free(s);
}
