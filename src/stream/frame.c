/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/frame.h"

#include <stdlib.h>

#include "base/wire.h"

enum {
    HEAD_MAX = 4,     /* bytes of a length: no message is longer than 256 MiB */
    UNSENT_FRAMES = 4 /* messages of full length that may wait for the peer to take them */
};

struct frame {
    struct loop *loop;
    struct stream *stream;
    struct frame_events events;
    struct loop_timer deadline;
    struct loop_task more; /* tries at first, for a stream owes no call before that */
    struct buf in, out;
    size_t max, want; /* of the message's bytes, once its length is known */
    bool known, empty, reading, shut;
    bool *freed; /* of a call under way: set when its callee freed us */
};

static void end(struct frame *f, int err)
{
    loop_timer_clear(&f->deadline);
    loop_task_cancel(f->loop, &f->more);
    f->reading = false;
    f->events.ended(f->events.arg, err);
}

/* ---- in ------------------------------------------------------------------------------------- */

/* The length, when its last byte is there. 0, BEAM_EAGAIN, BEAM_EPROTO or BEAM_ELIMIT. */
static int read_length(struct frame *f)
{
    uint8_t bytes[HEAD_MAX];
    struct wire_reader r;
    size_t n = buf_peek(&f->in, 0, bytes, sizeof(bytes));
    if (bytes[n - 1] & 0x80)
        return n == sizeof(bytes) ? BEAM_ELIMIT : BEAM_EAGAIN;
    wire_read_init(&r, bytes, n);
    uint64_t len = wire_read_varint(&r);
    if (wire_read_end(&r, true) < 0 || (len == 0 && !f->empty))
        return BEAM_EPROTO;
    if (len > f->max)
        return BEAM_ELIMIT;
    buf_clear(&f->in);
    f->want = (size_t)len;
    f->known = true;
    return 0;
}

static int deliver(struct frame *f)
{
    size_t len = f->want;
    uint8_t *data = malloc(len + 1); /* of an empty one, too */
    if (!data)
        return BEAM_ENOMEM;
    buf_peek(&f->in, 0, data, len);
    buf_clear(&f->in);
    f->known = false;
    f->reading = false;
    loop_timer_clear(&f->deadline);
    f->events.message(f->events.arg, data, len);
    free(data);
    return 0;
}

/* Reads until a message was delivered (then f may be gone), or nothing is there. */
static int read_message(struct frame *f)
{
    for (;;) {
        size_t need = f->known ? f->want - buf_len(&f->in) : 1;
        ssize_t n = stream_read(f->stream, &f->in, need);
        if (n == BEAM_ECLOSED && (f->known || buf_len(&f->in) > 0))
            return BEAM_EPROTO;
        if (n < 0)
            return (int)n;
        int err = f->known ? 0 : read_length(f);
        if (err < 0 && err != BEAM_EAGAIN)
            return err;
        if (f->known && buf_len(&f->in) == f->want)
            return deliver(f);
    }
}

static void read_on(struct frame *f)
{
    bool freed = false;
    f->freed = &freed;
    int err = read_message(f);
    if (freed)
        return;
    f->freed = NULL;
    if (err < 0 && err != BEAM_EAGAIN)
        end(f, err);
}

/* ---- out ------------------------------------------------------------------------------------ */

static int flush(struct frame *f)
{
    ssize_t n = 0;
    while (buf_len(&f->out) > 0 && n >= 0)
        n = stream_write(f->stream, &f->out);
    if (n < 0)
        return n == BEAM_EAGAIN ? 0 : (int)n;
    return f->shut ? stream_shut(f->stream) : 0;
}

int frame_send(struct frame *f, const void *data, size_t len)
{
    uint8_t head[HEAD_MAX];
    struct wire_writer w;
    size_t head_len;
    wire_write_init(&w, head, sizeof(head));
    wire_write_varint(&w, len);
    if ((len == 0 && !f->empty) || len > f->max || wire_write_end(&w, &head_len) < 0 ||
        buf_room(&f->out) < head_len + len)
        return BEAM_ELIMIT;
    int err = buf_add(&f->out, head, head_len);
    if (err == 0)
        err = buf_add(&f->out, data, len);
    return err < 0 ? err : flush(f);
}

void frame_shut(struct frame *f)
{
    f->shut = true;
    (void)flush(f);
}

size_t frame_unsent(const struct frame *f)
{
    return buf_len(&f->out);
}

/* f may be gone after it. */
static void flush_on(struct frame *f)
{
    bool held = buf_len(&f->out) > 0;
    (void)flush(f);
    if (held && buf_len(&f->out) == 0 && f->events.flushed)
        f->events.flushed(f->events.arg);
}

/* ---- both ----------------------------------------------------------------------------------- */

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct frame *f = arg;
    bool freed = false;
    (void)s;
    f->freed = &freed;
    /* A failure to write is told by reading, which has what came before it. */
    if (ready & STREAM_WRITABLE)
        flush_on(f);
    if (freed)
        return;
    f->freed = NULL;
    if (f->reading && ready & STREAM_READABLE)
        read_on(f);
}

static void on_more(void *arg)
{
    struct frame *f = arg;
    if (f->reading)
        read_on(f);
}

static void on_deadline(void *arg)
{
    end(arg, BEAM_ETIMEOUT);
}

int frame_new(struct loop *l, struct stream *s, size_t max, const struct frame_events *events,
              struct frame **out)
{
    struct frame *f = calloc(1, sizeof(*f));
    if (!f) {
        stream_reset(s);
        stream_free(s);
        return BEAM_ENOMEM;
    }
    f->loop = l;
    f->stream = s;
    f->events = *events;
    f->max = max;
    buf_init(&f->in, loop_pool(l), max > HEAD_MAX ? max : HEAD_MAX);
    buf_init(&f->out, loop_pool(l), UNSENT_FRAMES * (max + HEAD_MAX));
    loop_timer_init(l, &f->deadline, on_deadline, f);
    loop_task_init(&f->more, on_more, f);
    stream_own(s, on_ready, f);
    *out = f;
    return 0;
}

void frame_allow_empty(struct frame *f)
{
    f->empty = true;
}

void frame_read(struct frame *f, uint64_t timeout_ms)
{
    f->reading = true;
    loop_timer_set(&f->deadline, timeout_ms);
    loop_post(f->loop, &f->more);
}

/* All of it but the stream. */
static void dissolve(struct frame *f)
{
    if (f->freed)
        *f->freed = true;
    loop_timer_clear(&f->deadline);
    loop_task_cancel(f->loop, &f->more);
    buf_clear(&f->in);
    buf_clear(&f->out);
    free(f);
}

struct stream *frame_take(struct frame *f)
{
    struct stream *s = f->stream;
    stream_own(s, NULL, NULL);
    dissolve(f);
    return s;
}

void frame_free(struct frame *f)
{
    if (!f)
        return;
    struct stream *s = f->stream;
    dissolve(f);
    stream_free(s);
}
