/* SPDX-License-Identifier: BSD-3-Clause */
/* What will happen, in the order of its time: a clock that goes from event to event. */
#ifndef BEAM_TESTS_SIM_EVENTS_H
#define BEAM_TESTS_SIM_EVENTS_H

#include <stddef.h>
#include <stdint.h>

struct event_entry {
    uint64_t at, order; /* those of one time in the order of their coming */
    void *what;
};

struct events {
    uint64_t now, order;
    size_t n, room;
    struct event_entry *heap;
};

void events_init(struct events *e);
void events_clear(struct events *e);
uint64_t events_now(const struct events *e);
/* Ends the program when there is no memory. */
void events_add(struct events *e, uint64_t in_ms, void *what);
/* The next event up to `until`, at whose time it then is; NULL: none, and it is `until`. */
void *events_next(struct events *e, uint64_t until);

#endif
