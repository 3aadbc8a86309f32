/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/ask.h"
#include "cli/json_line.h"
#include "cli/reply.h"

/* A peer may be beyond a tor that has to start first. */
enum { REACH_MS = 150 * 1000 };

struct asked {
    const char *what, *address;
    bool json;
    unsigned pings;   /* answered */
    cJSON *collected; /* with --json: the round trips */
    int err;
};

/* ---- as text -------------------------------------------------------------------------------- */

/* Who hides is of no topic. */
static void print_gossip(const cJSON *reply)
{
    const cJSON *t, *topics = cJSON_GetObjectItemCaseSensitive(reply, "gossip");
    char text[REPLY_TEXT_SIZE];
    if (cJSON_GetArraySize(topics) == 0)
        puts("gossip   off");
    cJSON_ArrayForEach(t, topics)
    {
        printf("gossip   %s: ", reply_text(t, "topic", text));
        printf("%.0f peers, %.0f in the mesh\n", json_number(t, "peers"), json_number(t, "mesh"));
    }
}

static void print_status(const cJSON *reply)
{
    char text[REPLY_TEXT_SIZE];
    const cJSON *item, *listen = cJSON_GetObjectItemCaseSensitive(reply, "listen");
    printf("peer id  %s\n", reply_text(reply, "peer_id", text));
    if (cJSON_GetArraySize(listen) == 0)
        puts("listen   nowhere");
    cJSON_ArrayForEach(item, listen)
    {
        printf("listen   %s\n", reply_escape(item, text));
    }
    printf("peers    %.0f\n", json_number(reply, "peers"));
    printf("dht      %s\n", reply_text(reply, "dht", text));
    print_gossip(reply);
    printf("relays   %.0f heard of\n", json_number(reply, "relays_heard"));
    printf("nat      %s\n", reply_text(reply, "nat", text));
    printf("tor      %s\n", reply_text(reply, "tor", text));
}

static void print_peers(const cJSON *reply)
{
    const cJSON *p, *peers = cJSON_GetObjectItemCaseSensitive(reply, "peers");
    char text[REPLY_TEXT_SIZE];
    if (cJSON_GetArraySize(peers) == 0)
        puts("No peers.");
    cJSON_ArrayForEach(p, peers)
    {
        printf("%-52s  ", reply_text(p, "peer", text));
        printf("%-3s  ", reply_text(p, "direction", text));
        printf("%-7s  ", reply_text(p, "path", text));
        printf("%3.0f streams  ", json_number(p, "streams"));
        printf("%s  ", reply_text(p, "agent", text));
        printf("%s\n", reply_text(p, "address", text));
    }
}

/* Those of a bucket share so many leading bits of their place with us. */
static void print_routes(const cJSON *reply)
{
    const cJSON *bucket, *p;
    char text[REPLY_TEXT_SIZE];
    printf("dht %s, %.0f servers known", reply_text(reply, "dht", text),
           json_number(reply, "count"));
    if (json_number(reply, "servers") > 0)
        printf(", about %.0f in all", json_number(reply, "servers"));
    putchar('\n');
    cJSON_ArrayForEach(bucket, cJSON_GetObjectItemCaseSensitive(reply, "buckets"))
    {
        cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(bucket, "peers"))
        {
            printf("%3.0f bits  ", json_number(bucket, "shared"));
            printf("%-52s  ", reply_text(p, "peer", text));
            printf("answered %.0f s ago\n", json_number(p, "seen_s"));
        }
    }
}

static void print_reached(const struct asked *a, const cJSON *reply)
{
    char peer[REPLY_TEXT_SIZE], path[REPLY_TEXT_SIZE], address[REPLY_TEXT_SIZE];
    reply_text(reply, "peer", peer);
    reply_text(reply, "path", path);
    reply_text(reply, "address", address);
    if (strcmp(a->what, "ping") == 0)
        printf("%s  %s  %.3f ms  %s\n", peer, path, json_number(reply, "ms"), address);
    else if (peer[0])
        printf("Connected to %s (%s) %s\n", peer, path, address);
    else
        printf("Peers that are kept: %.0f; not connected, and dialled now: %.0f.\n",
               json_number(reply, "kept"), json_number(reply, "dialled"));
    fflush(stdout);
}

/* ---- as JSON -------------------------------------------------------------------------------- */

/* The first reply stands for all, without what it says of itself as a reply. */
static bool keep_first(struct asked *a, const cJSON *reply)
{
    a->collected = cJSON_Duplicate(reply, true);
    cJSON_DeleteItemFromObjectCaseSensitive(a->collected, "reply");
    cJSON_DeleteItemFromObjectCaseSensitive(a->collected, "ok");
    if (!a->collected || strcmp(a->what, "ping") != 0)
        return a->collected != NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(a->collected, "ms");
    return cJSON_AddArrayToObject(a->collected, "ms") != NULL;
}

static bool collect(struct asked *a, const cJSON *reply)
{
    if (!a->collected && !keep_first(a, reply))
        return false;
    if (strcmp(a->what, "ping") != 0)
        return true;
    cJSON *ms = cJSON_CreateNumber(json_number(reply, "ms"));
    if (cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(a->collected, "ms"), ms))
        return true;
    cJSON_Delete(ms);
    return false;
}

static int print_json(const cJSON *o, struct beam_why *why)
{
    char *line = json_line(o);
    if (!line)
        return beam_why(why, BEAM_ENOMEM, "network: out of memory");
    fputs(line, stdout);
    free(line);
    return 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    const struct asked *a = arg;
    return request_network(id, c, a->what, a->address);
}

static bool on_reply(void *arg, const cJSON *reply)
{
    struct asked *a = arg;
    if (a->json) {
        if (!collect(a, reply)) {
            a->err = BEAM_ENOMEM;
            return false;
        }
    } else if (strcmp(a->what, "status") == 0) {
        print_status(reply);
    } else if (strcmp(a->what, "peers") == 0) {
        print_peers(reply);
    } else if (strcmp(a->what, "routes") == 0) {
        print_routes(reply);
    } else {
        print_reached(a, reply);
    }
    return strcmp(a->what, "ping") == 0 && ++a->pings < NETWORK_PINGS;
}

int network_command(const struct options *o, int (*check)(const char *text, struct beam_why *why),
                    struct beam_why *why)
{
    int err = o->operand_count > 1 ? check(o->operands[1], why) : 0;
    if (err < 0)
        return err;
    struct asked a = {.what = o->operand,
                      .address = o->operand_count > 1 ? o->operands[1] : NULL,
                      .json = o->json};
    const struct ask ask = {.request = make_request,
                            .reply = on_reply,
                            .deadline_ms = a.address ? REACH_MS : 0,
                            .arg = &a};
    err = ask_daemon(o, &ask, why);
    if (err == 0 && a.err < 0)
        err = beam_why(why, a.err, "network: out of memory");
    if (err == 0 && o->json)
        err = print_json(a.collected, why);
    cJSON_Delete(a.collected);
    return err;
}
