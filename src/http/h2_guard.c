/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/h2_guard.h"

enum { WHOLE = 1000, FRAMES_EARNED = 3 };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void add(uint64_t *left, uint64_t more, uint64_t most)
{
    *left = least(*left + more, most * WHOLE);
}

static bool take(uint64_t *left, uint64_t n)
{
    if (*left < n * WHOLE)
        return false;
    *left -= n * WHOLE;
    return true;
}

void h2_guard_init(struct h2_guard *g, uint64_t now)
{
    *g = (struct h2_guard){now, (uint64_t)H2_GUARD_FRAMES * WHOLE,
                           (uint64_t)H2_GUARD_RESETS * WHOLE, (uint64_t)H2_GUARD_BYTES * WHOLE};
}

/* A rate of one a second is a thousandth a millisecond. */
static void pass(struct h2_guard *g, uint64_t now)
{
    if (now <= g->at)
        return;
    uint64_t ms = least(now - g->at, (uint64_t)H2_GUARD_FRAMES * WHOLE);
    g->at = now;
    add(&g->frames, ms * H2_GUARD_FRAMES_RATE, H2_GUARD_FRAMES);
    add(&g->resets, ms * H2_GUARD_RESETS_RATE, H2_GUARD_RESETS);
    add(&g->bytes, ms * H2_GUARD_BYTES_RATE, H2_GUARD_BYTES);
}

bool h2_guard_frame(struct h2_guard *g, uint64_t now)
{
    pass(g, now);
    return take(&g->frames, 1);
}

bool h2_guard_reset(struct h2_guard *g, uint64_t now)
{
    pass(g, now);
    return take(&g->resets, 1);
}

bool h2_guard_bytes(struct h2_guard *g, size_t n, uint64_t now)
{
    pass(g, now);
    return take(&g->bytes, n);
}

void h2_guard_earn_bytes(struct h2_guard *g, size_t n)
{
    add(&g->bytes, (uint64_t)n * H2_GUARD_BYTES_EARNED * WHOLE, H2_GUARD_BYTES);
}

void h2_guard_earn_frames(struct h2_guard *g)
{
    add(&g->frames, (uint64_t)FRAMES_EARNED * WHOLE, H2_GUARD_FRAMES);
}

void h2_guard_earn_reset(struct h2_guard *g)
{
    add(&g->resets, WHOLE, H2_GUARD_RESETS);
}
