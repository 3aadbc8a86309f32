/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad.h"

#include <sodium.h>
#include <string.h>

#include "p2p/connect.h"
#include "p2p/core.h"
#include "p2p/kad_call.h"
#include "p2p/kad_serve.h"
#include "p2p/keeper.h"
#include "stream/frame.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/world.h"

enum { NODES = 6 };

/* Hosts that reach each other as if through Tor, each with a DHT; all begin at the first. */
struct net {
    struct world w;
    struct kad *kads[NODES];
    struct keeper *keepers[NODES];
    size_t n;
};

struct outcome {
    bool done;
    int err;
    size_t stored, votes, providers;
    struct peer_id provider;
    struct kad_text value;
    uint8_t bytes[256];
};

static void on_done(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct outcome *o = arg;
    (void)why;
    o->done = true;
    o->err = err;
    o->stored = r->stored;
    o->votes = r->votes;
    o->providers = r->provider_count;
    o->provider = r->providers[0];
    o->value.len = r->value.len < sizeof(o->bytes) ? r->value.len : sizeof(o->bytes);
    if (o->value.len > 0)
        memcpy(o->bytes, r->value.at, o->value.len);
    o->value.at = o->bytes;
}

static void add(struct net *net, enum kad_mode mode, const struct multiaddr *first)
{
    struct node *n = world_add(&net->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    const struct kad_spec spec = {.host = n->host,
                                  .loop = net->w.loop,
                                  .rng = &net->w.rng,
                                  .clock = clock_system(),
                                  .permit = n->permit,
                                  .tor = true,
                                  .mode = mode};
    cr_assert_eq(kad_new(&spec, &net->kads[net->n]), 0);
    const struct keeper_spec keeper = {
        .loop = net->w.loop, .host = n->host, .rng = &net->w.rng, .pause_min_ms = 50};
    cr_assert_eq(keeper_new(&keeper, &net->keepers[net->n]), 0);
    if (first)
        cr_assert_eq(keeper_add(net->keepers[net->n], first), 0);
    net->n++;
}

/* Until each knows at least so many others. */
static bool wait_for(struct net *net, size_t known)
{
    for (uint64_t end = loop_now(net->w.loop) + 20000; loop_now(net->w.loop) < end;) {
        size_t enough = 0;
        for (size_t i = 0; i < net->n; i++)
            enough += kad_table_count(kad_table(net->kads[i])) >= known;
        if (enough == net->n)
            return true;
        BEAM_CHECK(loop_turn(net->w.loop) == 0);
    }
    return false;
}

/* Where it is reached, and says that it is. */
static struct multiaddr at_onion(struct node *n)
{
    struct multiaddr whole = world_onion(n), bare;
    multiaddr_without_peer(&whole, &bare);
    cr_assert_eq(host_announce(n->host, &bare, true), 0);
    return whole;
}

static void set_up(struct net *net, size_t servers, size_t clients)
{
    memset(net, 0, sizeof(*net));
    world_init(&net->w);
    add(net, KAD_SERVER, NULL);
    struct multiaddr first = at_onion(&net->w.nodes[0]);
    for (size_t i = 1; i < servers + clients; i++) {
        add(net, i < servers ? KAD_SERVER : KAD_CLIENT, &first);
        if (i < servers)
            (void)at_onion(&net->w.nodes[i]);
    }
}

static void tear_down(struct net *net)
{
    for (size_t i = 0; i < net->n; i++) {
        keeper_free(net->keepers[i]);
        kad_free(net->kads[i]);
    }
    world_clear(&net->w);
}

static struct outcome run(struct net *net, size_t node, enum kad_job_kind kind, struct kad_text key,
                          struct kad_text value)
{
    struct outcome o = {.done = false};
    struct kad_job *j;
    cr_assert_eq(kad_job_start(kad_jobs(net->kads[node]), kind, key, value, on_done, &o, &j), 0);
    cr_assert(until_flag(net->w.loop, &o.done));
    return o;
}

BEAM_TEST(kad, they_find_each_other_through_the_first)
{
    struct net net;
    set_up(&net, NODES, 0);
    cr_expect(wait_for(&net, NODES - 1), "each knows all others");
    tear_down(&net);
}

BEAM_TEST(kad, a_client_asks_and_is_in_no_table)
{
    struct net net;
    set_up(&net, 3, 1);
    cr_assert(wait_for(&net, 2));
    const struct peer_id *client = host_id(net.w.nodes[3].host);
    for (size_t i = 0; i < 3; i++)
        cr_expect_null(kad_table_find(kad_table(net.kads[i]), client));
    struct outcome o = run(&net, 3, KAD_JOB_FIND, kad_text_of("x"), kad_text_of(""));
    cr_expect_eq(o.err, 0);
    tear_down(&net);
}

BEAM_TEST(kad, a_value_is_put_and_got)
{
    struct net net;
    struct key_public public;
    uint8_t key[64] = "/pk/", value[KEY_ENCODED_MAX];
    size_t len = 0;
    set_up(&net, 4, 1);
    cr_assert(wait_for(&net, 3));
    const struct peer_id *id = host_id(net.w.nodes[1].host);
    memcpy(key + 4, id->bytes, id->len);
    key_pair_public(net.w.nodes[1].key, &public);
    cr_assert_eq(key_public_encode(&public, value, sizeof(value), &len), 0);
    const struct kad_text k = {.at = key, .len = 4u + id->len}, v = {.at = value, .len = len};
    struct outcome o = run(&net, 1, KAD_JOB_PUT, k, v);
    cr_assert_eq(o.err, 0);
    cr_expect_eq(o.stored, 3u);
    o = run(&net, 4, KAD_JOB_GET, k, k);
    cr_assert_eq(o.err, 0);
    cr_assert_eq(o.value.len, len);
    cr_expect_arr_eq(o.bytes, value, len);
    key[8] ^= 1;
    o = run(&net, 4, KAD_JOB_GET, k, k);
    cr_expect_eq(o.err, BEAM_ENOTFOUND);
    tear_down(&net);
}

BEAM_TEST(kad, a_provider_is_found)
{
    struct net net;
    const struct kad_text key = {.at = (const uint8_t *)"\x12\x04"
                                                        "abcd",
                                 .len = 6};
    set_up(&net, 4, 1);
    cr_assert(wait_for(&net, 3));
    struct outcome o = run(&net, 2, KAD_JOB_PROVIDE, key, key);
    cr_assert_eq(o.err, 0);
    /* Nobody says that he has taken note, so the word may come a moment later. */
    for (int i = 0; i < 50; i++) {
        o = run(&net, 4, KAD_JOB_PROVIDERS, key, key);
        if (o.err == 0)
            break;
    }
    cr_assert_eq(o.err, 0);
    cr_assert_eq(o.providers, 1u);
    cr_expect(peer_id_equal(&o.provider, host_id(net.w.nodes[2].host)));
    tear_down(&net);
}

/* Of the provider that an answer names. */
struct told {
    bool done, garbled;
    int err;
    size_t n, onions, public;
};

static void on_told(void *arg, const struct kad_call_end *end)
{
    struct told *t = arg;
    const struct kad_message *m = end->answer;
    t->done = true;
    t->err = end->err;
    t->garbled = end->garbled;
    if (!m || m->provider_count != 1)
        return;
    const struct kad_contact *c = &m->providers[0];
    const struct multiaddr public = world_addr("/ip4/1.2.3.4/tcp/1");
    for (size_t i = 0; i < c->n; i++) {
        struct multiaddr a;
        cr_assert_eq(multiaddr_decode(c->addrs[i].at, c->addrs[i].len, &a, NULL), 0);
        t->n++;
        t->onions += multiaddr_has(&a, MULTIADDR_ONION3);
        t->public += multiaddr_equal(&a, &public);
    }
}

/* A stream on which nothing is asked. */
struct silent {
    struct loop *loop;
    struct frame *frame;
    bool opened, ended;
};

static void on_silent_ended(void *arg, int err)
{
    (void)err;
    ((struct silent *)arg)->ended = true;
}

static void on_silent_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                           const char *protocol, const struct host_peer *peer)
{
    struct silent *x = arg;
    const struct frame_events events = {.ended = on_silent_ended, .arg = x};
    (void)protocol;
    (void)peer;
    cr_assert_eq(err, 0, "%s", why ? why->text : "");
    x->opened = true;
    cr_assert_eq(frame_new(x->loop, s, KAD_MESSAGE_MAX, &events, &x->frame), 0);
    frame_read(x->frame, 60000);
}

