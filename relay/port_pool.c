/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/port_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct port_pool {
    struct port_range range;
    const struct rng *rng;
    size_t left;
    bool taken[]; /* from the first on */
};

static size_t size_of(const struct port_range *r)
{
    return r->first == 0 ? 0 : (size_t)(r->last - r->first) + 1;
}

int port_range_parse(const char *key, const char *text, struct port_range *out,
                     struct beam_why *why)
{
    uint64_t first = 0, last = 0;
    size_t len = strcspn(text, "-");
    const char *end = text[len] == '-' ? text + len + 1 : text;
    if (!text[0]) {
        *out = (struct port_range){0};
        return 0;
    }
    if (text_number(text, len, UINT16_MAX, &first) < 0 ||
        text_number(end, text[len] == '-' ? strlen(end) : len, UINT16_MAX, &last) < 0 ||
        first == 0 || last < first)
        return beam_why(why, BEAM_EINVAL,
                        "%s %s: must be a range of ports, as in 20000-20999, or one of them", key,
                        text);
    *out = (struct port_range){.first = (uint16_t)first, .last = (uint16_t)last};
    return 0;
}

bool port_range_has(const struct port_range *r, uint16_t port)
{
    return port != 0 && port >= r->first && port <= r->last;
}

int port_pool_new(const struct port_range *range, const struct rng *rng, struct port_pool **out)
{
    size_t n = size_of(range);
    struct port_pool *p = calloc(1, sizeof(*p) + n * sizeof(p->taken[0]));
    if (!p)
        return BEAM_ENOMEM;
    p->range = *range;
    p->rng = rng;
    p->left = n;
    *out = p;
    return 0;
}

void port_pool_free(struct port_pool *p)
{
    free(p);
}

bool port_pool_claim(struct port_pool *p, uint16_t port)
{
    if (!port_range_has(&p->range, port) || p->taken[port - p->range.first])
        return false;
    p->taken[port - p->range.first] = true;
    p->left--;
    return true;
}

uint16_t port_pool_take(struct port_pool *p, uint16_t wanted)
{
    size_t n = size_of(&p->range);
    if (port_pool_claim(p, wanted))
        return wanted;
    if (p->left == 0)
        return 0;
    /* The first free one from anywhere on. */
    size_t at = rng_below(p->rng, (uint32_t)n);
    while (p->taken[at])
        at = (at + 1) % n;
    uint16_t port = (uint16_t)(p->range.first + at);
    return port_pool_claim(p, port) ? port : 0;
}

void port_pool_give(struct port_pool *p, uint16_t port)
{
    if (!port_range_has(&p->range, port) || !p->taken[port - p->range.first])
        return;
    p->taken[port - p->range.first] = false;
    p->left++;
}

size_t port_pool_left(const struct port_pool *p)
{
    return p->left;
}
