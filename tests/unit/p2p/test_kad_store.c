/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_store.h"

#include "base/err.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

/* A value is good when it begins with its key's last letter; a greater second one is better. */
static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    size_t *checks = arg;
    (void)wall_ms;
    if (checks)
        (*checks)++;
    return value.len >= 2 && value.at[0] == key.at[key.len - 1] ? 0 : BEAM_EINVAL;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    return b.at[1] - a.at[1];
}

static const struct kad_validator validator = {.name = "t", .check = check, .compare = compare};

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {3};
static const struct rng rng = {.fill = fill, .arg = &seed};

static struct kad_store *make(size_t values, size_t each)
{
    const struct kad_store_limits limits = {.values = values, .providers = 12, .each = each};
    struct kad_store *s = NULL;
    struct kad_id self;
    kad_id_of("self", 4, &self);
    cr_assert_eq(kad_store_new(&rng, &self, &limits, &s), 0);
    cr_assert_eq(kad_store_register(s, &validator), 0);
    return s;
}

static int put(struct kad_store *s, const char *key, const char *value, uint64_t from, uint64_t now)
{
    struct peer_id peer = kad_peer_no(from);
    return kad_store_put(s, kad_text_of(key), kad_text_of(value), &peer,
                         (struct kad_now){.ms = now});
}

static bool has(struct kad_store *s, const char *key, const char *value, uint64_t now)
{
    struct kad_text got;
    return kad_store_get(s, kad_text_of(key), (struct kad_now){.ms = now}, &got) == 0 &&
           got.len == strlen(value) && memcmp(got.at, value, got.len) == 0;
}

BEAM_TEST(kad_store, keeps_what_is_good_and_better)
{
    struct kad_store *s = make(10, 10);
    cr_assert_eq(put(s, "/t/a", "b5", 1, 0), BEAM_EINVAL, "not good");
    cr_assert_eq(put(s, "/u/a", "a5", 1, 0), BEAM_EINVAL, "of no known namespace");
    cr_assert_eq(put(s, "t/a", "a5", 1, 0), BEAM_EINVAL);
    cr_assert_eq(put(s, "/ta", "a5", 1, 0), BEAM_EINVAL);
    cr_assert_eq(put(s, "//a", "a5", 1, 0), BEAM_EINVAL);
    cr_assert_eq(put(s, "/t/a", "a5", 1, 0), 0);
    cr_assert_eq(put(s, "/t/a", "a4", 2, 0), BEAM_EEXIST);
    cr_assert(has(s, "/t/a", "a5", 0));
    cr_assert_eq(put(s, "/t/a", "a6", 2, 0), 0);
    cr_assert(has(s, "/t/a", "a6", 0));
    cr_assert_eq(kad_store_values(s), 1u);
    kad_store_free(s);
}

BEAM_TEST(kad_store, what_is_here_already_is_not_checked_again)
{
    size_t checks = 0;
    struct kad_store *s = make(10, 10);
    struct kad_validator counting = validator;
    counting.name = "c";
    counting.arg = &checks;
    cr_assert_eq(kad_store_register(s, &counting), 0);
    cr_assert_eq(put(s, "/c/a", "a5", 1, 0), 0);
    cr_expect_eq(checks, 1u);
    for (uint64_t from = 1; from < 5; from++)
        cr_expect_eq(put(s, "/c/a", "a5", from, 0), 0);
    cr_expect_eq(checks, 1u);
    cr_expect_eq(put(s, "/c/a", "a6", 1, 0), 0);
    cr_expect_eq(put(s, "/c/a", "b6", 1, 0), BEAM_EINVAL);
    cr_expect_eq(checks, 3u);
    kad_store_free(s);
}

BEAM_TEST(kad_store, all_of_it_expires)
{
    struct kad_store *s = make(10, 10);
    uint64_t life = KAD_VALUE_LIFE_MS;
    cr_assert_eq(put(s, "/t/a", "a5", 1, 0), 0);
    cr_assert_eq(put(s, "/t/b", "b5", 1, 10), 0);
    cr_assert(has(s, "/t/a", "a5", life - 1));
    cr_assert_not(has(s, "/t/a", "a5", life));
    cr_assert_eq(put(s, "/t/b", "b5", 1, life), 0, "said again, it lives on");
    cr_assert(has(s, "/t/b", "b5", 2 * life - 1));
    cr_assert_not(has(s, "/t/b", "b5", 2 * life));
    cr_assert_eq(kad_store_values(s), 0u);
    kad_store_free(s);
}

