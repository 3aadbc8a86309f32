/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/doubt.h"

#include <string.h>

void doubt_reached(struct doubt *d, uint64_t now)
{
    d->reached_at = now;
    d->stuck = false;
}

bool doubt_unreached(const struct doubt *d, uint64_t since)
{
    return d->reached_at < since;
}

void doubt_anew(struct doubt *d)
{
    d->stuck = false;
}

/* No circuit has come about, or nothing at all comes from its guards. */
static bool is_stuck(const struct control_reply *r)
{
    if (r->code != 250)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->lines[i].text, "status/circuit-established=0") == 0 ||
            strcmp(r->lines[i].text, "network-liveness=down") == 0)
            return true;
    return false;
}

static bool is_allowed(const struct doubt *d, uint64_t now)
{
    if (d->count > 0 && now - d->at[(d->count - 1) % DOUBT_STARTS] < DOUBT_PAUSE)
        return false;
    return d->count < DOUBT_STARTS || now - d->at[d->count % DOUBT_STARTS] >= DOUBT_DAY;
}

bool doubt_answer(struct doubt *d, uint64_t now, const struct control_reply *r)
{
    if (!is_stuck(r)) {
        d->stuck = false;
        return false;
    }
    if (!d->stuck)
        d->since = now;
    d->stuck = true;
    if (now - d->since < DOUBT_LASTING || !is_allowed(d, now))
        return false;
    d->at[d->count++ % DOUBT_STARTS] = now;
    d->stuck = false;
    return true;
}
