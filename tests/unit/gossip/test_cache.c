/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/cache.h"

#include <string.h>

#include "tests/unit/gossip/kit.h"

static struct cache *with(size_t posts, size_t bytes)
{
    const struct cache_spec spec = {.windows = 5, .told = 3, .posts = posts, .bytes = bytes};
    struct cache *c = NULL;
    cr_assert_eq(cache_new(rng_system(), &spec, &c), 0);
    return c;
}

/* Number i of "t", put in and held by the cache alone. */
static struct post_id put(struct kit *k, struct cache *c, uint64_t i)
{
    struct post *p = kit_post(k, i, true);
    struct post_id id = p->id;
    int err = cache_put(c, p);
    post_drop(p);
    cr_assert_eq(err, 0);
    return id;
}

BEAM_TEST(cache, tells_three_windows_and_keeps_five)
{
    struct kit k;
    struct post *p;
    struct rpc_text ids[8];
    kit_init(&k);
    struct cache *c = with(100, 100000);
    struct post_id first = put(&k, c, 1);
    cache_shift(c);
    struct post_id second = put(&k, c, 2);
    cr_assert_eq(cache_ids(c, kit_text("t"), ids, 8), 2);
    cr_assert_arr_eq(ids[0].at, second.bytes, second.len, "the newest comes first");
    cr_assert_eq(cache_ids(c, kit_text("t"), ids, 1), 1);
    cr_assert_eq(cache_ids(c, kit_text("u"), ids, 8), 0);
    cache_shift(c);
    cache_shift(c);
    cr_assert_eq(cache_ids(c, kit_text("t"), ids, 8), 1);
    cr_assert_eq(cache_give(c, first.bytes, first.len, 1, 3, &p), 0);
    cache_shift(c);
    cache_shift(c);
    cr_assert_eq(cache_give(c, first.bytes, first.len, 1, 3, &p), BEAM_ENOTFOUND);
    cr_assert_eq(cache_count(c), 1);
    cache_free(c);
    kit_end(&k);
}

BEAM_TEST(cache, gives_to_each_so_many_times)
{
    struct kit k;
    struct post *p;
    kit_init(&k);
    struct cache *c = with(100, 100000);
    struct post_id id = put(&k, c, 1);
    for (uint64_t who = 1; who < 100; who++)
        for (int i = 0; i < 5; i++) {
            int err = cache_give(c, id.bytes, id.len, who, 3, &p);
            BEAM_CHECK(err == (i < 3 && who <= 64 ? 0 : BEAM_ELIMIT));
        }
    cache_free(c);
    kit_end(&k);
}

BEAM_TEST(cache, the_oldest_makes_room)
{
    struct kit k;
    struct post *p;
    kit_init(&k);
    struct cache *c = with(4, 100000);
    struct post_id first = put(&k, c, 1);
    for (uint64_t i = 2; i <= 5; i++)
        (void)put(&k, c, i);
    cr_assert_eq(cache_count(c), 4);
    cr_assert_eq(cache_give(c, first.bytes, first.len, 1, 3, &p), BEAM_ENOTFOUND);
    cache_free(c);
    c = with(100, 400);
    for (uint64_t i = 1; i <= 9; i++)
        (void)put(&k, c, i);
    cr_assert_leq(cache_count(c), 3, "of bytes, too");
    cr_assert_gt(cache_count(c), 1);
    cache_free(c);
    kit_end(&k);
}
