/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/events.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

static bool add_text(cJSON *o, const char *key, const char *text)
{
    return cJSON_AddStringToObject(o, key, text) != NULL;
}

/* As text: cJSON would write a floating-point number, and read it again to see how many digits it
 * takes, which is more work than all else of a request's event. */
static bool add_number(cJSON *o, const char *key, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return cJSON_AddRawToObject(o, key, text) != NULL;
}

/* What a visitor sent need not be UTF-8, which JSON must be. */
static bool add_foreign(cJSON *o, const char *key, const char *text)
{
    size_t len = strlen(text);
    if (text_utf8_valid(text, len))
        return add_text(o, key, text);
    size_t size = 4 * len + 1; /* every byte as \xNN */
    char *escaped = malloc(size);
    bool whole = escaped && (text_escape(text, len, escaped, size), add_text(o, key, escaped));
    free(escaped);
    return whole;
}

static cJSON *new_event(const struct events_head *h, const char *name)
{
    char time[CLOCK_TEXT_SIZE];
    clock_text(h->wall_ms, time);
    cJSON *o = cJSON_CreateObject();
    return json_whole(o, add_text(o, "event", name) && add_text(o, "time", time) &&
                             add_number(o, "tunnel", h->tunnel));
}

cJSON *events_starting(const struct events_head *h, const char *name, const char *target,
                       const char *policy)
{
    cJSON *o = new_event(h, "starting");
    return json_whole(o, add_text(o, "name", name) && add_text(o, "target", target) &&
                             add_text(o, "policy", policy));
}

cJSON *events_progress(const struct events_head *h, const char *path, int percent,
                       const char *summary)
{
    cJSON *o = new_event(h, "progress");
    return json_whole(o, add_text(o, "path", path) &&
                             cJSON_AddNumberToObject(o, "percent", percent) &&
                             add_foreign(o, "summary", summary));
}

cJSON *events_path_up(const struct events_head *h, const char *path, const char *url,
                      const char *peer, bool sealed, uint64_t ms)
{
    cJSON *o = new_event(h, "path_up");
    return json_whole(o, add_text(o, "path", path) && add_text(o, "url", url) &&
                             (!peer[0] || add_text(o, "peer", peer)) &&
                             (!sealed || cJSON_AddTrueToObject(o, "sealed")) &&
                             add_number(o, "ms", ms));
}

static bool add_urls(cJSON *urls, const struct tunnel *t)
{
    bool whole = urls != NULL;
    for (size_t i = 0; whole && i < tunnel_path_count(t); i++) {
        const char *url = path_url(tunnel_path(t, i));
        if (url && tunnel_path_state(t, i) == PATH_UP) {
            cJSON *item = cJSON_CreateString(url);
            whole = cJSON_AddItemToArray(urls, item);
            if (!whole)
                cJSON_Delete(item);
        }
    }
    return whole;
}

cJSON *events_ready(const struct events_head *h, const struct tunnel *t)
{
    cJSON *o = new_event(h, "ready");
    return json_whole(o, add_text(o, "name", tunnel_name(t)) &&
                             add_urls(cJSON_AddArrayToObject(o, "urls"), t));
}

cJSON *events_path_down(const struct events_head *h, const char *path, const char *reason,
                        uint64_t retry_ms)
{
    cJSON *o = new_event(h, "path_down");
    return json_whole(o, add_text(o, "path", path) && add_foreign(o, "reason", reason) &&
                             add_number(o, "retry_ms", retry_ms));
}

cJSON *events_request(const struct events_head *h, const struct tunnel_request *r)
{
    cJSON *o = new_event(h, "request");
    return json_whole(o, add_number(o, "id", r->id) && add_foreign(o, "method", r->method) &&
                             add_foreign(o, "target", r->target) &&
                             cJSON_AddNumberToObject(o, "status", r->status) &&
                             add_number(o, "ms", r->ms) && add_number(o, "in", r->in) &&
                             add_number(o, "out", r->out) && add_text(o, "path", r->path) &&
                             (!r->circuit[0] || add_text(o, "circuit", r->circuit)));
}

cJSON *events_warning(const struct events_head *h, const char *text)
{
    cJSON *o = new_event(h, "warning");
    return json_whole(o, add_foreign(o, "text", text));
}

cJSON *events_error(const struct events_head *h, const struct beam_why *why)
{
    cJSON *o = new_event(h, "error");
    return json_whole(o, add_text(o, "code", beam_err_name(why->code)) &&
                             add_foreign(o, "text", why->text));
}

cJSON *events_stopped(const struct events_head *h)
{
    return new_event(h, "stopped");
}
