/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/metered.h"

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 64 * 1024, WAIT_MIN_MS = 5 };

struct metered {
    struct stream stream;
    struct loop *loop;
    struct traffic *traffic;
    uint8_t id[RESERVATION_ID_SIZE]; /* of whom it is charged to */
    bool charged, asked;             /* to somebody; whose account was asked for */
    struct traffic_account *account; /* NULL: there was no room, or nothing was counted yet */
    bool counts;                     /* what was taken last */
    struct stream *under;
    struct loop_timer timer; /* when more may pass */
    unsigned owed;           /* the owner is called then, for these */
    bool asleep;             /* nothing will pass this month */
};

static struct metered *of(struct stream *s)
{
    return (struct metered *)(void *)s;
}

static void call(struct metered *m, unsigned ready)
{
    if (m->stream.fn)
        m->stream.fn(m->stream.arg, &m->stream, ready);
}

static void on_timer(void *arg)
{
    struct metered *m = arg;
    unsigned owed = m->owed;
    m->owed = 0;
    call(m, owed);
}

static void on_ready(void *arg, struct stream *under, unsigned ready)
{
    (void)under;
    call(arg, ready);
}

/* As long as there is no limit, no account is looked for. */
static struct traffic_account *account(struct metered *m)
{
    if (m->charged && !m->asked)
        m->account = traffic_hold(m->traffic, m->id);
    m->asked = m->charged;
    return m->account;
}

/* How many of `most` may pass. 0: the owner will be called for `ready`, or the month is used up. */
static size_t take(struct metered *m, size_t most, unsigned ready)
{
    uint64_t wait_ms = 0;
    m->counts = traffic_limited(m->traffic) && (m->charged || !traffic_sleeps(m->traffic));
    if (!m->counts)
        return most;
    size_t n = traffic_take(m->traffic, account(m), most < AT_ONCE ? most : AT_ONCE, &wait_ms);
    if (n > 0)
        return n;
    m->asleep = wait_ms == UINT64_MAX;
    if (m->asleep)
        return 0;
    /* Not for each byte that trickles in. */
    if (wait_ms < WAIT_MIN_MS)
        wait_ms = WAIT_MIN_MS;
    if (wait_ms > METERED_WAIT_MS)
        wait_ms = METERED_WAIT_MS;
    m->owed |= ready;
    if (!loop_timer_pending(&m->timer))
        loop_timer_set(&m->timer, wait_ms);
    return 0;
}

static void give_back(struct metered *m, size_t n)
{
    if (m->counts)
        traffic_give_back(m->traffic, m->account, n);
}

static ssize_t metered_read(struct stream *s, struct buf *into, size_t max)
{
    struct metered *m = of(s);
    size_t room = buf_room(into) < max ? buf_room(into) : max;
    size_t may = room > 0 ? take(m, room, STREAM_READABLE) : 0;
    if (room == 0)
        return BEAM_ELIMIT;
    if (may == 0)
        return m->asleep ? BEAM_ERESET : BEAM_EAGAIN;
    ssize_t n = stream_read(m->under, into, may);
    size_t took = n > 0 ? (size_t)n : 0;
    give_back(m, may - took);
    return n;
}

/* What was not written comes back in front of what was not offered. */
static int put_back(struct buf *from, struct buf *offered)
{
    struct buf rest;
    buf_init(&rest, from->pool, SIZE_MAX / 2);
    int err = buf_move(&rest, from, buf_len(from));
    if (err == 0)
        err = buf_move(from, offered, buf_len(offered));
    if (err == 0)
        err = buf_move(from, &rest, buf_len(&rest));
    buf_clear(&rest);
    return err;
}

static ssize_t write_some(struct metered *m, struct buf *from, size_t may)
{
    struct buf offered;
    ssize_t n;
    if (may == buf_len(from))
        return stream_write(m->under, from);
    buf_init(&offered, from->pool, may);
    int err = buf_move(&offered, from, may);
    if (err < 0)
        return err;
    n = stream_write(m->under, &offered);
    err = buf_len(&offered) > 0 ? put_back(from, &offered) : 0;
    buf_clear(&offered);
    return err < 0 ? err : n;
}

static ssize_t metered_write(struct stream *s, struct buf *from)
{
    struct metered *m = of(s);
    size_t total = 0;
    if (buf_len(from) == 0)
        return stream_write(m->under, from);
    while (buf_len(from) > 0) {
        size_t may = take(m, buf_len(from), STREAM_WRITABLE);
        if (may == 0 && m->asleep)
            return BEAM_ERESET;
        if (may == 0)
            break;
        ssize_t n = write_some(m, from, may);
        size_t took = n > 0 ? (size_t)n : 0;
        give_back(m, may - took);
        total += took;
        if (n < 0 && (n != BEAM_EAGAIN || total == 0))
            return n;
        if (took < may)
            break;
    }
    return total > 0 ? (ssize_t)total : BEAM_EAGAIN;
}

static int metered_shut(struct stream *s)
{
    return stream_shut(of(s)->under);
}

static void metered_reset(struct stream *s)
{
    stream_reset(of(s)->under);
}

static void metered_free(struct stream *s)
{
    struct metered *m = of(s);
    loop_timer_clear(&m->timer);
    traffic_release(m->traffic, m->account);
    stream_free(m->under);
    free(m);
}

static size_t metered_unsent(const struct stream *s)
{
    return stream_unsent(of((struct stream *)(uintptr_t)s)->under);
}

static bool metered_gone(const struct stream *s)
{
    return stream_gone(of((struct stream *)(uintptr_t)s)->under);
}

static const struct stream_ops ops = {.kind = "metered",
                                      .read = metered_read,
                                      .write = metered_write,
                                      .shut = metered_shut,
                                      .reset = metered_reset,
                                      .free = metered_free,
                                      .unsent = metered_unsent,
                                      .gone = metered_gone};

int metered_new(struct loop *l, struct traffic *t, struct stream *under, struct stream **out)
{
    struct metered *m = calloc(1, sizeof(*m));
    if (!m) {
        stream_reset(under);
        stream_free(under);
        return BEAM_ENOMEM;
    }
    m->stream.ops = &ops;
    m->loop = l;
    m->traffic = t;
    m->under = under;
    loop_timer_init(l, &m->timer, on_timer, m);
    stream_own(under, on_ready, m);
    *out = &m->stream;
    return 0;
}

void metered_charge(struct stream *s, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct metered *m = of(s);
    traffic_release(m->traffic, m->account);
    m->account = NULL;
    m->asked = false;
    m->charged = id != NULL;
    if (id)
        memcpy(m->id, id, sizeof(m->id));
}
