/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_query.h"

#include <stdlib.h>

#include "base/err.h"
#include "tests/unit/p2p/kad_kit.h"

static const struct kad_query_options usual = {.k = 4, .alpha = 3, .paths = 2, .ask_max = 50};

static struct kad_query *make(const struct kad_query_options *options, struct kad_id *target)
{
    struct kad_query *q = NULL;
    struct peer_id self = kad_peer_no(0);
    kad_id_of("target", 6, target);
    cr_assert_eq(kad_query_new(target, &self, options, &q), 0);
    return q;
}

BEAM_TEST(kad_query, nobody_to_ask)
{
    struct kad_id target;
    struct peer_id peer, self = kad_peer_no(0);
    struct kad_query *q = make(&usual, &target);
    kad_query_seed(q, &self);
    cr_assert_not(kad_query_next(q, &peer), "never ourselves");
    cr_assert(kad_query_done(q));
    struct kad_query_found found[1];
    cr_assert_eq(kad_query_nearest(q, found, 1), 0u);
    kad_query_free(q);
}

BEAM_TEST(kad_query, options_have_ranges)
{
    struct kad_query_options o = usual;
    struct peer_id self = kad_peer_no(0);
    struct kad_id target = {{0}};
    struct kad_query *q = NULL;
    o.paths = 0;
    cr_assert_eq(kad_query_new(&target, &self, &o, &q), BEAM_EINVAL);
    o.paths = KAD_PATHS_MAX + 1;
    cr_assert_eq(kad_query_new(&target, &self, &o, &q), BEAM_EINVAL);
    o = usual;
    o.alpha = 0;
    cr_assert_eq(kad_query_new(&target, &self, &o, &q), BEAM_EINVAL);
}

BEAM_TEST(kad_query, asks_alpha_at_a_time_and_each_once)
{
    struct kad_id target;
    struct peer_id asked[10], peer;
    struct kad_query *q = make(&usual, &target);
    uint64_t no = 1;
    for (int i = 0; i < 4; i++) {
        peer = kad_peer_near(&target, 1, &no);
        kad_query_seed(q, &peer);
        kad_query_seed(q, &peer);
    }
    for (int i = 0; i < 3; i++)
        cr_assert(kad_query_next(q, &asked[i]));
    cr_assert_not(kad_query_next(q, &peer));
    cr_assert_not(kad_query_told(q, &asked[0], &asked[1]), "it is known");
    cr_assert_not(kad_query_told(q, &peer, &peer), "by nobody who was asked");
    for (int i = 0; i < 3; i++)
        kad_query_answered(q, &asked[i]);
    cr_assert(kad_query_next(q, &asked[3]));
    for (int i = 0; i < 3; i++)
        cr_assert_not(peer_id_equal(&asked[3], &asked[i]));
    kad_query_failed(q, &asked[3]);
    kad_query_answered(q, &asked[3]);
    cr_assert(kad_query_done(q));
    struct kad_query_figures f;
    kad_query_figures(q, &f);
    cr_assert_eq(f.asked, 4u);
    cr_assert_eq(f.answered, 3u);
    cr_assert_eq(f.failed, 1u, "what is settled stays so");
    kad_query_free(q);
}

/* A peer of one path tells of nothing but liars, ever nearer; the other path gets through. */
BEAM_TEST(kad_query, a_liar_leads_only_its_path)
{
    struct kad_id target;
    struct kad_query_options o = {.k = 2, .alpha = 1, .paths = 2, .ask_max = 60};
    struct kad_query *q = make(&o, &target);
    uint64_t no = 1;
    struct peer_id honest = kad_peer_near(&target, 2, &no), liar = kad_peer_near(&target, 3, &no);
    struct peer_id goal = kad_peer_near(&target, 4, &no), peer;
    bool reached = false;
    kad_query_seed(q, &liar);
    kad_query_seed(q, &honest);
    unsigned depth = 5;
    while (kad_query_next(q, &peer)) {
        if (peer_id_equal(&peer, &honest)) {
            kad_query_told(q, &honest, &goal);
        } else if (peer_id_equal(&peer, &goal)) {
            reached = true;
        } else if (depth < 12) {
            struct peer_id another = kad_peer_near(&target, depth++, &no);
            kad_query_told(q, &peer, &another);
        }
        kad_query_answered(q, &peer);
    }
    cr_assert(kad_query_done(q));
    cr_assert(reached);
    kad_query_free(q);
}

