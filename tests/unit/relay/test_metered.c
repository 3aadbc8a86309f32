/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/metered.h"

#include "stream/memory.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/relay/owners.h"

static struct place place;
static struct traffic *traffic;
static struct traffic_limits limits;
static const uint8_t one[RESERVATION_ID_SIZE] = {1}, *whom;

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

static bool some_came(void *arg)
{
    struct sent *x = arg;
    return buf_len(&x->in) > 20000;
}

/* Until `then` says so. */
static void begin(struct sent *x, struct loop *l, bool (*then)(void *arg))
{
    static char bytes[300000];
    struct suite_pair p;
    open_pair(l, &p);
    *x = (struct sent){.near = p.near, .far = p.far};
    buf_init(&x->out, loop_pool(l), sizeof(bytes));
    buf_init(&x->in, loop_pool(l), sizeof(bytes));
    cr_assert_eq(buf_add(&x->out, bytes, sizeof(bytes)), 0);
    if (whom)
        metered_charge(p.near, whom);
    stream_own(p.near, on_ready, x);
    stream_own(p.far, on_far, x);
    on_far(x, p.far, 0);
    on_ready(x, p.near, 0);
    cr_assert(until(l, then, x));
}

static void send_all(struct sent *x, struct loop *l)
{
    begin(x, l, all_came);
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
    limits = (struct traffic_limits){.month = 250000};
    cr_assert_eq(loop_new(&l), 0);
    whom = one;
    send_all(&x, l);
    cr_expect_eq(x.failed, BEAM_ERESET);
    cr_expect_eq(buf_len(&x.in), 250000u);
    cr_expect_eq(traffic_tunnel_used(traffic, one), 250000u);
    cr_expect(traffic_sleeps(traffic));
    end(&x, l);
}

struct pause {
    struct loop *loop;
    uint64_t due;
};

static bool is_due(void *arg)
{
    const struct pause *p = arg;
    return loop_now(p->loop) >= p->due;
}

static void change(struct traffic_limits to)
{
    limits = to;
    traffic_limit(traffic, &limits);
}

BEAM_TEST(metered, a_rate_that_is_taken_away_holds_nothing_that_runs)
{
    struct loop *l = NULL;
    struct sent x;
    limits = (struct traffic_limits){.rate = 10000}; /* all of it would take half a minute */
    cr_assert_eq(loop_new(&l), 0);
    begin(&x, l, some_came);
    change((struct traffic_limits){.rate = 1}); /* so slow that it would wait for long */
    struct pause pause = {.loop = l, .due = loop_now(l) + METERED_WAIT_MS};
    cr_assert(until(l, is_due, &pause));
    cr_expect_lt(buf_len(&x.in), 300000u);
    change((struct traffic_limits){.rate = 0});
    cr_assert(until(l, all_came, &x));
    end(&x, l);
}

BEAM_TEST(metered, a_limit_that_comes_holds_what_runs)
{
    struct loop *l = NULL;
    struct sent x;
    limits = (struct traffic_limits){.rate = 0};
    cr_assert_eq(loop_new(&l), 0);
    send_all(&x, l);
    cr_expect_eq(traffic_used(traffic), 0u, "nothing is counted without a limit");
    metered_charge(x.near, one);
    change((struct traffic_limits){.tunnel_month = 1000});
    cr_assert_eq(buf_add(&x.out, "more", 4), 0);
    on_ready(&x, x.near, STREAM_WRITABLE);
    cr_expect_eq(traffic_tunnel_used(traffic, one), 4u);
    change((struct traffic_limits){.tunnel_month = 4});
    cr_assert_eq(buf_add(&x.out, "more", 4), 0);
    on_ready(&x, x.near, STREAM_WRITABLE);
    cr_expect_eq(x.failed, BEAM_ERESET);
    end(&x, l);
}

BEAM_TEST(metered, what_nobody_is_charged_for_passes_while_the_relay_sleeps)
{
    struct loop *l = NULL;
    struct sent x;
    limits = (struct traffic_limits){.month = 250000};
    cr_assert_eq(loop_new(&l), 0);
    send_all(&x, l);
    cr_expect_eq(x.failed, 0);
    cr_expect_eq(buf_len(&x.in), 300000u, "the rest is what it says while it sleeps");
    cr_expect_eq(traffic_used(traffic), 250000u);
    metered_charge(x.near, one);
    cr_assert_eq(buf_add(&x.out, "more", 4), 0);
    on_ready(&x, x.near, STREAM_WRITABLE);
    cr_expect_eq(x.failed, BEAM_ERESET);
    end(&x, l);
}
