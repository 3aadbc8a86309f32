/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/hearsay.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/map.h"
#include "p2p/census.h"

enum { V6_SITE = 7, PACES = 2, ANY_PORT = 1 };

struct key {
    size_t len;
    uint8_t bytes[WAY_HOST_MAX + 2];
};

struct place {
    TAILQ_ENTRY(place) link;
    uint64_t paid;  /* until when its dials are: one more is an interval later */
    uint64_t until; /* left alone */
    unsigned failures;
    size_t len;
    uint8_t key[];
};

/* How often, of a port, and of an address with all its ports. */
static const struct pace {
    bool port;
    unsigned burst;
    uint64_t each_ms;
    unsigned grace;
    uint64_t pause_max_ms;
} paces[PACES] = {
    {
        .port = true,
        .burst = HEARSAY_PORT_BURST,
        .each_ms = HEARSAY_PORT_MS,
        .pause_max_ms = HEARSAY_PORT_PAUSE_MAX_MS,
    },
    {
        .burst = HEARSAY_HOST_BURST,
        .each_ms = HEARSAY_HOST_MS,
        .grace = HEARSAY_HOST_GRACE,
        .pause_max_ms = HEARSAY_HOST_PAUSE_MAX_MS,
    },
};

struct hearsay {
    struct map *places;
    TAILQ_HEAD(, place) order; /* by the last dial */
};

int hearsay_new(const struct rng *rng, struct hearsay **out)
{
    struct hearsay *h = calloc(1, sizeof(*h));
    if (!h)
        return BEAM_ENOMEM;
    TAILQ_INIT(&h->order);
    int err = map_new(rng, HEARSAY_PLACES_MAX, &h->places);
    if (err < 0) {
        free(h);
        return err;
    }
    *out = h;
    return 0;
}

static void forget(struct hearsay *h, struct place *p)
{
    (void)map_take(h->places, p->key, p->len);
    TAILQ_REMOVE(&h->order, p, link);
    free(p);
}

void hearsay_free(struct hearsay *h)
{
    if (!h)
        return;
    while (!TAILQ_EMPTY(&h->order))
        forget(h, TAILQ_FIRST(&h->order));
    map_free(h->places);
    free(h);
}

/* ---- places --------------------------------------------------------------------------------- */

/* A name in small letters, without the dot it may end in: each way to write it is one place. */
static void key_of_name(const char *name, struct key *k)
{
    k->len = strlen(name);
    if (k->len > 1 && name[k->len - 1] == '.')
        k->len--;
    for (size_t i = 0; i < k->len; i++)
        k->bytes[i] = (uint8_t)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
}

/* The port comes last; 0, which nobody has, is that of all. */
static void key_of(const struct way_target *to, const struct pace *pace, struct key *k)
{
    uint16_t port = pace->port ? to->port : 0;
    struct addr at = to->at;
    struct census_source ip;
    bool is_ip = at.len > 0 || addr_ip(to->host, strlen(to->host), ANY_PORT, &at) == 0;
    census_source(is_ip ? &at : NULL, &ip);
    if (census_addressless(&ip)) {
        key_of_name(to->host, k);
    } else {
        k->len = ip.len < 1 + V6_SITE ? ip.len : 1 + V6_SITE;
        memcpy(k->bytes, ip.bytes, k->len);
    }
    k->bytes[k->len++] = (uint8_t)(port >> 8);
    k->bytes[k->len++] = (uint8_t)port;
}

/* NULL: nothing is known of it, or it is a circuit. */
static struct place *find(const struct hearsay *h, const struct way_target *to,
                          const struct pace *pace)
{
    struct key k;
    if (to->way == WAY_CIRCUIT)
        return NULL;
    key_of(to, pace, &k);
    return map_get(h->places, k.bytes, k.len);
}

static int add(struct hearsay *h, const struct way_target *to, const struct pace *pace,
               struct place **out)
{
    struct key k;
    key_of(to, pace, &k);
    struct place *p = calloc(1, sizeof(*p) + k.len);
    if (!p)
        return BEAM_ENOMEM;
    p->len = k.len;
    memcpy(p->key, k.bytes, k.len);
    if (map_count(h->places) == HEARSAY_PLACES_MAX)
        forget(h, TAILQ_FIRST(&h->order));
    int err = map_put(h->places, k.bytes, k.len, p);
    if (err < 0) {
        free(p);
        return err;
    }
    TAILQ_INSERT_TAIL(&h->order, p, link);
    *out = p;
    return 0;
}

/* ---- what is asked -------------------------------------------------------------------------- */

/* That nobody was at a port says something of it; of the address it may be others' fault. */
static int judge(const struct place *p, const struct pace *pace, uint64_t now)
{
    if (p && p->until > now)
        return pace->port ? BEAM_EUNREACH : BEAM_EAGAIN;
    return !p || p->paid <= now + (pace->burst - 1) * pace->each_ms ? 0 : BEAM_EAGAIN;
}

static int pay(struct hearsay *h, const struct way_target *to, const struct pace *pace,
               uint64_t now)
{
    struct place *p = find(h, to, pace);
    int err = p ? 0 : add(h, to, pace, &p);
    if (err < 0)
        return err;
    p->paid = (p->paid > now ? p->paid : now) + pace->each_ms;
    TAILQ_REMOVE(&h->order, p, link);
    TAILQ_INSERT_TAIL(&h->order, p, link);
    return 0;
}

int hearsay_dial(struct hearsay *h, const struct way_target *to, uint64_t now)
{
    int err = 0;
    if (to->way == WAY_CIRCUIT)
        return 0;
    for (size_t i = 0; err == 0 && i < PACES; i++)
        err = judge(find(h, to, &paces[i]), &paces[i], now);
    for (size_t i = 0; err == 0 && i < PACES; i++)
        err = pay(h, to, &paces[i], now);
    return err;
}

/* What fails in a pause was begun before it: dials that fail together say what one of them does. */
static void leave_alone(struct place *p, const struct pace *pace, uint64_t now)
{
    uint64_t ms = HEARSAY_PAUSE_MS;
    if (p->until > now || ++p->failures <= pace->grace)
        return;
    for (unsigned i = pace->grace + 1; i < p->failures && ms < pace->pause_max_ms; i++)
        ms *= 2;
    p->until = now + (ms < pace->pause_max_ms ? ms : pace->pause_max_ms);
}

void hearsay_failed(struct hearsay *h, const struct way_target *to, uint64_t now)
{
    for (size_t i = 0; i < PACES; i++) {
        struct place *p = find(h, to, &paces[i]);
        if (p)
            leave_alone(p, &paces[i], now);
    }
}

void hearsay_met(struct hearsay *h, const struct way_target *to)
{
    for (size_t i = 0; i < PACES; i++) {
        struct place *p = find(h, to, &paces[i]);
        if (!p)
            continue;
        p->paid -= p->paid < paces[i].each_ms ? p->paid : paces[i].each_ms;
        p->failures = 0;
        p->until = 0;
    }
}
