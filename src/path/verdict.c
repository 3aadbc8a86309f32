/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/verdict.h"

static uint64_t pause_of(uint64_t every)
{
    uint64_t ms = every / 4;
    if (ms < VERDICT_AGAIN_MIN)
        return VERDICT_AGAIN_MIN;
    return ms < VERDICT_AGAIN_MAX ? ms : VERDICT_AGAIN_MAX;
}

bool verdict_well(struct verdict *v)
{
    bool news = v->down;
    v->failures = 0;
    v->down = false;
    return news;
}

bool verdict_ill(struct verdict *v, uint64_t tried, bool intro, uint64_t every, uint64_t *wait)
{
    if (v->failures++ == 0)
        v->began = tried;
    *wait = pause_of(every);
    if (v->failures < VERDICT_TRIES)
        return false;
    if (intro && tried - v->began < VERDICT_INTRO_MEMORY) {
        *wait = VERDICT_INTRO_AGAIN;
        return false;
    }
    *wait = every;
    v->failures = 0;
    v->down = true;
    return true;
}
