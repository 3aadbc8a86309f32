/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_say.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static cJSON *begin(const char *event)
{
    char time[CLOCK_TEXT_SIZE];
    const struct clock_source *clock = clock_system();
    cJSON *o = cJSON_CreateObject();
    clock_text(clock->wall_ms(clock->arg), time);
    cJSON_AddStringToObject(o, "event", event);
    cJSON_AddStringToObject(o, "time", time);
    return o;
}

static void print(cJSON *o)
{
    char *line = cJSON_PrintUnformatted(o);
    if (line)
        puts(line);
    cJSON_free(line);
    cJSON_Delete(o);
    fflush(stdout);
}

void operator_say_listening(const struct operator_say *s, const char *front, const char *p2p,
                            const char *peer_id)
{
    if (s->quiet)
        return;
    if (!s->json) {
        printf("beam %s: a community relay\n\n  visitors  %s\n  owners    %s\n", s->version, front,
               p2p);
        fflush(stdout);
        return;
    }
    cJSON *o = begin("listening");
    cJSON_AddStringToObject(o, "front", front);
    cJSON_AddStringToObject(o, "p2p", p2p);
    cJSON_AddStringToObject(o, "peer_id", peer_id);
    print(o);
}

void operator_say_ready(const struct operator_say *s)
{
    if (s->quiet)
        return;
    if (s->json)
        print(begin("ready"));
    else
        puts("\nWhat passes through can be read here. Ctrl-C stops.");
    fflush(stdout);
}

void operator_say_onion(const struct operator_say *s, const char *p2p)
{
    if (s->quiet)
        return;
    if (!s->json) {
        printf("  owners    %s\n", p2p);
        fflush(stdout);
        return;
    }
    cJSON *o = begin("onion");
    cJSON_AddStringToObject(o, "p2p", p2p);
    print(o);
}

void operator_say_warning(const struct operator_say *s, const struct beam_why *why)
{
    if (s->quiet)
        return;
    char text[2 * sizeof(why->text)];
    text_escape(why->text, strlen(why->text), text, sizeof(text));
    if (!s->json) {
        fprintf(stderr, "beam: %s\n", text);
        return;
    }
    cJSON *o = begin("warning");
    cJSON_AddStringToObject(o, "text", text);
    print(o);
}

void operator_say_error(const struct operator_say *s, const struct beam_why *why)
{
    if (s->quiet || !s->json)
        return;
    char text[2 * sizeof(why->text)];
    text_escape(why->text, strlen(why->text), text, sizeof(text));
    cJSON *o = begin("error");
    cJSON_AddStringToObject(o, "code", beam_err_name(why->code));
    cJSON_AddStringToObject(o, "text", text);
    print(o);
}

void operator_say_stopped(const struct operator_say *s)
{
    if (s->quiet)
        return;
    if (s->json)
        print(begin("stopped"));
}