BEAM_TEST(kad_store, a_peer_has_its_share)
{
    struct kad_store *s = make(10, 2);
    cr_assert_eq(put(s, "/t/a", "a5", 1, 0), 0);
    cr_assert_eq(put(s, "/t/b", "b5", 1, 0), 0);
    cr_assert_eq(put(s, "/t/c", "c5", 1, 0), BEAM_ELIMIT);
    cr_assert_eq(put(s, "/t/a", "a6", 1, 0), 0, "its own may get better");
    cr_assert_eq(put(s, "/t/c", "c5", 2, 0), 0);
    cr_assert_eq(put(s, "/t/b", "b6", 2, 0), 0, "what another takes over is not its any more");
    cr_assert_eq(put(s, "/t/d", "d5", 1, 0), 0);
    kad_store_free(s);
}

BEAM_TEST(kad_store, our_own_is_in_nobodys_account)
{
    const struct kad_store_limits limits = {.values = 10, .providers = 12, .each = 1};
    const struct peer_id own = kad_peer_no(7);
    struct kad_store *s = NULL;
    struct kad_id self;
    kad_id_of_peer(&own, &self);
    cr_assert_eq(kad_store_new(&rng, &self, &limits, &s), 0);
    cr_assert_eq(kad_store_register(s, &validator), 0);
    cr_expect_eq(put(s, "/t/a", "a5", 7, 0), 0);
    cr_expect_eq(put(s, "/t/b", "b5", 7, 0), 0);
    cr_expect_eq(put(s, "/t/b", "b6", 1, 0), 0);
    cr_expect_eq(put(s, "/t/c", "c5", 1, 0), BEAM_ELIMIT, "that one is another's now");
    cr_expect_eq(put(s, "/t/b", "b7", 7, 0), 0);
    cr_expect_eq(put(s, "/t/c", "c5", 1, 0), 0);
    kad_store_free(s);
}

BEAM_TEST(kad_store, the_farthest_make_room)
{
    struct kad_store *s = make(3, 100);
    struct kad_id self, id;
    char key[8], near[8] = "";
    unsigned best = 0;
    kad_id_of("self", 4, &self);
    for (char c = 'a'; c <= 'z'; c++) {
        snprintf(key, sizeof(key), "/t/%c", c);
        char value[3] = {c, '1', 0};
        (void)put(s, key, value, 1, 0);
        cr_assert_leq(kad_store_values(s), 3u);
        kad_id_of(key, strlen(key), &id);
        if (kad_id_shared(&self, &id) > best) {
            best = kad_id_shared(&self, &id);
            memcpy(near, key, sizeof(near));
        }
    }
    char value[3] = {near[3], '1', 0};
    cr_assert(has(s, near, value, 0), "%s", near);
    kad_store_free(s);
}

BEAM_TEST(kad_store, namespaces)
{
    struct kad_store *s = make(1, 1);
    struct kad_validator v = validator;
    cr_assert_eq(kad_store_register(s, &v), BEAM_EEXIST);
    v.name = "";
    cr_assert_eq(kad_store_register(s, &v), BEAM_EINVAL);
    v.name = "a/b";
    cr_assert_eq(kad_store_register(s, &v), BEAM_EINVAL);
    cr_assert_null(kad_store_validator(s, kad_text_of("/tt/x")));
    cr_assert_not_null(kad_store_validator(s, kad_text_of("/t/x")));
    kad_store_free(s);
}

static const struct kad_text topic = {.at = (const uint8_t *)"\x12\x04"
                                                             "abcd",
                                      .len = 6};

