/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "p2p/address_file.h"
#include "tests/unit/p2p/world.h"
#include "tests/unit/tunnel/folder.h"

enum { SERVERS = 3 };

/* Some servers, and one who comes and goes. */
struct story {
    struct world w;
    struct node *servers[SERVERS], *guest;
    struct kad *kads[SERVERS], *kad;
    struct recall *recall;
    struct folder folder;
    char *path;
};

static struct kad *join(struct node *n, enum kad_mode mode)
{
    struct kad *k = NULL;
    const struct kad_spec spec = {.host = n->host,
                                  .loop = n->world->loop,
                                  .rng = &n->world->rng,
                                  .clock = clock_system(),
                                  .permit = n->permit,
                                  .tor = true,
                                  .mode = mode};
    cr_assert_eq(kad_new(&spec, &k), 0);
    return k;
}

static void come(struct story *s)
{
    s->kad = join(s->guest, KAD_CLIENT);
    const struct recall_spec spec = {.loop = s->w.loop,
                                     .host = s->guest->host,
                                     .kad = s->kad,
                                     .rng = &s->w.rng,
                                     .clock = clock_system(),
                                     .dir = s->folder.path};
    cr_assert_eq(recall_new(&spec, &s->recall), 0);
}

static void go(struct story *s)
{
    recall_free(s->recall);
    kad_free(s->kad);
    s->recall = NULL;
    s->kad = NULL;
    world_again(s->guest);
}

static void set_up(struct story *s)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    s->folder = folder_make();
    for (size_t i = 0; i < SERVERS; i++) {
        struct multiaddr bare;
        s->servers[i] = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
        s->kads[i] = join(s->servers[i], KAD_SERVER);
        (void)world_onion(s->servers[i]);
        multiaddr_without_peer(&s->servers[i]->onion, &bare);
        cr_assert_eq(host_announce(s->servers[i]->host, &bare, true), 0);
    }
    s->guest = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    s->path = recall_path(s->folder.path, host_id(s->guest->host));
    cr_assert_not_null(s->path);
}

static void tear_down(struct story *s)
{
    recall_free(s->recall);
    kad_free(s->kad);
    for (size_t i = 0; i < SERVERS; i++)
        kad_free(s->kads[i]);
    world_clear(&s->w);
    free(s->path);
    folder_remove(&s->folder);
}

static void dial(struct story *s, size_t i)
{
    struct asked_of a = world_connect(s->guest, NULL, &s->servers[i]->onion, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
}

static bool knows_all(void *arg)
{
    const struct story *s = arg;
    return kad_table_count(kad_table(s->kad)) == SERVERS;
}

BEAM_TEST(recall, comes_back_with_nobody_to_begin_with)
{
    struct story s;
    set_up(&s);
    come(&s);
    cr_expect_eq(recall_count(s.recall), 0u, "the first time nobody is known");
    for (size_t i = 0; i < SERVERS; i++)
        dial(&s, i);
    cr_assert(until(s.w.loop, knows_all, &s));
    go(&s);
    size_t dials = s.guest->dials;
    come(&s);
    cr_expect_eq(recall_count(s.recall), (size_t)SERVERS);
    cr_assert(until(s.w.loop, knows_all, &s));
    cr_expect_eq(s.guest->dials, dials + SERVERS, "each once");
    tear_down(&s);
}

static bool knows_one(void *arg)
{
    const struct story *s = arg;
    return kad_table_count(kad_table(s->kad)) > 0;
}

BEAM_TEST(recall, one_who_is_left_is_enough)
{
    struct story s;
    set_up(&s);
    come(&s);
    for (size_t i = 0; i < SERVERS; i++)
        dial(&s, i);
    cr_assert(until(s.w.loop, knows_all, &s));
    go(&s);
    s.servers[0]->no_tor = s.servers[1]->no_tor = true;
    come(&s);
    cr_assert(until(s.w.loop, knows_one, &s));
    cr_expect_not_null(kad_table_find(kad_table(s.kad), host_id(s.servers[2]->host)));
    go(&s);
    s.servers[0]->no_tor = s.servers[1]->no_tor = false;
    come(&s);
    cr_expect_eq(recall_count(s.recall), (size_t)SERVERS, "who was away once is not forgotten");
    tear_down(&s);
}

BEAM_TEST(recall, who_met_nobody_keeps_whom_it_knew)
{
    struct story s;
    set_up(&s);
    come(&s);
    dial(&s, 0);
    cr_assert(until(s.w.loop, knows_one, &s));
    go(&s);
    for (unsigned i = 0; i < 2; i++) {
        come(&s);
        cr_expect_eq(recall_count(s.recall), 1u);
        go(&s);
    }
    tear_down(&s);
}

static bool saved(struct story *s, const char *addr)
{
    static struct address_file f;
    struct beam_why why;
    f.n = 1;
    f.rows[0] = (struct address_file_row){.peer = *host_id(s->servers[0]->host),
                                          .word = ADDRESS_PROVEN,
                                          .until = INT64_MAX,
                                          .addr = world_addr(addr)};
    return address_file_save(s->path, host_id(s->guest->host), &f, &why) == 0;
}

BEAM_TEST(recall, what_the_permit_does_not_cover_is_not_known)
{
    static const char *const beyond[] = {"/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.1/tcp/1",
                                         "/ip4/0.0.0.0/tcp/1", "/ip4/8.8.8.8/udp/1/quic-v1"};
    struct story s;
    set_up(&s);
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        cr_assert(saved(&s, beyond[i]));
        come(&s);
        cr_expect_eq(recall_count(s.recall), 0u, "%s", beyond[i]);
        go(&s);
    }
    tear_down(&s);
}

BEAM_TEST(recall, each_persona_has_a_file_of_its_own)
{
    struct story s;
    set_up(&s);
    char *other = recall_path(s.folder.path, host_id(s.servers[0]->host));
    char *again = recall_path(s.folder.path, host_id(s.guest->host));
    cr_assert(other && again);
    cr_expect_str_neq(other, s.path);
    cr_expect_str_eq(again, s.path);
    free(other);
    free(again);
    tear_down(&s);
}
