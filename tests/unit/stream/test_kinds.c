/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of all streams, over each kind. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream/memory.h"
#include "stream/socket.h"
#include "stream/socks.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/socks_server.h"

static void open_tcp(struct loop *l, struct suite_pair *p)
{
    pair_tcp(l, &p->near, &p->far);
}

static void open_unix(struct loop *l, struct suite_pair *p)
{
    pair_unix(l, &p->near, &p->far);
}

static void open_memory(struct loop *l, struct suite_pair *p)
{
    cr_assert_eq(stream_memory(l, 50000, &p->near, &p->far), 0);
}

static void on_socks(void *arg, int err, uint8_t reply, struct stream *s)
{
    cr_assert(err == 0 && reply == 0);
    *(struct stream **)arg = s;
}

struct opening {
    struct suite_pair *pair;
    struct socks_server server;
};

static bool is_open(void *arg)
{
    struct opening *o = arg;
    return o->pair->near && o->server.open;
}

static void open_socks(struct loop *l, struct suite_pair *p)
{
    struct opening o = {.pair = p};
    struct policy policy;
    struct permit *permit = NULL;
    struct socks_dial *d = NULL;
    struct socks_target target = {
        .host = "host.example", .port = 80, .user = "user", .password = "password"};
    socks_server_open(&o.server, l);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &permit), 0);
    cr_assert_eq(stream_socks(l, permit, &o.server.at, &target, 5000, on_socks, &p->near, &d), 0);
    cr_assert(until(l, is_open, &o));
    p->far = o.server.stream;
    socks_server_close(&o.server);
    permit_free(permit);
}

static const struct suite_kind tcp = {.name = "tcp", .open = open_tcp, .hold = 8 * PAIR_BUFFER};
static const struct suite_kind local = {.name = "unix", .open = open_unix, .hold = 8 * PAIR_BUFFER};
static const struct suite_kind memory = {.name = "memory", .open = open_memory, .hold = 50000};
static const struct suite_kind socks = {.name = "unix", .open = open_socks, .hold = 1024 * 1024};

STREAM_SUITE(tcp)
STREAM_SUITE(local)
STREAM_SUITE(memory)
STREAM_SUITE(socks)
