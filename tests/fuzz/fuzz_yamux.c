/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session between a peer and owners of streams who all do what the input says. Each step is a
 * byte and what it takes: a frame that is nearly well formed, bytes as they are, or something that
 * an owner does to one of the streams. Whatever happens, no stream gives more than the peer sent,
 * a session that is over says so once and why, and in the end nothing is left.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/wire.h"
#include "stream/memory.h"
#include "stream/yamux.h"
#include "stream/yamux_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HELD = 8, ROOM = 1 << 20, STEPS_MAX = 400 };

struct play {
    struct loop *loop;
    struct stream *peer;
    struct yamux *y;
    struct yamux_budget budget;
    struct stream *held[HELD];
    struct buf to_session, scratch;
    uint64_t sent, got;
    unsigned closed;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Streams beyond those that are held are freed at once. */
static void hold(struct play *p, struct stream *s)
{
    for (size_t i = 0; i < HELD; i++) {
        if (!p->held[i]) {
            p->held[i] = s;
            return;
        }
    }
    stream_free(s);
}

static void on_stream(void *arg, struct stream *s)
{
    hold(arg, s);
}

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct play *p = arg;
    must(err < 0 && why->text[0] != '\0');
    p->closed++;
}

static void on_ping(void *arg, int err, uint64_t us)
{
    struct play *p = arg;
    must(err <= 0 && (err == 0 || us == 0) && p->y);
}

static void put_frame(struct play *p, struct wire_reader *r)
{
    uint8_t head[YAMUX_HEAD], kind = wire_read_u8(r);
    static const uint8_t zeros[255];
    size_t len = wire_read_u8(r);
    struct yamux_frame f = {.type = kind & 3, .flags = kind >> 4, .stream = wire_read_u8(r)};
    /* Lengths that are hard to come by in one byte. */
    f.length = kind & 4 ? (uint32_t)len << 20 : (uint32_t)len;
    if (kind & 8)
        f.length = UINT32_MAX - (uint32_t)len;
    yamux_frame_put(&f, head);
    must(buf_add(&p->to_session, head, sizeof(head)) == 0);
    p->sent += sizeof(head); /* it may be the content of a frame that has come in part */
    if (f.type == YAMUX_DATA && f.length == len) {
        must(buf_add(&p->to_session, zeros, len) == 0);
        p->sent += len;
    }
}

static void put_bytes(struct play *p, struct wire_reader *r)
{
    size_t len = wire_read_u8(r);
    if (len > wire_read_left(r))
        len = wire_read_left(r);
    const uint8_t *bytes = wire_read_bytes(r, len);
    if (bytes && len > 0)
        must(buf_add(&p->to_session, bytes, len) == 0);
    p->sent += len;
}

static void turns(struct play *p, unsigned n)
{
    do {
        if (buf_len(&p->to_session) > 0)
            (void)stream_write(p->peer, &p->to_session);
        must(loop_turn(p->loop) == 0);
        while (stream_read(p->peer, &p->scratch, ROOM) > 0)
            buf_clear(&p->scratch);
    } while (n-- > 0);
}

static void read_one(struct play *p, struct stream *s, size_t max)
{
    ssize_t n = stream_read(s, &p->scratch, max);
    must(n == (ssize_t)buf_len(&p->scratch) || (n < 0 && buf_len(&p->scratch) == 0));
    if (n > 0)
        p->got += (uint64_t)n;
    must(p->got <= p->sent);
    buf_clear(&p->scratch);
}

static void write_one(struct play *p, struct stream *s, size_t len)
{
    static const uint8_t zeros[65536];
    must(len <= sizeof(zeros) && buf_add(&p->scratch, zeros, len) == 0);
    ssize_t n = stream_write(s, &p->scratch);
    must(n < 0 ? buf_len(&p->scratch) == len : buf_len(&p->scratch) == len - (size_t)n);
    buf_clear(&p->scratch);
}

/* What an owner does to stream `which`. */
static void act(struct play *p, unsigned what, struct stream **which, uint8_t n)
{
    struct stream *s = *which;
    switch (s ? what : 5) {
    case 0:
        read_one(p, s, (size_t)n * 257 + 1);
        break;
    case 1:
        write_one(p, s, (size_t)n * 257);
        break;
    case 2:
        (void)stream_shut(s);
        break;
    case 3:
        stream_reset(s);
        break;
    case 4:
        *which = NULL;
        stream_free(s);
        break;
    default:
        if (p->y && !s && yamux_open(p->y, which) < 0)
            *which = NULL;
    }
}

static void step(struct play *p, struct wire_reader *r)
{
    uint8_t op = wire_read_u8(r);
    switch (op & 7) {
    case 0:
    case 1:
        put_frame(p, r);
        break;
    case 2:
        put_bytes(p, r);
        break;
    case 3:
        turns(p, op >> 5);
        break;
    case 4:
        if (op & 0x80)
            yamux_go_away(p->y, YAMUX_NORMAL);
        else
            (void)yamux_ping(p->y, on_ping, p);
        break;
    default:
        act(p, op >> 3 & 7, &p->held[op >> 6 & 3], wire_read_u8(r));
    }
}

static void play(struct play *p, const uint8_t *data, size_t size)
{
    struct wire_reader r;
    wire_read_init(&r, data, size);
    for (int i = 0; i < STEPS_MAX && wire_read_left(&r) > 0; i++)
        step(p, &r);
    turns(p, 3);
    must(p->closed <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play p = {.budget = {.total = 200000}};
    struct stream *under = NULL;
    const struct yamux_events events = {.stream = on_stream, .closed = on_closed, .arg = &p};
    const struct yamux_spec spec = {
        .initiator = size % 2, .max_streams = 6, .memory = 40000, .budget = &p.budget};
    must(sodium_init() >= 0);
    must(loop_new(&p.loop) == 0 && stream_memory(p.loop, 3000, &under, &p.peer) == 0);
    must(yamux_new(p.loop, under, &spec, &events, &p.y) == 0);
    buf_init(&p.to_session, loop_pool(p.loop), ROOM);
    buf_init(&p.scratch, loop_pool(p.loop), ROOM);
    play(&p, data, size);
    if (size % 3 == 0) {
        yamux_free(p.y);
        p.y = NULL;
    }
    for (size_t i = 0; i < HELD; i++)
        stream_free(p.held[i]);
    yamux_free(p.y);
    stream_free(p.peer);
    buf_clear(&p.to_session);
    must(p.budget.used == 0 && buf_pool_used(loop_pool(p.loop)) == 0);
    loop_free(p.loop);
    return 0;
}
