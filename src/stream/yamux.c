/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/yamux.h"

#include <stdlib.h>

#include "stream/yamux_parts.h"

enum {
    STREAMS = 1024,
    WINDOW = 16 * 1024 * 1024,
    MEMORY = 1024 * 1024,
    BUDGET = 64 * 1024 * 1024,
    STALL_MS = 60 * 1000,
    LINGER_MS = 30 * 1000,
    DELAY_MAX = 4,    /* turns that an announcement may wait for what follows it */
    IDS_MAX = 1 << 20 /* in the map; max_streams is less */
};

size_t yamux_streams(const struct yamux *y)
{
    return y->opened[false] + y->opened[true];
}

uint64_t yamux_heard(const struct yamux *y)
{
    return y->heard;
}

uint64_t yamux_carried(const struct yamux *y)
{
    uint64_t own = y->taken > y->given ? y->taken : y->given;
    uint64_t below = y->under ? stream_below(y->under) : 0;
    return below > own ? below : own;
}

/* ---- what the owner is told ----------------------------------------------------------------- */

void yamux_tell(struct yamux *y)
{
    if (!y->telling)
        loop_post(y->loop, &y->news);
}

/* False when there was nothing to tell. */
static bool tell_one(struct yamux *y)
{
    const struct yamux_events *e = &y->events;
    struct yamux_stream *s = TAILQ_FIRST(&y->arrivals);
    if (s) {
        TAILQ_REMOVE(&y->arrivals, s, turns);
        s->fresh = false;
        e->stream(e->arg, &s->stream);
        return true;
    }
    if (yamux_ping_tell(y))
        return true;
    if (y->away_got && !y->away_told) {
        y->away_told = true;
        if (e->away)
            e->away(e->arg);
        return true;
    }
    if (y->closed_due) {
        y->closed_due = false;
        e->closed(e->arg, y->failed, &y->why);
        return true;
    }
    if (!y->idle_due)
        return false;
    y->idle_due = false;
    if (!y->failed && yamux_streams(y) == 0 && e->idle)
        e->idle(e->arg);
    return true;
}

