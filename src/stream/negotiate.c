/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/negotiate.h"

#include <stdlib.h>

#include "stream/lazy.h"
#include "stream/multistream.h"

struct negotiate {
    struct loop *loop;
    struct stream *stream;
    struct multistream talk;
    struct buf in, out;
    const char *lazy; /* the protocol that is not waited for */
    struct loop_task begin;
    struct loop_timer deadline;
    negotiate_fn *done;
    void *arg;
};

static void negotiate_free(struct negotiate *n)
{
    loop_task_cancel(n->loop, &n->begin);
    loop_timer_clear(&n->deadline);
    stream_free(n->stream);
    buf_clear(&n->in);
    buf_clear(&n->out);
    free(n);
}

static void explain(const struct negotiate *n, int err, struct beam_why *why)
{
    bool asks = n->talk.protocols != NULL;
    if (err == BEAM_ENOTFOUND && asks)
        beam_why(why, err, "%s: the peer does not speak it%s", n->talk.protocols[0],
                 n->talk.count > 1 ? ", nor any other that was proposed" : "");
    else if (err == BEAM_ENOTFOUND)
        beam_why(why, err, "the peer asked for no protocol that is spoken here");
    else if (err == BEAM_EPROTO)
        beam_why(why, err, "the peer does not speak multistream-select 1.0.0");
    else if (err == BEAM_ELIMIT)
        beam_why(why, err, "the peer proposed more than %d protocols", NEGOTIATE_PROPOSALS_MAX);
    else if (err == BEAM_ETIMEOUT)
        beam_why(why, err, "the peer did not agree on a protocol in time");
    else if (err < 0)
        beam_why(why, err, "choosing a protocol: %s", beam_err_text(err));
}

static void answer(struct negotiate *n, int err)
{
    struct beam_why why = {0};
    struct stream *s = NULL;
    const char *protocol = NULL;
    if (err == 0) {
        s = n->stream;
        n->stream = NULL;
        stream_own(s, NULL, NULL);
    } else if (err != BEAM_ENOTFOUND) {
        stream_reset(n->stream);
    }
    explain(n, err, &why);
    if (err == 0)
        protocol = n->lazy ? n->lazy : multistream_protocol(&n->talk);
    loop_timer_clear(&n->deadline);
    n->done(n->arg, err, &why, s, protocol); /* with a text that may be in n */
    negotiate_free(n);
}

/* The peer ended its side: having tried at least one protocol, or having said nothing of use. */
static int on_end(const struct negotiate *n)
{
    bool tried = !n->talk.protocols && n->talk.proposals > 0 && buf_len(&n->in) == 0;
    return tried ? BEAM_ENOTFOUND : BEAM_ERESET;
}

/* 0: agreed, and said so; BEAM_EAGAIN: the stream has to be waited for; or why not. */
static int go_on(struct negotiate *n)
{
    for (;;) {
        int err = multistream_input(&n->talk, &n->in, &n->out);
        if (err < 0 && err != BEAM_EAGAIN)
            return err;
        ssize_t got = stream_write(n->stream, &n->out);
        if (got < 0 && got != BEAM_EAGAIN)
            return (int)got;
        if (err == 0)
            return buf_len(&n->out) > 0 ? BEAM_EAGAIN : 0;
        if (buf_room(&n->out) < MULTISTREAM_MESSAGE_MAX)
            return BEAM_EAGAIN; /* no room for another answer */
        got = stream_read(n->stream, &n->in, multistream_need(&n->talk, &n->in));
        if (got < 0)
            return got == BEAM_ECLOSED ? on_end(n) : (int)got;
    }
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    int err = go_on(arg);
    (void)s;
    (void)ready;
    if (err != BEAM_EAGAIN)
        answer(arg, err);
}

static void on_begin(void *arg)
{
    struct negotiate *n = arg;
    if (n->lazy)
        answer(n, 0);
    else
        on_ready(n, n->stream, 0);
}

static void on_deadline(void *arg)
{
    answer(arg, BEAM_ETIMEOUT);
}

static struct negotiate *negotiate_new(struct loop *l, uint64_t timeout_ms, negotiate_fn *done,
                                       void *arg)
{
    struct negotiate *n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    n->loop = l;
    n->done = done;
    n->arg = arg;
    buf_init(&n->in, loop_pool(l), MULTISTREAM_MESSAGE_MAX);
    buf_init(&n->out, loop_pool(l), MULTISTREAM_OUT_MAX);
    loop_task_init(&n->begin, on_begin, n);
    loop_timer_init(l, &n->deadline, on_deadline, n);
    loop_timer_set(&n->deadline, timeout_ms ? timeout_ms : NEGOTIATE_TIMEOUT_MS);
    loop_post(l, &n->begin);
    return n;
}

static void take_over(struct negotiate *n, struct stream *s)
{
    n->stream = s;
    stream_own(s, on_ready, n);
}

int negotiate_ask(struct loop *l, struct stream *s, const char *const *protocols, size_t count,
                  unsigned flags, uint64_t timeout_ms, negotiate_fn *done, void *arg,
                  struct negotiate **out)
{
    int err = 0;
    if ((flags & NEGOTIATE_LAZY) && count != 1)
        return BEAM_EINVAL;
    struct negotiate *n = negotiate_new(l, timeout_ms, done, arg);
    if (!n)
        return BEAM_ENOMEM;
    if (flags & NEGOTIATE_LAZY) {
        n->lazy = protocols[0];
        err = stream_lazy(l, s, n->lazy, &n->stream);
    } else {
        err = multistream_ask(&n->talk, protocols, count, &n->out);
        if (err == 0)
            take_over(n, s);
    }
    if (err < 0) {
        negotiate_free(n);
        return err;
    }
    *out = n;
    return 0;
}

int negotiate_answer(struct loop *l, struct stream *s, negotiate_supports_fn *supports,
                     uint64_t timeout_ms, negotiate_fn *done, void *arg, struct negotiate **out)
{
    struct negotiate *n = negotiate_new(l, timeout_ms, done, arg);
    if (!n)
        return BEAM_ENOMEM;
    multistream_answer(&n->talk, supports, arg);
    take_over(n, s);
    *out = n;
    return 0;
}

void negotiate_cancel(struct negotiate *n)
{
    if (!n)
        return;
    stream_reset(n->stream);
    negotiate_free(n);
}