static void be_silent(struct net *net, size_t node, const struct peer_id *to, struct silent *x)
{
    static const char *const protocols[] = {KAD_PROTOCOL};
    const struct connect_spec spec = {.peer = to};
    struct open *o;
    x->loop = net->w.loop;
    cr_assert_eq(open_start(net->w.nodes[node].host, &spec, protocols, 1, on_silent_open, x, &o),
                 0);
    cr_assert(until_flag(net->w.loop, &x->opened));
}

/* Whether `to` answers what the node asks it. */
static bool is_answered(struct net *net, size_t node, const struct peer_id *to)
{
    const struct kad_message question = {.type = KAD_GET_PROVIDERS,
                                         .key = kad_text_of("\x12\x01x")};
    struct told t = {.done = false};
    struct kad_call *call;
    const struct kad_call_spec spec = {.host = net->w.nodes[node].host,
                                       .loop = net->w.loop,
                                       .to = to,
                                       .protocol = KAD_PROTOCOL,
                                       .timeout_ms = 20000};
    cr_assert_eq(kad_call_start(&spec, &question, on_told, &t, &call), 0);
    cr_assert(until_flag(net->w.loop, &t.done));
    return t.err == 0;
}

BEAM_TEST(kad, one_peer_has_only_so_many_of_a_servers_places)
{
    struct silent list[KAD_ASKERS_PER_PEER + 1] = {{.opened = false}};
    struct net net;
    set_up(&net, 2, 2);
    cr_assert(wait_for(&net, 1));
    const struct peer_id *server = host_id(net.w.nodes[0].host);
    for (size_t i = 0; i <= KAD_ASKERS_PER_PEER; i++)
        be_silent(&net, 2, server, &list[i]);
    cr_expect(until_flag(net.w.loop, &list[KAD_ASKERS_PER_PEER].ended), "one too many");
    for (size_t i = 0; i < KAD_ASKERS_PER_PEER; i++)
        cr_expect(!list[i].ended, "no. %zu has a place", i);
    cr_expect(!is_answered(&net, 2, server));
    cr_expect(is_answered(&net, 3, server), "another is served");
    for (size_t i = 0; i <= KAD_ASKERS_PER_PEER; i++)
        frame_free(list[i].frame);
    cr_expect(is_answered(&net, 2, server), "it has places again");
    tear_down(&net);
}