static void provide_from(struct kad_store *s, struct kad_text key, uint64_t peer, kad_group group,
                         uint64_t now)
{
    const struct peer_id id = kad_peer_no(peer);
    cr_assert_eq(kad_store_provide(s, key, &id, group, (struct kad_now){.ms = now}), 0);
}

/* Each from a network of its own. */
static void provide(struct kad_store *s, struct kad_text key, uint64_t peer, uint64_t now)
{
    provide_from(s, key, peer, (kad_group)(1000 + peer), now);
}

/* How many of the peers below `below` are kept, of all that are: `*all`. */
static size_t kept(struct kad_store *s, struct kad_text key, uint64_t below, size_t *all)
{
    struct peer_id got[KAD_PROVIDERS_KEPT + 1], peer;
    size_t n = 0;
    *all = kad_store_providers(s, key, (struct kad_now){0}, got, KAD_PROVIDERS_KEPT + 1);
    for (uint64_t k = 0; k < below; k++) {
        peer = kad_peer_no(k);
        for (size_t i = 0; i < *all; i++)
            n += peer_id_equal(&got[i], &peer);
    }
    return n;
}

BEAM_TEST(kad_store, providers_expire)
{
    struct kad_store *s = make(1, 3);
    struct peer_id peer = kad_peer_no(3), got[KAD_PROVIDERS_MAX];
    cr_assert_eq(kad_store_provide(s,
                                   kad_text_of("\x12\x05"
                                               "abcd"),
                                   &peer, KAD_NOWHERE, (struct kad_now){0}),
                 BEAM_EINVAL, "no multihash");
    for (uint64_t i = 0; i < 6; i++)
        provide(s, topic, i, i);
    provide(s, topic, 3, 40);
    cr_assert_eq(kad_store_providers(s, topic, (struct kad_now){.ms = 40}, got, 20), 6u,
                 "once in the list");
    cr_assert_eq(kad_store_providers(s, topic, (struct kad_now){.ms = 40}, got, 2), 2u);
    cr_assert_eq(kad_store_providers(s, topic, (struct kad_now){.ms = KAD_PROVIDER_LIFE_MS + 30ull},
                                     got, 20),
                 1u, "the others are too old");
    cr_assert(peer_id_equal(&got[0], &peer));
    kad_store_free(s);
}

BEAM_TEST(kad_store, who_provides_often_displaces_nobody)
{
    struct kad_store *s = make(1, 3);
    size_t all;
    for (uint64_t i = 0; i < 50; i++) /* honest ones, once */
        provide(s, topic, i, 0);
    for (int again = 0; again < 100; again++) /* 20 others, again and again */
        for (uint64_t i = 100; i < 120; i++)
            provide(s, topic, i, 0);
    cr_assert_eq(kept(s, topic, 50, &all), 50u);
    cr_assert_eq(all, 70u);
    for (uint64_t i = 200; i < 200 + KAD_PROVIDERS_KEPT; i++) /* more than are kept */
        provide(s, topic, i, 0);
    cr_assert_gt(kept(s, topic, 50, &all), 10u, "chance decides who goes");
    cr_assert_eq(all, (size_t)KAD_PROVIDERS_KEPT);
    kad_store_free(s);
}

static void free_ids_push_out_nobody(kad_group group)
{
    struct kad_store *s = make(1, 3);
    const size_t share = KAD_PROVIDERS_KEPT / KAD_PROVIDERS_SHARE, honest = 50;
    size_t all;
    for (uint64_t i = 0; i < honest; i++)
        provide(s, topic, i, 0);
    for (uint64_t i = 1000; i < 3000; i++)
        provide_from(s, topic, i, group, 0);
    cr_assert_eq(kept(s, topic, honest, &all), honest);
    cr_assert_eq(all, honest + share);
    for (uint64_t i = 3000; i < 3000 + KAD_PROVIDERS_KEPT - all; i++)
        provide(s, topic, i, 0);
    for (uint64_t i = 4000; i < 6000; i++) /* it is full now */
        provide_from(s, topic, i, group, 0);
    cr_assert_eq(kept(s, topic, honest, &all), honest);
    cr_assert_eq(all, (size_t)KAD_PROVIDERS_KEPT);
    kad_store_free(s);
}

