/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_table.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {1};
static const struct rng rng = {fill, &seed};

static struct peer_id peer(uint8_t n)
{
    uint8_t bytes[38] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, n};
    struct peer_id id;
    cr_assert_eq(peer_id_decode(bytes, sizeof(bytes), &id, NULL), 0);
    return id;
}

static int put(struct crew_table *t, unsigned mate, uint8_t n, const char *text)
{
    struct peer_id id = peer(n);
    struct multiaddr addr;
    cr_assert_eq(multiaddr_parse(text, strlen(text), &addr, NULL), 0);
    return crew_table_put(t, mate, &id, &addr);
}

static bool take(struct crew_table *t, unsigned mate, uint8_t n)
{
    struct peer_id id = peer(n);
    return crew_table_take(t, mate, &id);
}

/* The mate, and the address as it was put; -1: nowhere. */
static int at(const struct crew_table *t, uint8_t n, const char *text)
{
    struct peer_id id = peer(n);
    struct crew_place place;
    char found[MULTIADDR_TEXT_SIZE];
    if (!crew_table_find(t, &id, &place))
        return -1;
    multiaddr_text(place.addr, found);
    cr_expect(peer_id_equal(place.peer, &id));
    cr_expect_str_eq(found, text);
    return (int)place.mate;
}

BEAM_TEST(crew_table, a_peer_is_where_it_came_last)
{
    struct crew_table *t = NULL;
    cr_assert_eq(crew_table_new(&rng, 8, &t), 0);
    cr_assert_eq(put(t, 1, 1, "/ip4/192.0.2.1/tcp/1"), 0);
    cr_assert_eq(put(t, 2, 1, "/ip4/192.0.2.2/tcp/2"), 0);
    cr_expect_eq(at(t, 1, "/ip4/192.0.2.2/tcp/2"), 2);
    cr_assert_eq(put(t, 1, 1, "/ip4/192.0.2.3/tcp/3"), 0);
    cr_expect_eq(at(t, 1, "/ip4/192.0.2.3/tcp/3"), 1);
    cr_expect_eq(crew_table_count(t), 1u);
    cr_expect_not(take(t, 1, 1), "it is at the other still");
    cr_expect_eq(at(t, 1, "/ip4/192.0.2.2/tcp/2"), 2);
    cr_expect_not(take(t, 1, 1), "once more is nothing");
    cr_expect(take(t, 2, 1));
    cr_expect_eq(at(t, 1, ""), -1);
    cr_expect_eq(crew_table_count(t), 0u);
    crew_table_free(t);
}

BEAM_TEST(crew_table, all_of_a_mates_are_found)
{
    struct crew_table *t = NULL;
    struct peer_id id;
    size_t taken = 0;
    cr_assert_eq(crew_table_new(&rng, 64, &t), 0);
    for (uint8_t n = 0; n < 40; n++)
        cr_assert_eq(put(t, n % 2, n, "/ip4/192.0.2.1/tcp/1"), 0);
    while (crew_table_any(t, 1, &id)) {
        cr_assert(crew_table_take(t, 1, &id));
        taken++;
    }
    cr_expect_eq(taken, 20u);
    cr_expect_eq(crew_table_count(t), 20u);
    cr_expect_not(crew_table_any(t, 7, &id), "nobody has that number");
    crew_table_free(t);
}

BEAM_TEST(crew_table, has_a_ceiling)
{
    struct crew_table *t = NULL;
    cr_assert_eq(crew_table_new(&rng, 2, &t), 0);
    cr_assert_eq(put(t, 0, 1, "/ip4/192.0.2.1/tcp/1"), 0);
    cr_assert_eq(put(t, 0, 2, "/ip4/192.0.2.1/tcp/1"), 0);
    cr_expect_eq(put(t, 0, 3, "/ip4/192.0.2.1/tcp/1"), BEAM_ELIMIT);
    cr_expect_eq(put(t, 1, 2, "/ip4/192.0.2.1/tcp/2"), 0, "one that is there needs no room");
    crew_table_free(t);
}
