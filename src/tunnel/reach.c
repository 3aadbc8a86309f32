/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/reach.h"

#include <stdlib.h>

#include "stream/socket.h"

struct reach {
    struct loop *loop;
    const struct permit *permit;
    const struct target *target;
    reach_fn *fn;
    void *arg;
    struct stream_dial *dial;
    int addr_at;                 /* the address being dialled */
    int err;                     /* the first one's */
    uint64_t deadline;           /* on loop_now's clock */
    struct loop_task no_address; /* none could even be tried: told from the loop */
};

static void on_dialled(void *arg, int err, struct stream *s);

/* Dials the next address that can be; false: none is left. */
static bool dial_next(struct reach *r)
{
    for (; r->addr_at < r->target->addr_count; r->addr_at++) {
        uint64_t at = loop_now(r->loop);
        int err = at >= r->deadline
                      ? BEAM_ETIMEOUT
                      : stream_dial(r->loop, r->permit, &r->target->addr[r->addr_at], PERMIT_TYPED,
                                    r->deadline - at, on_dialled, r, &r->dial);
        if (!err)
            return true;
        if (!r->err)
            r->err = err;
    }
    return false;
}

static void finish(struct reach *r, int err, struct stream *s)
{
    reach_fn *fn = r->fn;
    void *arg = r->arg;
    reach_cancel(r);
    fn(arg, err, s);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct reach *r = arg;
    r->dial = NULL;
    if (!err) {
        finish(r, 0, s);
        return;
    }
    if (!r->err)
        r->err = err;
    r->addr_at++;
    if (!dial_next(r))
        finish(r, r->err, NULL);
}

static void on_no_address(void *arg)
{
    struct reach *r = arg;
    finish(r, r->err, NULL);
}

int reach_start(struct loop *l, const struct permit *permit, const struct target *target,
                uint64_t timeout, reach_fn *fn, void *arg, struct reach **out)
{
    struct reach *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->loop = l;
    r->permit = permit;
    r->target = target;
    r->fn = fn;
    r->arg = arg;
    r->deadline = loop_now(l) + timeout;
    loop_task_init(&r->no_address, on_no_address, r);
    if (!dial_next(r))
        loop_post(l, &r->no_address);
    *out = r;
    return 0;
}

void reach_cancel(struct reach *r)
{
    if (!r)
        return;
    loop_task_cancel(r->loop, &r->no_address);
    stream_dial_cancel(r->dial);
    free(r);
}
