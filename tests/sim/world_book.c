/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_book.h"

#include <string.h>

#include "base/err.h"
#include "p2p/address_book.h"

enum {
    PEERS = 256,
    TOLD_MS = 30 * 60 * 1000,
    SAID_MS = 60 * 60 * 1000,
    REACHED_MS = 7 * 24 * 60 * 60 * 1000,
    KEEP_MS = 2 * 60 * 1000
};

static uint64_t now(const struct node *n)
{
    return world_now(n->world).ms;
}

static void add(struct node *n, const struct peer_id *peer, const struct multiaddr *addr,
                enum address_word word, uint64_t ttl)
{
    const struct address_book_row row = {
        .addr = *addr, .origin = PERMIT_LEARNED, .word = word, .expires = now(n) + ttl};
    int err = address_book_add(n->book, peer, &row, now(n));
    world_must(err == 0 || err == BEAM_ELIMIT, "an address cannot be kept");
}

static void add_true(struct node *n, const struct node *other, enum address_word word, uint64_t ttl)
{
    uint8_t bytes[WORLD_ADDRESS_SIZE];
    struct multiaddr addr;
    world_address(n->world, other->index, bytes);
    world_must(multiaddr_decode(bytes, sizeof(bytes), &addr, NULL) == 0, "no address");
    add(n, &other->peer, &addr, word, ttl);
}

void world_book_open(struct node *n)
{
    if (n->world->spec.books)
        world_must(address_book_new(&n->world->rng, PEERS, &n->book) == 0 &&
                       hearsay_new(&n->world->rng, &n->hearsay) == 0,
                   "out of memory");
}

void world_book_close(struct node *n)
{
    address_book_free(n->book);
    hearsay_free(n->hearsay);
    n->book = NULL;
    n->hearsay = NULL;
}

/* As a dial has it. */
static struct way_target target_of(const struct node *n)
{
    struct way_target t = {.way = WAY_DIRECT};
    uint8_t bytes[WORLD_ADDRESS_SIZE];
    struct multiaddr addr;
    enum multiaddr_code transport;
    world_address(n->world, n->index, bytes);
    world_must(multiaddr_decode(bytes, sizeof(bytes), &addr, NULL) == 0 &&
                   multiaddr_to_addr(&addr, &t.at, &transport) == 0,
               "no address");
    t.port = addr_port(&t.at);
    return t;
}

int world_book_dials(struct node *n, const struct node *other)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    if (!n->book || address_book_get(n->book, &other->peer, now(n), rows) == 0 ||
        rows[0].word == ADDRESS_PROVEN)
        return 0;
    const struct way_target t = target_of(other);
    return hearsay_dial(n->hearsay, &t, now(n));
}

bool world_book_has(struct node *n, const struct peer_id *peer)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    return !n->book || address_book_get(n->book, peer, now(n), rows) > 0;
}

bool world_book_learn(struct node *n, const struct kad_contact *contact)
{
    struct multiaddr addr;
    for (size_t i = 0; n->book && i < contact->n; i++)
        if (multiaddr_decode(contact->addrs[i].at, contact->addrs[i].len, &addr, NULL) == 0)
            add(n, &contact->peer, &addr, ADDRESS_TOLD, TOLD_MS);
    return world_book_has(n, &contact->peer);
}

void world_book_met(struct node *n, const struct node *other, bool reached)
{
    if (!n->book)
        return;
    const struct way_target t = target_of(other);
    add_true(n, other, reached ? ADDRESS_PROVEN : ADDRESS_SAID, reached ? REACHED_MS : SAID_MS);
    if (reached)
        hearsay_met(n->hearsay, &t);
}

void world_book_missed(struct node *n, const struct node *other)
{
    uint8_t bytes[WORLD_ADDRESS_SIZE];
    struct multiaddr addr;
    world_address(n->world, other->index, bytes);
    if (!n->book || multiaddr_decode(bytes, sizeof(bytes), &addr, NULL) < 0)
        return;
    const struct way_target t = target_of(other);
    address_book_failed(n->book, &other->peer, &addr);
    hearsay_failed(n->hearsay, &t, now(n));
}

void world_book_keep(struct node *n)
{
    const struct kad_peer *peers[KAD_K];
    for (unsigned shared = 0; n->book && shared < KAD_ID_BITS; shared++)
        for (size_t k = kad_table_bucket(n->table, shared, peers); k > 0; k--)
            address_book_keep(n->book, &peers[k - 1]->peer, now(n) + KEEP_MS);
}

/* Its own, or what the book has; the bytes live in the world until a message is written. */
void world_book_describe(struct node *n, uint32_t index, struct kad_contact *contact)
{
    struct world *w = n->world;
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    size_t known =
        !n->book || index == n->index ? 1 : address_book_get(n->book, &contact->peer, now(n), rows);
    contact->n = known > 0;
    contact->addrs[0] =
        (struct kad_text){.at = w->addresses[w->described], .len = WORLD_ADDRESS_SIZE};
    world_address(w, index, w->addresses[w->described]);
    w->described = (w->described + 1) % WORLD_DESCRIBED_MAX;
}
