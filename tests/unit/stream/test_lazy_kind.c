/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of all streams over one whose protocol is not yet agreed on when it is first used. */
#include "stream/lazy.h"
#include "stream/memory.h"
#include "stream/negotiate.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/loop/until.h"

static bool speaks_all(void *arg, const char *protocol, size_t len)
{
    (void)arg;
    (void)protocol;
    return len > 0;
}

struct opening {
    struct stream *far;
    bool is_open;
};

static void on_answered(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const char *protocol)
{
    struct opening *o = arg;
    (void)why;
    (void)protocol;
    cr_assert_eq(err, 0);
    o->far = s;
    o->is_open = true;
}

static void over_memory(struct loop *l, size_t window, struct suite_pair *p)
{
    struct stream *a, *b;
    struct negotiate *n = NULL;
    struct opening o = {0};
    cr_assert_eq(stream_memory(l, window, &a, &b), 0);
    cr_assert_eq(stream_lazy(l, a, "/echo", &p->near), 0);
    cr_assert_eq(negotiate_answer(l, b, speaks_all, 0, on_answered, &o, &n), 0);
    cr_assert(until_flag(l, &o.is_open));
    p->far = o.far;
}

static void open_lazy(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 50000, p);
}

static void open_by_24(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 24, p);
}

static const struct suite_kind lazy = {.name = "lazy", .open = open_lazy, .hold = 50000};
static const struct suite_kind lazy_by_24 = {.name = "lazy", .open = open_by_24, .hold = 50000};

STREAM_SUITE(lazy)
STREAM_SUITE_TEST(lazy_by_24, random_chunks)
STREAM_SUITE_TEST(lazy_by_24, one_byte_at_a_time)
STREAM_SUITE_TEST(lazy_by_24, half_close)
STREAM_SUITE_TEST(lazy_by_24, shut_twice)
