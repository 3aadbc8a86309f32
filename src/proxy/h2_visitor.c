/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/h2_visitor.h"

#include <stdlib.h>

#include "base/log.h"
#include "loop/deadline.h"
#include "proxy/h2_exchange.h"

enum {
    IDLE_MS = 60 * 1000,
    BLOCK_MS = 10 * 1000, /* for a field section, as for a head of HTTP/1.1 */
    READ_MAX = 64 * 1024,
    PER_TURN = 256 * 1024, /* bytes read, then others have their turn */
    LEAVE_MS = 2000,       /* for a visitor to end, once it was told that this is the end */
    LEAVE_MAX = 256 * 1024 /* bytes that it sends meanwhile */
};

struct h2_visitor {
    struct loop *loop;
    struct stream *under; /* NULL: over */
    struct h2 *h2;
    struct h2_visitor_events events;
    struct h2_patience patience;
    struct buf in, out;
    struct loop_task go_on;
    struct loop_deadline deadline;
    size_t exchanges;       /* streams that were not freed */
    uint64_t blocked_since; /* it takes nothing; 0: it does */
    bool dry;               /* a call is owed once there is more */
    bool leaving;           /* our side is shut */
    size_t dropped;         /* bytes, while leaving */
    bool freed;
    int err;
};

/* ---- the end --------------------------------------------------------------------------------- */

static void destroy(struct h2_visitor *v)
{
    loop_task_cancel(v->loop, &v->go_on);
    loop_deadline_stop(&v->deadline);
    h2_free(v->h2);
    free(v);
}

static void tell_news(struct h2_visitor *v);

static void part(struct h2_visitor *v)
{
    loop_deadline_stop(&v->deadline);
    buf_clear(&v->in);
    buf_clear(&v->out);
    stream_free(v->under);
    v->under = NULL;
    loop_post(v->loop, &v->go_on);
}

/* What it sends now is for nobody. */
static void drop(struct h2_visitor *v)
{
    ssize_t n;
    do {
        buf_clear(&v->in);
        n = stream_read(v->under, &v->in, READ_MAX);
        v->dropped += n > 0 ? (size_t)n : 0;
    } while (n > 0 && v->dropped < LEAVE_MAX);
    if (n != BEAM_EAGAIN)
        part(v);
}

/* The connection is over: its streams fail, and are freed by who has them. A close with bytes
 * unread would be a reset, and could cost the visitor what it was told last. */
