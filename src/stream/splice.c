/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each direction goes by strict turns: fill from one stream, then pass all of
 * it on to the other, before any more is read. So a direction holds either
 * bytes in its buf or bytes in a pipe, and an empty pipe tells that it was the
 * socket that had no more to give.
 */
#include "stream/splice.h"

#include <stdlib.h>

#include "loop/pipe.h"

enum {
    WINDOW = 256 * 1024,
    LINGER_MS = 30 * 1000,
    LOOK_MS = 10,           /* between looks whether the last words have arrived */
    BULK = 1024 * 1024,     /* bytes passed on before pipes are worth their descriptors */
    PER_TURN = 1024 * 1024, /* bytes a direction, then others have their turn */
    DIR_A = 1 << SPLICE_A,
    DIR_B = 1 << SPLICE_B
};

struct direction {
    struct stream *from, *to;
    struct buf in, out; /* read and not yet seen by the tap; seen and not yet passed on */
    struct pipe *pipe;
    size_t piped;    /* bytes in it */
    uint64_t passed; /* bytes taken by `to` */
    uint64_t unseen; /* bytes that the tap need not see */
    bool ended;      /* `from` ended in order */
    bool cut;        /* `from` failed: nothing more comes */
    bool deaf;       /* `to` failed: what comes is thrown away */
    bool done;       /* ended, and all of it passed on */
    bool no_pipe;    /* the system gave none, or will not use it: it is not asked again */
};

struct splice {
    struct loop *loop;
    struct direction dir[2]; /* by the side the bytes come from */
    bool failed[2];
    int err; /* of the first that failed */
    struct splice_events events;
    size_t window;
    uint64_t linger_ms;
    uint64_t passed_then; /* by both, when one side was seen to have gone */
    unsigned again;       /* DIR_… that have more to do at once */
    struct loop_task go_on;
    struct loop_timer linger, look;
    bool running, freed;
};

static bool holds(const struct direction *d)
{
    return d->piped > 0 || buf_len(&d->out) > 0;
}

static void drop(struct splice *s, struct direction *d)
{
    buf_clear(&d->in);
    buf_clear(&d->out);
    if (d->pipe)
        pipe_give(loop_pipes(s->loop), d->pipe, d->piped == 0);
    d->pipe = NULL;
    d->piped = 0;
}

static void side_failed(struct splice *s, enum splice_side side, int err)
{
    struct direction *to_it = &s->dir[!side];
    if (s->failed[side])
        return;
    s->failed[side] = true;
    if (!s->err) {
        s->err = err;
        loop_timer_set(&s->linger, s->linger_ms);
    }
    to_it->deaf = true;
    drop(s, to_it);
    s->again = DIR_A | DIR_B;
}

/* Moves what was read to what is to be passed on, past the tap. How many bytes. */
static ssize_t show(struct splice *s, struct direction *d, enum splice_side from)
{
    size_t all = buf_len(&d->in);
    int err = 0;
    while (err == 0 && buf_len(&d->in) > 0 && !s->freed) {
        size_t n = buf_len(&d->in);
        if (d->unseen == 0) {
            struct iovec first;
            (void)buf_iov(&d->in, &first, 1);
            n = first.iov_len;
            d->unseen = s->events.tap(s->events.arg, from, first.iov_base, n);
        } else if (d->unseen != SPLICE_ALL) {
            n = n < d->unseen ? n : (size_t)d->unseen;
            d->unseen -= n;
        }
        err = buf_move(&d->out, &d->in, n);
    }
    return err < 0 ? err : (ssize_t)all;
}

/* Whether the next bytes may go by a pipe; takes one if so. */
static bool by_pipe(struct splice *s, struct direction *d)
{
    if (d->no_pipe || d->unseen == 0 || d->passed < BULK || !stream_can_pipe(d->from) ||
        !stream_can_pipe(d->to))
        return false;
    if (!d->pipe && pipe_take(loop_pipes(s->loop), &d->pipe) < 0)
        d->no_pipe = true;
    return !d->no_pipe;
}

static void return_pipe(struct splice *s, struct direction *d)
{
    pipe_give(loop_pipes(s->loop), d->pipe, true);
    d->pipe = NULL;
}

static ssize_t fill_pipe(struct splice *s, struct direction *d)
{
    size_t max = d->unseen < s->window ? (size_t)d->unseen : s->window;
    ssize_t n = stream_to_pipe(d->from, d->pipe->write_end, max);
    d->no_pipe = n == BEAM_EINVAL;
    if (n <= 0) {
        return_pipe(s, d);
        return n;
    }
    d->piped = (size_t)n;
    if (d->unseen != SPLICE_ALL)
        d->unseen -= (size_t)n;
    return n;
}