/* Behind the k nearest, the region is asked as well. */
BEAM_TEST(kad_query, asks_the_whole_region)
{
    struct kad_id target;
    struct kad_query_options o = {.k = 2, .alpha = 2, .paths = 1, .ask_max = 50};
    o.region = UINT64_C(1) << (64 - 4); /* those who share four bits and more */
    struct kad_query *q = make(&o, &target);
    struct peer_id peer;
    uint64_t no = 1;
    size_t asked = 0;
    for (unsigned shared = 2; shared < 8; shared++)
        for (int i = 0; i < 2; i++) {
            peer = kad_peer_near(&target, shared, &no);
            kad_query_seed(q, &peer);
        }
    while (kad_query_next(q, &peer)) {
        kad_query_answered(q, &peer);
        asked++;
    }
    cr_assert_eq(asked, 8u);
    cr_assert(kad_query_crowded(q), "eight where two are expected");
    kad_query_free(q);
}

BEAM_TEST(kad_query, ends_though_peers_never_do)
{
    struct kad_id target;
    struct kad_query_options o = {.k = 20, .alpha = 10, .paths = 4, .ask_max = 100};
    struct kad_query *q = make(&o, &target);
    struct peer_id peer = kad_peer_no(1), other;
    uint64_t no = 2;
    size_t asked = 0;
    kad_query_seed(q, &peer);
    while (kad_query_next(q, &peer)) {
        asked++;
        for (int i = 0; i < 20; i++) {
            other = kad_peer_near(&target, (unsigned)asked / 12, &no);
            kad_query_told(q, &peer, &other);
        }
        kad_query_answered(q, &peer);
    }
    struct kad_query_figures f;
    kad_query_figures(q, &f);
    cr_assert(f.exhausted);
    cr_assert_eq(asked, 100u);
    cr_assert(kad_query_done(q));
    kad_query_free(q);
}

/* A table full of the dead: each is asked once, and who lives is found behind them. */
BEAM_TEST(kad_query, the_dead_hide_nobody)
{
    struct kad_id target;
    struct kad_query_options o = {.k = 4, .alpha = 3, .paths = 2, .ask_max = 100};
    struct kad_query *q = make(&o, &target);
    uint64_t no = 1;
    struct peer_id alive = kad_peer_near(&target, 0, &no), peer;
    struct kad_query_found found[2];
    size_t asked = 0;
    for (int i = 0; i < 40; i++) {
        peer = kad_peer_near(&target, 2, &no);
        kad_query_seed(q, &peer);
    }
    kad_query_seed(q, &alive);
    for (; kad_query_next(q, &peer); asked++) {
        if (peer_id_equal(&peer, &alive))
            kad_query_answered(q, &peer);
        else
            kad_query_failed(q, &peer);
    }
    cr_expect_eq(asked, 41u);
    cr_assert(kad_query_done(q));
    cr_assert_eq(kad_query_nearest(q, found, 2), 1u);
    cr_expect(peer_id_equal(&found[0].peer, &alive));
    kad_query_free(q);
}

/* Asks whom `q` names until it is done; only the first `n` of `alive` answer. Returns how many. */
static size_t ask_all(struct kad_query *q, const struct peer_id *alive, size_t n)
{
    struct peer_id peer;
    size_t asked = 0;
    for (; kad_query_next(q, &peer); asked++) {
        bool lives = false;
        for (size_t i = 0; i < n; i++)
            lives |= peer_id_equal(&peer, &alive[i]);
        if (lives)
            kad_query_answered(q, &peer);
        else
            kad_query_failed(q, &peer);
    }
    return asked;
}

/* One tells of twenty nearest who are not there, one of the goal behind them. */
BEAM_TEST(kad_query, who_tells_of_the_dead_is_doubted)
{
    struct kad_id target;
    struct kad_query_options o = {.k = 4, .alpha = 2, .paths = 1, .ask_max = 10};
    o.region = UINT64_C(1) << (64 - 4);
    struct kad_query *q = make(&o, &target);
    uint64_t no = 1;
    struct peer_id liar = kad_peer_near(&target, 3, &no), honest = kad_peer_near(&target, 2, &no);
    struct peer_id goal = kad_peer_near(&target, 4, &no), peer;
    struct kad_query_figures f;
    kad_query_seed(q, &liar);
    kad_query_seed(q, &honest);
    cr_assert(kad_query_next(q, &peer) && kad_query_next(q, &peer));
    for (unsigned i = 0; i < 20; i++) {
        peer = kad_peer_near(&target, 6, &no);
        cr_assert(kad_query_told(q, &liar, &peer));
    }
    cr_assert(kad_query_told(q, &honest, &goal));
    kad_query_answered(q, &liar);
    kad_query_answered(q, &honest);
    cr_expect_eq(ask_all(q, &goal, 1), 4u, "three of the dead, and the goal; no more by half");
    cr_expect(kad_query_done(q));
    kad_query_figures(q, &f);
    cr_expect_eq(f.answered, 3u);
    cr_expect_not(f.exhausted);
    cr_expect_eq(f.region, 1u);
    cr_expect_eq(f.dead, 20u, "those who were not asked as well");
    cr_expect(kad_query_crowded(q), "though most of them were not asked");
    kad_query_free(q);
}

