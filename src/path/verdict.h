/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tries to reach an onion come to. One that fails is no news, for a machine under load is slow
 * now and then; nor are several that are sure to fail as the one before did: tor does not try an
 * introduction point again for two minutes after it failed once, so when none would do, only a try
 * after that counts. Pure; time is passed in.
 */
#ifndef BEAM_PATH_VERDICT_H
#define BEAM_PATH_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum {                                /* ms */
       VERDICT_AGAIN_MIN = 2000,      /* after a try that failed: a quarter of what is usual */
       VERDICT_AGAIN_MAX = 15000,     /* between two, within these bounds */
       VERDICT_TRIES = 3,             /* before it is said */
       VERDICT_INTRO_MEMORY = 150000, /* tor looks twice a minute which of them are over */
       VERDICT_INTRO_AGAIN = 25000    /* meanwhile */
};

/* Zeroed: it is reached. Fields are for reading. */
struct verdict {
    unsigned failures; /* in a row */
    uint64_t began;    /* the try that was the first of these */
    bool down;         /* and it was said */
};

/* A try succeeded; whether that is news. */
bool verdict_well(struct verdict *v);
/* One that began at `tried` failed, where `intro`, because no introduction point would do; `every`
 * ms are usual between two. *wait is until the next. Whether it is sure now: it is down. */
bool verdict_ill(struct verdict *v, uint64_t tried, bool intro, uint64_t every, uint64_t *wait);

#endif