/* Reads once, as stream_read. */
static ssize_t fill(struct splice *s, struct direction *d, enum splice_side from)
{
    if (buf_len(&d->in) > 0) /* what had been read before we began */
        return show(s, d, from);
    ssize_t n = !d->deaf && by_pipe(s, d) ? fill_pipe(s, d) : BEAM_EINVAL;
    if (n != BEAM_EINVAL)
        return n;
    n = stream_read(d->from, &d->in, s->window);
    if (n > 0 && d->deaf)
        buf_clear(&d->in);
    return n > 0 && !d->deaf ? show(s, d, from) : n;
}

/* Passes on what is held. 0: all of it; BEAM_EAGAIN: `to` will call; or why not. */
static int pass(struct splice *s, struct direction *d)
{
    ssize_t n = d->piped > 0 ? stream_from_pipe(d->to, d->pipe->read_end, d->piped)
                             : stream_write(d->to, &d->out);
    if (n < 0)
        return (int)n;
    d->passed += (uint64_t)n;
    if (d->piped > 0) {
        d->piped -= (size_t)n;
        if (d->piped == 0)
            return_pipe(s, d);
    }
    return holds(d) ? BEAM_EAGAIN : 0;
}

/* `from` ended and all of it went on: so does the end. */
static void finish(struct splice *s, struct direction *d, enum splice_side from)
{
    int err = d->deaf ? 0 : stream_shut(d->to);
    if (err < 0) {
        side_failed(s, !from, err);
        return;
    }
    d->done = true;
    if (!d->deaf && s->events.half)
        s->events.half(s->events.arg, from);
}

static uint64_t passed(const struct splice *s)
{
    return s->dir[SPLICE_A].passed + s->dir[SPLICE_B].passed;
}

/*
 * Who ended and has gone altogether reads no more. The other side may finish what it does, but not
 * for ever: tor has no half-close, and many a server never ends a connection that its client left.
 */
static void watch_gone(struct splice *s, const struct direction *d)
{
    if (s->err || !stream_gone(d->from))
        return;
    s->passed_then = passed(s);
    loop_timer_set(&s->linger, s->linger_ms);
}

/* One turn of one direction. */
static void carry(struct splice *s, enum splice_side from)
{
    struct direction *d = &s->dir[from];
    size_t left = PER_TURN;
    while (!s->freed && !d->done) {
        int err = holds(d) ? pass(s, d) : 0;
        if (err == BEAM_EAGAIN)
            return;
        if (err < 0) {
            side_failed(s, !from, err);
        } else if (d->ended) {
            finish(s, d, from);
            return;
        } else if (d->cut) {
            return;
        } else if (left == 0) {
            s->again |= 1u << from;
            return;
        } else {
            ssize_t n = fill(s, d, from);
            if (n == BEAM_EAGAIN)
                return;
            if (n == BEAM_ECLOSED) {
                d->ended = true;
                watch_gone(s, d);
            } else if (n < 0) {
                d->cut = true;
                side_failed(s, from, (int)n);
            } else {
                left -= (size_t)n < left ? (size_t)n : left;
            }
        }
    }
}

/* Whether all that a failed side sent is passed on, or as much as will ever come. */
static bool told(const struct direction *from_failed)
{
    return from_failed->done || (from_failed->cut && !holds(from_failed));
}

/* Whether there is nothing left to wait for. */
static bool over(struct splice *s)
{
    const struct direction *a = &s->dir[SPLICE_A], *b = &s->dir[SPLICE_B];
    if (!s->err)
        return a->done && b->done;
    if (s->failed[SPLICE_A] && s->failed[SPLICE_B])
        return true;
    const struct direction *from_failed = s->failed[SPLICE_A] ? a : b;
    const struct direction *from_other = from_failed == a ? b : a;
    if (!told(from_failed))
        return false;
    if (from_failed->done && from_other->ended)
        return true;
    if (stream_unsent(from_other->from) == 0)
        return true;
    loop_timer_set(&s->look, LOOK_MS);
    return false;
}

/* Ends both streams and frees all but s itself. */
static void let_go(struct splice *s, bool hard)
{
    loop_task_cancel(s->loop, &s->go_on);
    loop_timer_clear(&s->linger);
    loop_timer_clear(&s->look);
    for (int side = SPLICE_A; side <= SPLICE_B; side++) {
        struct direction *d = &s->dir[side];
        /* In order only where both its halves ended so. */
        if (hard || (s->err && !(d->ended && s->dir[!side].done)))
            stream_reset(d->from);
        stream_free(d->from);
        drop(s, d);
    }
}

