/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/ask.h"
#include "cli/json_line.h"
#include "cli/reply.h"

struct asked {
    const char *verb, *what, *why;
    bool json;
    const char *op;    /* what is asked next */
    uint64_t after;    /* rows of a list that came already */
    cJSON *all;        /* of --json */
    size_t list, rows; /* which of them is being shown, and how much of all was */
    int err;
};

static void print_reservation(const cJSON *r)
{
    char text[REPLY_TEXT_SIZE];
    printf("%s", reply_text(r, "id", text));
    if (reply_text(r, "name", text)[0])
        printf("  %s", text);
    printf("\n  owner     %s, %s\n", reply_text(r, "owner", text),
           json_true(r, "connected") ? "connected" : "away");
    printf("  url       %s\n", reply_text(r, "url", text));
    printf("  visitors  %.0f\n", json_number(r, "visitors"));
    printf("  %s  %s\n", json_true(r, "live") ? "until   " : "ended   ",
           reply_text(r, "expires", text));
}

static void print_ban(const cJSON *b)
{
    char text[REPLY_TEXT_SIZE];
    printf("banned %s", reply_text(b, "what", text));
    printf("  since %s", reply_text(b, "since", text));
    if (reply_text(b, "why", text)[0])
        printf("  (%s)", text);
    putchar('\n');
}

static void print_denylist(const cJSON *d)
{
    enum { DAY = 24 * 3600 };
    char text[REPLY_TEXT_SIZE];
    printf("denylist %s", reply_text(d, "where", text));
    if (reply_text(d, "made", text)[0])
        printf("  made %s, %.0f days ago\n", text, json_number(d, "age") / DAY);
    else
        puts("  none so far that is good");
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* One after the other, each a page at a time. */
static const struct list {
    const char *op, *key;
    void (*print)(const cJSON *row);
} lists[] = {{"list", "reservations", print_reservation},
             {"bans", "bans", print_ban},
             {"denylists", "denylists", print_denylist}};

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

static int collect(struct asked *a, const char *key, const cJSON *rows)
{
    cJSON *to = cJSON_GetObjectItemCaseSensitive(a->all, key);
    const cJSON *row;
    if (!to)
        to = cJSON_AddArrayToObject(a->all, key);
    cJSON_ArrayForEach(row, rows)
    {
        cJSON *copy = cJSON_Duplicate(row, true);
        if (!to || !copy || !cJSON_AddItemToArray(to, copy)) {
            cJSON_Delete(copy);
            return BEAM_ENOMEM;
        }
    }
    return to ? 0 : BEAM_ENOMEM;
}

static bool on_page(struct asked *a, const cJSON *reply)
{
    const struct list *list = &lists[a->list];
    const cJSON *row, *rows = cJSON_GetObjectItemCaseSensitive(reply, list->key);
    double more = json_number(reply, "more");
    a->rows += (size_t)cJSON_GetArraySize(rows);
    if (a->json)
        a->err = collect(a, list->key, rows);
    else
        cJSON_ArrayForEach(row, rows) list->print(row);
    if (a->err < 0)
        return false;
    /* One that does not get on is at its end. */
    if (more > (double)a->after) {
        a->after = (uint64_t)more;
        return true;
    }
    if (!a->json && a->list == 0 && a->rows == 0)
        puts("No reservations.");
    if (++a->list == LISTS)
        return false;
    a->op = lists[a->list].op;
    a->after = 0;
    return true;
}

static const char *plural(const cJSON *reply, const char *key)
{
    return json_number(reply, key) == 1 ? "" : "s";
}

static void print_outcome(const struct asked *a, const cJSON *reply)
{
    char what[REPLY_TEXT_SIZE];
    text_escape(a->what, strlen(a->what), what, sizeof(what));
    if (strcmp(a->verb, "export") == 0)
        printf("The bans of keys and endpoints are in %s.\n", what);
    else if (strcmp(a->verb, "unban") == 0)
        printf("%s is banned no more.\n", what);
    else
        printf("%s %s: %.0f reservation%s and %.0f visitor%s ended.\n",
               strcmp(a->verb, "ban") == 0 ? "Banned" : "Dropped", what,
               json_number(reply, "reservations"), plural(reply, "reservations"),
               json_number(reply, "visitors"), plural(reply, "visitors"));
}

static bool on_reply(void *arg, const cJSON *reply)
{
    struct asked *a = arg;
    if (strcmp(a->verb, "list") == 0)
        return on_page(a, reply);
    if (!a->json) {
        print_outcome(a, reply);
    } else if ((strcmp(a->verb, "ban") == 0 || strcmp(a->verb, "drop") == 0) &&
               (!cJSON_AddNumberToObject(a->all, "reservations",
                                         json_number(reply, "reservations")) ||
                !cJSON_AddNumberToObject(a->all, "visitors", json_number(reply, "visitors")))) {
        a->err = BEAM_ENOMEM;
    }
    return false;
}

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    const struct asked *a = arg;
    (void)c;
    return request_relay(id, a->op, a->what, a->why, a->after);
}

/* ---- the command ---------------------------------------------------------------------------- */

int relay_command(const struct options *o, struct beam_why *why)
{
    struct asked a = {.verb = o->operand,
                      .op = o->operand,
                      .what = o->operand_count > 1 ? o->operands[1] : NULL,
                      .why = o->operand_count > 2 ? o->operands[2] : NULL,
                      .json = o->json,
                      .all = cJSON_CreateObject()};
    const struct ask ask = {.request = make_request, .reply = on_reply, .relay = true, .arg = &a};
    int err = a.all ? ask_daemon(o, &ask, why) : BEAM_ENOMEM;
    char *line = err == 0 && a.err == 0 && a.json ? json_line(a.all) : NULL;
    if (line)
        fputs(line, stdout);
    else if (err == 0 && (a.json || a.err < 0))
        err = BEAM_ENOMEM;
    if (err == BEAM_ENOMEM)
        beam_why(why, err, "relay: out of memory");
    free(line);
    cJSON_Delete(a.all);
    return err;
}
