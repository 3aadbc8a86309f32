/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shell around proxy/carry: whom to ask, deadlines, and what is kept
 * between requests. Requests of one visitor are taken one after another; those
 * that it sends ahead wait where they are.
 */
#include "proxy/engine.h"

#include <stdlib.h>

#include "base/log.h"
#include "loop/deadline.h"
#include "proxy/carry.h"
#include "proxy/patience.h"
#include "proxy/record.h"
#include "proxy/switched.h"

enum {
    CLOSE_MS = 10 * 1000,   /* for the visitor to end, once it has its last answer */
    DROP_MAX = 1024 * 1024, /* bytes that a visitor sends while its connection is closed */
    REQUESTS_A_TURN = 16    /* then others have their turn */
};

enum engine_state {
    ENGINE_HEARING,  /* a request's head, or waiting for one */
    ENGINE_ASKING,   /* the owner, where it goes */
    ENGINE_CARRYING, /* the request up and the response down, or our own answer down */
    ENGINE_CLOSING,  /* a close with bytes unread could cost the visitor its last answer */
    ENGINE_SWITCHED, /* to another protocol */
    ENGINE_OVER
};

enum engine_event {
    EV_NONE,     /* nothing yet: the loop calls again */
    EV_REQUEST,  /* its head is there, and may go on */
    EV_FORWARD,  /* to this backend */
    EV_ANSWER,   /* a response of our own is on its way */
    EV_AGAIN,    /* the kept backend has not taken it */
    EV_DONE,     /* the exchange is over, and another may follow */
    EV_LAST,     /* the exchange is over, and was the last */
    EV_SWITCHED, /* ... to another protocol */
    EV_ENDED     /* of the connection; `err` says why */
};

struct engine {
    struct loop *loop;
    struct engine_limits limits;
    struct engine_events events;
    enum engine_state state;
    enum engine_event verdict; /* the owner's, while asking */
    bool in_ask;               /* the owner is being asked just now */
    int err;                   /* why it ended; a failure is told to the visitor by a reset */

    struct carry c;
    struct switched switched;
    bool reused;       /* the backend has served an earlier request */
    bool again;        /* the owner was asked before about this request */
    uint64_t since;    /* the request, or what followed a 101, began */
    uint64_t close_by; /* while closing */
    size_t dropped;    /* bytes, while closing */
    int burst;         /* requests in this turn */

    struct loop_task go_on;
    struct loop_deadline deadline;
    struct pace pace;
};

static void run(struct engine *e, enum engine_event ev);

static enum engine_event end(struct engine *e, int err)
{
    e->err = err;
    return EV_ENDED;
}

/* ---- records --------------------------------------------------------------------------------- */

static void record(struct engine *e)
{
    record_exchange(&e->events, &e->c.x, loop_now(e->loop) - e->since);
}

/* ---- hearing --------------------------------------------------------------------------------- */

static enum engine_event answer(struct engine *e, const struct answer *a)
{
    e->reused = false;
    return carry_answer(&e->c, a) < 0 ? end(e, BEAM_ENOMEM) : EV_ANSWER;
}

static enum engine_event refuse(struct engine *e, int status, bool close)
{
    const struct answer a = {.status = status, .close = close};
    return answer(e, &a);
}

/* More of a head. 0, BEAM_EAGAIN, or why there will be none. */
static int fill_head(struct engine *e)
{
    bool first = !exchange_hearing(&e->c.x);
    ssize_t n = side_fill(&e->c.visitor, SIZE_MAX);
    if (n > 0 && first)
        e->since = loop_now(e->loop);
    return n < 0 ? (int)n : 0;
}

static enum engine_event hear(struct engine *e)
{
    int err = side_flush(&e->c.visitor);
    while (err == 0) {
        int status = exchange_hear(&e->c.x, &e->c.visitor.in, e->limits.body_max);
        if (status == 0)
            return EV_REQUEST;
        if (status > 0)
            return refuse(e, status, true);
        err = status == BEAM_EAGAIN ? fill_head(e) : status;
    }
    if (err == BEAM_EAGAIN)
        return EV_NONE;
    return end(e, err == BEAM_ECLOSED && !exchange_hearing(&e->c.x) ? 0 : err);
}

