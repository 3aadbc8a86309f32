/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages with their lengths before them, in pieces of any size: what is delivered, with a length
 * in front, is what was sent, as far as it went. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "stream/frame.h"
#include "stream/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 300, WINDOW = 64, TIMEOUT_MS = 60000 };

struct scene {
    struct frame *frame;
    const uint8_t *sent;
    size_t size, at; /* of it, what was delivered */
    bool ended;
};

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    uint8_t head[4];
    struct wire_writer w;
    size_t n;
    wire_write_init(&w, head, sizeof(head));
    wire_write_varint(&w, len);
    if (wire_write_end(&w, &n) < 0 || len == 0 || len > MAX || s->at + n + len > s->size ||
        memcmp(s->sent + s->at, head, n) != 0 || memcmp(s->sent + s->at + n, data, len) != 0)
        abort();
    s->at += n + len;
    frame_read(s->frame, TIMEOUT_MS);
}

static void on_ended(void *arg, int err)
{
    struct scene *s = arg;
    if (err >= 0 || err == BEAM_ETIMEOUT || (err == BEAM_ECLOSED && s->at != s->size))
        abort();
    s->ended = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene s = {.sent = data, .size = size};
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = &s};
    struct loop *l;
    struct stream *near, *far;
    struct buf out;
    if (size > 4096 || loop_new(&l) < 0)
        return 0;
    buf_init(&out, loop_pool(l), size + 1);
    if (stream_memory(l, WINDOW, &near, &far) < 0 || buf_add(&out, data, size) < 0 ||
        frame_new(l, near, MAX, &events, &s.frame) < 0)
        abort();
    frame_read(s.frame, TIMEOUT_MS);
    for (size_t i = 0; i <= size && !s.ended; i++) {
        (void)stream_write(far, &out);
        if (buf_len(&out) == 0)
            (void)stream_shut(far);
        loop_turn(l);
    }
    frame_free(s.frame);
    stream_free(far);
    buf_clear(&out);
    loop_free(l);
    return 0;
}
