/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/events.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void events_init(struct events *e)
{
    memset(e, 0, sizeof(*e));
}

void events_clear(struct events *e)
{
    free(e->heap);
    events_init(e);
}

uint64_t events_now(const struct events *e)
{
    return e->now;
}

static bool before(const struct event_entry *a, const struct event_entry *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct event_entry *a, struct event_entry *b)
{
    struct event_entry t = *a;
    *a = *b;
    *b = t;
}

void events_add(struct events *e, uint64_t in_ms, void *what)
{
    if (e->n == e->room) {
        e->room = e->room ? 2 * e->room : 1024;
        e->heap = realloc(e->heap, e->room * sizeof(*e->heap));
        if (!e->heap) {
            fputs("sim: out of memory\n", stderr);
            exit(1);
        }
    }
    size_t i = e->n++;
    e->heap[i] = (struct event_entry){.at = e->now + in_ms, .order = e->order++, .what = what};
    for (; i > 0 && before(&e->heap[i], &e->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&e->heap[i], &e->heap[(i - 1) / 2]);
}

static void sink(struct events *e)
{
    for (size_t i = 0;;) {
        size_t least = i, left = 2 * i + 1;
        for (size_t k = left; k < left + 2 && k < e->n; k++)
            if (before(&e->heap[k], &e->heap[least]))
                least = k;
        if (least == i)
            return;
        swap(&e->heap[i], &e->heap[least]);
        i = least;
    }
}

void *events_next(struct events *e, uint64_t until)
{
    if (e->n == 0 || e->heap[0].at > until) {
        if (e->now < until)
            e->now = until;
        return NULL;
    }
    void *what = e->heap[0].what;
    e->now = e->heap[0].at;
    e->heap[0] = e->heap[--e->n];
    sink(e);
    return what;
}