BEAM_TEST(kad_store, the_ids_of_one_network_push_out_each_other)
{
    free_ids_push_out_nobody(7);
    free_ids_push_out_nobody(KAD_NOWHERE);
}

BEAM_TEST(kad_store, where_all_keys_are_full_one_network_has_its_share)
{
    struct kad_store *s = make(1, 3);
    uint8_t other[6] = "\x12\x04zzzz";
    size_t all;
    for (uint64_t i = 0; i < 2 * KAD_PROVIDERS_KEPT; i++) /* more than there are places */
        provide(s, (struct kad_text){.at = other, .len = 6}, i, 0);
    other[5] = 'y';
    for (uint64_t i = 0; i < 2 * KAD_PROVIDERS_KEPT; i++)
        provide(s, (struct kad_text){.at = other, .len = 6}, i, 0);
    for (uint64_t i = 0; i < KAD_PROVIDERS_MAX; i++)
        provide(s, topic, i, 0);
    for (uint64_t i = 1000; i < 3000; i++)
        provide_from(s, topic, i, 7, 0);
    cr_assert_geq(kept(s, topic, KAD_PROVIDERS_MAX, &all), (size_t)KAD_PROVIDERS_MAX * 3 / 4);
    cr_assert_eq(all, (size_t)KAD_PROVIDERS_MAX);
    kad_store_free(s);
}

BEAM_TEST(kad_store, an_answer_is_of_all_providers)
{
    struct kad_store *s = make(1, 3);
    struct peer_id got[KAD_PROVIDERS_MAX];
    bool seen[60] = {false};
    size_t n = 0;
    for (uint64_t i = 0; i < 60; i++)
        provide(s, topic, i, 0);
    for (int ask = 0; ask < 100; ask++) {
        cr_assert_eq(kad_store_providers(s, topic, (struct kad_now){0}, got, KAD_PROVIDERS_MAX),
                     (size_t)KAD_PROVIDERS_MAX);
        for (size_t i = 0; i < KAD_PROVIDERS_MAX; i++)
            for (uint64_t k = 0; k < 60; k++) {
                const struct peer_id peer = kad_peer_no(k);
                seen[k] |= peer_id_equal(&got[i], &peer);
            }
    }
    for (size_t i = 0; i < 60; i++)
        n += seen[i];
    cr_assert_eq(n, 60u);
    kad_store_free(s);
}

BEAM_TEST(kad_store, all_keys_share_what_is_beyond_an_answer)
{
    struct kad_store *s = make(1, 3);
    uint8_t other[6] = "\x12\x04zzzz";
    size_t all, sum = 0;
    for (uint8_t key = 0; key < 2; key++)
        for (uint64_t i = 0; i < 2 * KAD_PROVIDERS_KEPT; i++) {
            other[5] = key;
            provide(s, (struct kad_text){.at = other, .len = 6}, i, 0);
        }
    for (uint8_t key = 0; key < 2; key++) {
        other[5] = key;
        (void)kept(s, (struct kad_text){.at = other, .len = 6}, 0, &all);
        cr_assert_geq(all, (size_t)KAD_PROVIDERS_MAX);
        sum += all;
    }
    cr_assert_eq(sum, (size_t)(12 * KAD_PROVIDERS_MAX), "as many as there is room for");
    kad_store_free(s);
}

/* Of this namespace a value's last letter says how many hours it is good. */
static uint64_t until(void *arg, struct kad_text key, struct kad_text value)
{
    (void)arg;
    (void)key;
    return (uint64_t)(value.at[value.len - 1] - '0') * KAD_REPEAT_MS;
}

static const struct kad_validator timed = {
    .name = "u", .check = check, .compare = compare, .until = until, .repeated = true};

static int put_at(struct kad_store *s, const char *key, const char *value, struct kad_now now)
{
    struct peer_id peer = kad_peer_no(1);
    return kad_store_put(s, kad_text_of(key), kad_text_of(value), &peer, now);
}

