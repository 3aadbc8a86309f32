/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/suite/stream_suite.h"

#include <string.h>

#include "tests/suite/actor.h"
#include "tests/unit/loop/until.h"

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    TURNS_MAX = 1000000 /* a test that takes more of them waits for what never comes */
};

struct stage {
    const struct suite_kind *kind;
    struct loop *loop;
    struct seed seed;
    struct suite_pair pair;
    struct actor near, far;
    size_t calls;
    int turns;
};

static void stage_open(struct stage *s, const struct suite_kind *kind)
{
    memset(s, 0, sizeof(*s));
    s->kind = kind;
    s->loop = until_loop_new();
    s->seed = seed_start(kind->name);
    kind->open(s->loop, &s->pair);
    cr_assert(s->pair.near && s->pair.far);
    cr_assert_str_eq(stream_kind(s->pair.near), kind->name);
    s->near = (struct actor){
        .chunk_max = 64 * KIB, .read_max = 64 * KIB, .salt = 1, .peer_salt = 2, .shut = true};
    s->far = (struct actor){
        .chunk_max = 64 * KIB, .read_max = 64 * KIB, .salt = 2, .peer_salt = 1, .shut = true};
}

static void stage_act(struct stage *s)
{
    actor_start(&s->near, s->loop, s->pair.near, &s->seed);
    actor_start(&s->far, s->loop, s->pair.far, &s->seed);
}

static void turn(struct stage *s)
{
    cr_assert_lt(++s->turns, TURNS_MAX);
    cr_assert_eq(loop_turn(s->loop), 0);
}

static bool all_blocks_are_back(void *arg)
{
    return buf_pool_used(loop_pool(((struct stage *)arg)->loop)) == 0;
}

/* A stream that was freed may have something to finish. */
static void stage_close(struct stage *s)
{
    actor_end(&s->near);
    actor_end(&s->far);
    if (s->kind->close)
        s->kind->close();
    cr_assert(until(s->loop, all_blocks_are_back, s));
    loop_free(s->loop);
}

static bool both_ended(void *arg)
{
    struct stage *s = arg;
    return s->near.read_err != 0 && s->far.read_err != 0 && s->near.done_sending &&
           s->far.done_sending;
}

/* Both send all they have, shut, and have read to the other's end. */
static void all_arrives(struct stage *s)
{
    stage_act(s);
    cr_assert(until(s->loop, both_ended, s), "%s: stuck at %llu and %llu bytes", s->kind->name,
              (unsigned long long)s->near.received, (unsigned long long)s->far.received);
    cr_assert(s->near.read_err == BEAM_ECLOSED && s->far.read_err == BEAM_ECLOSED);
    cr_assert(s->near.write_err == 0 && s->far.write_err == 0);
    cr_assert_eq(s->near.received, s->far.to_send);
    cr_assert_eq(s->far.received, s->near.to_send);
    stage_close(s);
}

void suite_random_chunks(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = 300 * KIB + seed_below(&s.seed, 300 * KIB);
    s.far.to_send = seed_below(&s.seed, 300 * KIB);
    s.near.chunk_max = 1 + seed_below(&s.seed, 100 * KIB);
    s.far.chunk_max = 1 + seed_below(&s.seed, 1000);
    s.near.read_max = 1 + seed_below(&s.seed, 5000);
    s.far.read_max = 1 + seed_below(&s.seed, 300 * KIB);
    s.near.lazy = s.far.lazy = true;
    all_arrives(&s);
}

void suite_one_byte_at_a_time(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = s.far.to_send = 3000;
    s.near.chunk_max = s.near.read_max = s.far.chunk_max = s.far.read_max = 1;
    all_arrives(&s);
}

void suite_large_transfer(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = 24 * MIB;
    s.near.chunk_max = s.far.read_max = MIB;
    all_arrives(&s);
}

static bool far_has_all(void *arg)
{
    struct stage *s = arg;
    return s->far.received == s->near.to_send;
}

void suite_back_pressure(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = 3 * kind->hold;
    s.far.deaf = true;
    stage_act(&s);
    for (int still = 0; still < 20;) {
        uint64_t before = s.near.sent;
        turn(&s);
        still = s.near.sent == before ? still + 1 : 0;
    }
    cr_assert(s.near.sent > 0 && s.near.sent <= kind->hold, "%llu bytes were taken",
              (unsigned long long)s.near.sent);
    s.far.deaf = false;
    actor_go_on(&s.far);
    cr_assert(until(s.loop, far_has_all, &s));
    cr_assert(s.near.calls > 0, "a blocked writer is called");
    stage_close(&s);
}

