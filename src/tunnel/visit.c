/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/visit.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "stream/splice.h"
#include "tunnel/reach.h"

_Static_assert((int)TAP_VISITOR == (int)SPLICE_A && (int)TAP_TARGET == (int)SPLICE_B,
               "the visitor is side A of the splice");
_Static_assert(TAP_ALL == SPLICE_ALL, "what the tap returns is what the splice wants");

enum {
    PATIENCE_MS = 10 * 1000,
    DRAIN_MAX = 1024 * 1024,  /* bytes a visitor may send before it takes the 502 */
    READ_MAX = BUF_BLOCK_SIZE /* bytes at a time */
};

/* The same bytes for every target and every reason. */
static const char answer_text[] = "HTTP/1.1 502 Bad Gateway\r\n"
                                  "Content-Type: text/plain\r\n"
                                  "Content-Length: 12\r\n"
                                  "Connection: close\r\n"
                                  "\r\n"
                                  "Bad Gateway\n";
enum { ANSWER_BODY = 12 };

enum visit_state {
    VISIT_DIALLING,  /* the target */
    VISIT_SPLICED,   /* with it */
    VISIT_HEARING,   /* the target is down: what does the visitor speak? */
    VISIT_ANSWERING, /* the 502 is going out */
    VISIT_DRAINING,  /* until the visitor ends: a close with bytes unread could cost it the 502 */
    VISIT_OVER
};

enum visit_event {
    EV_NONE,      /* nothing yet: the loop calls again */
    EV_TARGET,    /* connected */
    EV_NO_TARGET, /* no address answered */
    EV_SPLICED,   /* the splice is over */
    EV_REQUEST,   /* the visitor's request is whole */
    EV_NOT_HTTP,  /* it speaks something else */
    EV_ANSWERED,  /* the 502 is written */
    EV_ENOUGH,    /* it sends too much */
    EV_GONE,      /* the visitor ended or failed */
    EV_TIMEOUT
};

struct visit {
    struct visit_spec spec;
    struct visit_events events;
    enum visit_state state;

    struct stream *visitor; /* ours until it is spliced */
    struct stream *server;  /* between its dial and the splice */
    struct tap *tap;
    struct splice *splice;

    struct reach *reach;
    int dial_err;

    struct loop_timer timer;
    struct buf answer;
    uint64_t in, out; /* bytes without a splice */
};

static void event(struct visit *v, enum visit_event ev);

static uint64_t now(const struct visit *v)
{
    return v->spec.clock->monotonic_ms(v->spec.clock->arg);
}

/* ---- dialling ------------------------------------------------------------------------------- */

static void on_reached(void *arg, int err, struct stream *s)
{
    struct visit *v = arg;
    v->reach = NULL;
    v->server = s;
    v->dial_err = err;
    event(v, err < 0 ? EV_NO_TARGET : EV_TARGET);
}

/* ---- spliced -------------------------------------------------------------------------------- */

static uint64_t on_tap(void *arg, enum splice_side from, const void *data, size_t len)
{
    struct visit *v = arg;
    if (v->spec.opaque)
        return SPLICE_ALL;
    return tap_see(v->tap, from == SPLICE_A ? TAP_VISITOR : TAP_TARGET, data, len, now(v));
}

static void on_half(void *arg, enum splice_side from)
{
    struct visit *v = arg;
    if (from == SPLICE_B)
        tap_half(v->tap, splice_bytes(v->splice, SPLICE_B), now(v));
}

static void on_spliced(void *arg, int err)
{
    struct visit *v = arg;
    if (err < 0)
        log_debug("tunnel", "a visit ended early: %s", beam_err_text(err));
    v->in = splice_bytes(v->splice, SPLICE_A);
    v->out = splice_bytes(v->splice, SPLICE_B);
    v->splice = NULL;
    event(v, EV_SPLICED);
}

