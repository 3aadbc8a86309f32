/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/visitors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/file.h"

enum { FIRST_ROOM = 16, LINE_MAX_LEN = 7 + 1 + VISITORS_NAME_MAX + 1 + VISITOR_KEY_SIZE };

static const char allow[] = "allow", revoked[] = "revoked";

struct visitors {
    struct visitor_entry *entry;
    size_t count, room;
};

int visitors_new(struct visitors **out)
{
    struct visitors *v = calloc(1, sizeof(*v));
    if (!v)
        return BEAM_ENOMEM;
    *out = v;
    return 0;
}

void visitors_free(struct visitors *v)
{
    if (!v)
        return;
    free(v->entry);
    free(v);
}

size_t visitors_count(const struct visitors *v)
{
    return v->count;
}

const struct visitor_entry *visitors_at(const struct visitors *v, size_t i)
{
    return &v->entry[i];
}

size_t visitors_allowed(const struct visitors *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++)
        n += !v->entry[i].revoked;
    return n;
}

static struct visitor_entry *find(const struct visitors *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->entry[i].name, name) == 0)
            return &v->entry[i];
    return NULL;
}

static const struct visitor_entry *find_key(const struct visitors *v, const uint8_t *key)
{
    for (size_t i = 0; i < v->count; i++)
        if (memcmp(v->entry[i].key, key, VISITOR_KEY_LEN) == 0)
            return &v->entry[i];
    return NULL;
}

/* ---- changes -------------------------------------------------------------------------------- */

static int check_new(const struct visitors *v, const char *name, const uint8_t *key,
                     struct beam_why *why)
{
    const struct visitor_entry *same = find(v, name);
    if (same && same->revoked)
        return beam_why(why, BEAM_EEXIST,
                        "%s: a visitor of this name was revoked (take another name)", name);
    if (same)
        return beam_why(why, BEAM_EEXIST,
                        "%s: there is a visitor of this name (revoke it, or take "
                        "another name)",
                        name);
    same = find_key(v, key);
    if (same && same->revoked)
        return beam_why(why, BEAM_EEXIST,
                        "%s: this key is that of %s, which was revoked (have a new pair made)",
                        name, same->name);
    if (same)
        return beam_why(why, BEAM_EEXIST,
                        "%s: this key is that of %s (each visitor needs a key of its own, to be "
                        "revoked alone)",
                        name, same->name);
    if (v->count == VISITORS_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s: more than %d visitors, the revoked counted", name,
                        VISITORS_MAX);
    return 0;
}

static int grow(struct visitors *v)
{
    if (v->count < v->room)
        return 0;
    size_t room = v->room ? 2 * v->room : FIRST_ROOM;
    struct visitor_entry *entry = reallocarray(v->entry, room, sizeof(*entry));
    if (!entry)
        return BEAM_ENOMEM;
    v->entry = entry;
    v->room = room;
    return 0;
}

/* `name` is a label. */
static int append(struct visitors *v, const char *name, const uint8_t *key, bool was_revoked,
                  struct beam_why *why)
{
    int err = check_new(v, name, key, why);
    if (err < 0)
        return err;
    if (!was_revoked && visitors_allowed(v) == VISITORS_ALLOWED_MAX)
        return beam_why(why, BEAM_ELIMIT,
                        "%s: more than %d visitors, whose keys are all that a descriptor has room "
                        "for (revoke some)",
                        name, VISITORS_ALLOWED_MAX);
    if (grow(v) < 0)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", name);
    struct visitor_entry *e = &v->entry[v->count++];
    snprintf(e->name, sizeof(e->name), "%s", name);
    memcpy(e->key, key, VISITOR_KEY_LEN);
    e->revoked = was_revoked;
    return 0;
}

int visitors_add(struct visitors *v, const char *name, const uint8_t *key, struct beam_why *why)
{
    if (!text_label_valid(name))
        return beam_why(why, BEAM_EINVAL,
                        "visitor %s: a name has a to z, 0 to 9 and -, at most %d of them, and - "
                        "neither first nor last",
                        name, VISITORS_NAME_MAX);
    return append(v, name, key, false, why);
}

