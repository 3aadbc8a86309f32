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

/* That peer number `peer` brings, in a network of its own. */
static struct ration_share share_of(uint32_t peer, const struct peer_id *author)
{
    struct ration_share share = {.peer = {.len = PEER_ID_MAX}, .author = *author};
    memcpy(share.peer.bytes, &peer, sizeof(peer));
    share.network.len = sizeof(peer);
    memcpy(share.network.bytes, &peer, sizeof(peer));
    return share;
}

static enum router_verdict hear_from(struct heard *h, uint32_t peer, uint32_t no, uint64_t now)
{
    uint8_t bytes[INFO_MAX];
    struct peer_id id;
    size_t len = say(no, WALL, bytes, &id);
    const struct ration_share share = share_of(peer, &id);
    return heard_judge(h, &share, bytes, len, WALL, now);
}

static enum router_verdict hear(struct heard *h, uint32_t no, uint64_t made, uint64_t now)
{
    uint8_t bytes[INFO_MAX];
    struct peer_id id;
    size_t len = say(no, made, bytes, &id);
    const struct ration_share share = share_of(no, &id);
    return heard_judge(h, &share, bytes, len, WALL, now);
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
    const struct ration_share its = share_of(1, &id), another_s = share_of(1, &another);
    cr_assert_eq(heard_judge(h, &another_s, bytes, len, WALL, NOW), ROUTER_REJECT);
    cr_assert_eq(heard_judge(h, &its, bytes, len - 1, WALL, NOW), ROUTER_REJECT);
    bytes[len - 1] ^= 1;
    cr_assert_eq(heard_judge(h, &its, bytes, len, WALL, NOW), ROUTER_REJECT);
    cr_assert_eq(heard_judge(h, &its, "", 0, WALL, NOW), ROUTER_REJECT);
    cr_assert_null(heard_known(h, 0, NOW));
    free(h);
}

BEAM_TEST(heard, one_peer_s_flood_of_new_ones_stops_no_other_peer_s)
{
    struct heard *h = fresh();
    const uint32_t flooder = 1, honest = 5000;
    size_t passed = 0;
    for (uint32_t i = 0; i < 1000; i++)
        passed += hear_from(h, flooder, i, NOW) == ROUTER_ACCEPT;
    cr_assert_eq(passed, HEARD_NEW_MAX / 3u, "%zu", passed);
    cr_assert_eq(hear_from(h, flooder, honest, NOW), ROUTER_DECLINE);
    cr_assert_eq(hear_from(h, 2, honest, NOW), ROUTER_ACCEPT);
    free(h);
}

/* However many it makes up, and however often they speak, others are remembered. */
BEAM_TEST(heard, one_peer_s_relays_make_room_for_others)
{
    struct heard *h = fresh();
    uint64_t now = NOW;
    for (uint32_t i = 0; i < 2 * HEARD_MAX; i++, now += HEARD_NEW_MS)
        cr_assert_eq(hear_from(h, 1, i, now), ROUTER_ACCEPT);
    for (uint32_t i = 1000; i < 1000 + HEARD_MAX / 2 - 1; i++)
        cr_assert_eq(hear_from(h, i % 4 + 2, i, now), ROUTER_ACCEPT);
    size_t kept = 0;
    for (uint32_t i = 1000; i < 1000 + HEARD_MAX / 2 - 1; i++)
        kept += hear_from(h, 9, i, now) == ROUTER_IGNORE; /* no news: it is there */
    cr_assert_eq(kept, HEARD_MAX / 2u - 1u);
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
