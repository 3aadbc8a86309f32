/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/relays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/ask.h"
#include "cli/json_line.h"

/* The network may be beyond a tor that has to start first. */
enum { RELAYS_MS = 150 * 1000, TEXT_SIZE = 1024 };

struct asked {
    bool json;
    int err;
};

/* What a relay says of itself, escaped; "" when it is not there. */
static const char *text_of(const cJSON *o, const char *key, char out[TEXT_SIZE])
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    text_escape(text ? text : "", text ? strlen(text) : 0, out, TEXT_SIZE);
    return out;
}

static double number_of(const cJSON *o, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(m) ? m->valuedouble : 0;
}

static void print_relay(const cJSON *relay)
{
    char text[TEXT_SIZE];
    printf("%s\n", text_of(relay, "peer", text));
    printf("  url         %s\n", text_of(relay, "url", text));
    printf("  places      %.0f of %.0f taken\n", number_of(relay, "reservations"),
           number_of(relay, "max_reservations"));
    if (cJSON_GetObjectItemCaseSensitive(relay, "reputation"))
        printf("  reputation  %.2f here, up after %.0f ms\n", number_of(relay, "reputation"),
               number_of(relay, "ms"));
    if (text_of(relay, "contact", text)[0])
        printf("  contact     %s\n", text);
    const cJSON *at;
    cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(relay, "addresses"))
    {
        const char *addr = cJSON_GetStringValue(at);
        text_escape(addr ? addr : "", addr ? strlen(addr) : 0, text, sizeof(text));
        printf("  at          %s\n", text);
    }
}

static int print_json(const cJSON *reply)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *relays = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(reply, "relays"), true);
    bool whole = cJSON_AddItemToObject(o, "relays", relays);
    if (!whole)
        cJSON_Delete(relays);
    char *line = whole ? json_line(o) : NULL;
    if (line)
        fputs(line, stdout);
    free(line);
    cJSON_Delete(o);
    return line ? 0 : BEAM_ENOMEM;
}

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    (void)arg;
    return request_network(id, c, "relays", NULL);
}

static bool on_reply(void *arg, const cJSON *reply)
{
    struct asked *a = arg;
    const cJSON *relay, *relays = cJSON_GetObjectItemCaseSensitive(reply, "relays");
    if (a->json) {
        a->err = print_json(reply);
        return false;
    }
    if (cJSON_GetArraySize(relays) == 0)
        puts("No relays are known.");
    cJSON_ArrayForEach(relay, relays) print_relay(relay);
    return false;
}

int relays_command(const struct options *o, struct beam_why *why)
{
    struct asked a = {.json = o->json};
    const struct ask ask = {
        .request = make_request, .reply = on_reply, .deadline_ms = RELAYS_MS, .arg = &a};
    int err = ask_daemon(o, &ask, why);
    return err == 0 && a.err < 0 ? beam_why(why, a.err, "relays: out of memory") : err;
}
