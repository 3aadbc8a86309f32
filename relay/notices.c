/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "relay/visit_open.h"

enum {
    ENTRIES_MAX = 4096, /* endpoints; what is refused of others is not told */
    EVERY_MS = 60000,
    OPEN_MS = 10000
};

struct entry {
    struct notices *notices;
    uint8_t id[RESERVATION_ID_SIZE];
    struct peer_id owner;
    uint64_t count[TERMS_RULES];
    uint64_t next[TERMS_RULES]; /* when a rule may be told again */
    bool idle;                  /* nothing was refused since the last look */
    struct visit_open *opening;
};

struct notices {
    struct loop *loop;
    struct host *host;
    struct map *entries;
    struct loop_timer timer;
};

static void entry_free(struct entry *e)
{
    map_take(e->notices->entries, e->id, sizeof(e->id));
    visit_open_cancel(e->opening);
    free(e);
}

static void on_opened(void *arg, int err, struct stream *s)
{
    struct entry *e = arg;
    e->opening = NULL;
    if (err == 0)
        stream_free(s); /* the head was all of it */
}

/* One at a time: the others' turn comes with the timer. */
static void tell(struct entry *e, enum terms_rule rule)
{
    struct notices *n = e->notices;
    uint64_t now = loop_now(n->loop);
    struct visit_head head = {.via = VISIT_HEAD_NOTICE, .count = e->count[rule]};
    struct host_peer peer;
    if (e->opening || e->count[rule] == 0 || now < e->next[rule] ||
        !host_find(n->host, &e->owner, &peer))
        return;
    memcpy(head.id, e->id, sizeof(head.id));
    snprintf(head.rule, sizeof(head.rule), "%s", terms_rule_name(rule));
    if (visit_open_start(n->loop, n->host, &e->owner, &head, OPEN_MS, on_opened, e, &e->opening) <
        0)
        return;
    e->count[rule] = 0;
    e->next[rule] = now + EVERY_MS;
}

/* What waits to be told is; what has nothing to tell any more is forgotten. */
static void look(struct entry *e)
{
    bool waits = e->opening != NULL;
    for (int rule = 0; rule < TERMS_RULES; rule++) {
        waits |= e->count[rule] > 0;
        tell(e, (enum terms_rule)rule);
    }
    if (e->idle && !waits)
        entry_free(e);
    else
        e->idle = true;
}

static void on_timer(void *arg)
{
    struct notices *n = arg;
    struct entry *all[ENTRIES_MAX], *e;
    size_t at = 0, count = 0;
    while ((e = map_next(n->entries, &at)) != NULL)
        all[count++] = e;
    for (size_t i = 0; i < count; i++)
        look(all[i]);
    if (map_count(n->entries) > 0)
        loop_timer_set(&n->timer, EVERY_MS);
}

static struct entry *entry_of(struct notices *n, const struct lease *lease)
{
    struct entry *e = map_get(n->entries, lease->id, sizeof(lease->id));
    if (e)
        return e;
    e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    e->notices = n;
    e->owner = lease->owner;
    memcpy(e->id, lease->id, sizeof(e->id));
    if (map_put(n->entries, e->id, sizeof(e->id), e) < 0) {
        free(e);
        return NULL;
    }
    return e;
}

void notices_add(struct notices *n, const struct lease *lease, enum terms_rule rule)
{
    struct entry *e = entry_of(n, lease);
    if (!e)
        return;
    e->count[rule]++;
    e->idle = false;
    tell(e, rule);
    if (!loop_timer_pending(&n->timer))
        loop_timer_set(&n->timer, EVERY_MS);
}

int notices_new(struct loop *l, struct host *host, const struct rng *rng, struct notices **out)
{
    struct notices *n = calloc(1, sizeof(*n));
    if (!n)
        return BEAM_ENOMEM;
    n->loop = l;
    n->host = host;
    loop_timer_init(l, &n->timer, on_timer, n);
    int err = map_new(rng, ENTRIES_MAX, &n->entries);
    if (err < 0)
        free(n);
    else
        *out = n;
    return err;
}

void notices_free(struct notices *n)
{
    struct entry *e;
    size_t at;
    if (!n)
        return;
    loop_timer_clear(&n->timer);
    for (at = 0; (e = map_next(n->entries, &at)) != NULL; at = 0)
        entry_free(e);
    map_free(n->entries);
    free(n);
}