/* A server that takes questions and says nothing. */
struct mute {
    struct stream *streams[32];
    size_t n;
};

static void on_mute_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct mute *m = arg;
    (void)peer;
    BEAM_CHECK(m->n < sizeof(m->streams) / sizeof(m->streams[0]));
    m->streams[m->n++] = stream;
}

/* Does as one, and the asker knows it. */
static void fall_mute(struct net *net, size_t node, size_t asker, struct mute *m)
{
    struct host *host = net->w.nodes[node].host;
    struct multiaddr at = at_onion(&net->w.nodes[node]);
    cr_assert_eq(host_handle(host, KAD_PROTOCOL, on_mute_stream, m), 0);
    cr_assert_eq(keeper_add(net->keepers[asker], &at), 0);
    while (!kad_table_find(kad_table(net->kads[asker]), host_id(host)))
        BEAM_CHECK(loop_turn(net->w.loop) == 0);
}

BEAM_TEST(kad, who_is_slow_is_not_waited_for)
{
    struct mute m = {.n = 0};
    struct net net;
    set_up(&net, 2, 2);
    cr_assert(wait_for(&net, 1));
    fall_mute(&net, 2, 3, &m);
    uint64_t began = loop_now(net.w.loop);
    struct outcome o = run(&net, 3, KAD_JOB_FIND, kad_text_of("anything"), kad_text_of(""));
    cr_expect_eq(o.err, 0);
    cr_expect_gt(m.n, 0u, "it was asked");
    cr_expect_lt(loop_now(net.w.loop) - began, 12000u, "the question itself lasts for 15 s");
    for (size_t i = 0; i < m.n; i++)
        stream_free(m.streams[i]);
    tear_down(&net);
}

