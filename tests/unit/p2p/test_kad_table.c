/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_table.h"

#include <stdlib.h>

#include "base/err.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

static struct kad_table *make(const struct peer_id *self)
{
    struct kad_table *t = NULL;
    cr_assert_eq(kad_table_new(self, &t), 0);
    return t;
}

BEAM_TEST(kad_table, who_was_there_first_stays)
{
    struct peer_id self = kad_peer_no(0), first[KAD_K], late, check;
    struct kad_table *t = make(&self);
    uint64_t no = 1;
    for (unsigned i = 0; i < KAD_K; i++) {
        first[i] = kad_peer_near(kad_table_self(t), 0, &no);
        cr_assert_eq(kad_table_seen(t, &first[i], 0, 100 + i, NULL), 0);
    }
    late = kad_peer_near(kad_table_self(t), 0, &no);
    cr_assert_eq(kad_table_seen(t, &first[0], 0, 200, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &late, 0, 201, &check), BEAM_EAGAIN);
    cr_assert(peer_id_equal(&check, &first[1]), "the one silent for the longest");
    cr_assert_null(kad_table_find(t, &late));
    kad_table_failed(t, &check);
    cr_assert_not_null(kad_table_find(t, &check), "once may be chance");
    kad_table_failed(t, &check);
    cr_assert_null(kad_table_find(t, &check));
    cr_assert_not_null(kad_table_find(t, &late), "who waited has the place");
    cr_assert_eq(kad_table_count(t), (size_t)KAD_K);
    kad_table_free(t);
}

BEAM_TEST(kad_table, an_answer_makes_failures_good)
{
    struct peer_id self = kad_peer_no(0), peer = kad_peer_no(1);
    struct kad_table *t = make(&self);
    cr_assert_eq(kad_table_seen(t, &peer, 0, 1, NULL), 0);
    for (int i = 0; i < 3; i++) {
        kad_table_failed(t, &peer);
        cr_assert_eq(kad_table_seen(t, &peer, 0, 2, NULL), 0);
    }
    cr_assert_eq(kad_table_count(t), 1u);
    kad_table_remove(t, &peer);
    kad_table_remove(t, &peer);
    cr_assert_eq(kad_table_count(t), 0u);
    kad_table_free(t);
}

BEAM_TEST(kad_table, we_are_not_in_it)
{
    struct peer_id self = kad_peer_no(0);
    struct kad_table *t = make(&self);
    cr_assert_eq(kad_table_seen(t, &self, 0, 1, NULL), BEAM_EINVAL);
    kad_table_remove(t, &self);
    cr_assert_null(kad_table_find(t, &self));
    kad_table_free(t);
}

BEAM_TEST(kad_table, two_of_a_network_in_a_bucket)
{
    struct peer_id self = kad_peer_no(0), p[4];
    struct kad_table *t = make(&self);
    uint64_t no = 1;
    for (int i = 0; i < 4; i++)
        p[i] = kad_peer_near(kad_table_self(t), 1, &no);
    cr_assert_eq(kad_table_seen(t, &p[0], 7, 1, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &p[1], 7, 1, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &p[2], 7, 1, NULL), BEAM_ELIMIT);
    cr_assert_eq(kad_table_seen(t, &p[3], 8, 1, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &p[3], 7, 1, NULL), 0, "it stays, as of the network it was");
    cr_assert_eq(kad_table_find(t, &p[3])->group, 8u);
    struct peer_id other = kad_peer_near(kad_table_self(t), 2, &no);
    cr_assert_eq(kad_table_seen(t, &other, 7, 1, NULL), 0, "each bucket for itself");
    kad_table_free(t);
}

static int come(struct kad_table *t, unsigned shared, kad_group group, uint64_t *no,
                struct peer_id *out)
{
    struct peer_id p = kad_peer_near(kad_table_self(t), shared, no);
    if (out)
        *out = p;
    return kad_table_seen(t, &p, group, 1, NULL);
}

static size_t count_nowhere(const struct kad_peer **list, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += list[i]->group == KAD_NOWHERE;
    return sum;
}

