/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/doubt.h"

#include <stdio.h>

#include "tests/unit/harness.h"

enum { BEGIN = 1000, SECOND = 1000, MINUTE = 60 * SECOND };
#define HOUR ((uint64_t)60 * MINUTE)

/* What tor answers; whether it is to be started again. */
static bool answer(struct doubt *d, uint64_t now, const char *circuits, const char *network)
{
    static char first[64], second[64], last[] = "OK";
    snprintf(first, sizeof(first), "status/circuit-established=%s", circuits);
    snprintf(second, sizeof(second), "network-liveness=%s", network);
    const struct control_line lines[] = {{.text = first}, {.text = second}, {.text = last}};
    const struct control_reply reply = {.code = 250, .count = 3, .lines = lines};
    return doubt_answer(d, now, &reply);
}

static bool stuck(struct doubt *d, uint64_t now)
{
    return answer(d, now, "0", "up");
}

/* However often visits fail: what a flood can bring about is no reason. */
BEAM_TEST(doubt, a_tor_that_says_it_is_well_is_left_alone)
{
    struct doubt d = {.reached_at = 0};
    for (uint64_t now = BEGIN; now < 48 * HOUR; now += MINUTE) {
        cr_assert(doubt_unreached(&d, now - 1));
        cr_assert_not(answer(&d, now, "1", "up"));
    }
}

BEAM_TEST(doubt, it_has_to_say_so_for_a_while)
{
    static const char *const rows[][2] = {{"0", "up"}, {"1", "down"}, {"0", "down"}};
    for (size_t i = 0; i < 3; i++) {
        struct doubt d = {.reached_at = 0};
        cr_assert_not(answer(&d, BEGIN, rows[i][0], rows[i][1]));
        cr_assert_not(answer(&d, BEGIN + MINUTE - 1, rows[i][0], rows[i][1]));
        cr_assert(answer(&d, BEGIN + MINUTE, rows[i][0], rows[i][1]));
    }
}

BEAM_TEST(doubt, a_good_word_in_between_begins_it_anew)
{
    struct doubt d = {.reached_at = 0};
    cr_assert_not(stuck(&d, BEGIN));
    cr_assert_not(answer(&d, BEGIN + SECOND, "1", "up"));
    cr_assert_not(stuck(&d, BEGIN + MINUTE));
    doubt_reached(&d, BEGIN + MINUTE + SECOND);
    cr_assert_not(doubt_unreached(&d, BEGIN), "another onion was reached since");
    cr_assert(doubt_unreached(&d, BEGIN + 2 * MINUTE));
    cr_assert_not(stuck(&d, BEGIN + 2 * MINUTE));
    doubt_anew(&d);
    cr_assert_not(stuck(&d, BEGIN + 3 * MINUTE));
    cr_assert(stuck(&d, BEGIN + 4 * MINUTE));
}

/* Whoever cuts its network for a week: twice a day, an hour and more apart. */
BEAM_TEST(doubt, it_is_seldom)
{
    struct doubt d = {.reached_at = 0};
    uint64_t at[64];
    size_t count = 0;
    for (uint64_t now = BEGIN; now < 7 * 24 * HOUR; now += MINUTE / 2)
        if (stuck(&d, now)) {
            cr_assert_lt(count, 64);
            at[count++] = now;
        }
    cr_assert_eq(count, 14);
    for (size_t i = 1; i < count; i++)
        cr_assert_geq(at[i] - at[i - 1], HOUR);
    for (size_t i = 2; i < count; i++)
        cr_assert_geq(at[i] - at[i - 2], 24 * HOUR);
}

BEAM_TEST(doubt, a_refusal_says_nothing)
{
    struct doubt d = {.reached_at = 0};
    static char text[] = "network-liveness=down";
    const struct control_line line = {.text = text};
    const struct control_reply reply = {.code = 552, .count = 1, .lines = &line};
    for (uint64_t now = BEGIN; now < HOUR; now += MINUTE)
        cr_assert_not(doubt_answer(&d, now, &reply));
}
