/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_link.h"

#include <stdlib.h>

#include "base/wire.h"
#include "stream/frame.h"

enum {
    WINDOW = 256 * 1024, /* unread bytes of a stream: the ends are never far from each other */
    HEAD_MAX = 8         /* bytes of a frame's length */
};
#define FOREVER_MS (UINT64_C(365) * 24 * 3600 * 1000)

struct crew_link {
    struct crew_link_spec spec;
    struct crew_link_events events;
    struct yamux *yamux;
    struct frame *news; /* NULL: the one that dialled has not opened it yet */
    struct loop_task end;
};

static void on_end(void *arg)
{
    struct crew_link *l = arg;
    l->events.ended(l->events.arg);
}

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct crew_link *l = arg;
    (void)err;
    (void)why;
    loop_post(l->spec.loop, &l->end);
}

/* ---- messages ------------------------------------------------------------------------------- */

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct crew_link *l = arg;
    struct crew_message m;
    if (crew_message_read(data, len, &m) < 0) {
        loop_post(l->spec.loop, &l->end);
        return;
    }
    if (l->events.message(l->events.arg, &m))
        frame_read(l->news, FOREVER_MS);
}

static void on_news_ended(void *arg, int err)
{
    struct crew_link *l = arg;
    (void)err;
    loop_post(l->spec.loop, &l->end);
}

static int begin_news(struct crew_link *l, struct stream *s)
{
    const struct frame_events events = {.message = on_message, .ended = on_news_ended, .arg = l};
    int err = frame_new(l->spec.loop, s, CREW_MESSAGE_MAX, &events, &l->news);
    if (err == 0)
        frame_read(l->news, FOREVER_MS);
    return err;
}

int crew_link_send(struct crew_link *l, const struct crew_message *m)
{
    size_t size = CREW_SMALL_MAX + m->len, len;
    uint8_t *bytes = l->news ? malloc(size) : NULL;
    int err = l->news ? (bytes ? 0 : BEAM_ENOMEM) : BEAM_ECLOSED;
    if (err == 0)
        err = crew_message_write(m, bytes, size, &len);
    if (err == 0)
        err = frame_send(l->news, bytes, len);
    free(bytes);
    return err;
}

/* ---- streams -------------------------------------------------------------------------------- */

static void on_stream(void *arg, struct stream *s)
{
    struct crew_link *l = arg;
    if (l->news || l->spec.dialled)
        l->events.stream(l->events.arg, s);
    else if (begin_news(l, s) < 0)
        loop_post(l->spec.loop, &l->end);
}

/* As frame_send has it, without a frame of its own: what follows is the caller's. */
static int write_head(const struct crew_link *l, struct stream *s, const struct crew_message *head)
{
    uint8_t bytes[HEAD_MAX + CREW_SMALL_MAX];
    struct wire_writer w;
    struct buf out;
    size_t len, at;
    int err = crew_message_write(head, bytes + HEAD_MAX, CREW_SMALL_MAX, &len);
    if (err < 0)
        return err;
    wire_write_init(&w, bytes, HEAD_MAX);
    wire_write_varint(&w, len);
    buf_init(&out, loop_pool(l->spec.loop), sizeof(bytes));
    err = wire_write_end(&w, &at);
    if (err == 0)
        err = buf_add(&out, bytes, at);
    if (err == 0)
        err = buf_add(&out, bytes + HEAD_MAX, len);
    while (err == 0 && buf_len(&out) > 0) {
        ssize_t n = stream_write(s, &out);
        err = n < 0 ? (int)n : 0;
    }
    buf_clear(&out);
    return err;
}

int crew_link_open(struct crew_link *l, const struct crew_message *head, struct stream **out)
{
    struct stream *s;
    int err = yamux_open(l->yamux, &s);
    if (err < 0)
        return err;
    err = write_head(l, s, head);
    if (err < 0) {
        stream_reset(s);
        stream_free(s);
        return err;
    }
    *out = s;
    return 0;
}

/* ---- its life ------------------------------------------------------------------------------- */

static int open_news(struct crew_link *l)
{
    struct stream *s;
    int err = yamux_open(l->yamux, &s);
    return err < 0 ? err : begin_news(l, s);
}

int crew_link_new(struct stream *under, const struct crew_link_spec *spec,
                  const struct crew_link_events *events, struct crew_link **out)
{
    const struct yamux_spec yamux = {.initiator = spec->dialled,
                                     .max_streams = spec->streams + 1,
                                     .max_window = WINDOW,
                                     .budget = spec->budget};
    struct crew_link *l = calloc(1, sizeof(*l));
    if (!l) {
        stream_free(under);
        return BEAM_ENOMEM;
    }
    l->spec = *spec;
    l->events = *events;
    loop_task_init(&l->end, on_end, l);
    const struct yamux_events on = {.stream = on_stream, .closed = on_closed, .arg = l};
    int err = yamux_new(spec->loop, under, &yamux, &on, &l->yamux);
    if (err == 0 && spec->dialled)
        err = open_news(l);
    if (err < 0)
        crew_link_free(l);
    else
        *out = l;
    return err;
}

void crew_link_free(struct crew_link *l)
{
    if (!l)
        return;
    loop_task_cancel(l->spec.loop, &l->end);
    frame_free(l->news);
    yamux_free(l->yamux);
    free(l);
}