BEAM_TEST(kad_table, who_is_nowhere_has_half_when_others_come)
{
    struct peer_id self = kad_peer_no(0), first[KAD_K];
    struct kad_table *t = make(&self);
    const struct kad_peer *in[KAD_K];
    uint64_t no = 1;
    for (unsigned i = 0; i < KAD_K; i++)
        cr_assert_eq(come(t, 0, KAD_NOWHERE, &no, &first[i]), 0, "there are no others");
    for (kad_group g = 1; g <= KAD_K - KAD_NOWHERE_MAX; g++)
        cr_assert_eq(come(t, 0, g, &no, NULL), 0);
    cr_assert_eq(come(t, 0, 100, &no, NULL), BEAM_EAGAIN, "half of them stay");
    cr_assert_eq(kad_table_bucket(t, 0, in), (size_t)KAD_K);
    cr_assert_eq(count_nowhere(in, KAD_K), (size_t)KAD_NOWHERE_MAX);
    for (unsigned i = 0; i < KAD_K; i++)
        cr_assert_eq(kad_table_find(t, &first[i]) != NULL, i < KAD_NOWHERE_MAX,
                     "who was there first stays");
    kad_table_free(t);
}

BEAM_TEST(kad_table, who_is_nowhere_keeps_nobody_out_of_the_line)
{
    struct peer_id self = kad_peer_no(0), peer, waits;
    struct kad_table *t = make(&self);
    uint64_t no = 1;
    for (unsigned i = 0; i < KAD_K; i++)
        cr_assert_eq(come(t, 0, i < KAD_NOWHERE_MAX ? KAD_NOWHERE : i, &no, &peer), 0);
    cr_assert_eq(come(t, 0, KAD_NOWHERE, &no, NULL), BEAM_EAGAIN);
    cr_assert_eq(come(t, 0, 100, &no, &waits), BEAM_EAGAIN);
    for (int i = 0; i < 3 * KAD_LINE_MAX; i++)
        cr_assert_eq(come(t, 0, KAD_NOWHERE, &no, NULL), BEAM_EAGAIN);
    kad_table_remove(t, &peer);
    cr_assert_not_null(kad_table_find(t, &waits));
    kad_table_remove(t, &waits);
    cr_assert_eq(kad_table_count(t), (size_t)KAD_K, "nobody else waits");
    kad_table_free(t);
}

BEAM_TEST(kad_table, who_is_somewhere_stays_there)
{
    struct peer_id self = kad_peer_no(0), peer = kad_peer_no(1);
    struct kad_table *t = make(&self);
    cr_assert_eq(kad_table_seen(t, &peer, KAD_NOWHERE, 1, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &peer, 7, 2, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &peer, KAD_NOWHERE, 3, NULL), 0);
    cr_assert_eq(kad_table_find(t, &peer)->group, 7u, "coming by an onion frees no place");
    cr_assert_eq(kad_table_find(t, &peer)->seen, 3u);
    kad_table_free(t);
}

/* Of those who wait one may come again by a way that shows its network. */
BEAM_TEST(kad_table, who_is_in_it_waits_no_more)
{
    struct peer_id self = kad_peer_no(0), first, peer;
    struct kad_table *t = make(&self);
    uint64_t no = 1;
    for (unsigned i = 0; i < KAD_K; i++)
        cr_assert_eq(come(t, 0, KAD_NOWHERE, &no, i == 0 ? &first : NULL), 0);
    cr_assert_eq(come(t, 0, KAD_NOWHERE, &no, &peer), BEAM_EAGAIN);
    cr_assert_eq(kad_table_seen(t, &peer, 7, 2, NULL), 0);
    kad_table_remove(t, &first);
    cr_assert_eq(kad_table_count(t), (size_t)KAD_K - 1, "nobody else waits");
    kad_table_remove(t, &peer);
    cr_assert_null(kad_table_find(t, &peer));
    kad_table_free(t);
}

static int nearer(const void *a, const void *b, void *target)
{
    return kad_id_nearer(target, &((const struct kad_peer *)a)->id,
                         &((const struct kad_peer *)b)->id);
}

/* Against sorting all of them. */
BEAM_TEST(kad_table, nearest_are_the_nearest)
{
    enum { PEERS = 500 };
    struct seed s = seed_start("nearest_are_the_nearest");
    struct peer_id self = kad_peer_no(seed_next(&s));
    struct kad_table *t = make(&self);
    struct kad_peer all[PEERS];
    size_t n = 0;
    for (size_t i = 0; i < PEERS; i++) {
        struct peer_id p = kad_peer_no(seed_next(&s));
        if (kad_table_seen(t, &p, 0, 1, NULL) == 0)
            all[n++] = *kad_table_find(t, &p);
    }
    BEAM_CHECK(n == kad_table_count(t) && n > 2 * KAD_K);
    for (int round = 0; round < 50; round++) {
        const struct kad_peer *got[KAD_K];
        struct kad_id target;
        seed_fill(&s, &target, sizeof(target));
        qsort_r(all, n, sizeof(all[0]), nearer, &target);
        BEAM_CHECK(kad_table_nearest(t, &target, got, KAD_K) == KAD_K);
        for (size_t i = 0; i < KAD_K; i++)
            BEAM_CHECK(peer_id_equal(&got[i]->peer, &all[i].peer));
    }
    const struct kad_peer *one;
    cr_assert_eq(kad_table_nearest(t, kad_table_self(t), &one, 1), 1u);
    cr_assert_eq(kad_table_nearest(t, kad_table_self(t), &one, 0), 0u);
    kad_table_free(t);
}

