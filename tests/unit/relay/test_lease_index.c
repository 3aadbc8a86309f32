/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_index.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/relay/owners.h"

static struct lease_index x;
static struct lease *got;

static int add(uint8_t id, uint8_t who, const char *name)
{
    struct lease l = {.id = {id}, .owner = owner(who), .kind = RESERVATION_HTTP};
    snprintf(l.name, sizeof(l.name), "%s", name);
    return lease_index_add(&x, &l, &got);
}

BEAM_TEST(lease_index, finds_a_lease_by_all_its_ways)
{
    const uint8_t first[RESERVATION_ID_SIZE] = {1}, third[RESERVATION_ID_SIZE] = {3};
    struct peer_id alice = owner(1), bob = owner(2);
    cr_assert_eq(lease_index_init(&x, rng_system(), 3), 0);
    cr_assert_eq(add(1, 1, "one"), 0);
    cr_assert_eq(add(2, 1, ""), 0);
    cr_expect_eq(add(1, 2, "other"), BEAM_EEXIST);
    cr_expect_eq(add(3, 2, "one"), BEAM_EEXIST);
    cr_expect_null(lease_index_id(&x, third), "what was not taken in is nowhere");
    cr_expect_null(lease_index_holder(&x, &bob));
    cr_assert_eq(add(3, 2, "three"), 0);
    cr_expect_eq(add(4, 2, ""), BEAM_ELIMIT);
    cr_expect_eq(lease_index_name(&x, "three"), lease_index_id(&x, third));
    cr_expect_eq(lease_index_holder(&x, &alice)->count, 2u);
    lease_index_remove(&x, lease_index_id(&x, first));
    cr_expect_null(lease_index_name(&x, "one"));
    cr_expect_eq(lease_index_holder(&x, &alice)->count, 1u);
    cr_expect_eq(lease_index_count(&x), 2u);
    lease_index_clear(&x);
}

BEAM_TEST(lease_index, keeps_the_order_in_which_they_run_out)
{
    cr_assert_eq(lease_index_init(&x, rng_system(), 3), 0);
    cr_assert_eq(add(1, 1, ""), 0);
    struct lease *first = got;
    cr_assert_eq(add(2, 1, ""), 0);
    struct lease *second = got;
    lease_index_move(&x, first, false);
    cr_expect_eq(x.live.first, second);
    lease_index_move(&x, second, true);
    cr_expect_eq(x.live.first, first);
    cr_expect_eq(x.lapsed.first, second);
    cr_expect(second->lapsed);
    lease_index_move(&x, first, true);
    cr_expect_null(x.live.first);
    cr_expect_eq(x.lapsed.first, second);
    lease_index_remove(&x, second);
    cr_expect_eq(x.lapsed.first, first);
    lease_index_clear(&x);
}
