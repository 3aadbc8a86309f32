/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_size.h"

#include <stdlib.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void look(struct kad_size *size, struct seed *s, size_t nodes)
{
    uint64_t d[4000];
    for (size_t i = 0; i < nodes; i++)
        d[i] = seed_next(s);
    qsort(d, nodes, sizeof(d[0]), compare);
    kad_size_add(size, d, 20);
}

BEAM_TEST(kad_size, tells_the_size)
{
    struct seed s = seed_start("tells_the_size");
    struct kad_size size = {.n = 0};
    cr_assert_eq(kad_size_nodes(&size), 0);
    cr_assert_eq(kad_size_radius(&size, 20), 0u);
    for (int i = 0; i < KAD_SIZE_SAMPLES + 3; i++)
        look(&size, &s, 4000);
    double nodes = kad_size_nodes(&size);
    cr_assert(nodes > 3000 && nodes < 5300, "%f", nodes);
    double part = (double)kad_size_radius(&size, 20) / 18446744073709551616.0;
    cr_assert(part > 20.0 / 5301 && part < 20.0 / 3001, "%f", part);
}

BEAM_TEST(kad_size, one_place_does_not_move_it)
{
    struct seed s = seed_start("one_place_does_not_move_it");
    struct kad_size size = {.n = 0};
    uint64_t crowded[20];
    for (int i = 0; i < 9; i++)
        look(&size, &s, 2000);
    for (size_t i = 0; i < 20; i++)
        crowded[i] = i + 1;
    for (int i = 0; i < 4; i++)
        kad_size_add(&size, crowded, 20);
    cr_assert_lt(kad_size_nodes(&size), 4000);
}

BEAM_TEST(kad_size, few_nodes_are_all_near)
{
    struct kad_size size = {.n = 0};
    const uint64_t d[] = {UINT64_C(1) << 62, UINT64_C(1) << 63, 3 * (UINT64_C(1) << 62),
                          UINT64_MAX};
    kad_size_add(&size, d, 3);
    cr_assert_eq(kad_size_nodes(&size), 0, "three say nothing");
    kad_size_add(&size, d, 4);
    cr_assert_geq(kad_size_nodes(&size), 4);
    cr_assert_eq(kad_size_radius(&size, 20), UINT64_MAX);
}
