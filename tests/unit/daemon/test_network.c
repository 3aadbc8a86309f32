/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's node and what is asked of it: nodes with a key store each, over loopback. */
#include "daemon/network.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/inquiry.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

struct place {
    struct folder folder;
    struct conf *conf;
    struct tor *tor;
    struct isolation isolation;
    struct keystore *keys;
    struct network *network;
    struct inquiries *inquiries;
};

static void on_tor(void *arg, enum tor_state state, const struct beam_why *why, uint64_t retry_ms)
{
    (void)arg;
    (void)state;
    (void)why;
    (void)retry_ms;
}

/* 0, or why the node did not come up. `text` is its configuration, beside a key (NULL: none). */
static int open_place_by(struct place *p, struct loop *l, const char *text, const char *listen,
                         struct beam_why *why)
{
    const struct tor_events events = {.state = on_tor};
    *p = (struct place){.folder = folder_make()};
    const struct tor_options tor = {.binary = "/nonexistent/tor",
                                    .dir = p->folder.path,
                                    .bootstrap_timeout = 5000,
                                    .answer_timeout = 5000,
                                    .restart_max = 1000};
    cr_assert_geq(sodium_init(), 0);
    isolation_init(&p->isolation, rng_system());
    cr_assert_eq(conf_new(&p->conf), 0);
    cr_assert_eq(conf_set(p->conf, "network.rendezvous=off", why), 0);
    cr_assert_eq(conf_parse(p->conf, "t", "/", text, strlen(text), why), 0, "%s", why->text);
    if (listen)
        cr_assert_eq(conf_set(p->conf, listen, why), 0, "%s", why->text);
    cr_assert_eq(tor_new(l, &tor, &events, &p->tor), 0);
    cr_assert_eq(keystore_new(p->folder.path, KEYSTORE_OWN, rng_system(), &p->keys), 0);
    const struct network_spec spec = {.loop = l,
                                      .tor = p->tor,
                                      .isolation = &p->isolation,
                                      .keys = p->keys,
                                      .conf = p->conf,
                                      .rng = rng_system(),
                                      .clock = clock_system(),
                                      .run_dir = p->folder.path,
                                      .keep_dir = p->folder.path,
                                      .version = "9.9.9"};
    int err = network_new(&spec, &p->network, why);
    if (err == 0)
        cr_assert_eq(inquiries_new(p->network, p->folder.path, &p->inquiries), 0);
    return err;
}

static int open_place(struct place *p, struct loop *l, const char *listen, struct beam_why *why)
{
    return open_place_by(p, l, "", listen, why);
}

static void close_place(struct place *p)
{
    inquiries_free(p->inquiries);
    network_free(p->network);
    keystore_free(p->keys);
    tor_free(p->tor);
    conf_free(p->conf);
    folder_remove(&p->folder);
}

struct reply {
    cJSON *o;
    bool done;
};

static void on_reply(void *arg, cJSON *o)
{
    struct reply *r = arg;
    cJSON_Delete(r->o);
    r->o = o;
    r->done = true;
}

static void ask(struct place *p, struct loop *l, enum message_network what, const char *address,
                struct reply *r)
{
    const struct message m = {
        .id = 1, .op = MESSAGE_NETWORK, .network = {.what = what, .address = address}};
    r->done = false;
    inquiries_ask(p->inquiries, &m, on_reply, r);
    cr_assert(until_flag(l, &r->done));
    cr_assert_not_null(r->o);
}

static const char *text(const cJSON *o, const char *key)
{
    const char *found = cJSON_GetStringValue(cJSON_GetObjectItem(o, key));
    return found ? found : "";
}

static const char *code(const struct reply *r)
{
    return text(cJSON_GetObjectItem(r->o, "error"), "code");
}

BEAM_TEST(network, nodes_tell_of_themselves_and_ping)
{
    struct loop *l = until_loop_new();
    struct place alice, bob;
    struct beam_why why = {0};
    struct reply r = {NULL, false};
    char address[256], id[PEER_ID_TEXT_SIZE];
    cr_assert_eq(open_place(&alice, l, NULL, &why), 0, "%s", why.text);
    cr_expect_null(network_host(alice.network), "nothing needs it yet");
    cr_assert_eq(open_place(&bob, l, "network.listen=/ip4/127.0.0.1/tcp/0", &why), 0, "%s",
                 why.text);
    ask(&bob, l, MESSAGE_NETWORK_STATUS, NULL, &r);
    (void)snprintf(id, sizeof(id), "%s", text(r.o, "peer_id"));
    const cJSON *listen = cJSON_GetObjectItem(r.o, "listen");
    cr_assert_eq(cJSON_GetArraySize(listen), 1);
    (void)snprintf(address, sizeof(address), "%s",
                   cJSON_GetStringValue(cJSON_GetArrayItem(listen, 0)));
    cr_expect_not_null(strstr(address, id));
    cr_expect_str_eq(text(r.o, "tor"), "off");

    ask(&alice, l, MESSAGE_NETWORK_PING, address, &r);
    cr_expect_str_eq(text(r.o, "peer"), id);
    cr_expect_str_eq(text(r.o, "path"), "direct");
    ask(&alice, l, MESSAGE_NETWORK_PEERS, NULL, &r);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(r.o, "peers")), 1);
    ask(&alice, l, MESSAGE_NETWORK_BOOTSTRAP, address, &r);
    cr_expect_str_eq(text(r.o, "peer"), id);
    cr_expect_eq(keeper_count(network_keeper(alice.network)), 1u);
    cJSON_Delete(r.o);
    close_place(&alice);
    close_place(&bob);
    loop_free(l);
}

