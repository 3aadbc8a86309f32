/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/arrival.h"

#include <stdlib.h>

#include "base/log.h"
#include "p2p/standing.h"
#include "p2p/upgrade.h"

enum { SURE_PART = 3 }; /* of the time for a handshake is anybody's, however many want his place */

struct arrival {
    struct arrival *next, **link;
    struct host *host;
    struct upgrade *upgrade;
    struct multiaddr from; /* empty: not known */
    enum way way;
    struct way_limit limit;
    struct census_source source;
    uint64_t since;
};

static void turn_away(const struct multiaddr *from, enum way way, const char *reason)
{
    char text[MULTIADDR_TEXT_SIZE] = "";
    if (from && from->len > 0)
        multiaddr_text(from, text);
    log_info("p2p", "a connection from %s was turned away: %s",
             text[0] ? log_scrub(text) : way_name(way), reason);
}

static void arrival_free(struct arrival *a)
{
    census_end(a->host->pool.census, &a->source);
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    upgrade_cancel(a->upgrade);
    free(a);
}

static void on_upgraded(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const struct peer_id *peer)
{
    struct arrival *a = arg;
    struct host *h = a->host;
    const struct arrival copy = *a;
    a->upgrade = NULL;
    arrival_free(a);
    if (err < 0) {
        turn_away(&copy.from, copy.way, why->text);
        return;
    }
    const struct core_link link = {.secured = s,
                                   .peer = peer,
                                   .addr = &copy.from,
                                   .way = copy.way,
                                   .source = &copy.source,
                                   .limit = copy.limit};
    struct beam_why refused;
    if (core_adopt(h, &link, &refused) < 0)
        turn_away(&copy.from, copy.way, refused.text);
}

/*
 * The places of those whom no address tells apart are full. Whoever has been in one longest, and
 * long enough for an honest peer to have gone on, makes room: else a few who say nothing would
 * keep all others out.
 */
static bool make_room(struct host *h, const struct census_source *source)
{
    struct arrival *oldest = NULL;
    for (struct arrival *a = h->arrivals; a; a = a->next)
        if (census_source_equal(&a->source, source))
            oldest = a; /* the newest is the first */
    if (!census_addressless(source) || !oldest ||
        loop_now(h->spec.loop) - oldest->since < h->spec.limits.handshake_ms / SURE_PART)
        return false;
    turn_away(&oldest->from, oldest->way, "it has not gone on, and others want its place");
    arrival_free(oldest);
    return true;
}

/* What comes by a circuit is counted by its relay. */
static void find_source(const struct arrival_spec *spec, struct census_source *out)
{
    struct way_hop hop;
    if (spec->way == WAY_CIRCUIT && spec->from && way_hop(spec->from, &hop) == 0)
        census_source_relay(&hop.relay, out);
    else
        census_source(spec->at, out);
}

void arrival_start(struct host *h, struct stream *s, const struct arrival_spec *spec)
{
    struct beam_why why;
    struct census_source source;
    struct arrival *a = NULL;
    find_source(spec, &source);
    int err = standing_enter(h, NULL, spec->from, &why);
    if (err == 0)
        err = census_begin(h->pool.census, &source, &why);
    if (err == BEAM_ELIMIT && make_room(h, &source))
        err = census_begin(h->pool.census, &source, &why);
    if (err < 0)
        goto out;
    a = calloc(1, sizeof(*a));
    if (!a) {
        census_end(h->pool.census, &source);
        beam_why(&why, BEAM_ENOMEM, "%s", beam_err_text(BEAM_ENOMEM));
        goto out;
    }
    *a = (struct arrival){.host = h,
                          .way = spec->way,
                          .limit = spec->limit,
                          .source = source,
                          .next = h->arrivals,
                          .since = loop_now(h->spec.loop)};
    if (spec->from)
        a->from = *spec->from;
    a->link = &h->arrivals;
    if (a->next)
        a->next->link = &a->next;
    h->arrivals = a;
    const struct upgrade_spec upgrade = {.loop = h->spec.loop,
                                         .rng = h->spec.rng,
                                         .key = h->spec.key,
                                         .expect = spec->expect,
                                         .timeout_ms =
                                             way_patience(spec->way, h->spec.limits.handshake_ms)};
    err = upgrade_start(s, &upgrade, on_upgraded, a, &a->upgrade);
    if (err < 0) {
        turn_away(spec->from, spec->way, beam_err_text(err));
        arrival_free(a);
    }
    return;
out:
    turn_away(spec->from, spec->way, why.text);
    stream_reset(s);
    stream_free(s);
}

void arrival_clear(struct host *h)
{
    while (h->arrivals)
        arrival_free(h->arrivals);
}
