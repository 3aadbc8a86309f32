/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/p2p/world.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stream/memory.h"
#include "tests/unit/p2p/cut.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

void world_init(struct world *w)
{
    cr_assert_geq(sodium_init(), 0);
    *w = (struct world){.seed = seed_start("world")};
    w->rng = (struct rng){fill, &w->seed};
    w->loop = until_loop_new();
}

void world_clear(struct world *w)
{
    for (size_t i = 0; i < w->n; i++) {
        host_free(w->nodes[i].host);
        permit_free(w->nodes[i].permit);
        key_pair_free(w->nodes[i].key);
    }
    loop_free(w->loop);
}

/* ---- as if through Tor ---------------------------------------------------------------------- */

struct through {
    struct loop *loop;
    struct loop_task task;
    struct stream *s;
    way_tor_fn *done;
    void *arg;
};

static void on_through(void *arg)
{
    struct through t = *(struct through *)arg;
    struct beam_why why;
    free(arg);
    if (!t.s)
        beam_why(&why, BEAM_ENOTFOUND, "no such onion");
    t.done(t.arg, t.s ? 0 : BEAM_ENOTFOUND, t.s ? NULL : &why, t.s);
}

static struct node *at_onion(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++) {
        char text[MULTIADDR_TEXT_SIZE];
        struct node *n = &w->nodes[i];
        if (n->onion.len == 0)
            continue;
        multiaddr_text(&n->onion, text);
        if (strncmp(text + strlen("/onion3/"), name, 56) == 0)
            return n;
    }
    return NULL;
}

static int tor_dial(void *owner, const char *name, uint16_t port, uint64_t timeout_ms,
                    way_tor_fn *done, void *arg, void **out)
{
    struct node *n = owner, *to = at_onion(n->world, name);
    struct through *t = calloc(1, sizeof(*t));
    struct stream *far = NULL;
    (void)port;
    (void)timeout_ms;
    if (!t)
        return BEAM_ENOMEM;
    *t = (struct through){.loop = n->world->loop, .done = done, .arg = arg};
    loop_task_init(&t->task, on_through, t);
    n->dials++;
    if (to && !to->no_tor && !n->tor_off) {
        int err = stream_memory(n->world->loop, 64 * 1024, &t->s, &far);
        if (err < 0) {
            free(t);
            return err;
        }
        if (n->world->torn > 0)
            t->s = cut_after(t->s, 1 + seed_below(&n->world->seed, n->world->torn));
        if (!t->s) {
            stream_free(far);
            free(t);
            return BEAM_ENOMEM;
        }
        host_accept(to->host, far, WAY_ONION, NULL);
    }
    loop_post(n->world->loop, &t->task);
    *out = t;
    return 0;
}

static void tor_cancel(void *owner, void *dial)
{
    struct node *n = owner;
    struct through *t = dial;
    loop_task_cancel(n->world->loop, &t->task);
    stream_free(t->s);
    free(t);
}

static bool tor_ready(void *owner)
{
    const struct node *n = owner;
    return !n->tor_off;
}

/* ---- hosts ---------------------------------------------------------------------------------- */

struct way_tor world_way(struct node *n)
{
    return (struct way_tor){tor_dial, tor_cancel, tor_ready, n};
}

static void make_host(struct node *n, const struct limits *limits)
{
    const struct host_spec spec = {.loop = n->world->loop,
                                   .rng = &n->world->rng,
                                   .clock = clock_system(),
                                   .key = n->key,
                                   .permit = n->permit,
                                   .kind = n->kind,
                                   .agent = "beam/9.9.9",
                                   .tor = world_way(n),
                                   .limits = limits ? *limits : (struct limits){0}};
    cr_assert_eq(host_new(&spec, &n->host), 0);
}

static struct node *add(struct world *w, enum host_kind kind, const struct policy *policy,
                        const struct limits *limits)
{
    cr_assert_lt(w->n, (size_t)WORLD_HOSTS);
    struct node *n = &w->nodes[w->n];
    n->world = w;
    cr_assert_eq(permit_new(policy, &n->permit), 0);
    w->n++;
    cr_assert_eq(key_pair_new(&w->rng, &n->key), 0);
    n->kind = kind;
    make_host(n, limits);
    return n;
}

