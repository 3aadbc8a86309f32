/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/heard.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { WALL = 2000000000, NOW = 5000000 };

/* What relay number `no` says at a time, sealed; its id. */
static size_t say(uint32_t no, uint64_t made, uint8_t out[INFO_MAX], struct peer_id *id)
{
    uint8_t seed[KEY_SEED_SIZE] = {0};
    struct key_pair *pair = NULL;
    struct key_public public;
    struct relay_info *info = calloc(1, sizeof(*info));
    size_t len = 0;
    cr_assert_not_null(info);
    memcpy(seed, &no, sizeof(no));
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    key_pair_public(pair, &public);
    cr_assert_eq(peer_id_from_key(&public, id), 0);
    info->made = made;
    info->kinds = INFO_HTTP;
    int err = info_seal(pair, info, out, INFO_MAX, &len);
    free(info);
    key_pair_free(pair);
    cr_assert_eq(err, 0);
    return len;
}

static enum router_verdict hear(struct heard *h, uint32_t no, uint64_t made, uint64_t now)
{
    uint8_t bytes[INFO_MAX];
    struct peer_id id;
    size_t len = say(no, made, bytes, &id);
    return heard_judge(h, &id, bytes, len, WALL, now);
}

static struct heard *fresh(void)
{
    struct heard *h = calloc(1, sizeof(*h));
    cr_assert_geq(sodium_init(), 0);
    cr_assert_not_null(h);
    return h;
}

BEAM_TEST(heard, the_later_word_counts_and_not_too_soon)
{
    struct heard *h = fresh();
    cr_assert_eq(hear(h, 1, WALL, NOW), ROUTER_ACCEPT);
    cr_assert_eq(hear(h, 1, WALL, NOW + HEARD_AGAIN_MS), ROUTER_IGNORE, "the same once more");
    cr_assert_eq(hear(h, 1, WALL - 1, NOW + HEARD_AGAIN_MS), ROUTER_IGNORE);
    cr_assert_eq(hear(h, 1, WALL + 1, NOW + HEARD_AGAIN_MS - 1), ROUTER_IGNORE);
    cr_assert_eq(hear(h, 1, WALL + 1, NOW + HEARD_AGAIN_MS), ROUTER_ACCEPT);
    cr_assert_eq(heard_known(h, 0, NOW + HEARD_AGAIN_MS)->made, WALL + 1);
    cr_assert_null(heard_known(h, 1, NOW));
    free(h);
}

BEAM_TEST(heard, what_is_old_or_of_the_future_is_ignored)
{
    struct heard *h = fresh();
    cr_assert_eq(hear(h, 1, WALL - INFO_LIFE_MS - 1, NOW), ROUTER_IGNORE);
    cr_assert_eq(hear(h, 1, WALL + INFO_AHEAD_MS + 1, NOW), ROUTER_IGNORE);
    cr_assert_null(heard_known(h, 0, NOW));
    free(h);
}

BEAM_TEST(heard, what_is_not_its_author_s_own_is_rejected)
{
    struct heard *h = fresh();
    uint8_t bytes[INFO_MAX], other[INFO_MAX];
    struct peer_id id, another;
    size_t len = say(1, WALL, bytes, &id);
    (void)say(2, WALL, other, &another);
    cr_assert_eq(heard_judge(h, &another, bytes, len, WALL, NOW), ROUTER_REJECT);
    cr_assert_eq(heard_judge(h, &id, bytes, len - 1, WALL, NOW), ROUTER_REJECT);
    bytes[len - 1] ^= 1;
    cr_assert_eq(heard_judge(h, &id, bytes, len, WALL, NOW), ROUTER_REJECT);
    cr_assert_eq(heard_judge(h, &id, "", 0, WALL, NOW), ROUTER_REJECT);
    cr_assert_null(heard_known(h, 0, NOW));
    free(h);
}

BEAM_TEST(heard, a_flood_of_new_ones_pushes_nobody_out)
{
    struct heard *h = fresh();
    uint64_t now = NOW;
    size_t passed = 0;
    for (uint32_t i = 0; i < 30; i++)
        BEAM_CHECK(hear(h, i, WALL, now) == ROUTER_ACCEPT);
    for (uint32_t i = 100; i < 300; i++)
        passed += hear(h, i, WALL, now) == ROUTER_ACCEPT;
    cr_assert_eq(passed, HEARD_NEW_MAX - 30);
    now += 10 * HEARD_NEW_MS;
    for (uint32_t i = 300; i < 400; i++)
        passed += hear(h, i, WALL, now) == ROUTER_ACCEPT;
    cr_assert_eq(passed, HEARD_NEW_MAX - 30 + 10, "later, so many more");
    for (uint32_t i = 0; i < 30; i++)
        BEAM_CHECK(hear(h, i, WALL + 1, now) == ROUTER_ACCEPT);
    cr_assert_not_null(heard_known(h, HEARD_MAX - 1, now));
    cr_assert_null(heard_known(h, HEARD_MAX, now));
    now = NOW + HEARD_SILENT_MS;
    cr_assert_not_null(heard_known(h, 29, now), "those that go on speaking");
    cr_assert_null(heard_known(h, 30, now));
    BEAM_CHECK(hear(h, 1000, WALL, now) == ROUTER_ACCEPT);
    cr_assert_not_null(heard_known(h, 30, now), "a silent one has made room");
    free(h);
}
