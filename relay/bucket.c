/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/bucket.h"

/* Fine enough for a token each byte of a fast line (one of 10 Gbit/s has 2% more than it should); a
 * clock that began with the machine has ticks for 18 years. */
#define TICKS_MS UINT64_C(32000000)

struct bucket_rate bucket_rate(uint64_t tokens, uint64_t per_ms, uint64_t burst)
{
    struct bucket_rate r = {0};
    if (tokens == 0 || per_ms == 0)
        return r;
    r.cost = per_ms * TICKS_MS / tokens;
    if (r.cost == 0)
        return r; /* faster than can be counted */
    r.slack = burst <= UINT64_MAX / 4 / r.cost ? burst * r.cost : UINT64_MAX / 4;
    if (r.slack < r.cost)
        r.slack = r.cost;
    return r;
}

/* How much is missing from it. */
static uint64_t used(const struct bucket *b, uint64_t now)
{
    return b->full > now ? b->full - now : 0;
}

static uint64_t left(const struct bucket *b, const struct bucket_rate *r, uint64_t now)
{
    uint64_t u = used(b, now);
    return u < r->slack ? r->slack - u : 0;
}

uint64_t bucket_take_some(struct bucket *b, const struct bucket_rate *r, uint64_t most,
                          uint64_t now_ms)
{
    uint64_t now = now_ms * TICKS_MS, n;
    if (r->cost == 0)
        return most;
    n = left(b, r, now) / r->cost;
    if (n > most)
        n = most;
    b->full = now + used(b, now) + n * r->cost;
    return n;
}

void bucket_give_back(struct bucket *b, const struct bucket_rate *r, uint64_t tokens)
{
    if (r->cost > 0)
        b->full -= tokens < b->full / r->cost ? tokens * r->cost : b->full;
}

void bucket_charge(struct bucket *b, const struct bucket_rate *r, uint64_t tokens, uint64_t debt_ms,
                   uint64_t now_ms)
{
    uint64_t now = now_ms * TICKS_MS, most = r->slack + debt_ms * TICKS_MS, u = used(b, now);
    if (r->cost == 0)
        return;
    b->full = now + (u < most && tokens < (most - u) / r->cost ? u + tokens * r->cost : most);
}

bool bucket_take(struct bucket *b, const struct bucket_rate *r, uint64_t tokens, uint64_t now_ms)
{
    uint64_t now = now_ms * TICKS_MS;
    if (r->cost == 0)
        return true;
    if (tokens > left(b, r, now) / r->cost)
        return false;
    b->full = now + used(b, now) + tokens * r->cost;
    return true;
}

uint64_t bucket_wait(const struct bucket *b, const struct bucket_rate *r, uint64_t tokens,
                     uint64_t now_ms)
{
    uint64_t missing = used(b, now_ms * TICKS_MS), wanted;
    if (r->cost == 0)
        return 0;
    wanted = tokens < r->slack / r->cost ? tokens * r->cost : r->slack;
    missing += wanted; /* what it owes too */
    return missing > r->slack ? (missing - r->slack + TICKS_MS - 1) / TICKS_MS : 0;
}

unsigned bucket_used(const struct bucket *b, const struct bucket_rate *r, uint64_t now_ms)
{
    uint64_t u = used(b, now_ms * TICKS_MS);
    if (r->cost == 0)
        return 0;
    return u >= r->slack ? 100 : (unsigned)(u / (r->slack / 100 + 1));
}
