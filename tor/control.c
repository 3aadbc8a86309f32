/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One reply a task: the callback is the last thing the task does, so that it
 * may free the client, and a flood of events lets the rest of the loop live.
 */
#include "tor/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

enum { READ_MAX = 16 * 1024, FIRST_PENDING = 16 };

struct pending {
    control_fn *fn;
    void *arg;
};

struct control {
    struct loop *loop;
    struct stream *stream;
    struct control_events events;
    struct control_reader *reader;
    struct buf in, out;
    struct loop_task task;
    int failed; /* the stream's end, told once all that came before is read */
    bool told;
    struct pending *ring;
    size_t first, count, room; /* room: a power of two, or 0 */
};

static void fail(struct control *c, int err)
{
    if (c->failed == 0)
        c->failed = err == BEAM_ECLOSED ? BEAM_ERESET : err;
    loop_post(c->loop, &c->task);
}

static void flush(struct control *c)
{
    if (c->failed || buf_len(&c->out) == 0)
        return;
    ssize_t n = stream_write(c->stream, &c->out);
    if (n < 0 && n != BEAM_EAGAIN)
        fail(c, (int)n);
}

/* Reads what there is, up to what the reader will look at in one go. */
static int fill(struct control *c)
{
    ssize_t n = stream_read(c->stream, &c->in, READ_MAX);
    return n < 0 ? (int)n : 0;
}

static void deliver(struct control *c, const struct control_reply *reply)
{
    if (reply->event) {
        c->events.event(c->events.arg, reply);
        return;
    }
    if (c->count == 0) { /* an answer to nothing */
        fail(c, BEAM_EPROTO);
        return;
    }
    struct pending p = c->ring[c->first];
    c->first = (c->first + 1) & (c->room - 1);
    c->count--;
    p.fn(p.arg, reply);
}

static void work(void *arg)
{
    struct control *c = arg;
    const struct control_reply *reply = NULL;
    int err = control_reader_next(c->reader, &c->in, &reply);
    while (err == BEAM_EAGAIN && c->failed == 0) {
        err = fill(c);
        if (err == BEAM_EAGAIN)
            return;
        if (err < 0)
            fail(c, err);
        err = control_reader_next(c->reader, &c->in, &reply);
    }
    if (err == 0) {
        loop_post(c->loop, &c->task);
        deliver(c, reply);
        return;
    }
    if (err != BEAM_EAGAIN)
        fail(c, err);
    if (c->told)
        return;
    c->told = true;
    c->events.closed(c->events.arg, c->failed);
}

static void on_stream(void *arg, struct stream *s, unsigned ready)
{
    struct control *c = arg;
    (void)s;
    if (ready & STREAM_WRITABLE)
        flush(c);
    if (ready & STREAM_READABLE)
        loop_post(c->loop, &c->task);
}

int control_new(struct loop *l, struct stream *s, const struct control_events *events,
                struct control **out)
{
    struct control *c = calloc(1, sizeof(*c));
    if (!c || control_reader_new(&c->reader) < 0) {
        free(c);
        stream_free(s);
        return BEAM_ENOMEM;
    }
    c->loop = l;
    c->stream = s;
    c->events = *events;
    buf_init(&c->in, loop_pool(l), CONTROL_TEXT_MAX + READ_MAX);
    buf_init(&c->out, loop_pool(l), CONTROL_UNSENT_MAX);
    loop_task_init(&c->task, work, c);
    stream_own(s, on_stream, c);
    loop_post(l, &c->task);
    *out = c;
    return 0;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    loop_task_cancel(c->loop, &c->task);
    stream_free(c->stream);
    buf_clear(&c->in);
    buf_clear(&c->out);
    control_reader_free(c->reader);
    free(c->ring);
    free(c);
}

/* The text and its CRLF into line[CONTROL_COMMAND_MAX]; its length or an error. */
__attribute__((format(printf, 2, 0))) static int format_line(char *line, const char *fmt,
                                                             va_list ap)
{
    int n = vsnprintf(line, CONTROL_COMMAND_MAX - 1, fmt, ap);
    if (n <= 0)
        return BEAM_EINVAL;
    if (n >= CONTROL_COMMAND_MAX - 1)
        return BEAM_ELIMIT;
    if (strcspn(line, "\r\n") != (size_t)n) /* a NUL inside ends it early, too */
        return BEAM_EINVAL;
    line[n] = '\r';
    line[n + 1] = '\n';
    return n + 2;
}

/* Room for one more in the ring. */
static int grow(struct control *c)
{
    if (c->count < c->room)
        return 0;
    if (c->count == CONTROL_PENDING_MAX)
        return BEAM_ELIMIT;
    size_t room = c->room ? 2 * c->room : FIRST_PENDING;
    struct pending *ring = calloc(room, sizeof(*ring));
    if (!ring)
        return BEAM_ENOMEM;
    for (size_t i = 0; i < c->count; i++)
        ring[i] = c->ring[(c->first + i) & (c->room - 1)];
    free(c->ring);
    c->ring = ring;
    c->first = 0;
    c->room = room;
    return 0;
}

static int enqueue(struct control *c, control_fn *fn, void *arg, const char *line, size_t len)
{
    if (c->failed)
        return BEAM_ECLOSED;
    int err = grow(c);
    if (err == 0)
        err = buf_add_secret(&c->out, line, len); /* a command may carry a key */
    if (err < 0)
        return err;
    c->ring[(c->first + c->count++) & (c->room - 1)] = (struct pending){fn, arg};
    flush(c);
    return 0;
}

int control_send(struct control *c, control_fn *fn, void *arg, const char *fmt, ...)
{
    char line[CONTROL_COMMAND_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = format_line(line, fmt, ap);
    va_end(ap);
    int err = n < 0 ? n : enqueue(c, fn, arg, line, (size_t)n);
    sodium_memzero(line, sizeof(line));
    return err;
}

size_t control_pending(const struct control *c)
{
    return c->count;
}
