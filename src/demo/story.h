/* SPDX-License-Identifier: BSD-3-Clause */
/* What the demo tells while it goes on: a line a step, with the seconds since it began. */
#ifndef BEAM_DEMO_STORY_H
#define BEAM_DEMO_STORY_H

#include <stdbool.h>
#include <stdint.h>

/* Fields are private to story.c. */
struct story {
    uint64_t began; /* monotonic milliseconds */
    bool live;      /* a terminal: progress is written over in place */
    bool in_place;  /* the last line is one */
    int shown;      /* percent of the last progress line, where lines stay */
};

void story_begin(struct story *s);
/* A step. */
void story_say(struct story *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How far something is; percent -1: not known. `summary` may be anybody's text. */
void story_progress(struct story *s, const char *what, int percent, const char *summary);
/* A blank line. */
void story_pause(struct story *s);
/* Clears a progress line. */
void story_end(struct story *s);

#endif
