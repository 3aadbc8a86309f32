/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/subsystems.h"

#include "base/log.h"

enum what { EVENT_STOP, EVENT_NEXT, EVENT_DEADLINE };

static void subsystems_enter(struct subsystems *s, enum subsystems_state state);

static void free_last(struct subsystems *s)
{
    const struct subsystem *row = &s->table[--s->up];
    if (row->free)
        row->free(s->arg);
    log_debug("daemon", "%s stopped", row->name);
}

/* Stops rows until one needs time or none is left. */
static void stop_some(struct subsystems *s)
{
    while (s->up > 0) {
        const struct subsystem *row = &s->table[s->up - 1];
        if (row->stop && !row->stop(s->arg))
            return;
        free_last(s);
    }
    subsystems_enter(s, SUBSYSTEMS_DOWN);
}

static void subsystems_enter(struct subsystems *s, enum subsystems_state state)
{
    s->state = state;
    switch (state) {
    case SUBSYSTEMS_UP:
        break;
    case SUBSYSTEMS_STOPPING:
        stop_some(s);
        break;
    case SUBSYSTEMS_DOWN:
        loop_timer_clear(&s->deadline);
        loop_task_cancel(s->loop, &s->next);
        if (s->done)
            s->done(s->arg);
        break;
    }
}

static void subsystems_event(struct subsystems *s, enum what ev)
{
    if (s->state == SUBSYSTEMS_UP && ev == EVENT_STOP) {
        subsystems_enter(s, SUBSYSTEMS_STOPPING);
    } else if (s->state == SUBSYSTEMS_STOPPING && ev == EVENT_NEXT) {
        free_last(s);
        stop_some(s);
    } else if (s->state == SUBSYSTEMS_STOPPING && ev == EVENT_DEADLINE) {
        log_warn("daemon", "%s did not stop in time", s->table[s->up - 1].name);
        while (s->up > 0)
            free_last(s);
        subsystems_enter(s, SUBSYSTEMS_DOWN);
    }
}

static void on_deadline(void *arg)
{
    subsystems_event(arg, EVENT_DEADLINE);
}

static void on_next(void *arg)
{
    subsystems_event(arg, EVENT_NEXT);
}

void subsystems_init(struct subsystems *s, struct loop *l, const struct subsystem *table,
                     size_t count, void *arg)
{
    *s = (struct subsystems){.loop = l, .table = table, .count = count, .arg = arg};
    loop_timer_init(l, &s->deadline, on_deadline, s);
    loop_task_init(&s->next, on_next, s);
}

int subsystems_start(struct subsystems *s, struct beam_why *why)
{
    for (; s->up < s->count; s->up++) {
        const struct subsystem *row = &s->table[s->up];
        int err = row->start(s->arg, why);
        if (err < 0) {
            log_debug("daemon", "%s did not start: %s", row->name, beam_err_text(err));
            subsystems_clear(s);
            return err;
        }
        log_debug("daemon", "%s started", row->name);
    }
    subsystems_enter(s, SUBSYSTEMS_UP);
    return 0;
}

void subsystems_stop(struct subsystems *s, uint64_t deadline_ms, void (*done)(void *arg))
{
    if (s->state != SUBSYSTEMS_UP)
        return;
    s->done = done;
    loop_timer_set(&s->deadline, deadline_ms);
    subsystems_event(s, EVENT_STOP);
}

void subsystems_stopped(struct subsystems *s)
{
    if (s->state == SUBSYSTEMS_STOPPING)
        loop_post(s->loop, &s->next);
}

void subsystems_clear(struct subsystems *s)
{
    loop_timer_clear(&s->deadline);
    loop_task_cancel(s->loop, &s->next);
    while (s->up > 0)
        free_last(s);
    s->state = SUBSYSTEMS_DOWN;
}
