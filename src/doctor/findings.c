/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/findings.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "cli/plain.h"

static void add(struct findings *fs, const struct finding *f)
{
    if (fs->count == FINDINGS_MAX)
        return;
    fs->list[fs->count] = *f;
    if (fs->added)
        fs->added(fs->arg, &fs->list[fs->count]);
    fs->count++;
}

void findings_add(struct findings *fs, const char *check, enum findings_status status,
                  const char *next, const char *fmt, ...)
{
    struct finding f = {.check = check, .status = status};
    struct beam_why text;
    va_list ap;
    va_start(ap, fmt);
    beam_whyv(&text, 0, fmt, ap);
    va_end(ap);
    memcpy(f.text, text.text, sizeof(f.text));
    snprintf(f.next, sizeof(f.next), "%s", next);
    add(fs, &f);
}

/* Where the advice at the end of the words begins: the bracket that the last one closes. NULL. */
static char *advice_of(char *text)
{
    size_t len = strlen(text), depth = 0;
    if (len == 0 || text[len - 1] != ')')
        return NULL;
    for (size_t i = len; i > 0; i--) {
        if (text[i - 1] == ')')
            depth++;
        else if (text[i - 1] == '(' && --depth == 0)
            return i > 1 && text[i - 2] == ' ' ? text + i - 2 : NULL;
    }
    return NULL;
}

void findings_add_why(struct findings *fs, const char *check, enum findings_status status,
                      const struct beam_why *why)
{
    struct finding f = {.check = check, .status = status};
    memcpy(f.text, why->text, sizeof(f.text));
    char *advice = advice_of(f.text);
    if (advice && strlen(advice) - 3 < sizeof(f.next)) {
        size_t len = strlen(advice) - 3; /* without " (" and ")" */
        memcpy(f.next, advice + 2, len);
        *advice = '\0';
    }
    add(fs, &f);
}

enum findings_status findings_worst(const struct findings *fs)
{
    enum findings_status worst = FINDINGS_OK;
    for (size_t i = 0; i < fs->count; i++)
        if (fs->list[i].status > worst)
            worst = fs->list[i].status;
    return worst;
}

static const char *status_name(enum findings_status status)
{
    static const char *const names[] = {"ok", "warn", "fail"};
    return names[status];
}

void findings_print(FILE *to, const struct finding *f)
{
    char text[4 * sizeof(f->text)];
    plain_text(f->text, text, sizeof(text));
    fprintf(to, "%-4s  %-13s  %s\n", status_name(f->status), f->check, text);
    if (!f->next[0])
        return;
    plain_text(f->next, text, sizeof(text));
    fprintf(to, "%-4s  %-13s  -> %s\n", "", "", text);
}

static cJSON *one_json(const struct finding *f)
{
    cJSON *o = cJSON_CreateObject();
    if (cJSON_AddStringToObject(o, "check", f->check) &&
        cJSON_AddStringToObject(o, "status", status_name(f->status)) &&
        cJSON_AddStringToObject(o, "text", f->text) && cJSON_AddStringToObject(o, "next", f->next))
        return o;
    cJSON_Delete(o);
    return NULL;
}

cJSON *findings_json(const struct findings *fs)
{
    cJSON *o = cJSON_CreateObject();
    bool whole = cJSON_AddStringToObject(o, "status", status_name(findings_worst(fs)));
    cJSON *list = cJSON_AddArrayToObject(o, "findings");
    for (size_t i = 0; whole && list && i < fs->count; i++)
        whole = cJSON_AddItemToArray(list, one_json(&fs->list[i]));
    if (whole && list)
        return o;
    cJSON_Delete(o);
    return NULL;
}
