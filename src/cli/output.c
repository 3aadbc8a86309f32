/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

struct output {
    struct loop *loop;
    int fd;
    bool can_wait; /* a pipe, a socket or a terminal: there is a reader to wait for */
    bool closed;   /* nobody reads */
    struct buf queue;
    struct loop_watch writable, reader;
    struct loop_task lost;
    void (*gone)(void *arg);
    void *arg;
};

static void lose(struct output *o)
{
    if (o->closed)
        return;
    o->closed = true;
    loop_watch_stop(&o->writable);
    loop_watch_stop(&o->reader);
    buf_clear(&o->queue);
    loop_post(o->loop, &o->lost);
}

static void on_lost(void *arg)
{
    struct output *o = arg;
    o->gone(o->arg);
}

/* Whether a write of PIPE_BUF bytes would be taken now, or within ms. */
static bool ready(const struct output *o, int ms)
{
    struct pollfd p = {.fd = o->fd, .events = POLLOUT};
    return !o->can_wait || poll(&p, 1, ms) > 0;
}

/* Writes once. False: not now, or never. */
static bool push_some(struct output *o)
{
    char chunk[PIPE_BUF];
    size_t len = buf_peek(&o->queue, 0, chunk, sizeof(chunk));
    ssize_t n = write(o->fd, chunk, len);
    if (n > 0)
        buf_drain(&o->queue, (size_t)n);
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        lose(o);
    return n > 0;
}

/* Writes until the queue is empty or the reader slow. */
static void push(struct output *o)
{
    while (buf_len(&o->queue) > 0 && ready(o, 0))
        if (!push_some(o))
            return;
}

static void on_writable(void *arg, unsigned unused)
{
    struct output *o = arg;
    (void)unused;
    push(o);
    if (buf_len(&o->queue) == 0)
        loop_watch_stop(&o->writable);
}

/* The write end of a pipe becomes "readable" when its last reader closes. */
static void on_reader(void *arg, unsigned unused)
{
    struct output *o = arg;
    struct pollfd p = {.fd = o->fd};
    (void)unused;
    if (poll(&p, 1, 0) > 0 && (p.revents & POLLERR))
        lose(o);
}

int output_new(struct loop *l, int fd, void (*gone)(void *arg), void *arg, struct output **out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return BEAM_EIO;
    struct output *o = calloc(1, sizeof(*o));
    if (!o)
        return BEAM_ENOMEM;
    o->loop = l;
    o->fd = fd;
    o->gone = gone;
    o->arg = arg;
    o->can_wait = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd);
    buf_init(&o->queue, loop_pool(l), OUTPUT_MAX);
    loop_task_init(&o->lost, on_lost, o);
    if (S_ISFIFO(st.st_mode) && loop_watch_start(l, &o->reader, fd, LOOP_READ, on_reader, o) < 0) {
        free(o);
        return BEAM_EIO;
    }
    *out = o;
    return 0;
}

int output_add(struct output *o, const char *text, size_t len)
{
    if (o->closed)
        return BEAM_ECLOSED;
    int err = buf_add(&o->queue, text, len);
    if (err < 0)
        return err;
    push(o);
    if (o->closed)
        return BEAM_ECLOSED;
    if (buf_len(&o->queue) > 0 && !o->writable.on)
        return loop_watch_start(o->loop, &o->writable, o->fd, LOOP_WRITE, on_writable, o);
    return 0;
}

void output_drain(struct output *o, int ms)
{
    const struct clock_source *clock = clock_system();
    uint64_t end = clock->monotonic_ms(clock->arg) + (uint64_t)ms, now = end - (uint64_t)ms;
    for (; !o->closed && buf_len(&o->queue) > 0 && now < end; now = clock->monotonic_ms(clock->arg))
        if (ready(o, (int)(end - now)))
            (void)push_some(o);
}

void output_free(struct output *o)
{
    if (!o)
        return;
    loop_watch_stop(&o->writable);
    loop_watch_stop(&o->reader);
    loop_task_cancel(o->loop, &o->lost);
    buf_clear(&o->queue);
    free(o);
}