/* A liar cannot bring into doubt whom somebody else tells of too. */
BEAM_TEST(kad_query, doubt_spares_whom_others_tell_of)
{
    struct kad_id target;
    struct kad_query_options o = {.k = 2, .alpha = 2, .paths = 1, .ask_max = 10};
    o.region = UINT64_C(1) << (64 - 4);
    struct kad_query *q = make(&o, &target);
    uint64_t no = 1;
    struct peer_id liar = kad_peer_near(&target, 3, &no), honest = kad_peer_near(&target, 2, &no);
    struct peer_id alive[2] = {kad_peer_near(&target, 4, &no), kad_peer_near(&target, 4, &no)};
    struct peer_id peer;
    struct kad_query_found found[4];
    kad_query_seed(q, &liar);
    kad_query_seed(q, &honest);
    cr_assert(kad_query_next(q, &peer) && kad_query_next(q, &peer));
    for (unsigned i = 0; i < 4; i++) {
        peer = kad_peer_near(&target, 6, &no);
        cr_assert(kad_query_told(q, &liar, &peer));
    }
    cr_assert(kad_query_told(q, &liar, &alive[0]));
    cr_assert(kad_query_told(q, &liar, &alive[1]));
    cr_assert_not(kad_query_told(q, &honest, &alive[0]), "it is known");
    kad_query_answered(q, &liar);
    kad_query_answered(q, &honest);
    cr_expect_eq(ask_all(q, alive, 2), 4u,
                 "three of the dead, one that lives; then half are asked");
    cr_expect_eq(kad_query_nearest(q, found, 4), 3u);
    cr_expect(peer_id_equal(&found[0].peer, &alive[0]));
    kad_query_free(q);
}

BEAM_TEST(kad_query, who_tells_of_itself_is_asked_once)
{
    struct kad_id target;
    struct kad_query *q = make(&usual, &target);
    struct peer_id liar = kad_peer_no(1), self = kad_peer_no(0), peer;
    kad_query_seed(q, &liar);
    cr_assert(kad_query_next(q, &peer));
    for (int i = 0; i < 20; i++)
        cr_expect_not(kad_query_told(q, &liar, i % 2 ? &liar : &self));
    kad_query_answered(q, &liar);
    cr_expect_not(kad_query_next(q, &peer));
    cr_expect(kad_query_done(q));
    kad_query_free(q);
}

/* Of two that were asked one is slow. */
static struct kad_query *make_slow(struct kad_id *target, struct peer_id *slow)
{
    const struct kad_query_options o = {.k = 4, .alpha = 2, .paths = 1, .ask_max = 10};
    struct kad_query *q = make(&o, target);
    struct peer_id peer;
    uint64_t no = 1;
    for (int i = 0; i < 3; i++) {
        peer = kad_peer_near(target, 2, &no);
        kad_query_seed(q, &peer);
    }
    cr_assert(kad_query_next(q, slow) && kad_query_next(q, &peer));
    kad_query_slow(q, slow);
    kad_query_answered(q, &peer);
    return q;
}

BEAM_TEST(kad_query, who_is_slow_keeps_nobody_waiting)
{
    struct kad_id target;
    struct peer_id slow, peer;
    struct kad_query_figures f;
    struct kad_query *q = make_slow(&target, &slow);
    cr_expect_not(kad_query_done(q));
    cr_assert(kad_query_next(q, &peer), "in its place");
    kad_query_answered(q, &peer);
    cr_expect(kad_query_done(q));
    kad_query_figures(q, &f);
    cr_expect_eq(f.answered, 2u);
    cr_expect_eq(f.failed, 1u);
    kad_query_free(q);
}

BEAM_TEST(kad_query, who_was_slow_and_answers_is_heard)
{
    struct kad_id target;
    struct peer_id slow, peer;
    struct kad_query_figures f;
    uint64_t no = 100;
    struct kad_query *q = make_slow(&target, &slow);
    struct peer_id more = kad_peer_near(&target, 4, &no);
    cr_assert(kad_query_told(q, &slow, &more));
    kad_query_answered(q, &slow);
    cr_assert(kad_query_next(q, &peer));
    cr_expect(peer_id_equal(&peer, &more), "the nearest");
    kad_query_failed(q, &slow);
    kad_query_figures(q, &f);
    cr_expect_eq(f.answered, 2u);
    cr_expect_eq(f.failed, 0u);
    kad_query_free(q);
}

BEAM_TEST(kad_query, where_most_are_slow_they_are_waited_for)
{
    struct kad_id target;
    struct peer_id slow, peer;
    struct kad_query *q = make_slow(&target, &slow);
    cr_assert(kad_query_next(q, &peer));
    kad_query_slow(q, &peer);
    cr_expect_not(kad_query_done(q), "two, and one who answered");
    kad_query_failed(q, &peer);
    cr_expect(kad_query_done(q));
    kad_query_free(q);
}
