/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/switched.h"

#include "proxy/draft.h"

/* What is to be written to one, and in front of it, what was read from the other. */
static int put_ahead(struct buf *head, struct side *from, struct side *to)
{
    int err = buf_move(head, &to->out, buf_len(&to->out));
    return err < 0 ? err : buf_move(head, &from->in, buf_len(&from->in));
}

int switched_start(struct switched *s, struct loop *l, struct side *visitor, struct side *backend,
                   size_t window, void (*done)(void *arg, int err), void *arg)
{
    const struct splice_events events = {.done = done, .arg = arg};
    const struct splice_options options = {.events = &events, .window = window};
    struct buf up, down;
    s->ahead_in = buf_len(&backend->out);
    s->ahead_out = buf_len(&visitor->out);
    buf_init(&up, loop_pool(l), 2 * window + DRAFT_MAX);
    buf_init(&down, loop_pool(l), 2 * window + DRAFT_MAX);
    int err = put_ahead(&up, visitor, backend);
    if (err == 0)
        err = put_ahead(&down, backend, visitor);
    if (err == 0)
        err = splice_start(l, side_take(visitor), side_take(backend), &up, &down, &options,
                           &s->splice);
    buf_clear(&up);
    buf_clear(&down);
    return err;
}

static uint64_t all_in(const struct switched *s)
{
    return s->splice ? splice_bytes(s->splice, SPLICE_A) : s->in;
}

uint64_t switched_written(const struct switched *s)
{
    return s->splice ? splice_bytes(s->splice, SPLICE_B) : s->out;
}

void switched_over(struct switched *s)
{
    s->in = all_in(s);
    s->out = switched_written(s);
    s->splice = NULL;
}

void switched_end(struct switched *s)
{
    struct splice *splice = s->splice;
    if (!splice)
        return;
    switched_over(s);
    splice_free(splice);
}

static uint64_t beyond(uint64_t all, uint64_t ahead)
{
    return all > ahead ? all - ahead : 0;
}

uint64_t switched_in(const struct switched *s)
{
    return beyond(all_in(s), s->ahead_in);
}

uint64_t switched_out(const struct switched *s)
{
    return beyond(switched_written(s), s->ahead_out);
}

bool switched_moves(struct switched *s)
{
    uint64_t then = s->seen;
    s->seen = all_in(s) + switched_written(s);
    return s->seen != then;
}
