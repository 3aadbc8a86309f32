/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/relays.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/ask.h"
#include "cli/json_line.h"
#include "cli/reply.h"

/* The network may be beyond a tor that has to start first. */
enum { RELAYS_MS = 150 * 1000 };

struct asked {
    bool json;
    int err;
};

static void print_relay(const cJSON *relay)
{
    char text[REPLY_TEXT_SIZE];
    printf("%s\n", reply_text(relay, "peer", text));
    printf("  url         %s\n", reply_text(relay, "url", text));
    printf("  places      %.0f of %.0f taken\n", json_number(relay, "reservations"),
           json_number(relay, "max_reservations"));
    if (cJSON_GetObjectItemCaseSensitive(relay, "reputation"))
        printf("  reputation  %.2f here, up after %.0f ms\n", json_number(relay, "reputation"),
               json_number(relay, "ms"));
    if (reply_text(relay, "contact", text)[0])
        printf("  contact     %s\n", text);
    const cJSON *at;
    cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(relay, "addresses"))
    {
        printf("  at          %s\n", reply_escape(at, text));
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