BEAM_TEST(kad, nothing_of_its_surroundings_is_told)
{
    static const char *const places[] = {"/ip4/127.0.0.1/tcp/1",   "/ip4/10.1.2.3/tcp/1",
                                         "/ip4/192.168.1.2/tcp/1", "/ip4/0.0.0.0/tcp/1",
                                         "/ip6/::1/tcp/1",         "/ip4/1.2.3.4/tcp/1"};
    const struct kad_text key = kad_text_of("\x12\x04"
                                            "abcd");
    const struct kad_message question = {.type = KAD_GET_PROVIDERS, .key = key};
    struct told t = {.done = false};
    struct kad_call *call;
    struct net net;
    set_up(&net, 2, 1);
    cr_assert(wait_for(&net, 1));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct multiaddr a = world_addr(places[i]);
        cr_assert_eq(host_announce(net.w.nodes[0].host, &a, true), 0);
    }
    cr_assert_eq(kad_keep_provider(net.kads[0], key), 0);
    const struct kad_call_spec spec = {.host = net.w.nodes[2].host,
                                       .loop = net.w.loop,
                                       .to = host_id(net.w.nodes[0].host),
                                       .protocol = KAD_PROTOCOL,
                                       .timeout_ms = 5000};
    cr_assert_eq(kad_call_start(&spec, &question, on_told, &t, &call), 0);
    cr_assert(until_flag(net.w.loop, &t.done));
    cr_expect_eq(t.err, 0);
    cr_expect_eq(t.n, 2u);
    cr_expect_eq(t.onions, 1u);
    cr_expect_eq(t.public, 1u);
    tear_down(&net);
}

static struct told ask(struct net *net, size_t node, const struct peer_id *whom)
{
    const struct kad_message question = {.type = KAD_FIND_NODE, .key = kad_text_of("x")};
    const struct kad_call_spec spec = {.host = net->w.nodes[node].host,
                                       .loop = net->w.loop,
                                       .to = whom,
                                       .protocol = KAD_PROTOCOL,
                                       .timeout_ms = 20000};
    struct told t = {.done = false};
    struct kad_call *call;
    cr_assert_eq(kad_call_start(&spec, &question, on_told, &t, &call), 0);
    cr_assert(until_flag(net->w.loop, &t.done));
    return t;
}

/* Of one that nobody has dialled it cannot be said that it sent anything. */
BEAM_TEST(kad, an_address_that_cannot_be_dialled_is_not_the_peers_fault)
{
    static const char *const places[] = {"/ip4/1.2.3.4/udp/1/quic-v1", "/ip4/127.0.0.1/tcp/1"};
    static const int errs[] = {BEAM_EINVAL, BEAM_EPOLICY};
    struct net net;
    set_up(&net, 1, 1);
    struct host *client = net.w.nodes[1].host;
    for (uint64_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct peer_id whom = kad_peer_no(90 + i);
        const struct multiaddr at = world_addr(places[i]);
        cr_expect_not(connect_known(client, &whom));
        host_learn(client, &whom, &at, 1, ADDRESS_TOLD, 60 * 1000);
        cr_expect_not(connect_known(client, &whom), "%s", places[i]);
        const struct told t = ask(&net, 1, &whom);
        cr_expect_eq(t.err, errs[i], "%s: %d", places[i], t.err);
        cr_expect_not(t.garbled);
    }
    tear_down(&net);
}

static void pass(struct loop *loop, uint64_t ms)
{
    for (uint64_t end = loop_now(loop) + ms; loop_now(loop) < end;)
        BEAM_CHECK(loop_turn(loop) == 0);
}

BEAM_TEST(kad, that_there_is_too_much_to_do_is_not_the_peers_fault)
{
    struct net net;
    struct outcome o = {.done = false};
    struct kad_job *j;
    set_up(&net, 3, 1);
    cr_assert(wait_for(&net, 2));
    struct host *client = net.w.nodes[3].host;
    const size_t known = kad_table_count(kad_table(net.kads[3]));
    host_disconnect(client, host_id(net.w.nodes[1].host));
    client->dials += client->spec.limits.dials; /* no place is free */
    const struct kad_text key = kad_text_of("x");
    cr_assert_eq(kad_job_start(kad_jobs(net.kads[3]), KAD_JOB_FIND, key, key, on_done, &o, &j), 0);
    pass(net.w.loop, 700);
    cr_expect(!o.done, "the question waits");
    client->dials -= client->spec.limits.dials;
    cr_assert(until_flag(net.w.loop, &o.done));
    cr_expect_eq(o.err, 0);
    cr_expect(host_connected(client, host_id(net.w.nodes[1].host)), "it was asked in the end");
    cr_expect_eq(kad_table_count(kad_table(net.kads[3])), known);
    tear_down(&net);
}