struct node *world_add(struct world *w, enum host_kind kind, enum policy_egress egress,
                       const struct limits *limits)
{
    struct policy policy;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, egress, &policy), 0);
    return add(w, kind, &policy, limits);
}

struct node *world_add_under(struct world *w, enum host_kind kind, const struct policy *policy)
{
    return add(w, kind, policy, NULL);
}

void world_again(struct node *n)
{
    host_free(n->host);
    make_host(n, NULL);
}

struct multiaddr world_addr(const char *text)
{
    struct multiaddr a;
    struct beam_why why = {0};
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, &why), 0, "%s: %s", text, why.text);
    return a;
}

static struct multiaddr with_peer(const struct multiaddr *a, const struct host *h)
{
    struct multiaddr out;
    cr_assert_eq(multiaddr_with_peer(a, host_id(h), &out), 0);
    return out;
}

struct multiaddr world_listen(struct node *n)
{
    struct multiaddr at = world_addr("/ip4/127.0.0.1/tcp/0");
    struct beam_why why = {0};
    size_t i = 0;
    cr_assert_eq(host_listen(n->host, &at, &why), 0, "%s", why.text);
    while (host_addr(n->host, i + 1))
        i++;
    return with_peer(host_addr(n->host, i), n->host);
}

/* An address of its own for each, made as Tor makes them (rend-spec-v3, section 6). */
struct multiaddr world_onion(struct node *n)
{
    static const char label[] = ".onion checksum";
    uint8_t raw[35], sum[32], input[sizeof(label) - 1 + 33];
    char name[64], text[96];
    seed_fill(&n->world->seed, raw, 32);
    memcpy(input, label, sizeof(label) - 1);
    memcpy(input + sizeof(label) - 1, raw, 32);
    input[sizeof(input) - 1] = 3;
    cr_assert_eq(EVP_Q_digest(NULL, "SHA3-256", NULL, input, sizeof(input), sum, NULL), 1);
    memcpy(raw + 32, sum, 2);
    raw[34] = 3;
    cr_assert_eq(text_base32_encode(raw, sizeof(raw), name, sizeof(name)), 0);
    (void)snprintf(text, sizeof(text), "/onion3/%s:4001", name);
    n->onion = world_addr(text);
    return with_peer(&n->onion, n->host);
}

/* ---- what is asked of them ------------------------------------------------------------------ */

static void note(struct asked_of *a, int err, const struct beam_why *why,
                 const struct host_peer *peer)
{
    a->done = true;
    a->times++;
    a->err = err;
    if (why)
        a->why = *why;
    if (!peer)
        return;
    a->peer = *peer;
    a->id = *peer->id;
    a->addr = *peer->addr;
    (void)snprintf(a->agent, sizeof(a->agent), "%s", peer->agent);
}

void world_on_connect(void *arg, int err, const struct beam_why *why, const struct host_peer *peer)
{
    note(arg, err, why, peer);
}

void world_on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const char *protocol, const struct host_peer *peer)
{
    struct asked_of *a = arg;
    (void)protocol;
    a->stream = s;
    note(a, err, why, peer);
}

void world_on_ping(void *arg, int err, const struct beam_why *why, uint64_t us,
                   const struct host_peer *peer)
{
    struct asked_of *a = arg;
    a->us = us;
    note(a, err, why, peer);
}

struct asked_of world_connect(struct node *n, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t count,
                              enum permit_origin origin)
{
    struct asked_of a = {.done = false};
    struct connect *c = NULL;
    const struct connect_spec spec = {
        .peer = peer, .addrs = addrs, .n = count, .origin = origin, .timeout_ms = 5000};
    cr_assert_eq(connect_start(n->host, &spec, world_on_connect, &a, &c), 0);
    cr_assert(!a.done, "never from within");
    cr_assert(until_flag(n->world->loop, &a.done));
    return a;
}

struct peers_wanted {
    struct node *n;
    size_t count;
};

static bool has_peers(void *arg)
{
    const struct peers_wanted *p = arg;
    return host_peers(p->n->host) == p->count;
}

bool world_peers(struct node *n, size_t count)
{
    struct peers_wanted p = {n, count};
    return until(n->world->loop, has_peers, &p);
}
