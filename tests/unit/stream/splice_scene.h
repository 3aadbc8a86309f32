/* SPDX-License-Identifier: BSD-3-Clause */
/* A splice between two pairs of streams, with an actor at each far end. */
#ifndef BEAM_TESTS_UNIT_STREAM_SPLICE_SCENE_H
#define BEAM_TESTS_UNIT_STREAM_SPLICE_SCENE_H

#include "stream/splice.h"
#include "tests/suite/actor.h"
#include "tests/unit/harness.h"

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    MEMORY_WINDOW = 3000,
    TURNS_MAX = 1000000 /* a test that takes more of them waits for what never comes */
};

/* pair_tcp and pair_unix are two, as is scene_memory. */
typedef void open_fn(struct loop *l, struct stream **near, struct stream **far);

/* Two actors, each at the far end of a pair; the splice joins the near ends. */
struct scene {
    struct loop *loop;
    struct seed seed;
    struct actor actor[2];
    struct stream *near[2];
    struct splice *splice;
    struct splice_events events;
    struct splice_options options;
    bool half[2], done;
    int err;
    uint64_t bytes[2]; /* at the end */
    /* For taps. */
    uint64_t seen[2], next[2]; /* bytes shown, and the place of the next to be shown */
    size_t skip_max;           /* 0: it wants to see all */
    bool free_in_tap, free_in_half;
    int turns;
};

/* A pair of MEMORY_WINDOW each way. */
void scene_memory(struct loop *l, struct stream **near, struct stream **far);
/* Fills `s`, with events and without a tap; the actors begin. */
void scene_open(struct scene *s, open_fn *open_a, open_fn *open_b);
void scene_start(struct scene *s);
/* A tap: checks what it is shown, and skips at random up to skip_max. */
uint64_t scene_tap(void *arg, enum splice_side from, const void *data, size_t len);
void scene_turns(struct scene *s, int n);
void scene_close(struct scene *s);
/* For until(): done, and both actors have read to an end. */
bool scene_all_done(void *arg);
/* Runs to a good end, checks that all arrived, and closes. */
void scene_ends_well(struct scene *s);

#endif