static enum engine_event enter_hearing(struct engine *e)
{
    struct carry *c = &e->c;
    if (c->x.begun)
        record(e);
    carry_next(c);
    e->reused = carry_keeps(c);
    if (e->reused && e->events.spare && e->events.spare(e->events.arg, c->backend.stream)) {
        (void)side_take(&c->backend);
        e->reused = false;
    }
    e->since = loop_now(e->loop);
    if (++e->burst < REQUESTS_A_TURN)
        return hear(e);
    loop_post(e->loop, &e->go_on);
    return EV_NONE;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static enum engine_event enter_asking(struct engine *e)
{
    e->verdict = EV_NONE;
    e->in_ask = true;
    e->events.ask(e->events.arg, &e->c.x.request, e->c.backend.stream != NULL);
    e->in_ask = false;
    return e->verdict;
}

/* Taken up as soon as `ask` returns, or when the loop calls. */
static void decide_later(struct engine *e, enum engine_event verdict)
{
    e->verdict = verdict;
    if (!e->in_ask)
        loop_post(e->loop, &e->go_on);
}

static void on_ready(void *arg, struct stream *s, unsigned ready);

void engine_forward(struct engine *e, struct stream *backend, const struct rewrite *rules)
{
    struct carry *c = &e->c;
    enum engine_event verdict = EV_FORWARD;
    if (backend) {
        side_close(&c->backend, false);
        side_open(&c->backend, backend, on_ready, e);
        e->reused = false;
    }
    c->rules = rules;
    if (!c->backend.stream) { /* the kept one went while the owner thought */
        verdict = e->again ? refuse(e, 502, false) : EV_AGAIN;
        e->again = true;
    } else if (exchange_ask(&c->x, rules, &c->backend.out) < 0) {
        verdict = end(e, BEAM_ENOMEM);
    }
    decide_later(e, verdict);
}

void engine_forward_used(struct engine *e, struct stream *backend, const struct rewrite *rules)
{
    engine_forward(e, backend, rules);
    e->reused = true;
}

void engine_answer(struct engine *e, const struct answer *a)
{
    decide_later(e, answer(e, a));
}

/* ---- carrying -------------------------------------------------------------------------------- */

/* An exchange that cannot be gone on with: an answer where none was begun. */
static enum engine_event fail(struct engine *e, int status, bool close, int err)
{
    return e->c.x.begun ? end(e, err) : refuse(e, status, close);
}

static enum engine_event lost(struct engine *e)
{
    if (!e->reused || e->again || !exchange_again(&e->c.x))
        return fail(e, 502, false, BEAM_ERESET);
    side_close(&e->c.backend, false);
    e->again = true;
    return EV_AGAIN;
}

static enum engine_event carry(struct engine *e)
{
    switch (carry_on(&e->c)) {
    case CARRY_WAITS:
        return EV_NONE;
    case CARRY_MORE:
        loop_post(e->loop, &e->go_on);
        return EV_NONE;
    case CARRY_DONE:
        return EV_DONE;
    case CARRY_LAST:
        return EV_LAST;
    case CARRY_SWITCHED:
        return EV_SWITCHED;
    case CARRY_BAD_REQUEST:
        return fail(e, 400, true, BEAM_EPROTO);
    case CARRY_TOO_LARGE:
        return fail(e, 413, true, BEAM_ELIMIT);
    case CARRY_BAD_RESPONSE:
        return fail(e, 502, false, BEAM_EPROTO);
    case CARRY_FORBIDDEN:
        return fail(e, 403, false, BEAM_EPOLICY);
    case CARRY_LOST:
        return lost(e);
    case CARRY_GONE:
        return end(e, BEAM_ERESET);
    case CARRY_NO_MEMORY:
        break;
    }
    return end(e, BEAM_ENOMEM);
}

/* ---- closing --------------------------------------------------------------------------------- */

static enum engine_event close_down(struct engine *e)
{
    struct side *v = &e->c.visitor;
    int err = side_flush(v);
    if (err == 0)
        err = stream_shut(v->stream);
    while (err == 0) {
        buf_clear(&v->in);
        ssize_t n = side_fill(v, SIZE_MAX);
        e->dropped += n > 0 ? (size_t)n : 0;
        err = n < 0 ? (int)n : e->dropped > DROP_MAX ? BEAM_ELIMIT : 0;
    }
    if (err == BEAM_EAGAIN)
        return EV_NONE;
    return end(e, err == BEAM_ELIMIT ? err : 0);
}

static enum engine_event enter_closing(struct engine *e)
{
    record(e);
    carry_next(&e->c);
    side_close(&e->c.backend, false);
    e->close_by = loop_now(e->loop) + CLOSE_MS;
    return close_down(e);
}

/* ---- switched -------------------------------------------------------------------------------- */

static void on_switched(void *arg, int err)
{
    struct engine *e = arg;
    switched_over(&e->switched);
    run(e, end(e, err));
}

static enum engine_event enter_switched(struct engine *e)
{
    struct carry *c = &e->c;
    record(e);
    exchange_clear(&c->x);
    e->since = loop_now(e->loop);
    int err = switched_start(&e->switched, e->loop, &c->visitor, &c->backend, e->limits.window,
                             on_switched, e);
    return err < 0 ? end(e, err) : EV_NONE;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* 0: none. */
static uint64_t deadline(const struct engine *e)
{
    uint64_t now = loop_now(e->loop);
    switch (e->state) {
    case ENGINE_HEARING:
        return exchange_hearing(&e->c.x) ? e->since + e->limits.head_ms : now + e->limits.idle_ms;
    case ENGINE_CARRYING:
        return patience_due(&e->limits, &e->c, &e->pace, e->since, now);
    case ENGINE_CLOSING:
        return e->pace.since > 0 ? e->pace.since + e->limits.idle_ms : e->close_by;
    case ENGINE_SWITCHED:
        return now + e->limits.silence_ms;
    default:
        return 0;
    }
}

static enum engine_event late(struct engine *e)
{
    bool visitor_is = carry_waits(&e->c);
    if (pace_kept(&e->pace, &e->limits, &e->c, loop_now(e->loop)))
        return EV_NONE;
    switch (e->state) {
    case ENGINE_HEARING:
        return exchange_hearing(&e->c.x) ? refuse(e, 408, true) : end(e, 0);
    case ENGINE_CARRYING:
        return fail(e, visitor_is ? 408 : 504, visitor_is, BEAM_ETIMEOUT);
    case ENGINE_SWITCHED:
        return switched_moves(&e->switched) ? EV_NONE : end(e, BEAM_ETIMEOUT);
    default:
        return end(e, BEAM_ETIMEOUT);
    }
}

static void on_deadline(void *arg)
{
    struct engine *e = arg;
    run(e, late(e));
}

/* ---- the machine ----------------------------------------------------------------------------- */

static enum engine_state decide(enum engine_state state, enum engine_event ev)
{
    static const struct {
        enum engine_state from;
        enum engine_event ev;
        enum engine_state to;
    } moves[] = {
        {ENGINE_HEARING, EV_REQUEST, ENGINE_ASKING},
        {ENGINE_HEARING, EV_ANSWER, ENGINE_CARRYING},
        {ENGINE_HEARING, EV_ENDED, ENGINE_OVER},
        {ENGINE_ASKING, EV_FORWARD, ENGINE_CARRYING},
        {ENGINE_ASKING, EV_ANSWER, ENGINE_CARRYING},
        {ENGINE_ASKING, EV_AGAIN, ENGINE_ASKING},
        {ENGINE_ASKING, EV_ENDED, ENGINE_OVER},
        {ENGINE_CARRYING, EV_ANSWER, ENGINE_CARRYING},
        {ENGINE_CARRYING, EV_AGAIN, ENGINE_ASKING},
        {ENGINE_CARRYING, EV_DONE, ENGINE_HEARING},
        {ENGINE_CARRYING, EV_LAST, ENGINE_CLOSING},
        {ENGINE_CARRYING, EV_SWITCHED, ENGINE_SWITCHED},
        {ENGINE_CARRYING, EV_ENDED, ENGINE_OVER},
        {ENGINE_CLOSING, EV_ENDED, ENGINE_OVER},
        {ENGINE_SWITCHED, EV_ENDED, ENGINE_OVER},
    };
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
        if (moves[i].from == state && moves[i].ev == ev)
            return moves[i].to;
    log_error("proxy", "an engine in state %d had event %d", (int)state, (int)ev);
    return ENGINE_OVER;
}

/* Returns what came of it at once. */
static enum engine_event enter(struct engine *e, enum engine_state state)
{
    e->state = state;
    switch (state) {
    case ENGINE_HEARING:
        e->again = false;
        return enter_hearing(e);
    case ENGINE_ASKING:
        return enter_asking(e);
    case ENGINE_CARRYING:
        return carry(e);
    case ENGINE_CLOSING:
        return enter_closing(e);
    case ENGINE_SWITCHED:
        return enter_switched(e);
    case ENGINE_OVER:
        break;
    }
    return EV_NONE;
}

static void destroy(struct engine *e, bool hard)
{
    loop_task_cancel(e->loop, &e->go_on);
    loop_deadline_stop(&e->deadline);
    switched_end(&e->switched);
    side_close(&e->c.backend, hard);
    side_close(&e->c.visitor, hard);
    exchange_clear(&e->c.x);
}

static void finish(struct engine *e)
{
    if (e->c.x.heard)
        record(e); /* cut short */
    if (e->err < 0)
        log_debug("proxy", "a visitor's connection ended early: %s", beam_err_text(e->err));
    bool was_switched = e->switched.splice || switched_written(&e->switched) > 0;
    destroy(e, e->err < 0);
    if (was_switched)
        record_switched(&e->events, &e->switched, loop_now(e->loop) - e->since);
    e->events.done(e->events.arg, e->err);
    free(e);
}

static void run(struct engine *e, enum engine_event ev)
{
    while (ev != EV_NONE)
        ev = enter(e, decide(e->state, ev));
    if (e->state == ENGINE_OVER) {
        finish(e);
        return;
    }
    pace_note(&e->pace, &e->c, loop_now(e->loop));
    loop_deadline_set(&e->deadline, deadline(e));
}

/* Goes on where it is. */
static enum engine_event turn(struct engine *e)
{
    switch (e->state) {
    case ENGINE_HEARING:
        return hear(e);
    case ENGINE_ASKING:
        return e->verdict;
    case ENGINE_CARRYING:
        return carry(e);
    case ENGINE_CLOSING:
        return close_down(e);
    default:
        return EV_NONE;
    }
}

static void on_go_on(void *arg)
{
    struct engine *e = arg;
    e->burst = 0;
    run(e, turn(e));
}

/* A failure of the visitor's shows even while nothing is read from it or written to it. */
static bool visitor_failed(struct engine *e)
{
    struct buf nothing;
    buf_init(&nothing, loop_pool(e->loop), 0);
    ssize_t err = stream_write(e->c.visitor.stream, &nothing);
    return err < 0 && err != BEAM_ECLOSED;
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct engine *e = arg;
    e->burst = 0;
    if (s == e->c.backend.stream) {
        side_ready(&e->c.backend, ready);
        if (e->state == ENGINE_HEARING || e->state == ENGINE_ASKING)
            e->reused = carry_keeps(&e->c);
        else
            run(e, turn(e));
        return;
    }
    side_ready(&e->c.visitor, ready);
    run(e, visitor_failed(e) ? end(e, BEAM_ERESET) : turn(e));
}

int engine_new(struct loop *l, struct stream *visitor, struct buf *early,
               const struct engine_limits *limits, const struct engine_events *events,
               struct engine **out)
{
    int err = BEAM_ENOMEM;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        goto out;
    e->loop = l;
    e->limits = *limits;
    e->events = *events;
    patience_default(&e->limits);
    carry_init(&e->c, l, e->limits.window, e->limits.body_max);
    loop_task_init(&e->go_on, on_go_on, e);
    loop_deadline_init(l, &e->deadline, on_deadline, e);
    e->since = loop_now(l);
    err = early ? buf_move(&e->c.visitor.in, early, buf_len(early)) : 0;
    if (err < 0)
        goto out;
    e->c.visitor.read = buf_len(&e->c.visitor.in);
    side_open(&e->c.visitor, visitor, on_ready, e);
    loop_post(l, &e->go_on);
    *out = e;
    return 0;
out:
    if (early)
        buf_clear(early);
    stream_reset(visitor);
    stream_free(visitor);
    free(e);
    return err;
}

void engine_bytes(const struct engine *e, uint64_t *in, uint64_t *out)
{
    *in = e->c.visitor.read + switched_in(&e->switched);
    *out = e->c.visitor.written + switched_written(&e->switched);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    destroy(e, true);
    free(e);
}
