/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_candidates.h"

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

static void make(struct kad_candidates *c, struct kad_id *target)
{
    kad_id_of("target", 6, target);
    kad_candidates_init(c, target);
}

static void in_order(const struct kad_candidates *c)
{
    for (size_t i = 0; i + 1 < c->n; i++)
        BEAM_CHECK(kad_id_nearer(&c->target, &kad_candidates_at(c, i)->id,
                                 &kad_candidates_at(c, i + 1)->id) < 0);
    for (size_t i = 0; i < c->n; i++)
        BEAM_CHECK(kad_candidates_find(c, &kad_candidates_at(c, i)->peer) ==
                   kad_candidates_at(c, i));
}

BEAM_TEST(kad_candidates, nearest_first_and_found_by_id)
{
    struct kad_candidates c;
    struct kad_id target;
    make(&c, &target);
    for (uint64_t no = 1; no <= 300; no++) {
        struct peer_id p = kad_peer_no(no);
        cr_assert_null(kad_candidates_find(&c, &p));
        struct kad_candidate *new = kad_candidates_add(&c, &p);
        cr_assert_not_null(new);
        cr_assert(peer_id_equal(&new->peer, &p));
        cr_assert_eq(new->state, KAD_NEW);
    }
    cr_assert_eq(c.n, 300u);
    in_order(&c);
    kad_candidates_clear(&c);
}

/* Who was asked keeps its place; of the others the farthest goes, for one who is nearer. */
BEAM_TEST(kad_candidates, the_farthest_makes_room)
{
    struct kad_candidates c;
    struct kad_id target;
    uint64_t no = 1;
    make(&c, &target);
    while (c.n < KAD_CANDIDATES_MAX) {
        struct peer_id p = kad_peer_near(&target, 1, &no);
        cr_assert_not_null(kad_candidates_add(&c, &p));
    }
    struct kad_candidate *last = kad_candidates_at(&c, c.n - 1);
    struct kad_candidate *before = kad_candidates_at(&c, c.n - 2);
    struct peer_id asked = last->peer, goes = before->peer;
    last->state = KAD_ASKED;
    struct peer_id far = kad_peer_near(&target, 0, &no), near = kad_peer_near(&target, 2, &no);
    cr_assert_null(kad_candidates_add(&c, &far));
    cr_assert_not_null(kad_candidates_add(&c, &near));
    cr_assert_eq(c.n, (size_t)KAD_CANDIDATES_MAX);
    cr_assert_not_null(kad_candidates_find(&c, &asked));
    cr_assert_not_null(kad_candidates_find(&c, &near));
    cr_assert_null(kad_candidates_find(&c, &goes));
    in_order(&c);
    for (size_t i = 0; i < c.n; i++)
        kad_candidates_at(&c, i)->state = KAD_ASKED;
    near = kad_peer_near(&target, 3, &no);
    cr_assert_null(kad_candidates_add(&c, &near), "all were asked");
    kad_candidates_clear(&c);
}

/* Ids are cheap to make so that they end alike. */
BEAM_TEST(kad_candidates, ids_that_end_alike)
{
    struct kad_candidates c;
    struct kad_id target;
    make(&c, &target);
    for (uint64_t no = 1; no <= KAD_CANDIDATES_MAX; no++) {
        struct peer_id p = kad_peer_no(no); /* ends in zeros, whatever its number */
        cr_assert_not_null(kad_candidates_add(&c, &p));
    }
    in_order(&c);
    struct peer_id other = kad_peer_no(0), shorter = {.len = 2, .bytes = {1, 2}};
    cr_assert_null(kad_candidates_find(&c, &other));
    cr_assert_null(kad_candidates_find(&c, &shorter));
    kad_candidates_clear(&c);
}

/* Some of which share a slot, and others lie in the way: each is found after any has gone. */
BEAM_TEST(kad_candidates, all_are_found_however_many_make_room)
{
    struct kad_candidates c;
    struct kad_id target;
    size_t gone = 0;
    make(&c, &target);
    for (uint64_t no = 1; no <= 8 * KAD_CANDIDATES_MAX; no++) {
        struct peer_id p = kad_peer_no(no);
        p.bytes[p.len - 1] = (uint8_t)(no % 13);
        bool full = c.n == KAD_CANDIDATES_MAX;
        gone += kad_candidates_add(&c, &p) && full;
        if (no % 64 == 0)
            in_order(&c);
    }
    cr_assert_gt(gone, (size_t)KAD_CANDIDATES_MAX / 2);
    size_t taken = 0;
    for (size_t i = 0; i < KAD_CANDIDATES_SLOTS; i++)
        taken += c.slots[i] != 0;
    cr_assert_eq(taken, c.n);
    kad_candidates_clear(&c);
}
