/* SPDX-License-Identifier: BSD-3-Clause */
/* Splices that end badly, or before their time. */
#include "stream/splice.h"

#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/splice_scene.h"

static bool is_done(void *arg)
{
    return ((struct scene *)arg)->done;
}

static bool done_and_0_at_end(void *arg)
{
    struct scene *s = arg;
    return s->done && s->actor[0].read_err;
}

static bool done_and_1_at_end(void *arg)
{
    struct scene *s = arg;
    return s->done && s->actor[1].read_err;
}

static bool writer_1_is_told(void *arg)
{
    return ((struct scene *)arg)->actor[1].write_err == BEAM_ERESET;
}

static void reset_goes_through(open_fn *open_a, open_fn *open_b, int side, uint64_t before)
{
    struct scene s;
    scene_open(&s, open_a, open_b);
    s.actor[side].to_send = before;
    s.actor[0].shut = s.actor[1].shut = false;
    scene_start(&s);
    while (s.actor[!side].received < before)
        scene_turns(&s, 1);
    stream_reset(s.actor[side].stream);
    cr_assert(until(s.loop, side ? done_and_0_at_end : done_and_1_at_end, &s));
    cr_assert_eq(s.err, BEAM_ERESET);
    cr_assert_eq(s.actor[!side].read_err, BEAM_ERESET);
    cr_assert_eq(s.bytes[side], before);
    scene_close(&s);
}

BEAM_TEST(splice, a_reset_goes_through)
{
    for (int side = 0; side < 2; side++) {
        reset_goes_through(pair_tcp, pair_tcp, side, 100);
        reset_goes_through(pair_tcp, pair_tcp, side, 3 * MIB);
        reset_goes_through(scene_memory, pair_tcp, side, 100);
        reset_goes_through(scene_memory, scene_memory, side, 0);
    }
}

/* A's last words are held for B, who is slow: B gets them all, and then the end of it. */
static void last_words(open_fn *open_b, int end)
{
    struct scene s;
    scene_open(&s, scene_memory, open_b);
    s.actor[0].to_send = 8 * MIB;
    s.actor[0].shut = s.actor[1].shut = false;
    s.actor[1].deaf = true;
    scene_start(&s);
    for (uint64_t before = UINT64_MAX; s.actor[0].sent != before; scene_turns(&s, 20))
        before = s.actor[0].sent;
    uint64_t passed = splice_bytes(s.splice, SPLICE_A);
    stream_reset(s.actor[0].stream);
    scene_turns(&s, 20);
    cr_assert(!s.done && s.actor[1].read_err == 0);
    s.actor[1].deaf = false;
    s.actor[1].read_max = 5000;
    actor_go_on(&s.actor[1]);
    cr_assert(until(s.loop, done_and_1_at_end, &s));
    cr_assert_gt(s.bytes[0], passed);
    cr_assert_eq(s.actor[1].received, s.bytes[0]);
    cr_assert_eq(s.actor[1].read_err, end);
    cr_assert_eq(s.err, BEAM_ERESET);
    scene_close(&s);
}

BEAM_TEST(splice, what_came_before_a_reset_is_passed_on)
{
    last_words(scene_memory, BEAM_ERESET);
    last_words(pair_tcp, BEAM_ERESET);
    last_words(pair_unix, BEAM_ECLOSED); /* with nothing unread a unix socket cannot tell */
}

BEAM_TEST(splice, who_takes_nothing_after_a_reset_is_not_waited_for)
{
    struct scene s;
    scene_open(&s, scene_memory, pair_tcp);
    s.actor[0].to_send = 8 * MIB;
    s.actor[0].shut = s.actor[1].shut = false;
    s.actor[1].deaf = true;
    s.options.linger_ms = 50;
    scene_start(&s);
    scene_turns(&s, 500);
    cr_assert(!s.actor[0].done_sending && !s.done);
    stream_reset(s.actor[0].stream);
    uint64_t start = loop_now(s.loop);
    cr_assert(until(s.loop, is_done, &s));
    cr_assert(s.err == BEAM_ERESET && loop_now(s.loop) >= start + 50);
    scene_close(&s);
}

/*
 * B answers, shuts, and goes without having read all that A is still sending, which on TCP is a
 * reset. A, who only listens once that is over, gets the whole answer.
 */
static void early_answer(open_fn *open_a, uint64_t answer)
{
    struct scene s;
    scene_open(&s, open_a, pair_tcp);
    s.actor[0].to_send = UINT64_MAX;
    s.actor[1].to_send = answer;
    s.actor[0].deaf = s.actor[1].deaf = true;
    scene_start(&s);
    while (!s.actor[1].done_sending || !s.half[1])
        scene_turns(&s, 1);
    actor_end(&s.actor[1]);
    scene_turns(&s, 1000);
    s.actor[0].deaf = false;
    actor_go_on(&s.actor[0]);
    cr_assert(until(s.loop, done_and_0_at_end, &s));
    cr_assert_eq(s.err, BEAM_ERESET);
    cr_assert_eq(s.actor[0].received, answer);
    scene_close(&s);
}

BEAM_TEST(splice, an_early_answer_gets_through)
{
    early_answer(pair_tcp, 10 * KIB);
    early_answer(pair_tcp, 190 * KIB); /* more than A's kernel takes unread */
    early_answer(pair_unix, 50 * KIB);
    early_answer(scene_memory, 2000);
}

