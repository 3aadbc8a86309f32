/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/suite/muxer_suite.h"

#include <string.h>

#include "stream/yamux_window.h"
#include "tests/suite/actor.h"
#include "tests/suite/muxed.h"
#include "tests/unit/loop/until.h"

enum { KIB = 1024, MIB = 1024 * 1024, PAIRS_MAX = 1000, WINDOW = YAMUX_WINDOW_FIRST };

/* Two sessions, and both ends of streams between them. The stream's id tells the pair, for sessions
 * tell their owners in the order of opening. */
struct stage {
    struct loop *loop;
    struct seed seed;
    struct stream *a, *b; /* what the sessions run over; theirs */
    struct muxed sessions;
    struct actor *near, *far;
    size_t pairs, met;
};

static void on_stream(void *arg, struct stream *s)
{
    struct stage *st = arg;
    cr_assert_lt(st->met, st->pairs);
    actor_start(&st->far[st->met++], st->loop, s, &st->seed);
}

static void stage_open(struct stage *st, const struct muxer_kind *kind, size_t pairs)
{
    memset(st, 0, sizeof(*st));
    st->loop = until_loop_new();
    st->seed = seed_start(kind->name);
    st->pairs = pairs;
    st->near = calloc(pairs + 1, sizeof(*st->near));
    st->far = calloc(pairs + 1, sizeof(*st->far));
    cr_assert(st->near && st->far);
    for (size_t i = 0; i < pairs; i++) {
        struct actor as = {.chunk_max = 64 * KIB, .read_max = 64 * KIB, .shut = true};
        st->near[i] = st->far[i] = as;
        st->near[i].salt = st->far[i].peer_salt = (uint8_t)(2 * i);
        st->far[i].salt = st->near[i].peer_salt = (uint8_t)(2 * i + 1);
    }
    kind->open(st->loop, &st->a, &st->b);
    st->sessions.listener.on_stream = on_stream;
    st->sessions.listener.arg = st;
}

/* Sessions, with the specs that were set, and streams that the dialler opens. */
static void stage_act(struct stage *st)
{
    muxed_open(&st->sessions, st->loop, st->a, st->b);
    for (size_t i = 0; i < st->pairs; i++) {
        struct stream *s = NULL;
        cr_assert_eq(yamux_open(st->sessions.dialler.y, &s), 0);
        actor_start(&st->near[i], st->loop, s, &st->seed);
    }
}

static bool all_met(void *arg)
{
    struct stage *st = arg;
    return st->met == st->pairs;
}

static bool all_blocks_are_back(void *arg)
{
    struct stage *st = arg;
    return buf_pool_used(loop_pool(st->loop)) == 0;
}

static void end_actors(struct stage *st)
{
    for (size_t i = 0; i < st->pairs; i++)
        actor_end(&st->near[i]);
    for (size_t i = 0; i < st->met; i++)
        actor_end(&st->far[i]);
    st->pairs = st->met = 0;
}

static void stage_close(struct stage *st)
{
    end_actors(st);
    muxed_close(&st->sessions);
    cr_assert(until(st->loop, all_blocks_are_back, st));
    free(st->near);
    free(st->far);
    loop_free(st->loop);
}

static bool has_ended(const struct actor *a)
{
    return a->read_err && (a->done_sending || a->write_err);
}

static bool all_ended(void *arg)
{
    struct stage *st = arg;
    if (!all_met(st))
        return false;
    for (size_t i = 0; i < st->pairs; i++)
        if (!has_ended(&st->near[i]) || !has_ended(&st->far[i]))
            return false;
    return true;
}

static void all_arrived(const struct actor *from, const struct actor *to)
{
    cr_assert(from->write_err == 0 && to->read_err == BEAM_ECLOSED);
    cr_assert_eq(to->received, from->to_send);
}

static void all_arrives(struct stage *st)
{
    cr_assert(until(st->loop, all_ended, st));
    for (size_t i = 0; i < st->pairs; i++) {
        all_arrived(&st->near[i], &st->far[i]);
        all_arrived(&st->far[i], &st->near[i]);
    }
}

static bool both_idle(void *arg)
{
    struct stage *st = arg;
    return st->sessions.dialler.idles > 0 && st->sessions.listener.idles > 0;
}

/* More than the peer may leave unacknowledged, of all sizes, each way. */
void muxer_many_streams(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, PAIRS_MAX);
    for (size_t i = 0; i < st.pairs; i++) {
        st.near[i].to_send = seed_below(&st.seed, 3000);
        st.far[i].to_send = seed_below(&st.seed, 3000);
        st.near[i].lazy = st.far[i].lazy = i % 3 == 0;
    }
    st.near[7].to_send = st.far[8].to_send = 2 * MIB;
    stage_act(&st);
    all_arrives(&st);
    end_actors(&st);
    cr_assert(until(st.loop, both_idle, &st));
    cr_assert_eq(yamux_streams(st.sessions.dialler.y), 0u);
    cr_assert_eq(yamux_streams(st.sessions.listener.y), 0u);
    stage_close(&st);
}