BEAM_TEST(network, what_cannot_be_has_its_code)
{
    static const struct {
        const char *address, *code;
    } wrong[] = {
        {"nobody", "usage"},
        {"/ip4/127.0.0.1/udp/1/quic-v1", "usage"},
        {"/ip4/10.9.8.7/tcp/4001", "policy"},
        {"/ip4/127.0.0.1/tcp/1", "refused"},
        {"12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE", "notfound"},
    };
    struct loop *l = until_loop_new();
    struct place alice;
    struct beam_why why = {0};
    struct reply r = {NULL, false};
    cr_assert_eq(open_place(&alice, l, NULL, &why), 0, "%s", why.text);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ask(&alice, l, MESSAGE_NETWORK_PING, wrong[i].address, &r);
        cr_expect_str_eq(code(&r), wrong[i].code, "%s", wrong[i].address);
    }
    cJSON_Delete(r.o);
    close_place(&alice);
    loop_free(l);
}

/* Over the connection that there is nothing is dialled, so that nothing else would find it out. */
BEAM_TEST(network, what_could_not_be_dialled_is_not_kept)
{
    static const struct {
        const char *at, *code;
    } wrong[] = {{"/ip4/10.9.8.7/tcp/4001", "policy"},
                 {"/ip6/fe80::1/tcp/4001", "policy"},
                 {"/ip4/127.0.0.1/udp/1/quic-v1", "usage"},
                 {"/ip4/127.0.0.1/tcp/0", "usage"},
                 {"/ip6zone/lo/ip6/::1/tcp/1", "usage"}};
    struct loop *l = until_loop_new();
    struct place alice, bob;
    struct beam_why why = {0};
    struct reply r = {NULL, false};
    char address[256], id[PEER_ID_TEXT_SIZE];
    cr_assert_eq(open_place(&alice, l, "network.bootstrap=/ip4/10.9.8.7/tcp/4001", &why), 0, "%s",
                 why.text);
    cr_assert_not_null(network_host(alice.network));
    cr_expect_eq(keeper_count(network_keeper(alice.network)), 0u, "its policy bars it");
    cr_assert_eq(open_place(&bob, l, "network.listen=/ip4/127.0.0.1/tcp/0", &why), 0, "%s",
                 why.text);
    const cJSON *listen;
    ask(&bob, l, MESSAGE_NETWORK_STATUS, NULL, &r);
    (void)snprintf(id, sizeof(id), "%s", text(r.o, "peer_id"));
    listen = cJSON_GetObjectItem(r.o, "listen");
    (void)snprintf(address, sizeof(address), "%s",
                   cJSON_GetStringValue(cJSON_GetArrayItem(listen, 0)));
    ask(&alice, l, MESSAGE_NETWORK_PING, address, &r);
    cr_assert_str_eq(text(r.o, "peer"), id);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(address, sizeof(address), "%s/p2p/%s", wrong[i].at, id);
        ask(&alice, l, MESSAGE_NETWORK_BOOTSTRAP, address, &r);
        cr_expect_str_eq(code(&r), wrong[i].code, "%s", address);
        cr_expect_eq(keeper_count(network_keeper(alice.network)), 0u, "%s", address);
    }
    ask(&alice, l, MESSAGE_NETWORK_BOOTSTRAP, id, &r);
    cr_expect_str_eq(text(r.o, "peer"), id, "a peer id names no address");
    cJSON_Delete(r.o);
    close_place(&alice);
    close_place(&bob);
    loop_free(l);
}

BEAM_TEST(network, who_leaves_is_not_answered)
{
    struct loop *l = until_loop_new();
    struct place alice;
    struct beam_why why = {0};
    struct reply r = {NULL, false};
    const struct message m = {
        .id = 1, .op = MESSAGE_NETWORK, .network = {MESSAGE_NETWORK_PING, "/ip4/127.0.0.1/tcp/1"}};
    cr_assert_eq(open_place(&alice, l, NULL, &why), 0, "%s", why.text);
    inquiries_ask(alice.inquiries, &m, on_reply, &r);
    inquiries_leave(alice.inquiries, &r);
    inquiries_leave(NULL, &r);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(loop_turn(l), 0);
    cr_expect(!r.done);
    close_place(&alice);
    loop_free(l);
}

