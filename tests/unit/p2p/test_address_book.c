/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/address_book.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {1};
static const struct rng rng = {fill, &seed};
static struct address_book_row rows[ADDRESS_BOOK_PER_PEER];

static struct address_book *book_of(size_t peers)
{
    struct address_book *b = NULL;
    cr_assert_eq(address_book_new(&rng, peers, &b), 0);
    return b;
}

static struct peer_id peer(uint8_t n)
{
    uint8_t bytes[38] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, n};
    struct peer_id id;
    cr_assert_eq(peer_id_decode(bytes, sizeof(bytes), &id, NULL), 0);
    return id;
}

static struct multiaddr address(unsigned port)
{
    char text[64];
    struct multiaddr a;
    (void)snprintf(text, sizeof(text), "/ip4/192.0.2.1/tcp/%u", port);
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, NULL), 0);
    return a;
}

static int add(struct address_book *b, const struct peer_id *p, const struct multiaddr *a,
               enum permit_origin origin, uint64_t expires, uint64_t now)
{
    const struct address_book_row row = {.addr = *a, .origin = origin, .expires = expires};
    return address_book_add(b, p, &row, now);
}

static int add_word(struct address_book *b, const struct peer_id *p, const struct multiaddr *a,
                    enum address_word word, uint64_t expires)
{
    const struct address_book_row row = {
        .addr = *a, .origin = PERMIT_LEARNED, .word = word, .expires = expires};
    return address_book_add(b, p, &row, 0);
}

BEAM_TEST(address_book, forgets_in_time)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1);
    struct multiaddr one = address(1), two = address(2);
    cr_expect_eq(add(b, &p, &one, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(add(b, &p, &two, PERMIT_LEARNED, 200, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 99, rows), 2u);
    cr_expect_eq(address_book_get(b, &p, 100, rows), 1u);
    cr_expect(multiaddr_equal(&rows[0].addr, &two));
    cr_expect_eq(address_book_get(b, &p, 200, rows), 0u);
    cr_expect_eq(address_book_peers(b), 0u);
    address_book_free(b);
}

BEAM_TEST(address_book, what_is_named_again_lasts_longer_and_a_users_word_counts)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1);
    struct multiaddr a = address(1);
    cr_expect_eq(add(b, &p, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(add(b, &p, &a, PERMIT_LEARNED, 50, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 1u);
    cr_expect_eq(rows[0].expires, 100u);
    cr_expect_eq(rows[0].origin, PERMIT_LEARNED);
    cr_expect_eq(add(b, &p, &a, PERMIT_TYPED, 120, 0), 0);
    cr_expect_eq(add(b, &p, &a, PERMIT_LEARNED, 130, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 1u);
    cr_expect_eq(rows[0].expires, 130u);
    cr_expect_eq(rows[0].origin, PERMIT_TYPED);
    address_book_free(b);
}

BEAM_TEST(address_book, another_peers_address_is_refused)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1), q = peer(2);
    struct multiaddr a = address(1), own, none = {0};
    cr_assert_eq(multiaddr_with_peer(&a, &q, &own), 0);
    cr_expect_eq(add(b, &p, &own, PERMIT_TYPED, 100, 0), BEAM_EINVAL);
    cr_expect_eq(add(b, &p, &none, PERMIT_TYPED, 100, 0), BEAM_EINVAL);
    cr_expect_eq(add(b, &q, &own, PERMIT_TYPED, 100, 0), 0);
    cr_expect_eq(address_book_get(b, &q, 0, rows), 1u);
    cr_expect(multiaddr_equal(&rows[0].addr, &a), "without its /p2p");
    address_book_free(b);
}

BEAM_TEST(address_book, too_many_of_one_peer)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1);
    for (unsigned i = 0; i < ADDRESS_BOOK_PER_PEER; i++) {
        struct multiaddr a = address(i + 1);
        cr_expect_eq(add(b, &p, &a, i == 0 ? PERMIT_TYPED : PERMIT_LEARNED, 100 + i, 0), 0);
    }
    struct multiaddr more = address(1000);
    cr_expect_eq(add(b, &p, &more, PERMIT_LEARNED, 1000, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), (size_t)ADDRESS_BOOK_PER_PEER);
    bool typed = false, first = false;
    struct multiaddr second = address(2);
    for (size_t i = 0; i < ADDRESS_BOOK_PER_PEER; i++) {
        typed = typed || rows[i].origin == PERMIT_TYPED;
        first = first || multiaddr_equal(&rows[i].addr, &second);
    }
    cr_expect(typed, "the user's stays, though it ends first");
    cr_expect(!first, "the learned one that ends first went");
    address_book_free(b);
}

