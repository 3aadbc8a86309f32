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

BEAM_TEST(address_book, forgets_in_time)
{
    struct address_book *b = book_of(8);
    struct peer_id p = peer(1);
    struct multiaddr one = address(1), two = address(2);
    cr_expect_eq(address_book_add(b, &p, &one, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_add(b, &p, &two, PERMIT_LEARNED, 200, 0), 0);
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
    cr_expect_eq(address_book_add(b, &p, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_add(b, &p, &a, PERMIT_LEARNED, 50, 0), 0);
    cr_expect_eq(address_book_get(b, &p, 0, rows), 1u);
    cr_expect_eq(rows[0].expires, 100u);
    cr_expect_eq(rows[0].origin, PERMIT_LEARNED);
    cr_expect_eq(address_book_add(b, &p, &a, PERMIT_TYPED, 120, 0), 0);
    cr_expect_eq(address_book_add(b, &p, &a, PERMIT_LEARNED, 130, 0), 0);
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
    cr_expect_eq(address_book_add(b, &p, &own, PERMIT_TYPED, 100, 0), BEAM_EINVAL);
    cr_expect_eq(address_book_add(b, &p, &none, PERMIT_TYPED, 100, 0), BEAM_EINVAL);
    cr_expect_eq(address_book_add(b, &q, &own, PERMIT_TYPED, 100, 0), 0);
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
        cr_expect_eq(
            address_book_add(b, &p, &a, i == 0 ? PERMIT_TYPED : PERMIT_LEARNED, 100 + i, 0), 0);
    }
    struct multiaddr more = address(1000);
    cr_expect_eq(address_book_add(b, &p, &more, PERMIT_LEARNED, 1000, 0), 0);
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
    cr_expect_eq(address_book_add(b, &typed, &a, PERMIT_TYPED, 100, 0), 0);
    cr_expect_eq(address_book_add(b, &second, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_add(b, &third, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_get(b, &second, 0, rows), 1u);
    cr_expect_eq(address_book_add(b, &fourth, &a, PERMIT_LEARNED, 100, 0), 0);
    cr_expect_eq(address_book_get(b, &third, 0, rows), 0u, "asked for longest ago");
    cr_expect_eq(address_book_get(b, &second, 0, rows), 1u);
    cr_expect_eq(address_book_get(b, &typed, 0, rows), 1u);
    address_book_free(b);

    b = book_of(1);
    cr_expect_eq(address_book_add(b, &typed, &a, PERMIT_TYPED, 100, 0), 0);
    cr_expect_eq(address_book_add(b, &second, &a, PERMIT_LEARNED, 100, 0), BEAM_ELIMIT);
    cr_expect_eq(address_book_add(b, &third, &a, PERMIT_TYPED, 100, 0), 0);
    address_book_free(b);
}
