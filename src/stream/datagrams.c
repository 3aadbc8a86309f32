/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/datagrams.h"

#include <stdlib.h>

enum { PER_TURN = 64 }; /* that come in a row; then others have their turn */

struct datagrams {
    struct loop *loop;
    struct stream *stream;
    struct datagrams_events events;
    struct buf in, out;
    struct loop_task more; /* tries at first, for a stream owes no call before that */
    bool over;
    bool *freed; /* of a call under way: set when its callee freed us */
};

static void end(struct datagrams *d, int err)
{
    if (d->over)
        return;
    d->over = true;
    loop_task_cancel(d->loop, &d->more);
    d->events.ended(d->events.arg, err);
}

/* ---- in ------------------------------------------------------------------------------------- */

/* 0: there may be more; else why not. */
static int read_some(struct datagrams *d)
{
    ssize_t n = stream_read(d->stream, &d->in, buf_room(&d->in));
    if (n == BEAM_ECLOSED && buf_len(&d->in) > 0)
        return BEAM_EPROTO;
    return n < 0 ? (int)n : 0;
}

/* Delivers what is whole. 0, BEAM_EAGAIN (no more is), BEAM_EPROTO, 1 (d is gone). */
static int deliver(struct datagrams *d, int *left)
{
    uint8_t data[DATAGRAM_MAX];
    bool freed = false;
    while (*left > 0) {
        ssize_t n = datagram_take(&d->in, data);
        if (n < 0)
            return (int)n;
        --*left;
        d->freed = &freed;
        d->events.datagram(d->events.arg, data, (size_t)n);
        if (freed)
            return 1;
        d->freed = NULL;
    }
    return 0;
}

static void receive(struct datagrams *d)
{
    int left = PER_TURN, err;
    do {
        err = deliver(d, &left);
        if (err == BEAM_EAGAIN)
            err = read_some(d);
    } while (err == 0 && left > 0);
    if (err == 0)
        loop_post(d->loop, &d->more);
    else if (err < 0 && err != BEAM_EAGAIN)
        end(d, err);
}

/* ---- out ------------------------------------------------------------------------------------ */

static int flush(struct datagrams *d)
{
    ssize_t n = 0;
    while (buf_len(&d->out) > 0 && n >= 0)
        n = stream_write(d->stream, &d->out);
    return n < 0 && n != BEAM_EAGAIN ? (int)n : 0;
}

int datagrams_send(struct datagrams *d, const void *data, size_t len)
{
    int err = d->over ? BEAM_ECLOSED : datagram_put(&d->out, data, len);
    if (err < 0)
        return err;
    err = flush(d);
    if (err < 0)
        loop_post(d->loop, &d->more); /* reading tells it, after what had come before */
    return err;
}

/* ---- both ----------------------------------------------------------------------------------- */

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct datagrams *d = arg;
    (void)s;
    int err = ready & STREAM_WRITABLE ? flush(d) : 0;
    if (d->over)
        return;
    if (err < 0)
        end(d, err);
    else if (ready & STREAM_READABLE)
        receive(d);
}

static void on_more(void *arg)
{
    receive(arg);
}

int datagrams_new(struct loop *l, struct stream *s, const struct datagrams_events *events,
                  struct datagrams **out)
{
    struct datagrams *d = calloc(1, sizeof(*d));
    if (!d) {
        stream_reset(s);
        stream_free(s);
        return BEAM_ENOMEM;
    }
    *d = (struct datagrams){.loop = l, .stream = s, .events = *events};
    buf_init(&d->in, loop_pool(l), DATAGRAM_ROOM);
    buf_init(&d->out, loop_pool(l), DATAGRAM_ROOM);
    loop_task_init(&d->more, on_more, d);
    stream_own(s, on_ready, d);
    loop_post(l, &d->more);
    *out = d;
    return 0;
}

void datagrams_free(struct datagrams *d)
{
    if (!d)
        return;
    if (d->freed)
        *d->freed = true;
    loop_task_cancel(d->loop, &d->more);
    buf_clear(&d->in);
    buf_clear(&d->out);
    stream_free(d->stream);
    free(d);
}
