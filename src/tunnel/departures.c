/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/departures.h"

#include <stdlib.h>

struct departure {
    struct departures *all;
    struct departure *next, **link;
    struct agent *agent;
    struct permit *permit;
    struct loop_timer end;
};

struct departures {
    struct loop *loop;
    struct departure *first;
    void (*done)(void *arg); /* NULL: nobody waits */
    void *arg;
};

static void free_one(struct departure *d)
{
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
    loop_timer_clear(&d->end);
    agent_free(d->agent);
    permit_free(d->permit);
    free(d);
}

static void on_end(void *arg)
{
    struct departure *d = arg;
    struct departures *ds = d->all;
    free_one(d);
    if (!ds->first && ds->done) {
        void (*done)(void *arg) = ds->done;
        ds->done = NULL;
        done(ds->arg);
    }
}

/* Not freed here: the host is at work above this. */
static void on_told(void *arg)
{
    struct departure *d = arg;
    loop_timer_set(&d->end, 0);
}

int departures_new(struct loop *l, struct departures **out)
{
    struct departures *ds = calloc(1, sizeof(*ds));
    if (!ds)
        return BEAM_ENOMEM;
    ds->loop = l;
    *out = ds;
    return 0;
}

void departures_add(struct departures *ds, struct agent *a, struct permit *permit)
{
    struct departure *d = NULL;
    if (a && ds && agent_is_leaving(a))
        d = calloc(1, sizeof(*d));
    if (!d) {
        agent_free(a);
        permit_free(permit);
        return;
    }
    d->all = ds;
    d->agent = a;
    d->permit = permit;
    d->link = &ds->first;
    d->next = ds->first;
    if (d->next)
        d->next->link = &d->next;
    ds->first = d;
    loop_timer_init(ds->loop, &d->end, on_end, d);
    loop_timer_set(&d->end, DEPARTURES_MS);
    agent_leave(a, on_told, d);
}

bool departures_empty(const struct departures *ds)
{
    return !ds->first;
}

void departures_wait(struct departures *ds, void (*done)(void *arg), void *arg)
{
    ds->done = done;
    ds->arg = arg;
}

void departures_free(struct departures *ds)
{
    if (!ds)
        return;
    while (ds->first)
        free_one(ds->first);
    free(ds);
}
