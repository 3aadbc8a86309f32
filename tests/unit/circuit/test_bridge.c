/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/bridge.h"

#include <string.h>

#include "tests/unit/circuit/ring.h"

#define ECHO_PROTOCOL "/echo/1.0.0"

/* Takes what it gets, and says how much that was. */
struct sink {
    struct loop *loop;
    struct stream *s;
    struct buf buf;
    uint64_t got;
    int err; /* 0: it goes on */
};

static void on_sink(void *arg, struct stream *s, unsigned ready)
{
    struct sink *k = arg;
    ssize_t n;
    (void)ready;
    while ((n = stream_read(s, &k->buf, 64 * 1024)) > 0) {
        k->got += (uint64_t)n;
        buf_clear(&k->buf);
    }
    if (n != BEAM_EAGAIN)
        k->err = (int)n;
}

static void on_stream(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct sink *k = arg;
    (void)peer;
    k->s = s;
    buf_init(&k->buf, loop_pool(k->loop), 64 * 1024);
    stream_own(s, on_sink, k);
    on_sink(k, s, STREAM_READABLE);
}

/* Sends as much as it is let. */
struct source {
    struct stream *s;
    struct buf buf;
    uint64_t left;
    int err;
};

static void pour(struct source *f)
{
    static const char block[16 * 1024];
    ssize_t n;
    do {
        if (buf_len(&f->buf) == 0 && f->left > 0) {
            size_t len = f->left < sizeof(block) ? (size_t)f->left : sizeof(block);
            cr_assert_eq(buf_add(&f->buf, block, len), 0);
            f->left -= len;
        }
        n = stream_write(f->s, &f->buf);
    } while (n > 0 && (f->left > 0 || buf_len(&f->buf) > 0));
    if (n < 0 && n != BEAM_EAGAIN)
        f->err = (int)n;
}

static void on_source(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    pour(arg);
}

struct carried {
    struct ring ring;
    struct node *alice, *bob;
    struct sink sink;
    struct source source;
    uint64_t want;
};

static void carry(struct carried *c, const struct hop_limit *limit, uint64_t bytes)
{
    static const char *const protocols[] = {ECHO_PROTOCOL};
    struct asked_of a = {.done = false};
    struct open *o = NULL;
    memset(c, 0, sizeof(*c));
    ring_init(&c->ring);
    c->ring.limit = *limit;
    struct multiaddr at = ring_relay(&c->ring, NULL);
    c->alice = ring_user(&c->ring, HOST_OPEN, POLICY_EGRESS_ANY);
    c->bob = ring_user(&c->ring, HOST_OPEN, POLICY_EGRESS_ANY);
    c->sink.loop = c->ring.world.loop;
    cr_assert_eq(host_handle(c->alice->host, ECHO_PROTOCOL, on_stream, &c->sink), 0);
    struct multiaddr to = ring_reserve(&c->ring, c->alice, &at);
    const struct connect_spec spec = {.addrs = &to, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(open_start(c->bob->host, &spec, protocols, 1, world_on_open, &a, &o), 0);
    cr_assert(until_flag(c->ring.world.loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    c->want = bytes;
    c->source = (struct source){.s = a.stream, .left = bytes};
    buf_init(&c->source.buf, loop_pool(c->ring.world.loop), 64 * 1024);
    stream_own(a.stream, on_source, &c->source);
    pour(&c->source);
}

static void carried_clear(struct carried *c)
{
    stream_free(c->sink.s);
    stream_free(c->source.s);
    buf_clear(&c->source.buf);
    ring_clear(&c->ring);
}

static bool has_arrived(void *arg)
{
    const struct carried *c = arg;
    return c->sink.got >= c->want || c->source.err < 0;
}

static bool is_broken(void *arg)
{
    const struct carried *c = arg;
    struct host_peer peer;
    return c->source.err < 0 && hop_circuits(c->ring.hops[0]) == 0 &&
           !host_find(c->bob->host, host_id(c->alice->host), &peer) &&
           !host_find(c->alice->host, host_id(c->bob->host), &peer);
}

BEAM_TEST(bridge, carries_much)
{
    static struct carried c;
    carry(&c, &(struct hop_limit){0}, 20000000);
    cr_assert(until(c.ring.world.loop, has_arrived, &c));
    cr_expect_eq(c.sink.got, c.want);
    carried_clear(&c);
}

BEAM_TEST(bridge, ends_at_its_limit)
{
    static struct carried c;
    carry(&c, &(struct hop_limit){.data = 1000000}, 3000000);
    cr_assert(until(c.ring.world.loop, is_broken, &c));
    cr_expect_lt(c.sink.got, 1000001u);
    carried_clear(&c);
}

BEAM_TEST(bridge, carries_all_that_it_may)
{
    static struct carried c;
    carry(&c, &(struct hop_limit){.data = 1000000}, 900000);
    cr_assert(until(c.ring.world.loop, has_arrived, &c));
    cr_expect_eq(c.sink.got, c.want);
    carried_clear(&c);
}

BEAM_TEST(bridge, ends_after_its_time)
{
    static struct carried c;
    carry(&c, &(struct hop_limit){.duration = 1}, 1000);
    cr_assert(until(c.ring.world.loop, has_arrived, &c));
    c.want = UINT64_MAX;
    c.source.left = 0;
    struct host_peer peer;
    cr_expect(host_find(c.bob->host, host_id(c.alice->host), &peer));
    cr_assert(until(c.ring.world.loop, is_broken, &c));
    carried_clear(&c);
}
