/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/suite/actor.h"

#include "tests/unit/harness.h"

enum { CHUNK_MAX = 1024 * 1024 };

uint8_t actor_byte(uint64_t at, uint8_t salt)
{
    return (uint8_t)((((at ^ salt) + 1) * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static bool refill(struct actor *a)
{
    size_t n = 1 + seed_below(a->seed, a->chunk_max);
    uint64_t left = a->to_send - a->sent;
    if (n > left)
        n = (size_t)left;
    while (buf_len(&a->out) < n) {
        uint8_t piece[4096];
        size_t have = buf_len(&a->out), size = n - have < sizeof(piece) ? n - have : sizeof(piece);
        for (size_t i = 0; i < size; i++)
            piece[i] = actor_byte(a->sent + have + i, a->salt);
        cr_assert_eq(buf_add(&a->out, piece, size), 0);
    }
    return n > 0;
}

static bool leaves_off(struct actor *a)
{
    if (!a->lazy || seed_below(a->seed, 8) != 0)
        return false;
    loop_post(a->loop, &a->task);
    return true;
}

static void send_some(struct actor *a)
{
    while (a->write_err == 0 && !a->done_sending) {
        if (buf_len(&a->out) == 0 && !refill(a)) {
            a->done_sending = true;
            if (a->shut)
                a->write_err = stream_shut(a->stream);
            return;
        }
        size_t offered = buf_len(&a->out);
        ssize_t n = stream_write(a->stream, &a->out);
        if (n == BEAM_EAGAIN)
            return;
        cr_assert_neq(n, BEAM_ENOMEM);
        if (n < 0) {
            a->write_err = (int)n;
            return;
        }
        cr_assert_eq(buf_len(&a->out), offered - (size_t)n);
        a->sent += (uint64_t)n;
        if ((size_t)n < offered || leaves_off(a))
            return;
    }
}

static void check(struct actor *a)
{
    while (buf_len(&a->in) > 0) {
        struct iovec piece;
        cr_assert_eq(buf_iov(&a->in, &piece, 1), 1);
        const uint8_t *byte = piece.iov_base;
        for (size_t i = 0; i < piece.iov_len; i++)
            if (byte[i] != actor_byte(a->received + i, a->peer_salt))
                cr_assert_fail("byte %llu is wrong", (unsigned long long)(a->received + i));
        a->received += piece.iov_len;
        buf_drain(&a->in, piece.iov_len);
    }
}

static void receive_some(struct actor *a)
{
    while (a->read_err == 0 && !a->deaf) {
        size_t max = 1 + seed_below(a->seed, a->read_max);
        ssize_t n = stream_read(a->stream, &a->in, max);
        if (n == BEAM_EAGAIN)
            return;
        cr_assert_neq(n, BEAM_ENOMEM);
        if (n < 0) {
            a->read_err = (int)n;
            return;
        }
        cr_assert(n > 0 && (size_t)n <= max && buf_len(&a->in) == (size_t)n);
        check(a);
        if (leaves_off(a))
            return;
    }
}

static void act(void *arg)
{
    struct actor *a = arg;
    cr_assert(!a->inside, "called from within a call of its own");
    a->inside = true;
    send_some(a);
    receive_some(a);
    a->inside = false;
    if (a->changed)
        a->changed(a->arg); /* the last: it may end the actor */
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct actor *a = arg;
    cr_assert(s == a->stream && ready != 0);
    a->calls++;
    act(a);
}

void actor_start(struct actor *a, struct loop *l, struct stream *s, struct seed *seed)
{
    cr_assert(a->chunk_max <= CHUNK_MAX && a->read_max <= CHUNK_MAX);
    a->loop = l;
    a->stream = s;
    a->seed = seed;
    buf_init(&a->out, loop_pool(l), CHUNK_MAX);
    buf_init(&a->in, loop_pool(l), CHUNK_MAX);
    loop_task_init(&a->task, act, a);
    stream_own(s, on_ready, a);
    loop_post(l, &a->task);
}

void actor_go_on(struct actor *a)
{
    loop_post(a->loop, &a->task);
}

void actor_end(struct actor *a)
{
    loop_task_cancel(a->loop, &a->task);
    buf_clear(&a->out);
    buf_clear(&a->in);
    stream_free(a->stream);
    a->stream = NULL;
}
