/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/uploads.h"

#include <stdio.h>
#include <string.h>

static struct upload *find(struct uploads *u, const char *directory)
{
    for (size_t i = 0; i < u->count; i++)
        if (strncmp(u->list[i].directory, directory, UPLOADS_NAME_SIZE - 1) == 0)
            return &u->list[i];
    return NULL;
}

static bool is_under_way(const struct uploads *u, uint64_t now)
{
    for (size_t i = 0; i < u->count; i++)
        if (!u->list[i].failed && now - u->list[i].at < UPLOADS_LOST)
            return true;
    return false;
}

static enum uploads_news begin(struct uploads *u, uint64_t now, const char *directory)
{
    bool first = u->count == 0;
    if (u->taken && !is_under_way(u, now)) {
        u->taken = u->rejected = false;
        u->count = 0;
        first = true;
    }
    struct upload *of = find(u, directory);
    if (!of && u->count < UPLOADS_MAX)
        of = &u->list[u->count++];
    if (of) {
        *of = (struct upload){.at = now};
        snprintf(of->directory, sizeof(of->directory), "%.*s", UPLOADS_NAME_SIZE - 1, directory);
    }
    return first && !u->taken ? UPLOADS_BEGUN : UPLOADS_NOTHING;
}

static enum uploads_news take(struct uploads *u, const char *directory)
{
    struct upload *of = find(u, directory);
    if (of)
        *of = u->list[--u->count];
    u->taken = true;
    u->told = false;
    return UPLOADS_TAKEN;
}

/* For one directory may be asked for a descriptor and given one at once. */
static bool is_of_request(const char *reason)
{
    return strcmp(reason, "NOT_FOUND") == 0 || strcmp(reason, "BAD_DESC") == 0 ||
           strncmp(reason, "QUERY_", 6) == 0;
}

static enum uploads_news fail(struct uploads *u, uint64_t now, const struct hs_desc *d)
{
    struct upload *of = find(u, d->directory);
    if (!of || of->failed || is_of_request(d->reason))
        return UPLOADS_NOTHING;
    of->failed = true;
    u->rejected = u->rejected || strcmp(d->reason, "UPLOAD_REJECTED") == 0;
    if (is_under_way(u, now) || !uploads_late(u))
        return UPLOADS_NOTHING;
    return UPLOADS_ALL_FAILED;
}

bool uploads_late(struct uploads *u)
{
    bool news = !u->taken && !u->told;
    u->told = u->told || news;
    return news;
}

enum uploads_news uploads_note(struct uploads *u, uint64_t now, const struct hs_desc *d)
{
    switch (d->action) {
    case HS_DESC_UPLOAD:
        return begin(u, now, d->directory);
    case HS_DESC_UPLOADED:
        return take(u, d->directory);
    case HS_DESC_FAILED:
        return fail(u, now, d);
    case HS_DESC_REQUESTED:
    case HS_DESC_RECEIVED:
    case HS_DESC_OTHER:
        break;
    }
    return UPLOADS_NOTHING;
}