static void on_news(void *arg)
{
    struct yamux *y = arg;
    y->telling = true;
    while (!y->freed && tell_one(y))
        ;
    y->telling = false;
    if (y->freed)
        free(y);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* What a stream gives when its session ends so. */
static int stream_err(int err)
{
    switch (err) {
    case BEAM_ETIMEOUT:
    case BEAM_EIO:
    case BEAM_ENOMEM:
        return err;
    default:
        return BEAM_ERESET;
    }
}

static void end_streams(struct yamux *y, int err)
{
    struct yamux_stream *s, *next;
    for (s = TAILQ_FIRST(&y->streams); s; s = next) {
        next = TAILQ_NEXT(s, all);
        if (s->live)
            yamux_stream_end(s, err);
    }
    while ((s = TAILQ_FIRST(&y->orphans)))
        yamux_stream_end(s, err);
}

/* The peer is told what it did wrong, if it still listens. */
static void say_why(struct yamux *y, int err)
{
    if (err == BEAM_EPROTO)
        yamux_go_away(y, YAMUX_PROTOCOL_ERROR);
    else if (err == BEAM_ENOMEM)
        yamux_go_away(y, YAMUX_INTERNAL_ERROR);
    else
        return;
    if (!y->blocked && buf_move(&y->out, &y->control, buf_len(&y->control)) == 0)
        (void)stream_write(y->under, &y->out);
}

void yamux_fail(struct yamux *y, int err, const struct beam_why *why)
{
    if (y->failed)
        return;
    say_why(y, err);
    y->failed = err;
    if (why)
        y->why = *why;
    loop_task_cancel(y->loop, &y->receive);
    loop_task_cancel(y->loop, &y->send);
    loop_timer_clear(&y->stall);
    loop_timer_clear(&y->late);
    buf_clear(&y->in);
    buf_clear(&y->out);
    buf_clear(&y->control);
    end_streams(y, stream_err(err));
    stream_free(y->under);
    y->under = NULL;
    y->closed_due = true;
    yamux_tell(y);
}

void yamux_go_away(struct yamux *y, enum yamux_away code)
{
    if (y->failed || y->away_sent)
        return;
    y->away_sent = true;
    yamux_send_control(y, YAMUX_AWAY, 0, 0, code);
}

void yamux_free(struct yamux *y)
{
    struct yamux_stream *s;
    if (!y || y->freed)
        return;
    yamux_go_away(y, YAMUX_NORMAL);
    yamux_send(y);
    yamux_fail(y, BEAM_ECANCELED, NULL);
    while ((s = TAILQ_FIRST(&y->streams))) {
        TAILQ_REMOVE(&y->streams, s, all);
        yamux_share_give(&y->share, s->charged);
        s->charged = 0;
        s->y = NULL;
    }
    loop_task_cancel(y->loop, &y->news);
    yamux_ping_drop(y);
    map_free(y->ids);
    y->freed = true;
    if (!y->telling)
        free(y);
}

/* ---- calls from the loop -------------------------------------------------------------------- */

static void on_ready(void *arg, struct stream *under, unsigned ready)
{
    struct yamux *y = arg;
    (void)under;
    if (ready & STREAM_WRITABLE) {
        y->blocked = false;
        yamux_send(y);
    }
    if (ready & STREAM_READABLE)
        yamux_receive(y);
}

static void on_receive(void *arg)
{
    yamux_receive(arg);
}

/* Who opens a stream has more to say at once: a protocol, a head, a request, each from the call
 * that the one before ended with, a turn later. They go in one write. */
static void on_send(void *arg)
{
    struct yamux *y = arg;
    bool waits = y->opening && y->delayed < DELAY_MAX;
    y->delayed = waits ? y->delayed + 1 : 0;
    y->opening = false;
    if (waits)
        yamux_send_soon(y);
    else
        yamux_send(y);
}

static void on_stall(void *arg)
{
    struct yamux *y = arg;
    struct beam_why why;
    beam_why(&why, BEAM_ETIMEOUT, "yamux: the peer has taken nothing for %llu s",
             (unsigned long long)y->spec.stall_ms / 1000);
    yamux_fail(y, BEAM_ETIMEOUT, &why);
}

/* Orphans whose peers do not end them. */
static void on_late(void *arg)
{
    struct yamux *y = arg;
    uint64_t now = loop_now(y->loop);
    struct yamux_stream *s;
    while ((s = TAILQ_FIRST(&y->orphans)) && s->late_at <= now)
        yamux_stream_refuse(s, 0);
    if (s)
        loop_timer_set(&y->late, s->late_at - now);
}

/* ---- the beginning -------------------------------------------------------------------------- */

static void specify(struct yamux *y, const struct yamux_spec *spec)
{
    y->spec = *spec;
    if (!y->spec.max_streams)
        y->spec.max_streams = STREAMS;
    if (!y->spec.max_window)
        y->spec.max_window = WINDOW;
    if (y->spec.max_window < YAMUX_WINDOW_FIRST)
        y->spec.max_window = YAMUX_WINDOW_FIRST; /* every peer begins with as much */
    if (!y->spec.stall_ms)
        y->spec.stall_ms = STALL_MS;
    if (!y->spec.linger_ms)
        y->spec.linger_ms = LINGER_MS;
    y->private_budget.total = BUDGET;
    y->share.budget = spec->budget ? spec->budget : &y->private_budget;
    y->share.own = spec->memory ? spec->memory : MEMORY;
    y->next_id = spec->initiator ? 1 : 2;
}

static void begin(struct yamux *y)
{
    TAILQ_INIT(&y->streams);
    TAILQ_INIT(&y->orphans);
    TAILQ_INIT(&y->arrivals);
    TAILQ_INIT(&y->waiting);
    TAILQ_INIT(&y->notes);
    TAILQ_INIT(&y->turns);
    TAILQ_INIT(&y->pings);
    TAILQ_INIT(&y->pongs);
    buf_init(&y->in, loop_pool(y->loop), YAMUX_READ_MAX);
    yamux_send_init(y);
    loop_task_init(&y->receive, on_receive, y);
    loop_task_init(&y->send, on_send, y);
    loop_task_init(&y->news, on_news, y);
    loop_timer_init(y->loop, &y->stall, on_stall, y);
    loop_timer_init(y->loop, &y->late, on_late, y);
    stream_own(y->under, on_ready, y);
    loop_post(y->loop, &y->receive);
}

int yamux_new(struct loop *l, struct stream *under, const struct yamux_spec *spec,
              const struct yamux_events *events, struct yamux **out)
{
    struct yamux *y = calloc(1, sizeof(*y));
    int err = y ? map_new(rng_system(), IDS_MAX, &y->ids) : BEAM_ENOMEM;
    if (err < 0) {
        free(y);
        stream_reset(under);
        stream_free(under);
        return err;
    }
    y->loop = l;
    y->under = under;
    y->events = *events;
    specify(y, spec);
    begin(y);
    *out = y;
    return 0;
}

int yamux_open(struct yamux *y, struct stream **out)
{
    struct yamux_stream *s;
    if (y->failed || y->away_sent || y->away_got)
        return BEAM_ECLOSED;
    if (y->opened[true] >= y->spec.max_streams || y->next_id > UINT32_MAX - 2)
        return BEAM_ELIMIT;
    int err = yamux_stream_new(y, y->next_id, true, &s);
    if (err < 0)
        return err;
    y->next_id += 2;
    yamux_send_announce(s);
    *out = &s->stream;
    return 0;
}
