/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/dht.h"

#include <string.h>

#include "tests/unit/p2p/world.h"
#include "tests/unit/tunnel/folder.h"

enum { SERVERS = 2 };

struct scene {
    struct world w;
    struct node *servers[SERVERS], *guest;
    struct dht *at[SERVERS], *dht;
    struct multiaddr named;
    struct folder folder;
    size_t wanted;
};

static struct dht *join(struct node *n, enum kad_mode mode, const char *dir, bool stays)
{
    struct dht *d = NULL;
    const struct dht_spec spec = {.kad = {.host = n->host,
                                          .loop = n->world->loop,
                                          .rng = &n->world->rng,
                                          .clock = clock_system(),
                                          .permit = n->permit,
                                          .tor = true,
                                          .mode = mode},
                                  .dir = dir,
                                  .stays = stays};
    cr_assert_eq(dht_new(&spec, &d), 0);
    return d;
}

static void set_up(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    s->folder = folder_make();
    for (size_t i = 0; i < SERVERS; i++) {
        struct multiaddr bare;
        s->servers[i] = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
        s->at[i] = join(s->servers[i], KAD_SERVER, NULL, true);
        s->named = world_onion(s->servers[i]);
        multiaddr_without_peer(&s->servers[i]->onion, &bare);
        cr_assert_eq(host_announce(s->servers[i]->host, &bare, true), 0);
    }
    s->guest = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
}

static void tear_down(struct scene *s)
{
    dht_free(s->dht);
    for (size_t i = 0; i < SERVERS; i++)
        dht_free(s->at[i]);
    world_clear(&s->w);
    folder_remove(&s->folder);
}

static bool knows(void *arg)
{
    const struct scene *s = arg;
    return kad_table_count(kad_table(dht_kad(s->dht))) >= s->wanted;
}

BEAM_TEST(dht, begins_where_it_is_told_and_then_with_those_of_last_time)
{
    struct scene s;
    set_up(&s);
    s.wanted = 1;
    s.dht = join(s.guest, KAD_CLIENT, s.folder.path, false);
    cr_expect_eq(dht_beginnings(s.dht), 0u);
    cr_assert_eq(dht_begin_at(s.dht, &s.named), 0);
    cr_expect_eq(dht_beginnings(s.dht), 1u);
    cr_assert(until(s.w.loop, knows, &s));
    dht_free(s.dht);
    world_again(s.guest);
    s.dht = join(s.guest, KAD_CLIENT, s.folder.path, false);
    cr_expect_eq(dht_beginnings(s.dht), 1u, "nobody was named");
    cr_assert(until(s.w.loop, knows, &s));
    tear_down(&s);
}

BEAM_TEST(dht, without_a_folder_nobody_is_of_last_time)
{
    struct scene s;
    set_up(&s);
    s.wanted = 1;
    s.dht = join(s.guest, KAD_CLIENT, NULL, false);
    cr_assert_eq(dht_begin_at(s.dht, &s.named), 0);
    cr_assert(until(s.w.loop, knows, &s));
    dht_free(s.dht);
    world_again(s.guest);
    s.dht = join(s.guest, KAD_CLIENT, NULL, false);
    cr_expect_eq(dht_beginnings(s.dht), 0u);
    tear_down(&s);
}

static bool dialled_again(void *arg)
{
    const struct scene *s = arg;
    return s->guest->dials >= 2;
}

/* One that stays is connected to whom it was told, whomever else it knows. */
BEAM_TEST(dht, who_was_named_is_dialled_again_by_one_that_stays)
{
    struct scene s;
    set_up(&s);
    s.wanted = 1;
    s.dht = join(s.guest, KAD_CLIENT, NULL, true);
    cr_expect_not_null(dht_keeper(s.dht));
    cr_assert_eq(dht_begin_at(s.dht, &s.named), 0);
    cr_assert(until(s.w.loop, knows, &s));
    host_disconnect(s.servers[SERVERS - 1]->host, host_id(s.guest->host));
    cr_assert(until(s.w.loop, dialled_again, &s));
    tear_down(&s);
}