/* Those whom a look-up asks others have named, and all of them may be silent. */
BEAM_TEST(kad, questions_leave_half_of_the_dials_to_others)
{
    struct net net;
    struct outcome o = {.done = false};
    struct asked_of a = {.done = false};
    struct kad_job *j;
    struct connect *c;
    set_up(&net, 3, 1);
    cr_assert(wait_for(&net, 2));
    struct host *client = net.w.nodes[3].host;
    const struct peer_id whom = *host_id(net.w.nodes[1].host);
    const struct connect_spec to = {.peer = &whom};
    const size_t half = client->spec.limits.dials / 2;
    host_disconnect(client, &whom);
    client->dials += client->spec.limits.dials - half;
    const struct kad_text key = kad_text_of("x");
    cr_assert_eq(kad_job_start(kad_jobs(net.kads[3]), KAD_JOB_FIND, key, key, on_done, &o, &j), 0);
    pass(net.w.loop, 700);
    cr_expect(!o.done, "the question waits");
    cr_expect(!host_connected(client, &whom));
    cr_assert_eq(connect_start(client, &to, world_on_connect, &a, &c), 0);
    cr_assert(until_flag(net.w.loop, &a.done));
    cr_expect_eq(a.err, 0, "%s", a.why.text);
    client->dials -= client->spec.limits.dials - half;
    cr_assert(until_flag(net.w.loop, &o.done));
    cr_expect_eq(o.err, 0);
    tear_down(&net);
}

BEAM_TEST(kad, who_reaches_nobody_forgets_nobody)
{
    struct net net;
    const struct kad_text key = kad_text_of("x");
    set_up(&net, 3, 1);
    cr_assert(wait_for(&net, 2));
    const size_t known = kad_table_count(kad_table(net.kads[3]));
    for (size_t i = 0; i < 3; i++) {
        net.w.nodes[i].no_tor = true;
        host_disconnect(net.w.nodes[3].host, host_id(net.w.nodes[i].host));
    }
    for (int i = 0; i < 2 * KAD_FAILURES_MAX; i++)
        cr_expect_eq(run(&net, 3, KAD_JOB_FIND, key, key).err, BEAM_EUNREACH);
    cr_expect_eq(kad_table_count(kad_table(net.kads[3])), known);
    for (size_t i = 0; i < 3; i++)
        net.w.nodes[i].no_tor = false;
    cr_expect_eq(run(&net, 3, KAD_JOB_FIND, key, key).err, 0);
    tear_down(&net);
}

BEAM_TEST(kad, hearsay_does_not_push_out_the_table)
{
    struct net net;
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    set_up(&net, 4, 0);
    cr_assert(wait_for(&net, 3));
    struct host *first = net.w.nodes[0].host;
    const struct multiaddr told = world_addr("/ip4/1.2.3.4/tcp/1");
    for (uint64_t i = 0; i < 2 * CORE_BOOK_PEERS; i++) {
        const struct peer_id p = kad_peer_no(i);
        host_learn(first, &p, &told, 1, i % 2 ? ADDRESS_TOLD : ADDRESS_SIGNED, 60000);
    }
    for (size_t i = 1; i < 4; i++)
        cr_expect_gt(
            address_book_get(first->book, host_id(net.w.nodes[i].host), loop_now(net.w.loop), rows),
            0u);
    tear_down(&net);
}

BEAM_TEST(kad, only_its_own_key_is_a_public_key)
{
    uint8_t key[64] = "/pk/", value[KEY_ENCODED_MAX];
    struct key_public public;
    struct key_pair *pair = NULL, *other = NULL;
    struct peer_id id;
    size_t len = 0;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_new(rng_system(), &pair), 0);
    cr_assert_eq(key_pair_new(rng_system(), &other), 0);
    key_pair_public(pair, &public);
    cr_assert_eq(peer_id_from_key(&public, &id), 0);
    cr_assert_eq(key_public_encode(&public, value, sizeof(value), &len), 0);
    memcpy(key + 4, id.bytes, id.len);
    struct kad_text k = {.at = key, .len = 4u + id.len}, v = {.at = value, .len = len};
    cr_expect_eq(kad_pk.check(NULL, k, v, 0), 0);
    key_pair_public(other, &public);
    cr_assert_eq(key_public_encode(&public, value, sizeof(value), &len), 0);
    cr_expect_eq(kad_pk.check(NULL, k, v, 0), BEAM_EAUTH);
    v.len--;
    cr_expect_eq(kad_pk.check(NULL, k, v, 0), BEAM_EINVAL);
    k.len = 4;
    cr_expect_eq(kad_pk.check(NULL, k, v, 0), BEAM_EINVAL);
    key_pair_free(pair);
    key_pair_free(other);
}
