/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/callers.h"

#include <stdlib.h>

#include "stream/ahead.h"

/* All of it but the stream, which is given back. */
static struct stream *let_go(struct caller *c)
{
    struct stream *s = c->stream;
    loop_task_cancel(c->all->loop, &c->more);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    buf_clear(&c->in);
    buf_clear(&c->out);
    free(c);
    return s;
}

void caller_close(struct caller *c)
{
    stream_free(let_go(c));
}

void caller_hand_on(struct caller *c)
{
    struct callers *cs = c->all;
    struct stream *whole = c->stream;
    if (buf_len(&c->in) > 0 && stream_ahead(c->stream, &c->in, &whole) < 0) {
        stream_reset(c->stream);
        caller_close(c);
        return;
    }
    stream_own(whole, NULL, NULL);
    (void)let_go(c);
    cs->visitor(cs->visitor_arg, whole);
}

ssize_t caller_flush(struct caller *c)
{
    ssize_t n = 0;
    while (buf_len(&c->out) > 0 && n >= 0)
        n = stream_write(c->stream, &c->out);
    return n;
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct caller *c = arg;
    (void)s;
    (void)ready;
    c->all->ready(c->all->arg, c);
}

static void on_more(void *arg)
{
    struct caller *c = arg;
    c->all->ready(c->all->arg, c);
}

void callers_add(struct callers *cs, struct stream *s, size_t in_max, size_t out_max)
{
    struct caller *c = calloc(1, sizeof(*c));
    if (!c) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    c->all = cs;
    c->stream = s;
    buf_init(&c->in, loop_pool(cs->loop), in_max);
    buf_init(&c->out, loop_pool(cs->loop), out_max);
    loop_task_init(&c->more, on_more, c);
    c->next = cs->first;
    c->link = &cs->first;
    if (c->next)
        c->next->link = &c->next;
    cs->first = c;
    stream_own(s, on_ready, c);
    loop_post(cs->loop, &c->more);
}

void callers_end(struct callers *cs)
{
    while (cs->first) {
        if (cs->first->asked)
            caller_close(cs->first);
        else
            caller_hand_on(cs->first);
    }
}