static bool far_at_end(void *arg)
{
    return ((struct stage *)arg)->far.read_err != 0;
}

static bool near_at_end(void *arg)
{
    return ((struct stage *)arg)->near.read_err != 0;
}

/* Each way round: one ends, the other hears it and goes on sending all the same. */
void suite_half_close(const struct suite_kind *kind)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        struct stage s;
        stage_open(&s, kind);
        if (swapped) {
            struct stream *t = s.pair.near;
            s.pair.near = s.pair.far;
            s.pair.far = t;
        }
        s.near.to_send = 1000;
        s.far.shut = false;
        stage_act(&s);
        cr_assert(until(s.loop, far_at_end, &s));
        cr_assert(s.far.read_err == BEAM_ECLOSED && s.far.received == 1000);
        cr_assert(s.near.read_err == 0 && s.far.write_err == 0);
        s.far.to_send = 200 * KIB;
        s.far.done_sending = false;
        s.far.shut = true;
        actor_go_on(&s.far);
        cr_assert(until(s.loop, near_at_end, &s));
        cr_assert(s.near.read_err == BEAM_ECLOSED && s.near.received == 200 * KIB);
        stage_close(&s);
    }
}

/* Freed without a word, an end is an end in order, after all that was sent. */
void suite_end_after_data(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = 3 * KIB;
    s.near.shut = false;
    s.far.deaf = true;
    stage_act(&s);
    while (!s.near.done_sending)
        turn(&s);
    actor_end(&s.near);
    s.far.deaf = false;
    s.far.read_max = 100;
    actor_go_on(&s.far);
    cr_assert(until(s.loop, far_at_end, &s));
    cr_assert(s.far.read_err == BEAM_ECLOSED && s.far.received == 3 * KIB);
    stage_close(&s);
}

void suite_shut_twice(const struct suite_kind *kind)
{
    struct stage s;
    struct buf b;
    stage_open(&s, kind);
    stage_act(&s);
    cr_assert(until(s.loop, both_ended, &s));
    cr_assert_eq(stream_shut(s.pair.near), 0);
    buf_init(&b, loop_pool(s.loop), 10);
    cr_assert_eq(buf_add(&b, "late", 4), 0);
    cr_assert_eq(stream_write(s.pair.near, &b), BEAM_ECLOSED);
    cr_assert_eq(buf_len(&b), 4u);
    buf_clear(&b);
    cr_assert_eq(stream_write(s.pair.near, &b), 0);
    cr_assert_eq(stream_read(s.pair.near, &b, 1), BEAM_ECLOSED);
    stage_close(&s);
}

void suite_reset_is_seen(const struct suite_kind *kind)
{
    struct stage s;
    struct buf b;
    stage_open(&s, kind);
    s.far.to_send = 100; /* and near never reads it */
    s.far.shut = s.near.shut = false;
    s.near.deaf = true;
    stage_act(&s);
    while (!s.far.done_sending || !s.near.done_sending)
        turn(&s);
    stream_reset(s.pair.near);
    stream_reset(s.pair.near);
    buf_init(&b, loop_pool(s.loop), 10);
    cr_assert_eq(stream_read(s.pair.near, &b, 1), BEAM_ECLOSED);
    cr_assert_eq(buf_add(&b, "x", 1), 0);
    cr_assert_eq(stream_write(s.pair.near, &b), BEAM_ECLOSED);
    cr_assert_eq(stream_shut(s.pair.near), 0);
    cr_assert(until(s.loop, far_at_end, &s));
    cr_assert_eq(s.far.read_err, BEAM_ERESET);
    cr_assert_eq(stream_write(s.pair.far, &b), BEAM_ERESET);
    cr_assert_eq(stream_read(s.pair.far, &b, 1), BEAM_ERESET);
    buf_clear(&b);
    stage_close(&s);
}

static bool far_cannot_write(void *arg)
{
    return ((struct stage *)arg)->far.write_err != 0;
}

/* The far end is full and reads nothing: it hears of the reset all the same. */
void suite_reset_wakes_the_blocked(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.far.to_send = 3 * kind->hold;
    s.far.deaf = s.near.deaf = true;
    s.near.shut = false;
    stage_act(&s);
    for (int i = 0; i < 20; i++)
        turn(&s);
    cr_assert(!s.far.done_sending && s.far.write_err == 0);
    stream_reset(s.pair.near);
    cr_assert(until(s.loop, far_cannot_write, &s));
    cr_assert_eq(s.far.write_err, BEAM_ERESET);
    stage_close(&s);
}

