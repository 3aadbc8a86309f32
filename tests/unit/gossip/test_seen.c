/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/seen.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct post_id id_no(uint32_t no)
{
    struct post_id id = {.len = 46};
    memcpy(id.bytes, &no, sizeof(no));
    return id;
}

static struct seen *with(size_t max, uint64_t ttl_ms)
{
    struct seen *s = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(seen_new(rng_system(), max, ttl_ms, &s), 0);
    return s;
}

BEAM_TEST(seen, remembers_for_its_time)
{
    struct seen *s = with(10, 100);
    struct seen_entry *e;
    const struct post_id a = id_no(1), b = id_no(2);
    cr_assert_null(seen_get(s, a.bytes, a.len));
    cr_assert_eq(seen_add(s, &a, 1000, &e), 0);
    cr_assert_eq(e->state, SEEN_IGNORED);
    e->state = SEEN_GOOD;
    cr_assert_eq(seen_add(s, &b, 1050, &e), 0);
    seen_expire(s, 1099);
    cr_assert_eq(seen_get(s, a.bytes, a.len)->state, SEEN_GOOD);
    seen_expire(s, 1100);
    cr_assert_null(seen_get(s, a.bytes, a.len));
    cr_assert_not_null(seen_get(s, b.bytes, b.len));
    seen_expire(s, 5000);
    cr_assert_eq(seen_count(s), 0);
    seen_free(s);
}

BEAM_TEST(seen, one_may_be_forgotten_before_its_time)
{
    struct seen *s = with(10, 1000);
    struct seen_entry *e[3];
    for (uint32_t i = 0; i < 3; i++) {
        const struct post_id id = id_no(i);
        cr_assert_eq(seen_add(s, &id, i, &e[i]), 0);
    }
    seen_forget(s, e[1]);
    for (uint32_t i = 0; i < 3; i++) {
        const struct post_id id = id_no(i);
        cr_assert_eq(seen_get(s, id.bytes, id.len) != NULL, i != 1);
    }
    seen_forget(s, e[2]); /* the newest */
    const struct post_id again = id_no(1);
    cr_assert_eq(seen_add(s, &again, 5, &e[1]), 0);
    cr_assert_eq(seen_count(s), 2);
    seen_expire(s, 1000);
    cr_assert_not_null(seen_get(s, again.bytes, again.len));
    cr_assert_eq(seen_count(s), 1);
    seen_free(s);
}

BEAM_TEST(seen, the_oldest_makes_room)
{
    struct seen *s = with(4, 1000);
    struct seen_entry *e;
    for (uint32_t i = 0; i < 10; i++) {
        const struct post_id id = id_no(i);
        cr_assert_eq(seen_add(s, &id, i, &e), 0);
    }
    cr_assert_eq(seen_count(s), 4);
    for (uint32_t i = 0; i < 10; i++) {
        const struct post_id id = id_no(i);
        cr_assert_eq(seen_get(s, id.bytes, id.len) != NULL, i >= 6);
    }
    seen_free(s);
}