static void close_down(struct h2_visitor *v, int err)
{
    if (!v->under || v->leaving)
        return;
    v->err = err;
    if (err < 0)
        log_debug("proxy", "a visitor's HTTP/2 connection ended early: %s", beam_err_text(err));
    h2_end_all(v->h2);
    tell_news(v);
    if (buf_len(&v->out) > 0 || stream_shut(v->under) < 0) {
        part(v);
        return;
    }
    v->leaving = true;
    loop_deadline_set(&v->deadline, loop_now(v->loop) + LEAVE_MS);
    drop(v);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void on_stir(void *arg)
{
    struct h2_visitor *v = arg;
    loop_post(v->loop, &v->go_on);
}

static void on_gone(void *arg)
{
    struct h2_visitor *v = arg;
    if (--v->exchanges == 0 && v->freed)
        destroy(v);
}

static void begin(struct h2_visitor *v, struct h2_stream *core)
{
    const struct h2_exchange_owner owner = {.stir = on_stir, .gone = on_gone, .arg = v};
    struct stream *s;
    if (h2_exchange_new(v->loop, core, &owner, &s) < 0)
        return;
    v->exchanges++;
    if (v->events.request(v->events.arg, s))
        return;
    h2_reset(core, H2_REFUSED_STREAM);
    stream_free(s);
}

static void tell_news(struct h2_visitor *v)
{
    struct h2_stream *core;
    unsigned news;
    while ((core = h2_next(v->h2, &news))) {
        if (news & H2_NEWS_REQUEST)
            begin(v, core);
        else
            h2_exchange_news(core, news);
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Sends what there is, as far as it goes. 0 or BEAM_E… */
static int flush(struct h2_visitor *v)
{
    while (!v->blocked_since) {
        int err = h2_send(v->h2, &v->out, loop_now(v->loop));
        if (err < 0 || buf_len(&v->out) == 0)
            return err;
        ssize_t n = stream_write(v->under, &v->out);
        if (n < 0 && n != BEAM_EAGAIN)
            return (int)n;
        if (buf_len(&v->out) > 0)
            v->blocked_since = loop_now(v->loop) + (loop_now(v->loop) == 0);
    }
    return 0;
}

/* Reads once. Bytes, BEAM_EAGAIN, or why the connection is over. */
static ssize_t hear(struct h2_visitor *v)
{
    if (v->dry)
        return BEAM_EAGAIN;
    ssize_t n =
        buf_len(&v->in) > 0 ? (ssize_t)buf_len(&v->in) : stream_read(v->under, &v->in, READ_MAX);
    v->dry = n == BEAM_EAGAIN;
    if (n <= 0)
        return n;
    int err = h2_feed(v->h2, &v->in, loop_now(v->loop));
    tell_news(v);
    return err < 0 ? err : n;
}

/* Until there is nothing to do. 0, or why the connection is over. */
static int exchange(struct h2_visitor *v)
{
    for (size_t turn = 0; turn < PER_TURN;) {
        int err = flush(v);
        tell_news(v);
        if (err < 0)
            return err;
        if (h2_over(v->h2) && buf_len(&v->out) == 0)
            return BEAM_ECLOSED;
        ssize_t n = hear(v);
        if (n < 0)
            return n == BEAM_EAGAIN ? 0 : (int)n;
        turn += (size_t)n;
    }
    loop_post(v->loop, &v->go_on);
    return 0;
}

static uint64_t due(const struct h2_visitor *v)
{
    uint64_t at = h2_due(v->h2, &v->patience);
    uint64_t blocked = v->blocked_since ? v->blocked_since + v->patience.idle_ms : 0;
    return blocked && (!at || blocked < at) ? blocked : at;
}

static void go(struct h2_visitor *v)
{
    if (v->under && v->leaving) {
        drop(v);
        return;
    }
    int err = v->under ? exchange(v) : 0;
    if (err < 0) {
        if (!v->blocked_since)
            (void)flush(v); /* it says why */
        close_down(v, err == BEAM_ECLOSED ? 0 : err);
    }
    if (v->under && !v->leaving)
        loop_deadline_set(&v->deadline, due(v));
    else if (!v->under && v->exchanges == 0)
        loop_post(v->loop, &v->go_on);
}

static void on_go_on(void *arg)
{
    struct h2_visitor *v = arg;
    if (v->under || v->exchanges > 0) {
        go(v);
        return;
    }
    h2_on_wide(v->h2, NULL, NULL);
    if (!v->freed)
        v->events.done(v->events.arg, v->err);
    destroy(v);
}

static void on_ready(void *arg, struct stream *under, unsigned ready)
{
    struct h2_visitor *v = arg;
    (void)under;
    if (ready & STREAM_READABLE)
        v->dry = false;
    if (ready & STREAM_WRITABLE)
        v->blocked_since = 0;
    go(v);
}

static void on_deadline(void *arg)
{
    struct h2_visitor *v = arg;
    uint64_t now = loop_now(v->loop);
    if (v->leaving) {
        part(v);
        return;
    }
    if (v->blocked_since && v->blocked_since + v->patience.idle_ms <= now) {
        close_down(v, BEAM_ETIMEOUT);
        return;
    }
    int err = h2_expire(v->h2, &v->patience, now);
    if (err < 0) {
        (void)flush(v);
        close_down(v, h2_streams(v->h2) == 0 ? 0 : err);
        return;
    }
    go(v);
}

/* ---- birth ----------------------------------------------------------------------------------- */

int h2_visitor_new(struct loop *l, const struct rng *rng, struct stream *stream, struct buf *early,
                   uint64_t idle_ms, const struct h2_visitor_events *events,
                   struct h2_visitor **out)
{
    int err = BEAM_ENOMEM;
    struct h2_visitor *v = calloc(1, sizeof(*v));
    if (!v)
        goto out;
    v->loop = l;
    v->events = *events;
    v->patience.idle_ms = idle_ms ? idle_ms : IDLE_MS;
    v->patience.block_ms = BLOCK_MS;
    buf_init(&v->in, loop_pool(l), READ_MAX);
    buf_init(&v->out, loop_pool(l), H2_SEND_MAX);
    err = h2_new(loop_pool(l), rng, loop_now(l), &v->h2);
    if (err == 0 && early)
        err = buf_move(&v->in, early, buf_len(early));
    if (err < 0)
        goto out;
    h2_on_wide(v->h2, events->wide, events->arg);
    loop_task_init(&v->go_on, on_go_on, v);
    loop_deadline_init(l, &v->deadline, on_deadline, v);
    v->under = stream;
    stream_own(stream, on_ready, v);
    loop_post(l, &v->go_on);
    *out = v;
    return 0;
out:
    if (early)
        buf_clear(early);
    stream_reset(stream);
    stream_free(stream);
    if (v)
        h2_free(v->h2);
    free(v);
    return err;
}

void h2_visitor_free(struct h2_visitor *v)
{
    if (!v)
        return;
    if (v->under) {
        h2_end_all(v->h2);
        if (!v->blocked_since)
            (void)flush(v);
        close_down(v, BEAM_ECANCELED);
        if (v->under)
            part(v);
    }
    h2_on_wide(v->h2, NULL, NULL);
    v->freed = true;
    loop_task_cancel(v->loop, &v->go_on);
    if (v->exchanges == 0)
        destroy(v);
}