static bool one_ended(void *arg)
{
    struct stage *st = arg;
    for (size_t i = 0; i < st->met; i++)
        if (st->far[i].read_err)
            return true;
    return false;
}

/* When the first of equal transfers is through, none is far behind. Of equal windows, that is: one
 * that has grown sooner than another lets more through. */
void muxer_takes_turns(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 10);
    st.sessions.listener.spec.max_window = WINDOW;
    for (size_t i = 0; i < st.pairs; i++)
        st.near[i].to_send = 4 * MIB;
    stage_act(&st);
    cr_assert(until(st.loop, one_ended, &st));
    for (size_t i = 0; i < st.pairs; i++)
        cr_assert_geq(st.far[i].received, 3 * MIB, "stream %zu has %llu", i,
                      (unsigned long long)st.far[i].received);
    all_arrives(&st);
    stage_close(&st);
}

static bool word_came(void *arg)
{
    struct stage *st = arg;
    return st->near[0].received == 1;
}

static bool bulk_runs(void *arg)
{
    struct stage *st = arg;
    return st->met == 2 && st->far[1].received > MIB;
}

/* A byte and its answer are not long behind what another stream has in abundance. */
void muxer_a_word_among_bulk(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 2);
    st.near[0].shut = st.far[0].shut = false;
    st.near[1].to_send = UINT64_MAX;
    stage_act(&st);
    cr_assert(until(st.loop, bulk_runs, &st));
    uint64_t before = st.far[1].received;
    st.near[0].to_send = st.far[0].to_send = 1;
    st.near[0].done_sending = st.far[0].done_sending = false;
    st.near[0].changed = st.far[0].changed = NULL;
    actor_go_on(&st.near[0]);
    actor_go_on(&st.far[0]);
    cr_assert(until(st.loop, word_came, &st));
    cr_assert_leq(st.far[1].received - before, 8 * MIB);
    stage_close(&st);
}

static bool others_ended(void *arg)
{
    struct stage *st = arg;
    for (size_t i = 1; i < st->pairs; i++)
        if (i >= st->met || !st->far[i].read_err)
            return false;
    return true;
}

/* One reader does nothing: its writer stops at a window, and nobody else notices. */
void muxer_slow_reader(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 4);
    for (size_t i = 0; i < st.pairs; i++)
        st.near[i].to_send = 4 * MIB;
    st.far[0].deaf = true;
    stage_act(&st);
    cr_assert(until(st.loop, others_ended, &st));
    cr_assert_eq(st.near[0].sent, WINDOW * 1u);
    cr_assert_eq(st.far[0].received, 0u);
    st.far[0].deaf = false;
    actor_go_on(&st.far[0]);
    all_arrives(&st);
    stage_close(&st);
}

static bool all_full(void *arg)
{
    struct stage *st = arg;
    for (size_t i = 0; i < st->pairs; i++)
        if (st->near[i].sent < WINDOW)
            return false;
    return all_met(st);
}

/* An honest peer may leave many streams unread: memory follows while there is some. */
void muxer_unread_streams(const struct muxer_kind *kind)
{
    struct stage st;
    struct yamux_budget budget = {.total = 64 * MIB};
    stage_open(&st, kind, 64);
    st.sessions.listener.spec.budget = &budget;
    for (size_t i = 0; i < st.pairs; i++) {
        st.near[i].to_send = WINDOW + 1000;
        st.far[i].deaf = true;
    }
    stage_act(&st);
    cr_assert(until(st.loop, all_full, &st));
    for (int i = 0; i < 100; i++)
        cr_assert_eq(loop_turn(st.loop), 0);
    for (size_t i = 0; i < st.pairs; i++) {
        cr_assert_eq(st.near[i].write_err, 0);
        st.far[i].deaf = false;
        actor_go_on(&st.far[i]);
    }
    all_arrives(&st);
    stage_close(&st);
    cr_assert_eq(budget.used, 0u);
}

static bool settled(void *arg)
{
    struct stage *st = arg;
    for (size_t i = 0; i < st->pairs; i++)
        if (i >= st->met || (st->near[i].sent < st->near[i].to_send && !st->near[i].write_err))
            return false;
    return true;
}

