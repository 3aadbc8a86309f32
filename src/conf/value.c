/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "conf/ini_text.h"

static bool is(const struct conf_key *key, const char *type)
{
    return strcmp(key->type, type) == 0;
}

bool value_is_list(const struct conf_key *key)
{
    return is(key, "LIST") || is(key, "PATHS");
}

static bool is_text(const struct conf_key *key)
{
    return is(key, "TEXT") || is(key, "PATH") || value_is_list(key);
}

static bool is_number(const struct conf_key *key)
{
    return is(key, "NUMBER") || is(key, "TIME");
}

static const struct {
    const char *suffix;
    uint64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

enum { UNITS = sizeof(units) / sizeof(units[0]), TIME_SIZE = 32 };

static const char *time_text(uint64_t ms, char out[TIME_SIZE])
{
    size_t i = 0;
    while (ms % units[i].ms != 0)
        i++;
    if (ms == 0)
        i = 2; /* "0s" */
    snprintf(out, TIME_SIZE, "%llu%s", (unsigned long long)(ms / units[i].ms), units[i].suffix);
    return out;
}

static int time_parse(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    if (strcmp(text, "0") == 0) { /* of any unit it is the same */
        *out = 0;
        return 0;
    }
    for (size_t i = 0; i < UNITS; i++) {
        uint64_t v;
        if (strcmp(text + digits, units[i].suffix) != 0)
            continue;
        if (text_number(text, digits, UINT64_MAX / units[i].ms, &v) < 0)
            return BEAM_EINVAL;
        *out = v * units[i].ms;
        return 0;
    }
    return BEAM_EINVAL;
}

int value_absolute(const char *path, const char *dir, char **out)
{
    char *cwd = NULL, *full;
    if (*path != '/' && !dir) {
        cwd = getcwd(NULL, 0);
        if (!cwd)
            return BEAM_EIO;
        dir = cwd;
    }
    full = *path == '/' ? strdup(path) : file_join(dir, path);
    free(cwd);
    if (!full)
        return BEAM_ENOMEM;
    *out = full;
    return 0;
}

static int parse_text(const struct conf_key *key, const char *text, const char *dir,
                      const char **field)
{
    char *fresh = NULL;
    int err = 0;
    if (is(key, "PATH") && *text != '\0') {
        err = value_absolute(text, dir, &fresh);
    } else {
        fresh = strdup(text);
        err = fresh ? 0 : BEAM_ENOMEM;
    }
    if (err < 0)
        return err;
    free((void *)*field);
    *field = fresh;
    return 0;
}

/* Entries stand a line each, which none of them can break: values have no control characters. */
static int parse_entry(const char *text, const char **field)
{
    const char *old = *field ? *field : "";
    size_t old_len = *text == '\0' ? 0 : strlen(old), len = strlen(text);
    if (old_len + 1 + len > CONF_LIST_MAX)
        return BEAM_ELIMIT;
    char *fresh = malloc(old_len + 1 + len + 1);
    if (!fresh)
        return BEAM_ENOMEM;
    memcpy(fresh, old, old_len);
    fresh[old_len] = '\n';
    memcpy(fresh + old_len + (old_len > 0), text, len + 1);
    free((void *)*field);
    *field = fresh;
    return 0;
}

static int parse_path_entry(const char *text, const char *dir, const char **field)
{
    char *full;
    int err = value_absolute(text, dir, &full);
    if (err < 0)
        return err;
    err = parse_entry(full, field);
    free(full);
    return err;
}

int value_parse_bool(const char *text, bool *out)
{
    static const char *const words[] = {"no",  "false", "off", "0", /* and their opposites */
                                        "yes", "true",  "on",  "1"};
    for (size_t i = 0; i < 8; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i >= 4;
            return 0;
        }
    }
    return BEAM_EINVAL;
}

static int parse_number(const struct conf_key *key, const char *text, uint64_t *field)
{
    uint64_t v;
    int err =
        is(key, "TIME") ? time_parse(text, &v) : text_number(text, strlen(text), UINT64_MAX, &v);
    if (err < 0)
        return err;
    if (v < key->low || v > key->high)
        return BEAM_ELIMIT;
    *field = v;
    return 0;
}