BEAM_TEST(address_book, too_many_peers)
{
    struct address_book *b = book_of(3);
    struct peer_id typed = peer(1), second = peer(2), third = peer(3), fourth = peer(4);
    struct multiaddr a = address(1);
    cr_expect_eq(add(b, &typed, &a, PERMIT_TYPED, 100, 0), 0);
    cr_expect_eq(add(b, &second, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(add(b, &third, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_get(b, &second, 0, rows), 1u);
    cr_expect_eq(add(b, &fourth, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_get(b, &third, 0, rows), 0u, "asked for longest ago");
    cr_expect_eq(address_book_get(b, &second, 0, rows), 1u);
    cr_expect_eq(address_book_get(b, &typed, 0, rows), 1u);
    address_book_free(b);

    b = book_of(1);
    cr_expect_eq(add(b, &typed, &a, PERMIT_TYPED, 100, 0), 0);
    cr_expect_eq(add(b, &second, &a, PERMIT_LEARNED, 100, 0), BEAM_ELIMIT);
    cr_expect_eq(add(b, &third, &a, PERMIT_TYPED, 100, 0), 0);
    address_book_free(b);
}

BEAM_TEST(address_book, the_surest_come_first)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1);
    struct multiaddr told = address(1), said = address(2), proven = address(3), other = address(4);
    cr_expect_eq(add_word(b, &p, &told, ADDRESS_TOLD, 900), 0);
    cr_expect_eq(add_word(b, &p, &other, ADDRESS_PROVEN, 100), 0);
    cr_expect_eq(add_word(b, &p, &said, ADDRESS_SAID, 500), 0);
    cr_expect_eq(add_word(b, &p, &proven, ADDRESS_PROVEN, 200), 0);
    cr_expect_eq(add_word(b, &p, &proven, ADDRESS_TOLD, 100), 0,
                 "a lesser word takes nothing away");
    cr_expect_eq(address_book_get(b, &p, 0, rows), 4u);
    cr_expect(multiaddr_equal(&rows[0].addr, &proven));
    cr_expect(multiaddr_equal(&rows[1].addr, &other));
    cr_expect(multiaddr_equal(&rows[2].addr, &said));
    cr_expect(multiaddr_equal(&rows[3].addr, &told));
    address_book_failed(b, &p, &proven);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 4u);
    cr_expect(multiaddr_equal(&rows[3].addr, &proven), "what has failed is tried last");
    cr_expect_eq(add_word(b, &p, &proven, ADDRESS_PROVEN, 200), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 4u);
    cr_expect(multiaddr_equal(&rows[0].addr, &proven), "until it was reached again");
    address_book_free(b);
}

BEAM_TEST(address_book, where_nobody_is_found_is_forgotten_unless_a_user_named_it)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1), q = peer(2);
    struct multiaddr a = address(1), typed = address(2), whole;
    cr_expect_eq(add_word(b, &p, &a, ADDRESS_PROVEN, 100), 0);
    cr_expect_eq(add(b, &p, &typed, PERMIT_TYPED, 100, 0), 0);
    cr_assert_eq(multiaddr_with_peer(&a, &p, &whole), 0);
    address_book_failed(b, &q, &a);
    for (unsigned i = 1; i < ADDRESS_BOOK_FAILURES_MAX; i++) {
        address_book_failed(b, &p, &whole);
        address_book_failed(b, &p, &typed);
    }
    cr_expect_eq(address_book_get(b, &p, 0, rows), 2u);
    address_book_failed(b, &p, &whole);
    address_book_failed(b, &p, &typed);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 1u);
    cr_expect(multiaddr_equal(&rows[0].addr, &typed));
    cr_expect_eq(add_word(b, &q, &a, ADDRESS_TOLD, 100), 0);
    for (unsigned i = 0; i < ADDRESS_BOOK_FAILURES_MAX; i++)
        address_book_failed(b, &q, &a);
    cr_expect_eq(address_book_peers(b), 1u, "nothing of it is left");
    address_book_free(b);
}

