/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/backoffs.h"

#include <stdlib.h>

void backoffs_clear(struct backoffs *b)
{
    free(b->list);
    *b = (struct backoffs){.n = 0};
}

static struct backoff_row *find(const struct backoffs *b, const struct peer_id *peer,
                                uint32_t topic)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->list[i].topic == topic && peer_id_equal(&b->list[i].peer, peer))
            return &b->list[i];
    return NULL;
}

/* NULL: no memory. */
static struct backoff_row *new_row(struct backoffs *b)
{
    struct backoff_row *first = b->list;
    if (b->n == b->room && b->room < BACKOFFS_MAX) {
        size_t room = b->room ? 2 * b->room : 16;
        struct backoff_row *list = reallocarray(b->list, room, sizeof(*list));
        if (!list)
            return NULL;
        b->list = list;
        b->room = room;
    }
    if (b->n < b->room)
        return &b->list[b->n++];
    for (size_t i = 1; i < b->n; i++)
        if (b->list[i].until < first->until)
            first = &b->list[i];
    return first;
}

void backoffs_add(struct backoffs *b, const struct peer_id *peer, uint32_t topic, uint64_t now,
                  uint64_t until)
{
    struct backoff_row *row = find(b, peer, topic);
    if (row && row->until >= until && row->until > now)
        return;
    if (!row)
        row = new_row(b);
    if (row)
        *row = (struct backoff_row){.peer = *peer, .topic = topic, .since = now, .until = until};
}

const struct backoff_row *backoffs_get(const struct backoffs *b, const struct peer_id *peer,
                                       uint32_t topic, uint64_t now)
{
    const struct backoff_row *row = find(b, peer, topic);
    return row && row->until > now ? row : NULL;
}

void backoffs_expire(struct backoffs *b, uint64_t now)
{
    for (size_t i = b->n; i-- > 0;)
        if (b->list[i].until <= now)
            b->list[i] = b->list[--b->n];
}
