/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams over a stream, in pieces of any size: what is delivered, with its length in front, is
 * what was sent, as far as it went. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/datagrams.h"
#include "stream/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WINDOW = 48 };

struct scene {
    const uint8_t *sent;
    size_t size, at; /* of it, what was delivered */
    bool ended;
};

static void on_datagram(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    if (s->at + DATAGRAM_HEAD + len > s->size || s->sent[s->at] != (len >> 8) ||
        s->sent[s->at + 1] != (len & 0xff) ||
        memcmp(s->sent + s->at + DATAGRAM_HEAD, data, len) != 0)
        abort();
    s->at += DATAGRAM_HEAD + len;
}

static void on_ended(void *arg, int err)
{
    struct scene *s = arg;
    if (err >= 0 || s->ended || (err == BEAM_ECLOSED) != (s->at == s->size))
        abort();
    s->ended = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene s = {.sent = data, .size = size};
    const struct datagrams_events events = {.datagram = on_datagram, .ended = on_ended, .arg = &s};
    struct datagrams *d;
    struct loop *l;
    struct stream *near, *far;
    struct buf out;
    if (size > 4096 || loop_new(&l) < 0)
        return 0;
    buf_init(&out, loop_pool(l), size + 1);
    if (stream_memory(l, WINDOW, &near, &far) < 0 || buf_add(&out, data, size) < 0 ||
        datagrams_new(l, near, &events, &d) < 0)
        abort();
    for (size_t i = 0; i <= size + 1 && !s.ended; i++) {
        (void)stream_write(far, &out);
        if (buf_len(&out) == 0)
            (void)stream_shut(far);
        loop_turn(l);
    }
    datagrams_free(d);
    stream_free(far);
    buf_clear(&out);
    loop_free(l);
    return 0;
}