static enum visit_event enter_spliced(struct visit *v)
{
    const struct splice_events events = {
        .tap = on_tap, .half = on_half, .done = on_spliced, .arg = v};
    const struct splice_options options = {.events = &events};
    struct stream *visitor = v->visitor, *server = v->server;
    v->visitor = v->server = NULL;
    v->events.dialled(v->events.arg, 0);
    int err = splice_start(v->spec.loop, visitor, server, NULL, NULL, &options, &v->splice);
    return err < 0 ? EV_SPLICED : EV_NONE;
}

/* ---- the target is down --------------------------------------------------------------------- */

static void on_ready(void *arg, struct stream *s, unsigned ready);

/* Shows the tap what came, up to the end of the first request's head. */
static void show(struct visit *v, const struct buf *b)
{
    struct iovec iov[4];
    int n = buf_iov(b, iov, sizeof(iov) / sizeof(iov[0]));
    for (int i = 0; i < n && !tap_asked(v->tap) && !tap_opaque(v->tap); i++)
        (void)tap_see(v->tap, TAP_VISITOR, iov[i].iov_base, iov[i].iov_len, now(v));
}

static enum visit_event hear(struct visit *v)
{
    struct buf b;
    buf_init(&b, loop_pool(v->spec.loop), READ_MAX);
    while (!tap_asked(v->tap) && !tap_opaque(v->tap)) {
        ssize_t n = stream_read(v->visitor, &b, READ_MAX);
        if (n < 0)
            return n == BEAM_EAGAIN ? EV_NONE : EV_GONE;
        v->in += (uint64_t)n;
        show(v, &b);
        buf_clear(&b);
    }
    return tap_asked(v->tap) ? EV_REQUEST : EV_NOT_HTTP;
}

static enum visit_event enter_hearing(struct visit *v)
{
    v->events.dialled(v->events.arg, v->dial_err);
    stream_own(v->visitor, on_ready, v);
    loop_timer_set(&v->timer, v->spec.patience);
    return hear(v);
}

static enum visit_event answer(struct visit *v)
{
    ssize_t n = stream_write(v->visitor, &v->answer);
    if (n < 0 && n != BEAM_EAGAIN)
        return EV_GONE;
    if (n > 0)
        v->out += (uint64_t)n;
    return buf_len(&v->answer) == 0 ? EV_ANSWERED : EV_NONE;
}

static enum visit_event enter_answering(struct visit *v)
{
    /* The response to HEAD has no body, whatever its head says. */
    size_t len = sizeof(answer_text) - 1;
    if (strcmp(tap_asked(v->tap), "HEAD") == 0)
        len -= ANSWER_BODY;
    if (buf_add(&v->answer, answer_text, len) < 0)
        return EV_GONE;
    loop_timer_set(&v->timer, v->spec.patience);
    return answer(v);
}

static enum visit_event drain(struct visit *v)
{
    struct buf b;
    buf_init(&b, loop_pool(v->spec.loop), READ_MAX);
    while (v->in <= DRAIN_MAX) {
        ssize_t n = stream_read(v->visitor, &b, READ_MAX);
        if (n < 0)
            return n == BEAM_EAGAIN ? EV_NONE : EV_GONE;
        v->in += (uint64_t)n;
        buf_clear(&b);
    }
    return EV_ENOUGH;
}

static enum visit_event enter_draining(struct visit *v)
{
    (void)tap_see(v->tap, TAP_TARGET, answer_text, (size_t)v->out, now(v));
    if (stream_shut(v->visitor) < 0)
        return EV_GONE;
    loop_timer_set(&v->timer, v->spec.patience);
    return drain(v);
}

/* ---- the machine ---------------------------------------------------------------------------- */

static void destroy(struct visit *v)
{
    loop_timer_clear(&v->timer);
    reach_cancel(v->reach);
    splice_free(v->splice);
    stream_free(v->server);
    stream_free(v->visitor);
    buf_clear(&v->answer);
    tap_free(v->tap);
    free(v);
}

static void enter_over(struct visit *v)
{
    tap_end(v->tap, v->in, v->out, now(v));
    v->events.done(v->events.arg);
    destroy(v);
}

