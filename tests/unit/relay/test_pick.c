/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/pick.h"

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static const struct relay_info roomy = {
    .addr_count = 1, .kinds = INFO_HTTP, .reservations = 1, .max_reservations = 100};

BEAM_TEST(pick, what_cannot_be_used_weighs_nothing)
{
    const struct pick_history none = {.served = 0};
    struct relay_info info = roomy;
    cr_expect_gt(pick_weight(&info, &none, INFO_HTTP), 0);
    info.reservations = 100;
    cr_expect_eq(pick_weight(&info, &none, INFO_HTTP), 0, "full");
    info = roomy;
    info.addr_count = 0;
    cr_expect_eq(pick_weight(&info, &none, INFO_HTTP), 0, "nowhere");
    info = roomy;
    info.kinds = 0;
    cr_expect_eq(pick_weight(&info, &none, INFO_HTTP), 0, "not that kind");
    info = roomy;
    info.max_reservations = 0;
    cr_expect_eq(pick_weight(&info, &none, INFO_HTTP), 0);
}

BEAM_TEST(pick, what_was_seen_counts)
{
    const struct pick_history none = {.served = 0}, good = {.served = 5, .ms = 300},
                              slow = {.served = 5, .ms = 9000}, bad = {.failed = 5};
    struct relay_info full = roomy;
    full.reservations = 90;
    double unknown = pick_weight(&roomy, &none, INFO_HTTP);
    cr_expect_gt(pick_weight(&roomy, &good, INFO_HTTP), unknown);
    cr_expect_gt(pick_weight(&roomy, &good, INFO_HTTP), pick_weight(&roomy, &slow, INFO_HTTP));
    cr_expect_lt(pick_weight(&roomy, &bad, INFO_HTTP), unknown);
    cr_expect_gt(pick_weight(&roomy, &bad, INFO_HTTP), 0, "it may have been mended");
    cr_expect_lt(pick_weight(&full, &none, INFO_HTTP), unknown);
}

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

BEAM_TEST(pick, chance_spreads_them)
{
    struct seed s = seed_start("chance_spreads_them");
    const struct rng rng = {.fill = fill, .arg = &s};
    const double weights[] = {1, 0, 3};
    size_t times[4] = {0};
    for (int i = 0; i < 4000; i++)
        times[pick_one(weights, 3, &rng)]++;
    cr_expect_eq(times[1], 0u);
    cr_expect_eq(times[3], 0u);
    cr_expect(times[0] > 800 && times[0] < 1200, "%zu", times[0]);
    const double nothing[] = {0, 0};
    cr_expect_eq(pick_one(nothing, 2, &rng), 2u);
    cr_expect_eq(pick_one(NULL, 0, &rng), 0u);
}