static void end(struct splice *s, bool hard)
{
    let_go(s, hard);
    s->running = true; /* against a splice_free in `done` */
    if (s->events.done)
        s->events.done(s->events.arg, s->err);
    free(s);
}

static void run(struct splice *s, unsigned which)
{
    s->running = true;
    s->again = 0;
    if (which & DIR_A)
        carry(s, SPLICE_A);
    if (which & DIR_B)
        carry(s, SPLICE_B);
    s->running = false;
    if (s->freed) {
        let_go(s, true);
        free(s);
    } else if (over(s)) {
        end(s, false);
    } else if (s->again) {
        loop_post(s->loop, &s->go_on);
    }
}

static void on_go_on(void *arg)
{
    struct splice *s = arg;
    run(s, s->again);
}

static void on_look(void *arg)
{
    run(arg, 0);
}

static void on_linger(void *arg)
{
    struct splice *s = arg;
    if (!s->err && passed(s) != s->passed_then) { /* somebody is gone, but bytes still move */
        s->passed_then = passed(s);
        loop_timer_set(&s->linger, s->linger_ms);
        return;
    }
    if (!s->err)
        s->err = BEAM_ETIMEOUT;
    end(s, true);
}

static void on_ready(void *arg, struct stream *stream, unsigned ready)
{
    struct splice *s = arg;
    enum splice_side side = stream == s->dir[SPLICE_A].from ? SPLICE_A : SPLICE_B;
    struct buf nothing;
    unsigned which = s->again;
    if (ready & STREAM_READABLE)
        which |= 1u << side;
    if (ready & STREAM_WRITABLE)
        which |= 1u << !side;
    /* A failure shows even where there is neither room to read nor a byte to write. */
    buf_init(&nothing, loop_pool(s->loop), 0);
    ssize_t err = stream_write(stream, &nothing);
    if (err < 0 && err != BEAM_ECLOSED) {
        side_failed(s, side, (int)err);
        which = DIR_A | DIR_B;
    }
    run(s, which);
}

static void start_direction(struct splice *s, enum splice_side from, struct stream *stream,
                            struct stream *other, const struct buf *head)
{
    struct direction *d = &s->dir[from];
    size_t n = head ? buf_len(head) : 0, ceiling = n > s->window ? n : s->window;
    d->from = stream;
    d->to = other;
    d->unseen = s->events.tap ? 0 : SPLICE_ALL;
    buf_init(&d->in, loop_pool(s->loop), ceiling);
    buf_init(&d->out, loop_pool(s->loop), ceiling);
    stream_own(stream, on_ready, s);
}

static void splice_init(struct splice *s, struct loop *l, const struct splice_options *options)
{
    s->loop = l;
    s->events = *options->events;
    s->window = options->window ? options->window : WINDOW;
    s->linger_ms = options->linger_ms ? options->linger_ms : LINGER_MS;
    s->again = DIR_A | DIR_B;
    loop_task_init(&s->go_on, on_go_on, s);
    loop_timer_init(l, &s->linger, on_linger, s);
    loop_timer_init(l, &s->look, on_look, s);
}

int splice_start(struct loop *l, struct stream *a, struct stream *b, struct buf *head_a,
                 struct buf *head_b, const struct splice_options *options, struct splice **out)
{
    int err = BEAM_ENOMEM;
    struct splice *s = calloc(1, sizeof(*s));
    if (!s)
        goto out;
    splice_init(s, l, options);
    start_direction(s, SPLICE_A, a, b, head_a);
    start_direction(s, SPLICE_B, b, a, head_b);
    err = head_a ? buf_move(&s->dir[SPLICE_A].in, head_a, buf_len(head_a)) : 0;
    if (err == 0 && head_b)
        err = buf_move(&s->dir[SPLICE_B].in, head_b, buf_len(head_b));
    if (err < 0)
        goto out;
    loop_post(l, &s->go_on);
    *out = s;
    return 0;
out:
    if (head_a)
        buf_clear(head_a);
    if (head_b)
        buf_clear(head_b);
    stream_reset(a);
    stream_reset(b);
    if (s) {
        drop(s, &s->dir[SPLICE_A]);
        drop(s, &s->dir[SPLICE_B]);
    }
    stream_free(a);
    stream_free(b);
    free(s);
    return err;
}

uint64_t splice_bytes(const struct splice *s, enum splice_side from)
{
    return s->dir[from].passed;
}

void splice_free(struct splice *s)
{
    if (!s)
        return;
    if (s->running) {
        s->freed = true;
        return;
    }
    let_go(s, true);
    free(s);
}