/* A asks, ends, and goes; B never stops talking. B is told, and not after a long time. */
static void gone_visitor(open_fn *open_a)
{
    struct scene s;
    scene_open(&s, open_a, pair_tcp);
    s.actor[0].to_send = 100;
    s.actor[1].to_send = UINT64_MAX;
    scene_start(&s);
    while (s.actor[0].received < 2 * MIB || !s.half[0])
        scene_turns(&s, 1);
    actor_end(&s.actor[0]);
    uint64_t start = loop_now(s.loop);
    cr_assert(until(s.loop, is_done, &s));
    cr_assert_lt(loop_now(s.loop), start + 5000);
    cr_assert_eq(s.err, BEAM_ERESET);
    cr_assert(until(s.loop, writer_1_is_told, &s));
    scene_close(&s);
}

BEAM_TEST(splice, a_visitor_who_went_is_not_talked_to)
{
    gone_visitor(pair_tcp);
    gone_visitor(pair_unix);
    gone_visitor(scene_memory);
}

/* The same, but B resets in the middle of its answer: A is not to take it for the whole. */
BEAM_TEST(splice, a_cut_answer_is_a_reset)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    s.actor[0].to_send = UINT64_MAX;
    s.actor[1].to_send = 10 * KIB;
    s.actor[1].shut = false;
    s.actor[1].deaf = true;
    scene_start(&s);
    while (s.actor[0].received < 10 * KIB)
        scene_turns(&s, 1);
    actor_end(&s.actor[1]); /* with much unread: a reset */
    cr_assert(until(s.loop, is_done, &s));
    scene_turns(&s, 3);
    cr_assert_eq(s.err, BEAM_ERESET);
    cr_assert(s.actor[0].read_err == BEAM_ERESET || s.actor[0].write_err == BEAM_ERESET);
    scene_close(&s);
}

/* Neither room to read from A nor a byte for it: its reset is noticed all the same. */
BEAM_TEST(splice, a_reset_is_noticed_behind_a_full_buffer)
{
    struct scene s;
    scene_open(&s, pair_tcp, scene_memory);
    s.actor[0].to_send = UINT64_MAX;
    s.actor[1].shut = false;
    s.actor[1].deaf = true;
    s.options.linger_ms = 50;
    scene_start(&s);
    scene_turns(&s, 200);
    stream_reset(s.actor[0].stream);
    cr_assert(until(s.loop, is_done, &s));
    cr_assert_eq(s.err, BEAM_ERESET);
    scene_close(&s);
}

/* ---- freed ---------------------------------------------------------------------------------- */

static bool both_reset(void *arg)
{
    struct scene *s = arg;
    return s->actor[0].read_err == BEAM_ERESET && s->actor[1].read_err == BEAM_ERESET;
}

BEAM_TEST(splice, freed_it_resets_both_and_calls_nothing)
{
    struct scene s;
    scene_open(&s, pair_tcp, scene_memory);
    s.actor[0].to_send = s.actor[1].to_send = UINT64_MAX;
    scene_start(&s);
    while (s.actor[0].received < 2 * MIB)
        scene_turns(&s, 1);
    splice_free(s.splice);
    s.splice = NULL;
    cr_assert(until(s.loop, both_reset, &s));
    cr_assert(!s.done && !s.half[0] && !s.half[1]);
    scene_close(&s);
}

BEAM_TEST(splice, can_be_freed_by_tap_and_half)
{
    for (int i = 0; i < 2; i++) {
        struct scene s;
        scene_open(&s, scene_memory, scene_memory);
        s.events.tap = scene_tap;
        s.free_in_tap = i == 0;
        s.free_in_half = i == 1;
        s.actor[0].to_send = 10;
        s.actor[1].shut = false;
        scene_start(&s);
        cr_assert(until(s.loop, both_reset, &s));
        cr_assert(!s.splice && !s.done);
        cr_assert_eq(s.half[0], i == 1);
        scene_close(&s);
    }
}

/* A visitor that left, and a server that never ends: tor's sockets close both ways at once. */
static void left_alone(int side)
{
    struct scene s;
    scene_open(&s, pair_unix, pair_unix);
    s.options.linger_ms = 200;
    s.actor[0].to_send = s.actor[1].to_send = 100;
    s.actor[0].shut = s.actor[1].shut = false;
    scene_start(&s);
    while (s.actor[0].received < 100 || s.actor[1].received < 100)
        scene_turns(&s, 1);
    stream_free(s.actor[side].stream);
    s.actor[side].stream = NULL;
    cr_assert(until(s.loop, is_done, &s));
    cr_assert_eq(s.err, BEAM_ETIMEOUT);
    cr_assert_eq(s.bytes[side], 100);
    scene_close(&s);
}

BEAM_TEST(splice, who_is_left_alone_does_not_stay_for_ever)
{
    left_alone(0);
    left_alone(1);
}

/* A half-close is no leaving. */
BEAM_TEST(splice, a_half_closed_end_may_wait)
{
    struct scene s;
    scene_open(&s, pair_unix, pair_unix);
    s.options.linger_ms = 1;
    s.actor[1].shut = false;
    scene_start(&s);
    while (!s.half[0])
        scene_turns(&s, 1);
    uint64_t until_ms = loop_now(s.loop) + 50;
    while (loop_now(s.loop) < until_ms)
        scene_turns(&s, 1);
    cr_assert_not(s.done);
    scene_close(&s);
}