static bool far_was_called(void *arg)
{
    struct stage *s = arg;
    return s->far.calls > s->calls;
}

/* After its peer's end in order the far end waits for nothing, and hears of a reset. */
void suite_reset_after_the_end_is_seen(const struct suite_kind *kind)
{
    struct stage s;
    struct buf none;
    stage_open(&s, kind);
    s.far.to_send = 100;
    s.far.shut = false;
    s.near.deaf = true;
    stage_act(&s);
    cr_assert(until(s.loop, far_at_end, &s));
    cr_assert_eq(s.far.read_err, BEAM_ECLOSED);
    cr_assert_eq(s.far.sent, 100u);
    s.calls = s.far.calls;
    stream_reset(s.pair.near);
    cr_assert(until(s.loop, far_was_called, &s));
    buf_init(&none, loop_pool(s.loop), 0);
    cr_assert_eq(stream_write(s.pair.far, &none), BEAM_ERESET);
    stage_close(&s);
}

/* Who writes to an end that was freed learns of it, late perhaps. */
void suite_gone_reader(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.shut = false;
    s.far.to_send = UINT64_MAX;
    s.far.chunk_max = 1;
    stage_act(&s);
    while (s.far.sent == 0)
        turn(&s);
    actor_end(&s.near);
    cr_assert(until(s.loop, far_cannot_write, &s));
    cr_assert_eq(s.far.write_err, BEAM_ERESET);
    stage_close(&s);
}

static void end_it(void *arg)
{
    struct stage *s = arg;
    if (s->near.received > 0)
        actor_end(&s->near);
}

static bool near_is_gone(void *arg)
{
    return !((struct stage *)arg)->near.stream;
}

void suite_free_in_callback(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = 100 * KIB;
    s.far.to_send = 100 * KIB;
    s.near.read_max = 10;
    s.near.changed = end_it;
    s.near.arg = &s;
    stage_act(&s);
    cr_assert(until(s.loop, near_is_gone, &s));
    for (int i = 0; i < 5; i++)
        turn(&s);
    stage_close(&s);
}

/* Reads so many bytes, in as many pieces as they come in. */
static void read_all(struct stage *s, struct buf *into, size_t len)
{
    while (len > 0) {
        ssize_t n = stream_read(s->pair.near, into, len);
        if (n == BEAM_EAGAIN) {
            turn(s);
            continue;
        }
        cr_assert(n > 0 && (size_t)n <= len, "%zd of %zu", n, len);
        len -= (size_t)n;
    }
}

void suite_limits(const struct suite_kind *kind)
{
    struct stage s;
    struct buf small;
    stage_open(&s, kind);
    s.far.to_send = 100;
    s.near.deaf = true;
    s.near.shut = false;
    stage_act(&s); /* the last pieces may have no room before the first are read */
    buf_init(&small, loop_pool(s.loop), 7);
    cr_assert_eq(stream_read(s.pair.near, &small, 0), BEAM_ELIMIT);
    while (buf_room(&small) > 0) {
        ssize_t n = stream_read(s.pair.near, &small, 100);
        cr_assert((n > 0 && n <= 7) || n == BEAM_EAGAIN, "%zd", n);
        if (n < 0)
            turn(&s);
    }
    cr_assert_eq(stream_read(s.pair.near, &small, 100), BEAM_ELIMIT);
    buf_drain(&small, 3);
    read_all(&s, &small, 2);
    s.near.received = 9; /* the rest is for the actor */
    s.near.deaf = false;
    actor_go_on(&s.near);
    cr_assert(until(s.loop, near_at_end, &s));
    cr_assert(s.near.read_err == BEAM_ECLOSED && s.near.received == 100);
    buf_clear(&small);
    stage_close(&s);
}

void suite_idle_holds_nothing(const struct suite_kind *kind)
{
    struct stage s;
    stage_open(&s, kind);
    s.near.to_send = 100 * KIB;
    s.near.shut = s.far.shut = false;
    stage_act(&s);
    cr_assert(until(s.loop, far_has_all, &s));
    cr_assert_eq(buf_pool_used(loop_pool(s.loop)), 0u);
    stage_close(&s);
}