/* Where there is none, those that hold most go, and those that hold little stay. */
void muxer_memory_is_short(const struct muxer_kind *kind)
{
    struct stage st;
    struct yamux_budget budget = {.total = 4 * MIB};
    size_t lost = 0;
    stage_open(&st, kind, 20);
    st.sessions.listener.spec.budget = &budget;
    st.sessions.listener.spec.memory = 100 * KIB;
    for (size_t i = 0; i < st.pairs; i++) {
        st.near[i].to_send = i < 4 ? 10 * KIB : WINDOW;
        st.far[i].deaf = true;
    }
    stage_act(&st);
    cr_assert(until(st.loop, settled, &st));
    for (int i = 0; i < 100; i++)
        cr_assert_eq(loop_turn(st.loop), 0);
    for (size_t i = 0; i < st.pairs; i++) {
        st.far[i].deaf = false;
        actor_go_on(&st.far[i]);
    }
    cr_assert(until(st.loop, all_ended, &st));
    for (size_t i = 0; i < st.pairs; i++) {
        lost += st.far[i].read_err == BEAM_ERESET;
        cr_assert(i >= 4 || st.far[i].read_err == BEAM_ECLOSED, "a small one was lost");
    }
    cr_assert(lost >= 8 && lost <= 12, "%zu of 16 were lost", lost);
    stage_close(&st);
    cr_assert_eq(budget.used, 0u);
}

static bool more_than_a_window(void *arg)
{
    struct stage *st = arg;
    return st->met == 1 && st->near[0].sent - st->far[0].received > WINDOW;
}

/* Read at once, a stream's window becomes larger than it was; where it may not, it does not. */
void muxer_window_grows(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 1);
    st.near[0].to_send = UINT64_MAX;
    st.near[0].chunk_max = st.far[0].read_max = MIB;
    stage_act(&st);
    cr_assert(until(st.loop, more_than_a_window, &st));
    stage_close(&st);

    stage_open(&st, kind, 1);
    st.near[0].to_send = 64 * MIB;
    st.near[0].chunk_max = st.far[0].read_max = MIB;
    st.sessions.listener.spec.max_window = WINDOW;
    stage_act(&st);
    while (st.near[0].sent < 16 * MIB)
        cr_assert_eq(loop_turn(st.loop), 0);
    st.far[0].deaf = true;
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(loop_turn(st.loop), 0);
    cr_assert_leq(st.near[0].sent - st.far[0].received, WINDOW * 1u, "%llu sent, %llu received",
                  (unsigned long long)st.near[0].sent, (unsigned long long)st.far[0].received);
    stage_close(&st);
}

/* One more than the peer allows is refused, and is no more than that. */
void muxer_too_many_streams(const struct muxer_kind *kind)
{
    struct stage st;
    struct stream *s = NULL;
    stage_open(&st, kind, 5);
    st.sessions.listener.spec.max_streams = 4;
    st.sessions.dialler.spec.max_streams = 5;
    for (size_t i = 0; i < st.pairs; i++)
        st.near[i].shut = st.far[i].shut = false;
    stage_act(&st);
    cr_assert_eq(yamux_open(st.sessions.dialler.y, &s), BEAM_ELIMIT);
    while (!st.near[4].read_err)
        cr_assert_eq(loop_turn(st.loop), 0);
    cr_assert_eq(st.near[4].read_err, BEAM_ERESET);
    cr_assert_eq(st.met, 4u);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(st.near[i].read_err, 0);
    cr_assert(!st.sessions.dialler.closed && !st.sessions.listener.closed);
    stage_close(&st);
}

static bool away_came(void *arg)
{
    struct stage *st = arg;
    return st->sessions.listener.away;
}

void muxer_go_away(const struct muxer_kind *kind)
{
    struct stage st;
    struct stream *s = NULL;
    stage_open(&st, kind, 1);
    st.near[0].to_send = st.far[0].to_send = 300 * KIB;
    stage_act(&st);
    yamux_go_away(st.sessions.dialler.y, YAMUX_NORMAL);
    yamux_go_away(st.sessions.dialler.y, YAMUX_NORMAL);
    cr_assert_eq(yamux_open(st.sessions.dialler.y, &s), BEAM_ECLOSED);
    cr_assert(until(st.loop, away_came, &st));
    cr_assert_eq(yamux_open(st.sessions.listener.y, &s), BEAM_ECLOSED);
    all_arrives(&st);
    end_actors(&st);
    cr_assert(until(st.loop, both_idle, &st));
    yamux_free(st.sessions.dialler.y);
    st.sessions.dialler.y = NULL;
    cr_assert(until_flag(st.loop, &st.sessions.listener.closed));
    cr_assert_eq(st.sessions.listener.err, BEAM_ECLOSED);
    stage_close(&st);
}

struct answers {
    size_t count;
    int err;
    uint64_t us;
};

static void on_ping(void *arg, int err, uint64_t us)
{
    struct answers *a = arg;
    a->count++;
    a->err = err;
    a->us = us;
}

