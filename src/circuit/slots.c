/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/slots.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

enum { V4_PREFIX = 3, V6_PREFIX = 6, V6_MAPPED = 12, SOURCE_SIZE = 1 + V6_PREFIX };

struct source {
    uint8_t len; /* 0: no address */
    uint8_t bytes[SOURCE_SIZE];
};

/* A peer that has a reservation, or circuits. */
struct slot {
    struct peer_id peer;
    bool reserved;
    uint64_t expires;
    struct source source;
    size_t began, reached; /* circuits that it began, and that lead to it */
};

struct slots {
    struct slots_limits limits;
    struct map *peers;
    size_t reservations, circuits;
};

int slots_new(const struct rng *rng, const struct slots_limits *limits, struct slots **out)
{
    struct slots *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->limits = *limits;
    int err = map_new(rng, limits->reservations + 2 * limits->circuits, &s->peers);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void slots_free(struct slots *s)
{
    if (!s)
        return;
    size_t at = 0;
    for (void *p = map_next(s->peers, &at); p; p = map_next(s->peers, &at))
        free(p);
    map_free(s->peers);
    free(s);
}

/* ---- peers ---------------------------------------------------------------------------------- */

static struct slot *get(const struct slots *s, const struct peer_id *peer)
{
    return map_get(s->peers, peer->bytes, peer->len);
}

/* NULL: out of memory. */
static struct slot *find(struct slots *s, const struct peer_id *peer)
{
    struct slot *p = get(s, peer);
    if (p)
        return p;
    p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->peer = *peer;
    if (map_put(s->peers, peer->bytes, peer->len, p) < 0) {
        free(p);
        return NULL;
    }
    return p;
}

static void settle(struct slots *s, struct slot *p)
{
    if (p->reserved || p->began > 0 || p->reached > 0)
        return;
    (void)map_take(s->peers, p->peer.bytes, p->peer.len);
    free(p);
}

/* ---- reservations --------------------------------------------------------------------------- */

static struct source source_of(const struct addr *from)
{
    struct source out = {.len = 0};
    const uint8_t *at = NULL;
    uint8_t n = V4_PREFIX;
    if (from && from->ss.ss_family == AF_INET) {
        at = (const uint8_t *)&((const struct sockaddr_in *)&from->ss)->sin_addr;
    } else if (from && from->ss.ss_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)&from->ss)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(in6);
        at = in6->s6_addr + (mapped ? V6_MAPPED : 0);
        n = mapped ? V4_PREFIX : V6_PREFIX;
    }
    if (!at)
        return out;
    out.len = 1 + n;
    out.bytes[0] = n;
    memcpy(out.bytes + 1, at, n);
    return out;
}

static size_t count_from(const struct slots *s, const struct source *source)
{
    size_t at = 0, n = 0;
    for (const struct slot *p = map_next(s->peers, &at); p; p = map_next(s->peers, &at))
        n += p->reserved && p->source.len == source->len &&
             memcmp(p->source.bytes, source->bytes, source->len) == 0;
    return n;
}

static bool has_room(const struct slots *s, const struct source *source)
{
    size_t most = source->len > 0 ? s->limits.per_source : (s->limits.reservations + 1) / 2;
    return s->reservations < s->limits.reservations && count_from(s, source) < most;
}

enum hop_status slots_reserve(struct slots *s, const struct peer_id *peer, const struct addr *from,
                              uint64_t now, bool *fresh)
{
    const struct source source = source_of(from);
    struct slot *p = get(s, peer);
    bool is_fresh = !p || !p->reserved;
    if (is_fresh) {
        p = has_room(s, &source) ? find(s, peer) : NULL;
        if (!p)
            return HOP_RESERVATION_REFUSED;
        p->reserved = true;
        p->source = source;
        s->reservations++;
    }
    p->expires = now + s->limits.reservation_ms;
    *fresh = is_fresh;
    return HOP_OK;
}

static void end_reservation(struct slots *s, struct slot *p)
{
    p->reserved = false;
    s->reservations--;
    settle(s, p);
}

bool slots_release(struct slots *s, const struct peer_id *peer)
{
    struct slot *p = get(s, peer);
    if (!p || !p->reserved)
        return false;
    end_reservation(s, p);
    return true;
}

bool slots_expire(struct slots *s, uint64_t now, struct peer_id *out)
{
    size_t at = 0;
    struct slot *p = map_next(s->peers, &at);
    while (p && !(p->reserved && now >= p->expires))
        p = map_next(s->peers, &at);
    if (!p)
        return false;
    *out = p->peer;
    end_reservation(s, p);
    return true;
}

/* ---- circuits ------------------------------------------------------------------------------- */

enum hop_status slots_open(struct slots *s, const struct peer_id *from, const struct peer_id *to,
                           uint64_t now)
{
    struct slot *far = get(s, to), *near;
    if (peer_id_equal(from, to))
        return HOP_PERMISSION_DENIED;
    if (!far || !far->reserved || now >= far->expires)
        return HOP_NO_RESERVATION;
    if (s->circuits >= s->limits.circuits || far->reached >= s->limits.per_peer * SLOTS_TO_PEER)
        return HOP_RESOURCE_LIMIT;
    near = find(s, from);
    if (!near)
        return HOP_RESOURCE_LIMIT;
    if (near->began >= s->limits.per_peer) {
        settle(s, near);
        return HOP_RESOURCE_LIMIT;
    }
    near->began++;
    far->reached++;
    s->circuits++;
    return HOP_OK;
}

void slots_close(struct slots *s, const struct peer_id *from, const struct peer_id *to)
{
    struct slot *near = get(s, from), *far = get(s, to);
    s->circuits--;
    near->began--;
    far->reached--;
    settle(s, near);
    settle(s, far);
}

size_t slots_reservations(const struct slots *s)
{
    return s->reservations;
}

size_t slots_circuits(const struct slots *s)
{
    return s->circuits;
}
