/* SPDX-License-Identifier: BSD-3-Clause */
#include "names/latest.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/names/kit.h"
#include "tests/unit/seed.h"

enum { NOW = 5000000, FEW = 4 };

static struct latest *make(size_t max)
{
    struct latest *l = NULL;
    cr_assert_eq(latest_new(rng_system(), max, &l), 0);
    return l;
}

/* By peer number `peer`, in a network of its own, which another one has made. */
static enum router_verdict hear_from(struct latest *l, uint32_t peer, struct kad_text said,
                                     struct kad_now now)
{
    static uint32_t authors = 1;
    struct ration_share share = {.peer = {.len = PEER_ID_MAX}, .author = {.len = PEER_ID_MAX}};
    struct binding *b = malloc(sizeof(*b));
    cr_assert_not_null(b);
    memcpy(share.peer.bytes, &peer, sizeof(peer));
    memcpy(share.author.bytes, &authors, sizeof(authors));
    authors++;
    share.network.len = sizeof(peer);
    memcpy(share.network.bytes, &peer, sizeof(peer));
    enum router_verdict v = latest_judge(l, &share, said.at, said.len, now, b);
    free(b);
    return v;
}

static enum router_verdict hear_at(struct latest *l, struct kad_text said, uint64_t wall_ms,
                                   uint64_t now)
{
    return hear_from(l, 1, said, (struct kad_now){.ms = now, .wall_ms = wall_ms});
}

static enum router_verdict hear(struct latest *l, uint32_t no, uint64_t seq, uint64_t now)
{
    uint8_t bytes[BINDING_MAX];
    return hear_at(l, kit_say(no, seq, bytes), KIT_MADE, now);
}

BEAM_TEST(latest, a_better_one_is_passed_on_and_not_too_soon)
{
    struct latest *l = make(FEW);
    uint64_t later = NOW + LATEST_AGAIN_MS;
    cr_expect_eq(hear(l, 1, 7, NOW), ROUTER_ACCEPT);
    cr_expect_eq(hear(l, 1, 7, later), ROUTER_IGNORE, "the same once more");
    cr_expect_eq(hear(l, 1, 6, later), ROUTER_IGNORE, "a stale one");
    cr_expect_eq(hear(l, 1, 8, later - 1), ROUTER_IGNORE, "too soon");
    cr_expect_eq(hear(l, 1, 8, later), ROUTER_ACCEPT);
    cr_expect_eq(hear(l, 2, 1, later), ROUTER_ACCEPT, "another name");
    latest_free(l);
}

BEAM_TEST(latest, what_is_over_or_of_the_future_is_ignored)
{
    struct latest *l = make(FEW);
    uint8_t bytes[BINDING_MAX];
    struct kad_text said = kit_say(1, 7, bytes);
    cr_expect_eq(hear_at(l, said, KIT_MADE + BINDING_LIFE_MS, NOW), ROUTER_IGNORE);
    cr_expect_eq(hear_at(l, said, KIT_MADE - BINDING_AHEAD_MS - 1, NOW), ROUTER_IGNORE);
    cr_expect_eq(hear_at(l, said, KIT_MADE, NOW), ROUTER_ACCEPT, "none of that was remembered");
    latest_free(l);
}

BEAM_TEST(latest, what_is_no_binding_is_rejected)
{
    struct latest *l = make(FEW);
    uint8_t bytes[BINDING_MAX + 1] = {0};
    struct kad_text said = kit_say(1, 7, bytes);
    cr_expect_eq(hear_at(l, (struct kad_text){.at = bytes, .len = 0}, KIT_MADE, NOW),
                 ROUTER_REJECT);
    cr_expect_eq(hear_at(l, (struct kad_text){.at = bytes, .len = sizeof(bytes)}, KIT_MADE, NOW),
                 ROUTER_REJECT, "too long");
    bytes[said.len - 1] ^= 1;
    cr_expect_eq(hear_at(l, said, KIT_MADE, NOW), ROUTER_REJECT, "a bad signature");
    bytes[said.len - 1] ^= 1;
    cr_expect_eq(hear_at(l, said, KIT_MADE, NOW), ROUTER_ACCEPT);
    latest_free(l);
}

BEAM_TEST(latest, one_peer_s_flood_of_new_names_stops_no_other_peer_s)
{
    struct latest *l = make(LATEST_MAX);
    uint8_t bytes[BINDING_MAX];
    const struct kad_now now = {.ms = NOW, .wall_ms = KIT_MADE};
    const uint32_t honest = 5000, flooder = 1;
    size_t passed = 0;
    for (uint32_t no = 0; no < 1000; no++)
        passed += hear(l, no, 1, NOW) == ROUTER_ACCEPT;
    cr_expect_eq(passed, LATEST_NEW_MAX / 3u);
    struct kad_text said = kit_say(honest, 1, bytes);
    cr_expect_eq(hear_from(l, flooder, said, now), ROUTER_DECLINE, "not even by bringing it first");
    cr_expect_eq(hear_from(l, 2, said, now), ROUTER_ACCEPT, "another peer's, at the same time");
    cr_expect_eq(hear(l, 2000, 1, NOW + LATEST_NEW_MS), ROUTER_ACCEPT, "time passes");
    cr_expect_eq(hear(l, 2001, 1, NOW + LATEST_NEW_MS), ROUTER_DECLINE);
    cr_expect_eq(hear(l, 0, 2, NOW + LATEST_AGAIN_MS), ROUTER_ACCEPT, "one that is known");
    latest_free(l);
}

BEAM_TEST(latest, so_many_are_new_in_a_time_whoever_brings_them)
{
    struct latest *l = make(LATEST_MAX);
    uint8_t bytes[BINDING_MAX];
    const struct kad_now now = {.ms = NOW, .wall_ms = KIT_MADE};
    size_t passed = 0;
    for (uint32_t no = 0; no < LATEST_NEW_MAX + 100; no++)
        passed += hear_from(l, no, kit_say(no, 1, bytes), now) == ROUTER_ACCEPT;
    cr_expect_eq(passed, (size_t)LATEST_NEW_MAX);
    latest_free(l);
}

BEAM_TEST(latest, who_has_been_silent_longest_makes_room)
{
    struct latest *l = make(FEW);
    for (uint32_t no = 0; no < FEW; no++)
        cr_expect_eq(hear(l, no, 5, NOW), ROUTER_ACCEPT);
    uint64_t later = NOW + LATEST_AGAIN_MS;
    cr_expect_eq(hear(l, 0, 6, later), ROUTER_ACCEPT, "it speaks");
    cr_expect_eq(hear(l, FEW, 5, later), ROUTER_ACCEPT);
    later += LATEST_AGAIN_MS;
    cr_expect_eq(hear(l, 0, 6, later), ROUTER_IGNORE, "it is remembered");
    cr_expect_eq(hear(l, 2, 5, later), ROUTER_IGNORE, "so is that");
    cr_expect_eq(hear(l, 1, 4, later), ROUTER_ACCEPT, "it was forgotten");
    latest_free(l);
}