static enum visit_state decide(enum visit_state state, enum visit_event ev)
{
    static const struct {
        enum visit_state from;
        enum visit_event ev;
        enum visit_state to;
    } moves[] = {
        {VISIT_DIALLING, EV_TARGET, VISIT_SPLICED}, {VISIT_DIALLING, EV_NO_TARGET, VISIT_HEARING},
        {VISIT_SPLICED, EV_SPLICED, VISIT_OVER},    {VISIT_HEARING, EV_REQUEST, VISIT_ANSWERING},
        {VISIT_HEARING, EV_NOT_HTTP, VISIT_OVER},   {VISIT_HEARING, EV_GONE, VISIT_OVER},
        {VISIT_HEARING, EV_TIMEOUT, VISIT_OVER},    {VISIT_ANSWERING, EV_ANSWERED, VISIT_DRAINING},
        {VISIT_ANSWERING, EV_GONE, VISIT_OVER},     {VISIT_ANSWERING, EV_TIMEOUT, VISIT_OVER},
        {VISIT_DRAINING, EV_ENOUGH, VISIT_OVER},    {VISIT_DRAINING, EV_GONE, VISIT_OVER},
        {VISIT_DRAINING, EV_TIMEOUT, VISIT_OVER},
    };
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
        if (moves[i].from == state && moves[i].ev == ev)
            return moves[i].to;
    log_error("tunnel", "a visit in state %d had event %d", (int)state, (int)ev);
    return VISIT_OVER;
}

/* Returns what came of it at once. */
static enum visit_event enter(struct visit *v, enum visit_state state)
{
    v->state = state;
    switch (state) {
    case VISIT_SPLICED:
        return enter_spliced(v);
    case VISIT_HEARING:
        return enter_hearing(v);
    case VISIT_ANSWERING:
        return enter_answering(v);
    case VISIT_DRAINING:
        return enter_draining(v);
    case VISIT_DIALLING:
        break;
    case VISIT_OVER:
        enter_over(v);
    }
    return EV_NONE;
}

static void event(struct visit *v, enum visit_event ev)
{
    while (ev != EV_NONE)
        ev = enter(v, decide(v->state, ev));
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct visit *v = arg;
    (void)s;
    (void)ready;
    switch (v->state) {
    case VISIT_HEARING:
        event(v, hear(v));
        break;
    case VISIT_ANSWERING:
        event(v, answer(v));
        break;
    case VISIT_DRAINING:
        event(v, drain(v));
        break;
    default:
        break;
    }
}

static void on_timeout(void *arg)
{
    event(arg, EV_TIMEOUT);
}

int visit_new(const struct visit_spec *spec, const struct visit_events *events,
              struct stream *visitor, struct visit **out)
{
    struct visit *v = calloc(1, sizeof(*v));
    if (!v || tap_new(events->record, events->arg, spec->clock->monotonic_ms(spec->clock->arg),
                      &v->tap) < 0) {
        free(v);
        stream_reset(visitor);
        stream_free(visitor);
        return BEAM_ENOMEM;
    }
    v->spec = *spec;
    if (!v->spec.patience)
        v->spec.patience = PATIENCE_MS;
    v->events = *events;
    v->visitor = visitor;
    stream_own(visitor, NULL, NULL);
    loop_timer_init(spec->loop, &v->timer, on_timeout, v);
    buf_init(&v->answer, loop_pool(spec->loop), sizeof(answer_text));
    int err = reach_start(spec->loop, spec->permit, spec->target, spec->connect_timeout, on_reached,
                          v, &v->reach);
    if (err < 0) {
        visit_free(v);
        return err;
    }
    *out = v;
    return 0;
}

void visit_bytes(const struct visit *v, uint64_t *in, uint64_t *out)
{
    *in = v->splice ? splice_bytes(v->splice, SPLICE_A) : v->in;
    *out = v->splice ? splice_bytes(v->splice, SPLICE_B) : v->out;
}

void visit_free(struct visit *v)
{
    if (!v)
        return;
    if (v->visitor)
        stream_reset(v->visitor);
    destroy(v);
}