/* What the type allows, in words. */
static const char *allowed(const struct conf_key *key, char out[160])
{
    char low[TIME_SIZE], high[TIME_SIZE];
    if (is(key, "TIME"))
        snprintf(out, 160, "a time from %s to %s, written like 500ms, 10s, 5m or 1h",
                 time_text(key->low, low), time_text(key->high, high));
    else if (is(key, "NUMBER"))
        snprintf(out, 160, "a whole number from %llu to %llu", (unsigned long long)key->low,
                 (unsigned long long)key->high);
    else if (is(key, "BOOL"))
        snprintf(out, 160, "yes or no");
    else if (is(key, "LEVEL"))
        snprintf(out, 160, "error, warn, info or debug");
    else
        snprintf(out, 160, "at most %d bytes of text without control characters", CONF_LINE_MAX);
    return out;
}

int value_parse(const struct conf_key *key, const char *text, const char *dir, void *field,
                const char *where, struct beam_why *why)
{
    int err;
    size_t len = strlen(text);
    bool clean = len <= CONF_LINE_MAX && ini_text_clean(text, len);
    if (!clean)
        err = BEAM_EINVAL;
    else if (is(key, "PATHS") && text[0])
        err = parse_path_entry(text, dir, field);
    else if (value_is_list(key))
        err = parse_entry(text, field);
    else if (is_text(key))
        err = parse_text(key, text, dir, field);
    else if (is_number(key))
        err = parse_number(key, text, field);
    else if (is(key, "BOOL"))
        err = value_parse_bool(text, field);
    else
        err = log_level_parse(text, field);
    if (err == BEAM_EINVAL || err == BEAM_ELIMIT) {
        char words[160];
        return beam_why(why, err, "%s: %s.%s: %s%.60s%s is not %s", where, key->section, key->name,
                        clean ? "`" : "", clean ? text : "the value", clean ? "`" : "",
                        allowed(key, words));
    }
    if (err < 0)
        return beam_why(why, err, "%s: %s.%s: %s", where, key->section, key->name,
                        beam_err_text(err));
    return 0;
}

int value_print(const struct conf_key *key, const void *field, char *out, size_t size)
{
    char time[TIME_SIZE], number[32];
    const char *text = NULL;
    if (is_text(key))
        text = *(const char *const *)field;
    else if (is(key, "TIME"))
        text = time_text(*(const uint64_t *)field, time);
    else if (is(key, "BOOL"))
        text = *(const bool *)field ? "yes" : "no";
    else if (is(key, "LEVEL"))
        text = log_level_name(*(const enum log_level *)field);
    if (!text) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)*(const uint64_t *)field);
        text = number;
    }
    size_t len = strlen(text);
    if (len >= size)
        return BEAM_ELIMIT;
    memcpy(out, text, len + 1);
    return 0;
}

/* Whether the `len` bytes at `entry` are a line of `list`. */
static bool has_entry(const char *list, const char *entry, size_t len)
{
    for (;;) {
        size_t n = strcspn(list, "\n");
        if (n == len && memcmp(list, entry, len) == 0)
            return true;
        if (list[n] == '\0')
            return false;
        list += n + 1;
    }
}

static bool has_entries(const char *list, const char *asked)
{
    for (;;) {
        size_t n = strcspn(asked, "\n");
        if (n > 0 && !has_entry(list, asked, n))
            return false;
        if (asked[n] == '\0')
            return true;
        asked += n + 1;
    }
}

bool value_holds(const struct conf_key *key, const void *has, const void *asked)
{
    if (value_is_list(key))
        return has_entries(*(const char *const *)has, *(const char *const *)asked);
    if (is_text(key))
        return strcmp(*(const char *const *)has, *(const char *const *)asked) == 0;
    if (is_number(key))
        return *(const uint64_t *)has == *(const uint64_t *)asked;
    if (is(key, "BOOL"))
        return *(const bool *)has == *(const bool *)asked;
    return *(const enum log_level *)has == *(const enum log_level *)asked;
}

int value_copy(const struct conf_key *key, void *to, const void *from)
{
    if (is_text(key)) {
        char *copy = strdup(*(const char *const *)from);
        if (!copy)
            return BEAM_ENOMEM;
        *(const char **)to = copy;
    } else if (is_number(key)) {
        memcpy(to, from, sizeof(uint64_t));
    } else if (is(key, "BOOL")) {
        memcpy(to, from, sizeof(bool));
    } else {
        memcpy(to, from, sizeof(enum log_level));
    }
    return 0;
}

void value_clear(const struct conf_key *key, void *field)
{
    if (is_text(key)) {
        free((void *)*(const char **)field);
        *(const char **)field = NULL;
    }
}
