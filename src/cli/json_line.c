/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/json_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum { ESCAPE_LEN = 6, PAIR_LEN = 2 * ESCAPE_LEN };

/* The code point of the UTF-8 sequence at `at`, known to be valid; *len its bytes. */
static uint32_t decode(const unsigned char *at, size_t *len)
{
    *len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t point = *len == 1 ? at[0] : at[0] & (0x7fU >> *len);
    for (size_t i = 1; i < *len; i++)
        point = point << 6 | (at[i] & 0x3f);
    return point;
}

/* Writes `point` as JSON may have it, at most PAIR_LEN bytes. Returns how many. */
static size_t encode(uint32_t point, char *out)
{
    char text[PAIR_LEN + 1];
    if (point < 0x7f) {
        *out = (char)point;
        return 1;
    }
    if (point < 0x10000) {
        snprintf(text, sizeof(text), "\\u%04x", point & 0xffff);
        memcpy(out, text, ESCAPE_LEN);
        return ESCAPE_LEN;
    }
    point -= 0x10000;
    snprintf(text, sizeof(text), "\\u%04x\\u%04x", 0xd800U | (point >> 10 & 0x3ff),
             0xdc00U | (point & 0x3ff));
    memcpy(out, text, PAIR_LEN);
    return PAIR_LEN;
}

char *json_line(const cJSON *object)
{
    char *line = NULL, *printed = cJSON_PrintUnformatted(object);
    size_t len = printed ? strlen(printed) : 0, at = 0, used = 0, step;
    if (!printed || !text_utf8_valid(printed, len))
        goto out;
    line = malloc(len * ESCAPE_LEN + 2);
    for (; line && at < len; at += step)
        used += encode(decode((const unsigned char *)printed + at, &step), line + used);
    if (line)
        memcpy(line + used, "\n", 2);
out:
    cJSON_free(printed);
    return line;
}

char *json_line_event(const cJSON *event)
{
    cJSON *copy = cJSON_Duplicate(event, true);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "tunnel");
    char *line = copy ? json_line(copy) : NULL;
    cJSON_Delete(copy);
    return line;
}

char *json_line_own(const char *name, uint64_t wall_ms, const struct beam_why *why)
{
    char time[CLOCK_TEXT_SIZE], *line = NULL;
    clock_text(wall_ms, time);
    cJSON *o = cJSON_CreateObject();
    if (cJSON_AddStringToObject(o, "event", name) && cJSON_AddStringToObject(o, "time", time) &&
        cJSON_AddStringToObject(o, "code", beam_err_name(why->code)) &&
        cJSON_AddStringToObject(o, "text", why->text))
        line = json_line(o);
    cJSON_Delete(o);
    return line;
}
