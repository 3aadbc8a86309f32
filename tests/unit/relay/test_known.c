/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/known.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static const struct history nothing;

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {5};
static const struct rng rng = {.fill = fill, .arg = &seed};

static struct relay_info relay(uint8_t number, uint64_t made)
{
    return (struct relay_info){.id = {.len = 2, .bytes = {1, number}},
                               .made = made,
                               .addr_count = 1,
                               .kinds = INFO_HTTP,
                               .max_reservations = 10};
}

static void add(struct known *k, uint8_t number, uint64_t made)
{
    const struct relay_info info = relay(number, made);
    known_add(k, &info);
}

/* Its number; 0: none. */
static unsigned next(struct known *k, uint64_t now)
{
    const struct relay_info *info = known_next(k, &nothing, INFO_HTTP, &rng, now);
    return info ? info->id.bytes[1] : 0;
}

static bool knows(const struct known *k, uint8_t number)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->rows[i].info.id.bytes[1] == number)
            return true;
    return false;
}

static struct known k;

BEAM_TEST(known, each_is_given_once_before_one_is_given_again)
{
    memset(&k, 0, sizeof(k));
    cr_assert_eq(next(&k, 0), 0u);
    for (uint8_t i = 1; i <= 3; i++)
        add(&k, i, i);
    unsigned first = next(&k, 0), second = next(&k, 1000), third = next(&k, 2000);
    cr_assert_eq(first + second + third, 6u);
    cr_assert(first != second && second != third && first != third);
    cr_assert_eq(next(&k, KNOWN_REST_MIN_MS - 1), 0u, "they rest");
    cr_assert_eq(next(&k, 60 * 1000), first, "the one that rested longest");
    cr_assert_eq(next(&k, 60 * 1000), second);
    add(&k, 4, 4);
    cr_assert_eq(next(&k, 60 * 1000), 4u, "a new one before the third again");
    cr_assert_eq(next(&k, 60 * 1000), third);
}

BEAM_TEST(known, one_that_does_not_serve_rests_ever_longer)
{
    memset(&k, 0, sizeof(k));
    add(&k, 1, 1);
    uint64_t now = 0;
    cr_assert_eq(next(&k, now), 1u);
    for (uint64_t rest = KNOWN_REST_MIN_MS; rest < KNOWN_REST_MAX_MS; rest *= 2) {
        cr_assert_eq(next(&k, now + rest - 1), 0u);
        cr_assert_eq(next(&k, now += rest), 1u);
    }
    for (int i = 0; i < 100; i++)
        cr_assert_eq(next(&k, now += KNOWN_REST_MAX_MS), 1u, "it may always come back");
    const struct relay_info info = relay(1, 1);
    known_served(&k, &info.id);
    cr_assert_eq(next(&k, now += KNOWN_REST_MAX_MS), 1u);
    cr_assert_eq(next(&k, now + KNOWN_REST_MIN_MS), 1u, "it served: soon again");
}

BEAM_TEST(known, the_preferred_is_first_and_what_cannot_be_used_is_never)
{
    memset(&k, 0, sizeof(k));
    struct relay_info full = relay(2, 1), nowhere = relay(3, 1);
    full.reservations = full.max_reservations;
    nowhere.addr_count = 0;
    add(&k, 1, 1);
    known_add(&k, &full);
    known_add(&k, &nowhere);
    k.preferred = full.id;
    cr_assert_eq(next(&k, 0), 2u, "we have a place there");
    cr_assert_eq(next(&k, 0), 1u);
    cr_assert_eq(next(&k, KNOWN_REST_MAX_MS), 1u, "it is full, and was tried");
    add(&k, 2, 2);
    full.made = 1;
    known_add(&k, &full);
    cr_assert_eq(next(&k, KNOWN_REST_MAX_MS), 2u, "its later word: it has a place");
}

BEAM_TEST(known, others_get_the_room_of_those_that_were_left_or_are_silent)
{
    memset(&k, 0, sizeof(k));
    for (uint8_t i = 1; i <= KNOWN_MAX; i++)
        add(&k, i, 100u + i);
    add(&k, 50, 1000);
    cr_assert_not(knows(&k, 50), "all are as fresh, and none was tried");
    unsigned first = next(&k, 0);
    add(&k, 50, 1000);
    cr_assert_not(knows(&k, 50), "the first is in use");
    unsigned second = next(&k, 0);
    add(&k, 50, 1000);
    cr_assert(knows(&k, 50));
    cr_assert_not(knows(&k, (uint8_t)first), "it was left for the second");
    cr_assert(knows(&k, (uint8_t)second));
    add(&k, 51, KNOWN_SILENT_MS + 102);
    cr_assert(knows(&k, 51), "one of those has said nothing for long");
    cr_assert_not(knows(&k, first == 1 ? 2 : 1), "the one that is silent longest");
    cr_assert_eq(k.n, (size_t)KNOWN_MAX);
}
