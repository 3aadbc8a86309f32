/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/repute.h"

#include <stdlib.h>

#include "base/map.h"

struct debt {
    struct peer_id peer;
    uint64_t paid; /* when nothing will be left of it */
    bool led;      /* it told of the dead, */
    uint64_t when; /* at this time */
};

struct repute {
    struct map *debts;
    size_t ceiling;
};

static const struct {
    unsigned points;
    const char *text;
} offences[REPUTE_OFFENCES] = {
    [REPUTE_GARBLED] = {10, "what it said is no message"},
    [REPUTE_BAD_VALUE] = {10, "a value that does not belong under its key"},
    [REPUTE_FALSE_NAME] = {10, "it spoke for another"},
    [REPUTE_BOGUS] = {5, "it told of peers at private addresses, or at none"},
    [REPUTE_ITSELF] = {5, "it told of itself alone"},
    [REPUTE_OF_DEAD] = {0, "it told of peers who do not answer"},
    [REPUTE_GOSSIP] = {20, "it broke the rules of gossip"},
    [REPUTE_UNWANTED] = {1, "a value that nobody wants here"},
};

int repute_new(const struct rng *rng, size_t peers, struct repute **out)
{
    struct repute *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->ceiling = peers;
    int err = map_new(rng, peers, &r->debts);
    if (err < 0) {
        free(r);
        return err;
    }
    *out = r;
    return 0;
}

void repute_free(struct repute *r)
{
    struct debt *d;
    if (!r)
        return;
    for (size_t at = 0; (d = map_next(r->debts, &at));)
        free(d);
    map_free(r->debts);
    free(r);
}

static void forget(struct repute *r, struct debt *d)
{
    if (d)
        (void)map_take(r->debts, d->peer.bytes, d->peer.len);
    free(d);
}

/* Whoever owes least makes room. */
static void make_room(struct repute *r)
{
    struct debt *least = NULL, *d;
    if (map_count(r->debts) < r->ceiling)
        return;
    for (size_t at = 0; (d = map_next(r->debts, &at));)
        if (!least || d->paid < least->paid)
            least = d;
    forget(r, least);
}

static struct debt *debt_of(struct repute *r, const struct peer_id *peer)
{
    struct debt *d = map_get(r->debts, peer->bytes, peer->len);
    if (d)
        return d;
    make_room(r);
    d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    d->peer = *peer;
    if (map_put(r->debts, peer->bytes, peer->len, d) == 0)
        return d;
    free(d);
    return NULL;
}

/* However often it is said: once an hour, so that nobody can be made to come last for good. */
static void lead(struct debt *d, uint64_t now)
{
    if (d->led && now - d->when < REPUTE_DEAD_MS)
        return;
    d->led = true;
    d->when = now;
}

enum repute_standing repute_blame(struct repute *r, const struct peer_id *peer,
                                  enum repute_offence what, uint64_t now)
{
    struct debt *d = debt_of(r, peer);
    if (!d)
        return REPUTE_GOOD;
    if (what == REPUTE_OF_DEAD)
        lead(d, now);
    uint64_t most = now + (uint64_t)REPUTE_MOST * REPUTE_POINT_MS;
    d->paid = (d->paid > now ? d->paid : now) + offences[what].points * (uint64_t)REPUTE_POINT_MS;
    if (d->paid > most)
        d->paid = most;
    return repute_of(r, peer, now);
}

unsigned repute_debt(const struct repute *r, const struct peer_id *peer, uint64_t now)
{
    const struct debt *d = map_get(r->debts, peer->bytes, peer->len);
    return d && d->paid > now ? (unsigned)((d->paid - now + REPUTE_POINT_MS - 1) / REPUTE_POINT_MS)
                              : 0;
}

enum repute_standing repute_of(const struct repute *r, const struct peer_id *peer, uint64_t now)
{
    const struct debt *d = map_get(r->debts, peer->bytes, peer->len);
    unsigned debt = repute_debt(r, peer, now);
    if (debt >= REPUTE_DOUBTED)
        return debt >= REPUTE_SHUNNED ? REPUTE_IS_SHUNNED : REPUTE_IS_DOUBTED;
    return d && d->led && now - d->when < REPUTE_LAST_MS ? REPUTE_IS_LAST : REPUTE_GOOD;
}

const char *repute_text(enum repute_offence what)
{
    return offences[what].text;
}