BEAM_TEST(kad_table, an_answer_has_two_of_a_network)
{
    struct peer_id self = kad_peer_no(0);
    struct kad_table *t = make(&self);
    const struct kad_peer *got[KAD_K];
    uint64_t no = 1;
    for (unsigned shared = 0; shared < 8; shared++)
        for (unsigned i = 0; i < 4; i++) {
            struct peer_id p = kad_peer_near(kad_table_self(t), shared, &no);
            cr_assert_eq(kad_table_seen(t, &p, i < 2 ? 9 : 100 + shared, 1, NULL), 0);
        }
    size_t n = kad_table_nearest(t, kad_table_self(t), got, KAD_K), of_nine = 0;
    for (size_t i = 0; i < n; i++)
        of_nine += got[i]->group == 9;
    cr_assert_eq(n, 18u, "two of each of the eight, and two of nine");
    cr_assert_eq(of_nine, 2u);
    cr_assert_eq(got[0]->group == 9 || got[1]->group == 9, 1, "and those are the nearest");
    kad_table_free(t);
}

/* Somebody has put many ids that cost nothing near to us. */
BEAM_TEST(kad_table, of_an_answer_half_is_nowhere)
{
    struct peer_id self = kad_peer_no(0);
    struct kad_table *t = make(&self);
    const struct kad_peer *got[KAD_K];
    uint64_t no = 1;
    for (unsigned shared = 4; shared < 8; shared++)
        for (unsigned i = 0; i < KAD_K / 2; i++)
            cr_assert_eq(come(t, shared, KAD_NOWHERE, &no, NULL), 0);
    cr_assert_eq(kad_table_nearest(t, kad_table_self(t), got, KAD_K), (size_t)KAD_K);
    cr_assert_eq(count_nowhere(got, KAD_K), (size_t)KAD_K, "there are no others");
    for (kad_group g = 1; g <= 20; g++)
        cr_assert_eq(come(t, 4 + g % 4, g, &no, NULL), 0);
    for (unsigned to = 3; to < 8; to++) {
        struct peer_id target = kad_peer_near(kad_table_self(t), to, &no);
        struct kad_id id;
        kad_id_of_peer(&target, &id);
        size_t n = kad_table_nearest(t, &id, got, KAD_K);
        cr_assert_eq(n, (size_t)KAD_K);
        for (size_t i = 1; i < n; i++)
            cr_assert(kad_id_nearer(&id, &got[i - 1]->id, &got[i]->id) < 0, "in order");
        cr_assert_leq(count_nowhere(got, n), (size_t)KAD_K / 2);
    }
    kad_table_free(t);
}

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static void fill_bucket(struct kad_table *t, unsigned shared, size_t n, uint64_t *no)
{
    for (; n > 0; n--) {
        struct peer_id p = kad_peer_near(kad_table_self(t), shared, no);
        BEAM_CHECK(kad_table_seen(t, &p, 0, 1000, NULL) == 0);
    }
}

BEAM_TEST(kad_table, refreshes_what_is_due)
{
    struct seed s = {5};
    const struct rng rng = {.fill = fill, .arg = &s};
    struct peer_id self = kad_peer_no(0);
    struct kad_table *t = make(&self);
    struct kad_id id;
    struct kad_table_key key;
    uint64_t no = 1, due = 1000;
    fill_bucket(t, 3, KAD_K, &no);
    fill_bucket(t, KAD_REFRESH_DEEPEST + 1, KAD_K, &no);
    cr_assert_not(kad_table_refresh(t, due, &rng, &key), "it is full and fresh");
    due += KAD_REFRESH_MS;
    cr_assert(kad_table_refresh(t, due, &rng, &key));
    kad_id_of(key.bytes, key.len, &id);
    cr_assert_eq(kad_id_shared(kad_table_self(t), &id), 3u, "a random key");
    cr_assert_not(key.self);
    cr_assert(kad_table_refresh(t, due, &rng, &key));
    cr_assert(key.self, "the nearest");
    cr_assert_not(kad_table_refresh(t, due - 1 + KAD_REFRESH_MS, &rng, &key), "each once");
    kad_table_looked(t, &id, due + 4000);
    kad_table_looked(t, kad_table_self(t), due + 4000);
    cr_assert_not(kad_table_refresh(t, due + KAD_REFRESH_MS, &rng, &key));
    cr_assert(kad_table_refresh(t, due + 4000 + KAD_REFRESH_MS, &rng, &key));
    kad_table_free(t);
}

