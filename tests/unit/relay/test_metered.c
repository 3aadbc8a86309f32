/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/metered.h"

#include "stream/memory.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/relay/owners.h"

static struct place place;
static struct traffic *traffic;
static struct traffic_limits limits;

static void open_pair(struct loop *l, struct suite_pair *p)
{
    struct beam_why why = {.text = ""};
    struct stream *near = NULL;
    place_make(&place);
    cr_assert_eq(traffic_open(place.file, 8, rng_system(), clock_system(), &traffic, &why), 0, "%s",
                 why.text);
    traffic_limit(traffic, &limits);
    cr_assert_eq(stream_memory(l, 65536, &near, &p->far), 0);
    cr_assert_eq(metered_new(l, traffic, near, &p->near), 0);
}

static void close_pair(void)
{
    traffic_close(traffic);
    place_remove(&place);
}

static const struct suite_kind metered = {
    .name = "metered", .open = open_pair, .close = close_pair, .hold = 65536};
STREAM_SUITE(metered)

struct sent {
    struct stream *near, *far;
    struct buf out, in;
    ssize_t failed;
};

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct sent *x = arg;
    (void)s;
    (void)ready;
    if (buf_len(&x->out) > 0) {
        ssize_t n = stream_write(x->near, &x->out);
        if (n < 0 && n != BEAM_EAGAIN)
            x->failed = n;
    }
}

static void on_far(void *arg, struct stream *s, unsigned ready)
{
    struct sent *x = arg;
    (void)ready;
    while (stream_read(s, &x->in, 65536) > 0)
        continue;
}

static bool all_came(void *arg)
{
    struct sent *x = arg;
    return x->failed < 0 || buf_len(&x->in) == 300000;
}

static void send_all(struct sent *x, struct loop *l)
{
    static char bytes[300000];
    struct suite_pair p;
    open_pair(l, &p);
    *x = (struct sent){.near = p.near, .far = p.far};
    buf_init(&x->out, loop_pool(l), sizeof(bytes));
    buf_init(&x->in, loop_pool(l), sizeof(bytes));
    cr_assert_eq(buf_add(&x->out, bytes, sizeof(bytes)), 0);
    stream_own(p.near, on_ready, x);
    stream_own(p.far, on_far, x);
    on_far(x, p.far, 0);
    on_ready(x, p.near, 0);
    cr_assert(until(l, all_came, x));
}

static void end(struct sent *x, struct loop *l)
{
    buf_clear(&x->out);
    buf_clear(&x->in);
    stream_free(x->near);
    stream_free(x->far);
    close_pair();
    loop_free(l);
}

BEAM_TEST(metered, is_as_fast_as_it_may_be)
{
    struct loop *l = NULL;
    struct sent x;
    limits = (struct traffic_limits){.rate = 100000}; /* two seconds' worth at once */
    cr_assert_eq(loop_new(&l), 0);
    uint64_t begin = loop_now_us(l);
    send_all(&x, l);
    uint64_t ms = (loop_now_us(l) - begin) / 1000;
    cr_expect_geq(ms, 900u);
    cr_expect_eq(x.failed, 0);
    cr_expect_eq(traffic_used(traffic), 300000u);
    end(&x, l);
}

BEAM_TEST(metered, fails_when_the_month_is_used_up)
{
    struct loop *l = NULL;
    struct sent x;
    limits = (struct traffic_limits){.tunnel_month = 200000, .month = 250000};
    cr_assert_eq(loop_new(&l), 0);
    send_all(&x, l);
    cr_expect_eq(x.failed, BEAM_ERESET);
    cr_expect_eq(buf_len(&x.in), 250000u, "nobody was charged beside all");
    cr_expect(traffic_sleeps(traffic));
    end(&x, l);
}
