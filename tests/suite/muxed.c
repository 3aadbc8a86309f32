/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/suite/muxed.h"

#include <sodium.h>

#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

static void on_stream(void *arg, struct stream *s)
{
    struct muxed_end *e = arg;
    e->streams++;
    if (e->on_stream)
        e->on_stream(e->arg, s);
    else
        e->opened = s;
}

static void on_away(void *arg)
{
    ((struct muxed_end *)arg)->away = true;
}

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct muxed_end *e = arg;
    cr_assert(!e->closed, "told twice");
    e->closed = true;
    e->err = err;
    e->why = *why;
}

static void on_idle(void *arg)
{
    ((struct muxed_end *)arg)->idles++;
}

void muxed_end_open(struct muxed_end *e, struct loop *l, struct stream *under, bool initiator)
{
    const struct yamux_events events = {
        .stream = on_stream, .away = on_away, .closed = on_closed, .idle = on_idle, .arg = e};
    cr_assert(sodium_init() >= 0);
    e->loop = l;
    e->spec.initiator = initiator;
    cr_assert_eq(yamux_new(l, under, &e->spec, &events, &e->y), 0);
}

void muxed_open(struct muxed *m, struct loop *l, struct stream *a, struct stream *b)
{
    muxed_end_open(&m->dialler, l, a, true);
    muxed_end_open(&m->listener, l, b, false);
}

static bool was_opened(void *arg)
{
    return ((struct muxed_end *)arg)->opened != NULL;
}

void muxed_stream(struct muxed_end *from, struct muxed_end *to, struct stream **near,
                  struct stream **far)
{
    to->opened = NULL;
    cr_assert_eq(yamux_open(from->y, near), 0);
    cr_assert(until(to->loop, was_opened, to));
    *far = to->opened;
    to->opened = NULL;
}

void muxed_close(struct muxed *m)
{
    yamux_free(m->dialler.y);
    yamux_free(m->listener.y);
    m->dialler.y = m->listener.y = NULL;
}