BEAM_TEST(kad_table, what_is_full_and_fresh_is_not_due)
{
    struct seed s = {5};
    const struct rng rng = {.fill = fill, .arg = &s};
    struct peer_id self = kad_peer_no(0);
    struct kad_table *t = make(&self);
    struct kad_table_key key;
    uint64_t no = 1, later = 1000 + KAD_REFRESH_MS;
    struct peer_id last = kad_peer_near(kad_table_self(t), 0, &no);
    fill_bucket(t, 0, KAD_K - 1, &no);
    fill_bucket(t, 4, 1, &no);
    cr_assert_eq(kad_table_seen(t, &last, 0, later, NULL), 0);
    cr_assert(kad_table_refresh(t, later - 1, &rng, &key));
    cr_assert(key.self);
    cr_assert_not(kad_table_refresh(t, later - 1, &rng, &key), "all were heard of within the hour");
    cr_assert(kad_table_refresh(t, later, &rng, &key), "but for the last they were not");
    cr_assert_not(key.self);
    kad_table_free(t);
}

BEAM_TEST(kad_table, we_look_ourselves_up_ever_less_often)
{
    uint64_t sum = 0;
    cr_assert(kad_table_turn(0).whole && kad_table_turn(0).chance);
    for (unsigned i = 1; i < 20; i++) {
        cr_assert_geq(kad_table_turn(i + 1).after_ms, kad_table_turn(i).after_ms);
        sum += i < 5 ? kad_table_turn(i).after_ms : 0;
    }
    cr_assert_leq(sum, 30000u, "four times within half a minute");
    cr_assert_eq(kad_table_turn(1000).after_ms, (uint64_t)KAD_SELF_MAX_MS);
    cr_assert(kad_table_turn(1000).whole && kad_table_turn(1000).chance);
}

BEAM_TEST(kad_table, refreshes_deep_buckets_by_who_is_there)
{
    struct seed s = {5};
    const struct rng rng = {.fill = fill, .arg = &s};
    struct peer_id self = kad_peer_no(0);
    struct kad_table *t = make(&self);
    struct kad_table_key key;
    struct kad_id id;
    uint64_t no = 1;
    fill_bucket(t, KAD_REFRESH_DEEPEST + 1, KAD_K, &no);
    fill_bucket(t, KAD_REFRESH_DEEPEST + 2, 1, &no);
    cr_assert(kad_table_refresh(t, 1000 + KAD_REFRESH_MS, &rng, &key));
    kad_id_of(key.bytes, key.len, &id);
    cr_assert_eq(kad_id_shared(kad_table_self(t), &id), KAD_REFRESH_DEEPEST + 1u);
    cr_assert_not(key.self);
    cr_assert(kad_table_refresh(t, 1000 + KAD_REFRESH_MS, &rng, &key));
    cr_assert(key.self, "one look-up for the nearest");
    cr_assert_not(kad_table_refresh(t, 1000 + KAD_REFRESH_MS, &rng, &key));
    kad_table_free(t);
}

BEAM_TEST(kad_table, who_is_silent_for_long_is_to_be_asked)
{
    struct peer_id self = kad_peer_no(0), silent;
    struct kad_table *t = make(&self);
    uint64_t no = 1;
    cr_expect_not(kad_table_silent(t, KAD_OLD_MS, &silent), "nobody is there");
    struct peer_id far = kad_peer_near(kad_table_self(t), 0, &no);
    struct peer_id near = kad_peer_near(kad_table_self(t), 3, &no);
    cr_assert_eq(kad_table_seen(t, &far, 0, 20, NULL), 0);
    cr_assert_eq(kad_table_seen(t, &near, 0, 10, NULL), 0);
    cr_expect_not(kad_table_silent(t, 9 + KAD_OLD_MS, &silent));
    cr_assert(kad_table_silent(t, 20 + KAD_OLD_MS, &silent));
    cr_expect(peer_id_equal(&silent, &near));
    kad_table_failed(t, &near);
    kad_table_failed(t, &near);
    cr_assert(kad_table_silent(t, 20 + KAD_OLD_MS, &silent));
    cr_expect(peer_id_equal(&silent, &far));
    kad_table_free(t);
}
