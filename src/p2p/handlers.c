/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/handlers.h"

#include <stdlib.h>
#include <string.h>

const struct handler *handlers_find(const struct handlers *h, const char *protocol, size_t len)
{
    for (size_t i = 0; i < h->n; i++)
        if (strlen(h->list[i].protocol) == len && memcmp(h->list[i].protocol, protocol, len) == 0)
            return &h->list[i];
    return NULL;
}

int handlers_add(struct handlers *h, const char *protocol, host_stream_fn *fn, void *arg)
{
    size_t len = strlen(protocol);
    if (len == 0 || len > HANDLERS_NAME_MAX || memchr(protocol, '\n', len))
        return BEAM_EINVAL;
    if (handlers_find(h, protocol, len))
        return BEAM_EEXIST;
    if (h->n == HANDLERS_MAX)
        return BEAM_ELIMIT;
    struct handler *list = realloc(h->list, (h->n + 1) * sizeof(*list));
    if (!list)
        return BEAM_ENOMEM;
    h->list = list;
    struct handler *added = &list[h->n++];
    *added = (struct handler){.fn = fn, .arg = arg};
    memcpy(added->protocol, protocol, len);
    return 0;
}

bool handlers_remove(struct handlers *h, const char *protocol)
{
    const struct handler *found = handlers_find(h, protocol, strlen(protocol));
    if (!found)
        return false;
    size_t i = (size_t)(found - h->list);
    memmove(&h->list[i], &h->list[i + 1], (h->n - i - 1) * sizeof(h->list[0]));
    h->n--;
    return true;
}

void handlers_clear(struct handlers *h)
{
    free(h->list);
    *h = (struct handlers){.n = 0};
}