BEAM_TEST(kad_store, what_is_over_is_not_given_away)
{
    struct kad_store *s = make(10, 10);
    struct kad_text got;
    const struct kad_now start = {.ms = 5}, last = {.wall_ms = 9 * KAD_REPEAT_MS - 1},
                         after = {.wall_ms = 9 * KAD_REPEAT_MS};
    cr_assert_eq(kad_store_register(s, &timed), 0);
    cr_assert_eq(put_at(s, "/u/a", "a59", start), 0);
    cr_expect_eq(kad_store_get(s, kad_text_of("/u/a"), last, &got), 0);
    cr_expect_eq(kad_store_get(s, kad_text_of("/u/a"), after, &got), BEAM_ENOTFOUND);
    cr_expect_eq(put_at(s, "/u/a", "a48", last), BEAM_EEXIST);
    cr_expect_eq(put_at(s, "/u/a", "a69", after), 0, "a better one");
    kad_store_free(s);
}

BEAM_TEST(kad_store, what_is_over_keeps_out_what_came_before_it)
{
    struct kad_store *s = make(10, 1);
    struct kad_text key = kad_text_of("/u/a");
    struct kad_now now = {.ms = 5, .wall_ms = 2 * KAD_REPEAT_MS};
    cr_assert_eq(kad_store_register(s, &timed), 0);
    cr_assert_eq(put_at(s, "/u/a", "a52", (struct kad_now){.ms = 5}), 0);
    cr_expect_eq(put_at(s, "/u/a", "a49", now), BEAM_EEXIST, "though it is good for longer");
    cr_expect(kad_store_outdated(s, key, kad_text_of("a49"), now.wall_ms));
    cr_expect_not(kad_store_outdated(s, key, kad_text_of("a69"), now.wall_ms));
    now.ms += KAD_VALUE_LIFE_MS;
    cr_expect_eq(put_at(s, "/u/a", "a49", now), BEAM_EEXIST, "nor when it is gone");
    cr_expect_eq(kad_store_values(s), 0u);
    cr_expect(kad_store_outdated(s, key, kad_text_of("a49"), now.wall_ms));
    cr_expect_eq(put_at(s, "/u/b", "b49", now), 0, "that is in nobody's account");
    now.ms += KAD_OVER_LIFE_MS;
    cr_expect_eq(put_at(s, "/u/a", "a49", now), 0, "not for ever");
    cr_expect_not(kad_store_outdated(s, key, kad_text_of("a49"), now.wall_ms));
    kad_store_free(s);
}

BEAM_TEST(kad_store, what_nobody_puts_again_is_due)
{
    struct kad_store *s = make(10, 10);
    struct kad_text key, value;
    const struct peer_id *from;
    const struct peer_id one = kad_peer_no(1);
    struct kad_now now = {.ms = 0};
    cr_assert_eq(kad_store_register(s, &timed), 0);
    cr_assert_eq(put_at(s, "/t/b", "b5", now), 0);
    cr_assert_eq(put_at(s, "/u/a", "a59", now), 0);
    now.ms = KAD_REPEAT_MS - 1;
    cr_expect(!kad_store_due(s, now, &key, &value, &from), "not so soon");
    now.ms = 3 * (uint64_t)KAD_REPEAT_MS;
    cr_expect(kad_store_due(s, now, &key, &value, &from));
    cr_expect(key.len == 4 && memcmp(key.at, "/u/a", 4) == 0 && value.len == 3 &&
              memcmp(value.at, "a59", 3) == 0);
    cr_expect(peer_id_equal(from, &one));
    cr_expect(kad_store_due(s, now, &key, &value, &from), "until somebody sees to it");
    kad_store_tended(s, key, now);
    cr_expect(!kad_store_due(s, now, &key, &value, &from),
              "that was all: the other is not repeated");
    now.ms *= 2;
    cr_assert_eq(put_at(s, "/u/a", "a59", now), 0);
    cr_expect(!kad_store_due(s, now, &key, &value, &from), "somebody else was first");
    now.ms += 3 * (uint64_t)KAD_REPEAT_MS;
    now.wall_ms = 9 * (uint64_t)KAD_REPEAT_MS;
    cr_expect(!kad_store_due(s, now, &key, &value, &from), "it is over");
    kad_store_free(s);
}
