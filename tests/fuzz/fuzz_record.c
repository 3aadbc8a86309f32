/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sealed records on their way: the input is a script that seals pieces of a known text, changes
 * bytes of what is on the wire, leaves some out, and hands the rest on in portions. What is opened
 * is the text from its start, and all of it when nothing was changed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "stream/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WIRE_MAX = 1 << 20, PIECE_MAX = 0x3f * 1100 };
enum op { SEAL, CHANGE, LEAVE_OUT, HAND_ON };

struct way {
    struct record *seals, *opens;
    struct buf wire, arrived, got;
    size_t sealed, opened; /* bytes of the text */
    bool changed, ended;
};

static uint8_t text_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8));
}

/* Pieces of up to a record and a little more. */
static void seal(struct way *w, uint8_t how_much, struct buf_pool *pool)
{
    static uint8_t text[PIECE_MAX];
    struct buf plain;
    size_t len = how_much < 0x30 ? how_much : (size_t)how_much * 1100;
    if (len == 0 || buf_len(&w->wire) + 3 * RECORD_MAX > WIRE_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        text[i] = text_at(w->sealed + i);
    buf_init(&plain, pool, PIECE_MAX);
    if (buf_add(&plain, text, len) < 0)
        abort();
    while (buf_len(&plain) > 0)
        if (record_seal(w->seals, &plain, &w->wire) <= 0)
            abort();
    w->sealed += len;
}

static void change(struct way *w, uint8_t where, uint8_t how)
{
    struct iovec iov;
    if (how == 0 || buf_iov(&w->wire, &iov, 1) == 0)
        return;
    ((uint8_t *)iov.iov_base)[where % iov.iov_len] ^= how;
    w->changed = true;
}

static void leave_out(struct way *w, size_t len)
{
    if (len > buf_len(&w->wire))
        len = buf_len(&w->wire);
    buf_drain(&w->wire, len);
    w->changed |= len > 0;
}

static void check_got(struct way *w)
{
    uint8_t piece[4096];
    size_t n;
    while ((n = buf_peek(&w->got, 0, piece, sizeof(piece))) > 0) {
        for (size_t i = 0; i < n; i++)
            if (piece[i] != text_at(w->opened + i))
                abort();
        w->opened += n;
        buf_drain(&w->got, n);
    }
}

static void hand_on(struct way *w, size_t len)
{
    ssize_t n = 0;
    if (len > buf_len(&w->wire))
        len = buf_len(&w->wire);
    if (buf_move(&w->arrived, &w->wire, len) < 0)
        abort();
    while (!w->ended && n >= 0) {
        n = record_open(w->opens, &w->arrived, &w->got);
        check_got(w);
    }
    if (n < 0 && n != BEAM_EAGAIN)
        w->ended = true;
    if (w->ended && !w->changed)
        abort();
}

static void play(struct way *w, const uint8_t *data, size_t size, struct buf_pool *pool)
{
    for (size_t i = 0; i + 2 < size && !w->ended; i += 3) {
        switch ((enum op)(data[i] & 3)) {
        case SEAL:
            seal(w, data[i] >> 2, pool);
            break;
        case CHANGE:
            change(w, data[i + 1], data[i + 2]);
            break;
        case LEAVE_OUT:
            leave_out(w, data[i + 1]);
            break;
        case HAND_ON:
            hand_on(w, (size_t)data[i + 1] << 8 | data[i + 2]);
            break;
        }
    }
    hand_on(w, SIZE_MAX);
    if (!w->changed && w->opened != w->sealed)
        abort();
    if (w->opened > w->sealed)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[NOISE_KEY_SIZE] = {7};
    struct buf_pool *pool;
    struct way w = {0};
    if (buf_pool_new(64, &pool) < 0)
        return 0;
    if (record_new(key, true, &w.seals) < 0 || record_new(key, false, &w.opens) < 0)
        abort();
    buf_init(&w.wire, pool, WIRE_MAX);
    buf_init(&w.arrived, pool, WIRE_MAX);
    buf_init(&w.got, pool, WIRE_MAX);
    play(&w, data, size, pool);
    buf_clear(&w.wire);
    buf_clear(&w.arrived);
    buf_clear(&w.got);
    record_free(w.seals);
    record_free(w.opens);
    buf_pool_free(pool);
    return 0;
}
