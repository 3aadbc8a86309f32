/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/map.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static void fill_seed(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct map *make(struct seed *s, size_t ceiling)
{
    struct rng rng = {fill_seed, s};
    struct map *m = NULL;
    cr_assert_eq(map_new(&rng, ceiling, &m), 0);
    cr_assert_not_null(m);
    return m;
}

BEAM_TEST(map, put_get_take)
{
    struct seed s = {1};
    struct map *m = make(&s, 10);
    int a, b;
    char key[] = "key";
    cr_assert_eq(map_put(m, key, 3, &a), 0);
    key[0] = 'K'; /* the map has a copy */
    cr_assert_eq(map_get(m, "key", 3), &a);
    cr_assert_null(map_get(m, "Key", 3));
    cr_assert_null(map_get(m, "ke", 2));
    cr_assert_null(map_get(m, "key", 4), "the NUL counts");
    cr_assert_eq(map_put(m, "key", 3, &b), BEAM_EEXIST);
    cr_assert_eq(map_get(m, "key", 3), &a);
    cr_assert_eq(map_put(m, "", 0, &b), 0);
    cr_assert_eq(map_get(m, NULL, 0), &b, "the empty key is a key");
    cr_assert_eq(map_count(m), 2u);
    cr_assert_eq(map_take(m, "key", 3), &a);
    cr_assert_null(map_take(m, "key", 3));
    cr_assert_eq(map_count(m), 1u);
    map_free(m);
    map_free(NULL);
}

BEAM_TEST(map, holds_its_ceiling_and_no_more)
{
    struct seed s = {2};
    struct map *m = make(&s, 6);
    int v;
    for (uint8_t i = 0; i < 6; i++)
        cr_assert_eq(map_put(m, &i, 1, &v), 0);
    uint8_t more = 6;
    cr_assert_eq(map_put(m, &more, 1, &v), BEAM_ELIMIT);
    cr_assert_null(map_get(m, &more, 1));
    cr_assert_eq(map_put(m, (uint8_t[]){0}, 1, &v), BEAM_EEXIST, "full, and there already");
    cr_assert_eq(map_take(m, (uint8_t[]){3}, 1), &v);
    cr_assert_eq(map_put(m, &more, 1, &v), 0);
    map_free(m);

    m = make(&s, 0);
    cr_assert_eq(map_put(m, "x", 1, &v), BEAM_ELIMIT);
    map_free(m);
}

enum { KEYS = 700 };

static void same_as_model(const struct map *m, char *const model, const bool *in)
{
    size_t n = 0, at = 0, walked = 0;
    bool seen[KEYS] = {false};
    for (uint16_t k = 0; k < KEYS; k++) {
        BEAM_CHECK(map_get(m, &k, sizeof(k)) == (in[k] ? &model[k] : NULL));
        n += in[k];
    }
    BEAM_CHECK(map_count(m) == n);
    for (char *v; (v = map_next(m, &at)); walked++) {
        BEAM_CHECK(in[v - model] && !seen[v - model]);
        seen[v - model] = true;
    }
    BEAM_CHECK(walked == n);
    BEAM_CHECK(map_next(m, &at) == NULL);
}

BEAM_TEST(map, random_puts_and_takes_follow_a_model)
{
    struct seed s = seed_start("map");
    struct map *m = make(&s, KEYS);
    static char model[KEYS];
    static bool in[KEYS];
    for (int i = 0; i < 40000; i++) {
        uint16_t k = (uint16_t)seed_below(&s, KEYS);
        /* Fill and empty in turn, so that growth and gaps are both met. */
        bool put = seed_below(&s, 10) < ((i / 5000) % 2 ? 3u : 7u);
        if (put) {
            BEAM_CHECK(map_put(m, &k, sizeof(k), &model[k]) == (in[k] ? BEAM_EEXIST : 0));
            in[k] = true;
        } else {
            BEAM_CHECK(map_take(m, &k, sizeof(k)) == (in[k] ? &model[k] : NULL));
            in[k] = false;
        }
        if (i % 1000 == 999)
            same_as_model(m, model, in);
    }
    map_free(m);
}

/* Another random key, another order: an outsider cannot foresee who collides. */
BEAM_TEST(map, order_depends_on_the_random_key)
{
    struct seed s = {3};
    struct map *a = make(&s, 64), *b = make(&s, 64);
    static char model[64];
    for (uint8_t k = 0; k < 64; k++) {
        cr_assert_eq(map_put(a, &k, 1, &model[k]), 0);
        cr_assert_eq(map_put(b, &k, 1, &model[k]), 0);
    }
    size_t at_a = 0, at_b = 0, apart = 0;
    for (int i = 0; i < 64; i++)
        apart += map_next(a, &at_a) != map_next(b, &at_b);
    cr_assert_gt(apart, 32u);
    map_free(a);
    map_free(b);
}

BEAM_TEST(map, swap_keeps_the_place)
{
    struct seed s = {1};
    struct map *m = make(&s, 1);
    int a, b;
    cr_assert_null(map_swap(m, "key", 3, &b), "there was none");
    cr_assert_null(map_get(m, "key", 3));
    cr_assert_eq(map_put(m, "key", 3, &a), 0);
    cr_assert_eq(map_swap(m, "key", 3, &b), &a);
    cr_assert_eq(map_get(m, "key", 3), &b);
    cr_assert_eq(map_count(m), 1u);
    map_free(m);
}