BEAM_TEST(address_book, who_was_reached_outlives_hearsay_in_half_of_the_book)
{
    struct address_book *b = book_of(4);
    struct multiaddr a = address(1);
    struct peer_id p;
    for (uint8_t i = 1; i <= 2; i++) {
        p = peer(i);
        cr_expect_eq(add_word(b, &p, &a, ADDRESS_PROVEN, 100), 0);
    }
    for (uint8_t i = 10; i < 30; i++) {
        p = peer(i);
        cr_expect_eq(add_word(b, &p, &a, ADDRESS_TOLD, 100), 0);
    }
    for (uint8_t i = 1; i <= 2; i++) {
        p = peer(i);
        cr_expect_eq(address_book_get(b, &p, 0, rows), 1u);
    }
    for (uint8_t i = 30; i < 33; i++) { /* with the first of these it is more than half */
        p = peer(i);
        cr_expect_eq(add_word(b, &p, &a, ADDRESS_PROVEN, 100), 0);
    }
    p = peer(40);
    cr_expect_eq(add_word(b, &p, &a, ADDRESS_TOLD, 100), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 1u, "there is always room to look up another");
    cr_expect_eq(address_book_peers(b), 4u);
    address_book_free(b);
}

static size_t known(struct address_book *b, uint8_t from, uint8_t to, uint64_t now)
{
    size_t n = 0;
    for (uint8_t i = from; i < to; i++) {
        const struct peer_id p = peer(i);
        n += address_book_get(b, &p, now, rows) > 0;
    }
    return n;
}

static void add_some(struct address_book *b, uint8_t from, uint8_t to, enum address_word word,
                     uint64_t now)
{
    const struct multiaddr a = address(1);
    const struct address_book_row row = {
        .addr = a, .origin = PERMIT_LEARNED, .word = word, .expires = 1000};
    for (uint8_t i = from; i < to; i++) {
        const struct peer_id p = peer(i);
        cr_expect_eq(address_book_add(b, &p, &row, now), 0);
    }
}

BEAM_TEST(address_book, hearsay_fills_half_and_pushes_out_nobody_who_said_so)
{
    struct address_book *b = book_of(16);
    add_some(b, 100, 200, ADDRESS_TOLD, 0);
    cr_expect_eq(address_book_peers(b), 8u, "half of it");
    cr_expect_eq(known(b, 192, 200, 0), 8u, "the latest");
    add_some(b, 1, 5, ADDRESS_SAID, 0);
    add_some(b, 5, 9, ADDRESS_SIGNED, 0);
    add_some(b, 100, 200, ADDRESS_TOLD, 0);
    cr_expect_eq(known(b, 1, 9, 0), 8u);
    add_some(b, 9, 13, ADDRESS_SIGNED, 0);
    cr_expect_eq(known(b, 1, 13, 0), 12u, "hearsay makes room");
    add_some(b, 100, 200, ADDRESS_TOLD, 0);
    cr_expect_eq(known(b, 1, 13, 0), 12u, "and does not come back");
    add_some(b, 13, 17, ADDRESS_PROVEN, 0);
    cr_expect_eq(known(b, 1, 5, 0), 0u, "whoever only said so goes before who signed it");
    cr_expect_eq(known(b, 5, 17, 0), 12u);
    cr_expect_eq(known(b, 196, 200, 0), 4u, "there is always room to look up others");
    address_book_free(b);
}

BEAM_TEST(address_book, who_is_kept_makes_room_for_nobody)
{
    struct address_book *b = book_of(16);
    add_some(b, 1, 5, ADDRESS_TOLD, 0);
    for (uint8_t i = 1; i < 5; i++) {
        const struct peer_id p = peer(i);
        address_book_keep(b, &p, 100);
    }
    add_some(b, 20, 60, ADDRESS_TOLD, 0);
    add_some(b, 60, 90, ADDRESS_SIGNED, 0);
    add_some(b, 90, 120, ADDRESS_PROVEN, 99);
    cr_expect_eq(known(b, 1, 5, 99), 4u);
    cr_expect_eq(address_book_peers(b), 16u);
    add_some(b, 120, 140, ADDRESS_TOLD, 100);
    cr_expect_eq(known(b, 1, 5, 100), 0u, "its time is over");
    address_book_free(b);
}

BEAM_TEST(address_book, who_is_nearby_is_so_for_as_long_as_it_is_said_there)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1);
    struct multiaddr a = address(1);
    cr_expect_eq(add(b, &p, &a, PERMIT_LEARNED, 1000, 0), 0);
    cr_expect_eq(add(b, &p, &a, PERMIT_NEARBY, 100, 0), 0);
    cr_expect_eq(add(b, &p, &a, PERMIT_LEARNED, 2000, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 1u);
    cr_expect_eq(rows[0].origin, PERMIT_NEARBY);
    cr_expect_eq(rows[0].expires, 100u);
    cr_expect_eq(add(b, &p, &a, PERMIT_NEARBY, 200, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 150, rows), 1u);
    cr_expect_eq(address_book_get(b, &p, 200, rows), 0u);
    address_book_free(b);
}
