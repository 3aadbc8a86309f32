/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/evict.h"

#include <stdio.h>

#include "tor/circuit_line.h"

enum {
    PAUSE = 50,       /* ms, between two looks */
    ROUNDS_MAX = 200, /* looks */
    CLOSED_MAX = 1024 /* circuits a look */
};

static void finish(struct evict *e, int err)
{
    evict_stop(e);
    e->done(e->arg, err);
}

static void ignore(void *arg, const struct control_reply *r)
{
    (void)arg;
    (void)r; /* it may have gone by itself; the next look tells */
}

/* Closes those that begin at `at`. Their number, or an error. */
static int close_each(struct evict *e, const char *at)
{
    struct circuit_line c;
    int count = 0;
    while (count < CLOSED_MAX && circuit_line_next(&at, &c)) {
        if (!circuit_line_is_visit(&c, e->address))
            continue;
        int err = control_send(e->control, ignore, NULL, "CLOSECIRCUIT %s", c.id);
        if (err < 0)
            return err;
        count++;
    }
    return count;
}

static void on_status(void *arg, const struct control_reply *r)
{
    struct evict *e = arg;
    const char *first = circuit_line_first(r);
    if (!e->control)
        return;
    if (!first) {
        finish(e, BEAM_EPERM);
        return;
    }
    int count = close_each(e, first);
    if (count <= 0)
        finish(e, count);
    else if (++e->rounds == ROUNDS_MAX)
        finish(e, BEAM_ETIMEOUT);
    else
        loop_timer_set(&e->again, PAUSE);
}

static int look(struct evict *e)
{
    return control_send(e->control, on_status, e, CIRCUIT_QUESTION);
}

static void on_again(void *arg)
{
    struct evict *e = arg;
    int err = look(e);
    if (err < 0)
        finish(e, err);
}

void evict_init(struct evict *e, struct loop *l, void (*done)(void *arg, int err), void *arg)
{
    *e = (struct evict){.done = done, .arg = arg};
    loop_timer_init(l, &e->again, on_again, e);
}

int evict_start(struct evict *e, struct control *control, const char *address)
{
    snprintf(e->address, sizeof(e->address), "%s", address);
    e->control = control;
    e->rounds = 0;
    int err = look(e);
    if (err < 0)
        evict_stop(e);
    return err;
}

bool evict_busy(const struct evict *e)
{
    return e->control != NULL;
}

void evict_stop(struct evict *e)
{
    loop_timer_clear(&e->again);
    e->control = NULL;
}