static bool four_came(void *arg)
{
    return ((struct answers *)arg)->count >= 4;
}

void muxer_ping(const struct muxer_kind *kind)
{
    struct stage st;
    struct answers answers = {.count = 0};
    int err = 0;
    stage_open(&st, kind, 0);
    stage_act(&st);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(yamux_ping(st.sessions.dialler.y, on_ping, &answers), 0);
        cr_assert_eq(yamux_ping(st.sessions.listener.y, on_ping, &answers), 0);
    }
    cr_assert_eq(answers.count, 0u, "not from within a call");
    cr_assert(until(st.loop, four_came, &answers));
    cr_assert(answers.err == 0 && answers.us < UNTIL_MS * 1000u);
    for (size_t i = 0; i < 100 && err == 0; i++)
        err = yamux_ping(st.sessions.dialler.y, on_ping, &answers);
    cr_assert_eq(err, BEAM_ELIMIT);
    answers.count = 0;
    yamux_free(st.sessions.listener.y);
    st.sessions.listener.y = NULL;
    cr_assert(until_flag(st.loop, &st.sessions.dialler.closed));
    cr_assert_geq(answers.count, 4u, "those under way were answered, by an error");
    stage_close(&st);
}

static bool near_failed(void *arg)
{
    struct stage *st = arg;
    return st->near[0].write_err && st->near[1].read_err;
}

static bool both_sides_failed(void *arg)
{
    struct stage *st = arg;
    return near_failed(st) && st->far[0].read_err && st->far[1].write_err;
}

/* Streams outlive their session, and tell their owners. */
void muxer_freed_session(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 2);
    st.near[0].to_send = st.far[1].to_send = UINT64_MAX;
    stage_act(&st);
    cr_assert(until(st.loop, all_met, &st));
    yamux_free(st.sessions.listener.y);
    st.sessions.listener.y = NULL;
    cr_assert(until(st.loop, both_sides_failed, &st));
    cr_assert(st.near[0].write_err == BEAM_ERESET && st.near[1].read_err == BEAM_ERESET);
    cr_assert(st.far[0].read_err == BEAM_ERESET && st.far[1].write_err == BEAM_ERESET);
    cr_assert(until_flag(st.loop, &st.sessions.dialler.closed));
    stage_close(&st);
}

void muxer_lost_connection(const struct muxer_kind *kind)
{
    struct stage st;
    struct stream *s = NULL;
    stage_open(&st, kind, 2);
    st.near[0].to_send = st.far[1].to_send = UINT64_MAX;
    stage_act(&st);
    cr_assert(until(st.loop, all_met, &st));
    stream_reset(st.b);
    cr_assert(until_flag(st.loop, &st.sessions.dialler.closed));
    cr_assert(st.sessions.dialler.err == BEAM_ERESET && st.sessions.dialler.why.text[0]);
    cr_assert(until(st.loop, near_failed, &st));
    cr_assert(st.near[0].write_err == BEAM_ERESET && st.near[1].read_err == BEAM_ERESET);
    cr_assert_eq(yamux_open(st.sessions.dialler.y, &s), BEAM_ECLOSED);
    cr_assert_eq(yamux_ping(st.sessions.dialler.y, on_ping, NULL), BEAM_ECLOSED);
    stage_close(&st);
}

static bool dialler_idle(void *arg)
{
    struct stage *st = arg;
    return yamux_streams(st->sessions.dialler.y) == 0;
}

/* Freed here and never ended there: after a while it is reset. */
void muxer_left_streams(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 3);
    st.sessions.dialler.spec.linger_ms = 30;
    for (size_t i = 0; i < st.pairs; i++)
        st.far[i].shut = false;
    stage_act(&st);
    cr_assert(until(st.loop, all_met, &st));
    for (size_t i = 0; i < st.pairs; i++)
        actor_end(&st.near[i]);
    cr_assert_eq(yamux_streams(st.sessions.dialler.y), 3u);
    cr_assert(until(st.loop, dialler_idle, &st));
    stage_close(&st);
}

static bool all_received(void *arg)
{
    struct stage *st = arg;
    for (size_t i = 0; i < st->pairs; i++)
        if (i >= st->met || st->far[i].received < st->near[i].to_send)
            return false;
    return true;
}

void muxer_idle_holds_nothing(const struct muxer_kind *kind)
{
    struct stage st;
    stage_open(&st, kind, 100);
    for (size_t i = 0; i < st.pairs; i++) {
        st.near[i].to_send = 5 * KIB;
        st.near[i].shut = st.far[i].shut = false;
    }
    stage_act(&st);
    cr_assert(until(st.loop, all_received, &st));
    cr_assert(until(st.loop, all_blocks_are_back, &st));
    stage_close(&st);
}
