/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/ask.h"
#include "cli/json_line.h"

/* ---- as text ---- */

/* Padded to `columns`, if that many are needed. */
static void print_text(FILE *to, const char *text, int columns)
{
    char escaped[512];
    text_escape(text, strlen(text), escaped, sizeof(escaped));
    fprintf(to, "%-*s", columns, escaped);
}

/* The same behind others of its line; nothing where it is empty and needs no columns. */
static void print_cell(FILE *to, const char *text, int columns)
{
    if (text[0] || columns > 0)
        fputs("  ", to);
    print_text(to, text, columns);
}

/* As wide as the widest of `key`, or its title. */
static int width_of(const cJSON *tunnels, const char *key, const char *title)
{
    const cJSON *t;
    size_t width = strlen(title);
    cJSON_ArrayForEach(t, tunnels) if (strlen(json_text(t, key)) > width) width =
        strlen(json_text(t, key));
    return (int)width;
}

static void print_path(FILE *to, const cJSON *path)
{
    const char *url = json_text(path, "url");
    print_cell(to, json_text(path, "path"), 5);
    print_cell(to, json_text(path, "state"), url[0] ? 7 : 0);
    print_cell(to, url, 0);
}

static void print_tunnel(FILE *to, const cJSON *t, int name, int target)
{
    const cJSON *path;
    bool first = true;
    cJSON_ArrayForEach(path, cJSON_GetObjectItemCaseSensitive(t, "paths"))
    {
        fprintf(to, "%4.0f", json_number(t, "id"));
        print_cell(to, first ? json_text(t, "name") : "", name);
        print_cell(to, first ? json_text(t, "target") : "", target);
        fprintf(to, "  %8.0f", json_number(t, "requests"));
        print_path(to, path);
        fputc('\n', to);
        first = false;
    }
}

void status_print(FILE *to, const cJSON *status)
{
    const cJSON *tunnels = cJSON_GetObjectItemCaseSensitive(status, "tunnels"), *t;
    const cJSON *tor = cJSON_GetObjectItemCaseSensitive(status, "tor");
    fputs("beam ", to);
    print_text(to, json_text(status, "beam"), 0);
    fprintf(to, "  pid %.0f  tor ", json_number(status, "pid"));
    print_text(to, json_text(tor, "state"), 0);
    print_cell(to, json_text(tor, "version"), 0);
    fputc('\n', to);
    if (cJSON_GetArraySize(tunnels) == 0) {
        fputs("No tunnels.\n", to);
        return;
    }
    int name = width_of(tunnels, "name", "NAME"), target = width_of(tunnels, "target", "TARGET");
    fprintf(to, "%4s  %-*s  %-*s  %8s  %-5s  %-7s  %s\n", "ID", name, "NAME", target, "TARGET",
            "REQUESTS", "PATH", "STATE", "URL");
    cJSON_ArrayForEach(t, tunnels) print_tunnel(to, t, name, target);
}

/* ---- asking ---- */

struct asked {
    cJSON *status; /* put together from the pages */
    bool failed;   /* out of memory */
    uint64_t after;
};

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    struct asked *a = arg;
    return request_status(id, c, a->after);
}

/* The first page stands for all; what it says of itself as a reply goes. */
static bool keep_first(struct asked *a, const cJSON *reply)
{
    a->status = cJSON_Duplicate(reply, true);
    cJSON_DeleteItemFromObjectCaseSensitive(a->status, "reply");
    cJSON_DeleteItemFromObjectCaseSensitive(a->status, "ok");
    cJSON_DeleteItemFromObjectCaseSensitive(a->status, "more");
    return a->status != NULL;
}

static bool keep_page(struct asked *a, const cJSON *page)
{
    cJSON *tunnels = cJSON_GetObjectItemCaseSensitive(a->status, "tunnels");
    const cJSON *t;
    cJSON_ArrayForEach(t, page)
    {
        cJSON *copy = cJSON_Duplicate(t, true);
        if (!cJSON_AddItemToArray(tunnels, copy)) {
            cJSON_Delete(copy);
            return false;
        }
    }
    return true;
}

static bool on_reply(void *arg, const cJSON *reply)
{
    struct asked *a = arg;
    const cJSON *page = cJSON_GetObjectItemCaseSensitive(reply, "tunnels");
    const cJSON *last = page && page->child ? page->child->prev : NULL; /* as cJSON links them */
    a->failed = a->status ? !keep_page(a, page) : !keep_first(a, reply);
    a->after = last ? (uint64_t)json_number(last, "id") : 0;
    return !a->failed && last && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "more"));
}

static int print_json(const cJSON *status, struct beam_why *why)
{
    char *line = json_line(status);
    if (!line)
        return beam_why(why, BEAM_ENOMEM, "status: out of memory");
    fputs(line, stdout);
    free(line);
    return 0;
}

int status_command(const struct options *o, struct beam_why *why)
{
    struct asked a = {0};
    const struct ask ask = {.request = make_request, .reply = on_reply, .arg = &a};
    int err = ask_daemon(o, &ask, why);
    if (err == 0 && a.failed) {
        err = beam_why(why, BEAM_ENOMEM, "status: out of memory");
    } else if (err == 0 && o->json) {
        err = print_json(a.status, why);
    } else if (err == 0) {
        status_print(stdout, a.status);
    }
    cJSON_Delete(a.status);
    return err;
}