BEAM_TEST(network, one_whose_keys_are_locked_comes_up_when_they_are_unlocked)
{
    struct loop *l = until_loop_new();
    struct place p;
    struct beam_why why = {0};
    struct seal seal;
    uint8_t key[SEAL_KEY_SIZE] = {7};
    /* Its keys are sealed first, and the network is made anew. */
    cr_assert_eq(open_place(&p, l, NULL, &why), 0, "%s", why.text);
    seal_init_passphrase(&seal, rng_system());
    cr_assert_eq(keystore_make(p.keys, &seal, key, &why), 0, "%s", why.text);
    keystore_lock(p.keys);
    cr_assert_eq(conf_set(p.conf, "network.listen=/ip4/127.0.0.1/tcp/0", &why), 0);
    struct network_spec spec = *network_spec(p.network);
    inquiries_free(p.inquiries);
    network_free(p.network);
    cr_assert_eq(network_new(&spec, &p.network, &why), 0, "%s", why.text);
    cr_assert_eq(inquiries_new(p.network, p.folder.path, &p.inquiries), 0);
    cr_expect_null(network_host(p.network));
    inquiries_unlocked(p.inquiries);
    cr_expect_null(network_host(p.network), "they are locked still");
    cr_assert_eq(keystore_unlock(p.keys, key, &why), 0, "%s", why.text);
    inquiries_unlocked(p.inquiries);
    cr_assert_not_null(network_host(p.network));
    cr_expect_not_null(host_addr(network_host(p.network), 0));
    close_place(&p);
    loop_free(l);
}

BEAM_TEST(network, where_its_policy_does_not_let_it_it_does_not_listen)
{
    static const struct {
        const char *listen;
        int err;
    } cases[] = {{"network.listen=/ip4/0.0.0.0/tcp/0", BEAM_EPOLICY},
                 {"circuit.relay=yes", BEAM_EPOLICY},
                 {"network.listen=/ip4/127.0.0.1/udp/1/quic-v1", BEAM_EINVAL},
                 {"network.listen=/frob/1", BEAM_EINVAL},
                 {"network.bootstrap=/ip4/127.0.0.1/udp/1/quic-v1", BEAM_EINVAL},
                 {"network.bootstrap=/ip4/0.0.0.0/tcp/1", BEAM_EINVAL},
                 {"network.bootstrap=alice", BEAM_EINVAL}};
    struct loop *l = until_loop_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct place p;
        struct beam_why why = {0};
        cr_expect_eq(open_place(&p, l, cases[i].listen, &why), cases[i].err, "%s", cases[i].listen);
        cr_expect(why.text[0]);
        if (cases[i].err == BEAM_EINVAL)
            cr_expect_lt(network_readable(p.conf, &why), 0);
        close_place(&p);
    }
    loop_free(l);
}

static const char by_section[] = "[policy]\ndefault = mine\n"
                                 "[policy \"mine\"]\npaths = onion\negress = any\n";

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    (void)arg;
    (void)peer;
    stream_free(stream);
}

/* Whether somebody handles the protocol. */
static bool speaks(const struct place *p, const char *protocol)
{
    struct host *h = network_host(p->network);
    int err = host_handle(h, protocol, on_stream, NULL);
    if (err == 0)
        host_unhandle(h, protocol);
    return err == BEAM_EEXIST;
}

BEAM_TEST(network, what_its_policy_does_not_find_others_by_is_not_begun)
{
    static const struct {
        const char *row;
        bool dht, gossip;
    } cases[] = {{"", true, false},
                 {"discovery = dht, gossip\n", true, true},
                 {"discovery = gossip\n", false, true},
                 {"discovery = none\n", false, false}};
    struct loop *l = until_loop_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct place p;
        struct beam_why why = {0};
        struct reply r = {NULL, false};
        char section[256];
        bool dht = cases[i].dht, gossip = cases[i].gossip;
        (void)snprintf(section, sizeof(section), "%s%s", by_section, cases[i].row);
        cr_assert_eq(open_place_by(&p, l, section, "network.listen=/ip4/127.0.0.1/tcp/0", &why), 0,
                     "%s", why.text);
        cr_expect_eq(speaks(&p, "/beam/kad/1.0.0"), dht, "%s", cases[i].row);
        cr_expect_eq(speaks(&p, "/meshsub/1.1.0"), gossip, "%s", cases[i].row);
        ask(&p, l, MESSAGE_NETWORK_STATUS, NULL, &r);
        cr_expect_str_eq(text(r.o, "dht"), dht ? "server" : "off");
        cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(r.o, "gossip")), gossip ? 2 : 0);
        ask(&p, l, MESSAGE_NETWORK_ROUTES, NULL, &r);
        cr_expect_str_eq(text(r.o, "dht"), dht ? "server" : "off");
        if (!dht) {
            ask(&p, l, MESSAGE_NETWORK_RELAYS, NULL, &r);
            cr_expect_str_eq(code(&r), gossip ? "" : "policy");
        }
        ask(&p, l, MESSAGE_NETWORK_BOOTSTRAP, NULL, &r);
        cr_expect_str_eq(code(&r), "", "who is named is kept without a DHT too");
        cJSON_Delete(r.o);
        close_place(&p);
    }
    loop_free(l);
}