int visitors_revoke(struct visitors *v, const char *name, struct beam_why *why)
{
    struct visitor_entry *e = find(v, name);
    if (!e)
        return beam_why(why, BEAM_ENOTFOUND, "%s: no visitor of this name", name);
    if (e->revoked)
        return beam_why(why, BEAM_EEXIST, "%s: revoked before", name);
    e->revoked = true;
    return 0;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Splits "WORD NAME KEY", one space between; false when it has another form. */
static bool split(char *line, const char **word, const char **name, const char **key)
{
    char *first = strchr(line, ' ');
    char *second = first ? strchr(first + 1, ' ') : NULL;
    if (!second)
        return false;
    *first = *second = '\0';
    *word = line;
    *name = first + 1;
    *key = second + 1;
    return true;
}

static int read_line(struct visitors *v, const char *text, size_t len, struct beam_why *why)
{
    char line[LINE_MAX_LEN + 1];
    const char *word, *name, *text_key;
    uint8_t key[VISITOR_KEY_LEN];
    if (memchr(text, '\0', len) || text[len - 1] == '\r')
        return beam_why(why, BEAM_EINVAL,
                        text[len - 1] == '\r' ? "it ends in CR LF, as on Windows (run: sed -i "
                                                "'s/\\r$//' on the file)"
                                              : "a NUL in it");
    if (len > LINE_MAX_LEN)
        return beam_why(why, BEAM_ELIMIT, "longer than %d bytes", LINE_MAX_LEN);
    memcpy(line, text, len);
    line[len] = '\0';
    if (!split(line, &word, &name, &text_key) ||
        (strcmp(word, allow) != 0 && strcmp(word, revoked) != 0))
        return beam_why(why, BEAM_EINVAL,
                        "neither `allow NAME KEY` nor `revoked NAME KEY` (`beam visitors` writes "
                        "such lines)");
    if (!text_label_valid(name))
        return beam_why(why, BEAM_EINVAL, "the name has other characters than a to z, 0 to 9, -");
    int err = visitor_key_parse(text_key, key, why);
    return err < 0 ? err : append(v, name, key, strcmp(word, revoked) == 0, why);
}

static int read_all(struct visitors *v, const char *name, const char *text, size_t len,
                    struct beam_why *why)
{
    struct beam_why fault = {.text = ""};
    const char *at = text, *end = text + len;
    for (unsigned number = 1; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((newline ? newline : end) - at);
        int err = line > 0 && at[0] != '#' ? read_line(v, at, line, &fault) : 0;
        if (err < 0)
            return beam_why(why, err, "%s, line %u: %s", name, number, fault.text);
        at += newline ? line + 1 : line;
    }
    return 0;
}

int visitors_parse(const char *name, const char *text, size_t len, struct visitors **out,
                   struct beam_why *why)
{
    struct visitors *v;
    if (len > VISITORS_FILE_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s: larger than %d bytes", name, VISITORS_FILE_MAX);
    int err = visitors_new(&v);
    if (err < 0)
        return beam_why(why, err, "%s: out of memory", name);
    err = read_all(v, name, text, len, why);
    if (err < 0)
        visitors_free(v);
    else
        *out = v;
    return err;
}

int visitors_load(const char *path, struct visitors **out, struct beam_why *why)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    err = file_read_secret(path, VISITORS_FILE_MAX, &text, &len);
    if (err == BEAM_ENOTFOUND)
        return beam_why(why, err, "%s: no such file (`beam visitors make %s NAME` makes it)", path,
                        path);
    if (err == BEAM_ELIMIT)
        return beam_why(why, err, "%s: larger than %d bytes", path, VISITORS_FILE_MAX);
    if (err == BEAM_EPERM)
        return beam_why(why, err,
                        "%s: not a file of ours that nobody else can read, or a link to one (name "
                        "the file itself)",
                        path);
    if (err == BEAM_EINVAL)
        return beam_why(why, err, "%s: not a file", path);
    if (err < 0)
        return beam_why(why, err, "%s: cannot be read: %s", path, beam_err_text(err));
    err = visitors_parse(path, (const char *)text, len, out, why);
    sodium_free(text);
    return err;
}

static const char heading[] = "# Visitors of an onion service, kept by `beam visitors`.\n";

int visitors_save(const struct visitors *v, const char *path, struct beam_why *why)
{
    size_t size = sizeof(heading) + v->count * (LINE_MAX_LEN + 1), len = sizeof(heading) - 1;
    char *text = malloc(size), key[VISITOR_KEY_SIZE];
    if (!text)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    memcpy(text, heading, len);
    for (size_t i = 0; i < v->count; i++) {
        const struct visitor_entry *e = &v->entry[i];
        visitor_key_text(e->key, key);
        len += (size_t)snprintf(text + len, size - len, "%s %s %s\n", e->revoked ? revoked : allow,
                                e->name, key);
    }
    int err = file_write(path, 0600, text, len);
    free(text);
    return err < 0 ? beam_why(why, err, "%s: cannot be written: %s", path, file_fault(err)) : 0;
}
