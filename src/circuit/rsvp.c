/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/rsvp.h"

#include "base/backoff.h"

/* A renewal that fails is tried again while there is time left, and so is one after that. */
static void fail(struct rsvp *r, uint64_t now)
{
    bool lasts = r->state == RSVP_RENEWING && now < r->ends;
    r->failures++;
    r->state = lasts ? RSVP_HELD : RSVP_RESTING;
}

void rsvp_event(struct rsvp *r, enum rsvp_event ev, uint64_t now, uint64_t life_ms)
{
    switch (ev) {
    case RSVP_DUE:
        if (r->state == RSVP_RESTING)
            r->state = RSVP_ASKING;
        else if (r->state == RSVP_HELD)
            r->state = RSVP_RENEWING;
        break;
    case RSVP_GRANTED:
        if (!rsvp_asks(r))
            break;
        r->state = RSVP_HELD;
        r->failures = 0;
        r->ends = now + life_ms;
        break;
    case RSVP_FAILED:
        if (rsvp_asks(r))
            fail(r, now);
        break;
    case RSVP_LOST:
        if (!rsvp_holds(r))
            break;
        r->state = RSVP_RESTING;
        r->failures = 1; /* a relay that grants and hangs up is not asked all the time */
        break;
    }
}

bool rsvp_holds(const struct rsvp *r)
{
    return r->state == RSVP_HELD || r->state == RSVP_RENEWING;
}

bool rsvp_asks(const struct rsvp *r)
{
    return r->state == RSVP_ASKING || r->state == RSVP_RENEWING;
}

/* Not all at once, when what they all had in common comes back. */
static uint64_t pause_ms(const struct rsvp *r, const struct rng *rng)
{
    uint64_t ms = backoff_pause(r->failures - 1, RSVP_PAUSE_MIN_MS, RSVP_PAUSE_MAX_MS);
    return ms / 2 + rng_below(rng, (uint32_t)(ms / 2 + 1));
}

uint64_t rsvp_wait(const struct rsvp *r, const struct rng *rng, uint64_t now)
{
    uint64_t left = r->ends > now ? r->ends - now : 0;
    if (r->failures == 0)
        return r->state == RSVP_HELD ? left / 2 : 0;
    uint64_t ms = pause_ms(r, rng);
    return r->state == RSVP_HELD && ms > left ? left : ms;
}

uint64_t rsvp_life(uint64_t expire, uint64_t wall_ms)
{
    uint64_t now = wall_ms / 1000, life = expire > now ? expire - now : 0;
    if (life < RSVP_LIFE_MIN_MS / 1000)
        return RSVP_LIFE_MIN_MS;
    return life < RSVP_LIFE_MAX_MS / 1000 ? life * 1000 : RSVP_LIFE_MAX_MS;
}
