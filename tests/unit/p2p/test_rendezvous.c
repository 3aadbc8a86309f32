/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/rendezvous.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "p2p/keeper.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/world.h"

enum { NODES = 6, IPFS = 2 };

/* Nodes of another DHT, some of beams', and who meets there; all reach each other as if by Tor. */
struct place {
    struct world w;
    struct kad *kads[NODES];
    struct rendezvous *rendezvous[NODES];
    struct keeper *keeper; /* of the first: it knows the others */
    char entry[MULTIADDR_TEXT_SIZE];
};

static struct node *add(struct place *p, const char *protocol, enum kad_mode mode)
{
    struct kad **kad = &p->kads[p->w.n];
    struct node *n = world_add(&p->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    const struct kad_spec spec = {.host = n->host,
                                  .loop = p->w.loop,
                                  .rng = &p->w.rng,
                                  .clock = clock_system(),
                                  .permit = n->permit,
                                  .tor = true,
                                  .mode = mode,
                                  .protocol = protocol};
    cr_assert_eq(kad_new(&spec, kad), 0);
    return n;
}

static struct multiaddr at_onion(struct node *n)
{
    struct multiaddr whole = world_onion(n), bare;
    multiaddr_without_peer(&whole, &bare);
    cr_assert_eq(host_announce(n->host, &bare, true), 0);
    return whole;
}

static void set_up(struct place *p)
{
    memset(p, 0, sizeof(*p));
    world_init(&p->w);
    for (size_t i = 0; i < IPFS; i++) {
        struct multiaddr at = at_onion(add(p, RENDEZVOUS_PROTOCOL, KAD_SERVER));
        if (i == 0) {
            const struct keeper_spec spec = {
                .loop = p->w.loop, .host = p->w.nodes[0].host, .rng = &p->w.rng};
            cr_assert_eq(keeper_new(&spec, &p->keeper), 0);
            multiaddr_text(&at, p->entry);
        } else
            cr_assert_eq(keeper_add(p->keeper, &at), 0);
    }
}

static void tear_down(struct place *p)
{
    keeper_free(p->keeper);
    for (size_t i = 0; i < NODES; i++) {
        rendezvous_free(p->rendezvous[i]);
        kad_free(p->kads[i]);
    }
    world_clear(&p->w);
}

/* The node that was added last goes there. */
static void meet(struct place *p, uint64_t provide_ms)
{
    size_t i = p->w.n - 1;
    struct node *n = &p->w.nodes[i];
    const struct rendezvous_spec spec = {.loop = p->w.loop,
                                         .rng = &p->w.rng,
                                         .clock = clock_system(),
                                         .host = n->host,
                                         .kad = p->kads[i],
                                         .permit = n->permit,
                                         .tor = world_way(n),
                                         .nodes = p->entry,
                                         .alone = true,
                                         .provide_ms = provide_ms};
    cr_assert_eq(rendezvous_new(&spec, &p->rendezvous[i]), 0);
}

/* How many providers the node has of the key. */
static size_t listed(const struct place *p, size_t node)
{
    struct peer_id peers[KAD_PROVIDERS_MAX];
    const struct clock_source *clock = clock_system();
    const struct kad_now now = {.ms = clock->monotonic_ms(clock->arg),
                                .wall_ms = clock->wall_ms(clock->arg)};
    return kad_store_providers(kad_store(p->kads[node]), rendezvous_key(), now, peers,
                               KAD_PROVIDERS_MAX);
}

static bool is_listed(void *arg)
{
    return listed(arg, 0) > 0;
}

static bool is_met(void *arg)
{
    struct place *p = arg;
    return kad_table_count(kad_table(p->kads[p->w.n - 1])) > 0;
}

BEAM_TEST(rendezvous, the_key_is_what_the_documents_say)
{
    static const char text[] = "beam network rendezvous";
    uint8_t hash[34] = {0x12, 0x20};
    cr_assert_geq(sodium_init(), 0);
    crypto_hash_sha256(hash + 2, (const uint8_t *)text, sizeof(text) - 1);
    const struct kad_text key = rendezvous_key();
    cr_assert_eq(key.len, sizeof(hash));
    cr_expect_arr_eq(key.at, hash, sizeof(hash));
}

BEAM_TEST(rendezvous, who_knows_nobody_finds_a_server_there)
{
    struct place p;
    set_up(&p);
    (void)at_onion(add(&p, NULL, KAD_SERVER));
    meet(&p, 0);
    cr_assert(until(p.w.loop, is_listed, &p), "the server is listed");
    struct node *newcomer = add(&p, NULL, KAD_CLIENT);
    meet(&p, 0);
    cr_assert(until(p.w.loop, is_met, &p), "the newcomer knows it");
    cr_expect_not_null(kad_table_find(kad_table(p.kads[IPFS + 1]), host_id(p.w.nodes[IPFS].host)));
    cr_expect_eq(listed(&p, 0), 1u, "a client is on no list");
    /* The newcomer's own host has met nobody of the other DHT: it was a stranger that asked. */
    for (size_t i = 0; i < IPFS; i++)
        cr_expect_not(
            host_find(newcomer->host, host_id(p.w.nodes[i].host), &(struct host_peer){.id = NULL}));
    tear_down(&p);
}

static bool both_have_it(void *arg)
{
    return listed(arg, 0) > 0 && listed(arg, 1) > 0;
}

BEAM_TEST(rendezvous, a_server_lists_itself_again_and_again)
{
    struct place p;
    set_up(&p);
    struct node *server = add(&p, NULL, KAD_SERVER), *away = &p.w.nodes[1];
    (void)at_onion(server);
    /* Whom it reached once it dials as often as it likes. */
    cr_assert_eq(world_connect(server, NULL, &away->onion, 1, PERMIT_LEARNED).err, 0);
    host_disconnect(server->host, host_id(away->host));
    away->no_tor = true;
    meet(&p, 1);
    cr_assert(until(p.w.loop, is_listed, &p));
    cr_assert_eq(listed(&p, 1), 0u, "one of both is away");
    away->no_tor = false;
    cr_assert(until(p.w.loop, both_have_it, &p) || until(p.w.loop, both_have_it, &p),
              "the next time it is told as well");
    tear_down(&p);
}

static bool know_each_other(void *arg)
{
    struct place *p = arg;
    return kad_table_count(kad_table(p->kads[0])) > 0 && kad_table_count(kad_table(p->kads[1])) > 0;
}

static bool has_asked_both(void *arg)
{
    const struct place *p = arg;
    return p->w.nodes[p->w.n - 1].dials >= IPFS;
}

BEAM_TEST(rendezvous, a_server_that_nobody_can_reach_is_on_no_list)
{
    struct place p;
    set_up(&p);
    cr_assert(until(p.w.loop, know_each_other, &p));
    (void)world_listen(add(&p, NULL, KAD_SERVER));
    meet(&p, 0);
    cr_assert(until(p.w.loop, has_asked_both, &p), "it looks for others");
    cr_expect_eq(listed(&p, 0), 0u, "its address is this machine's own");
    tear_down(&p);
}

/* It comes from a stranger, so that what a user may dial is not dialled for it. */
BEAM_TEST(rendezvous, a_provider_at_a_private_address_is_not_dialled)
{
    struct place p;
    struct multiaddr at;
    set_up(&p);
    cr_assert(until(p.w.loop, know_each_other, &p));
    const struct clock_source *clock = clock_system();
    const struct kad_now now = {.ms = clock->monotonic_ms(clock->arg)};
    struct node *near = add(&p, NULL, KAD_SERVER), *newcomer = NULL;
    struct multiaddr whole = world_listen(near);
    multiaddr_without_peer(&whole, &at);
    for (size_t i = 0; i < IPFS; i++) {
        const struct peer_id *id = host_id(near->host);
        cr_assert_eq(
            kad_store_provide(kad_store(p.kads[i]), rendezvous_key(), id, KAD_NOWHERE, now), 0);
        host_learn(p.w.nodes[i].host, id, &at, 1, ADDRESS_SIGNED, 60000);
    }
    newcomer = add(&p, NULL, KAD_CLIENT);
    meet(&p, 0);
    cr_assert(until(p.w.loop, has_asked_both, &p));
    for (uint64_t end = loop_now(p.w.loop) + 500; loop_now(p.w.loop) < end;)
        BEAM_CHECK(loop_turn(p.w.loop) == 0);
    cr_expect_eq(host_peers(newcomer->host), 0u);
    cr_expect_eq(host_peers(near->host), 0u);
    cr_expect_eq(newcomer->dials, (size_t)IPFS, "nobody but the two, by a host of their own");
    tear_down(&p);
}
