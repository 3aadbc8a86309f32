/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/census.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* What is counted of one source. */
struct from {
    struct census_source source;
    size_t half_open, connections;
};

struct census {
    const struct limits *limits;
    struct map *sources;
    size_t half_open, connections, strangers;
};

enum {
    SOURCE_UNKNOWN = 0,
    SOURCE_V4 = 4,
    SOURCE_V6 = 6,
    SOURCE_RELAY = 8,
    V4_LEN = 4,
    V6_PREFIX = 8,
    V4_NETWORK = 2,
    V6_NETWORK = 4,
    V6_MAPPED = 12
};

void census_source(const struct addr *from, struct census_source *out)
{
    *out = (struct census_source){.len = 1, .bytes = {SOURCE_UNKNOWN}};
    if (from && from->ss.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&from->ss;
        *out = (struct census_source){.len = 1 + V4_LEN, .bytes = {SOURCE_V4}};
        memcpy(out->bytes + 1, &in->sin_addr, V4_LEN);
    } else if (from && from->ss.ss_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)&from->ss)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(in6);
        out->bytes[0] = mapped ? SOURCE_V4 : SOURCE_V6;
        out->len = 1 + (mapped ? V4_LEN : V6_PREFIX);
        memcpy(out->bytes + 1, in6->s6_addr + (mapped ? V6_MAPPED : 0), out->len - 1u);
    }
}

/* The last bytes of an id are its key's or a hash's: as good as random. */
void census_source_relay(const struct peer_id *relay, struct census_source *out)
{
    size_t n = CENSUS_SOURCE_SIZE - 1;
    *out = (struct census_source){.len = CENSUS_SOURCE_SIZE, .bytes = {SOURCE_RELAY}};
    memcpy(out->bytes + 1, relay->bytes + relay->len - n, n);
}

int census_new(const struct rng *rng, const struct limits *limits, struct census **out)
{
    struct census *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    c->limits = limits;
    int err = map_new(rng, limits->connections + limits->half_open, &c->sources);
    if (err < 0) {
        free(c);
        return err;
    }
    *out = c;
    return 0;
}

void census_free(struct census *c)
{
    if (!c)
        return;
    size_t at = 0;
    for (void *f = map_next(c->sources, &at); f; f = map_next(c->sources, &at))
        free(f);
    map_free(c->sources);
    free(c);
}

bool census_addressless(const struct census_source *s)
{
    return s->bytes[0] == SOURCE_UNKNOWN || s->bytes[0] == SOURCE_RELAY;
}

bool census_source_equal(const struct census_source *a, const struct census_source *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

struct census_source census_network(const struct census_source *s)
{
    struct census_source net = {.len = 1, .bytes = {SOURCE_UNKNOWN}};
    if (census_addressless(s))
        return net;
    net.len = 1 + (s->bytes[0] == SOURCE_V4 ? V4_NETWORK : V6_NETWORK);
    memcpy(net.bytes, s->bytes, net.len);
    return net;
}

/* The counts of a source, which are there as long as one of them is not 0. */
static int find(struct census *c, const struct census_source *source, struct from **out)
{
    struct from *f = map_get(c->sources, source->bytes, source->len);
    if (f) {
        *out = f;
        return 0;
    }
    f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->source = *source;
    int err = map_put(c->sources, source->bytes, source->len, f);
    if (err < 0) {
        free(f);
        return err;
    }
    *out = f;
    return 0;
}

static void drop(struct census *c, struct from *f)
{
    if (f->half_open > 0 || f->connections > 0)
        return;
    (void)map_take(c->sources, f->source.bytes, f->source.len);
    free(f);
}

/* Of peers without an address, all together leave half of the places to others. */
static size_t half_open_limit(const struct limits *l, const struct census_source *from)
{
    return from->bytes[0] == SOURCE_UNKNOWN ? (l->half_open + 1) / 2 : l->half_open_per_address;
}

int census_begin(struct census *c, const struct census_source *from, struct beam_why *why)
{
    struct from *f;
    if (c->half_open >= c->limits->half_open)
        return beam_why(why, BEAM_ELIMIT, "%zu handshakes are under way already", c->half_open);
    int err = find(c, from, &f);
    if (err < 0)
        return beam_why(why, err, "%s", beam_err_text(err));
    if (f->half_open >= half_open_limit(c->limits, from))
        return beam_why(why, BEAM_ELIMIT, "%zu handshakes from there are under way already",
                        f->half_open);
    f->half_open++;
    c->half_open++;
    return 0;
}

void census_end(struct census *c, const struct census_source *from)
{
    struct from *f = map_get(c->sources, from->bytes, from->len);
    if (!f)
        return;
    f->half_open--;
    c->half_open--;
    drop(c, f);
}

int census_enter(struct census *c, const struct census_source *from, bool stranger,
                 struct beam_why *why)
{
    struct from *f = NULL;
    if (c->connections >= c->limits->connections)
        return beam_why(why, BEAM_ELIMIT, "there are %zu connections already", c->connections);
    if (stranger && c->strangers >= c->limits->inbound)
        return beam_why(why, BEAM_ELIMIT, "there are %zu connections of strangers already",
                        c->strangers);
    if (from) {
        int err = find(c, from, &f);
        if (err < 0)
            return beam_why(why, err, "%s", beam_err_text(err));
        if (f->connections >= c->limits->per_address && !census_addressless(from))
            return beam_why(why, BEAM_ELIMIT, "there are %zu connections from there already",
                            f->connections);
        f->connections++;
    }
    c->connections++;
    c->strangers += stranger;
    return 0;
}

void census_leave(struct census *c, const struct census_source *from, bool stranger)
{
    struct from *f = from ? map_get(c->sources, from->bytes, from->len) : NULL;
    c->connections--;
    c->strangers -= stranger;
    if (f) {
        f->connections--;
        drop(c, f);
    }
}

void census_change(struct census *c, bool stranger)
{
    if (stranger)
        c->strangers++;
    else
        c->strangers--;
}

size_t census_connections(const struct census *c)
{
    return c->connections;
}

size_t census_half_open(const struct census *c)
{
    return c->half_open;
}
