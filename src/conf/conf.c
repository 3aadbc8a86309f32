/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "conf/ini_text.h"
#include "conf/value.h"

static const struct conf_key keys[] = {
#define KEY(section, name, TYPE, def, low, high, unit, help)                                       \
    {#section, #name, #TYPE, def, unit, help, low, high},
#include "conf/keys.def"
#undef KEY
};

static const size_t offsets[] = {
#define KEY(section, name, TYPE, def, low, high, unit, help)                                       \
    offsetof(struct conf, section##_##name),
#include "conf/keys.def"
#undef KEY
};

static const size_t sizes[] = {
#define KEY(section, name, TYPE, def, low, high, unit, help)                                       \
    sizeof(((struct conf *)NULL)->section##_##name),
#include "conf/keys.def"
#undef KEY
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

const struct conf_key *conf_keys(size_t *count)
{
    *count = KEY_COUNT;
    return keys;
}

static void *field(struct conf *c, size_t key)
{
    return (char *)c + offsets[key];
}

static const void *field_const(const struct conf *c, size_t key)
{
    return (const char *)c + offsets[key];
}

/* The key's row, or KEY_COUNT. */
static size_t find_key(const char *section, size_t section_len, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strlen(keys[i].section) == section_len &&
            memcmp(keys[i].section, section, section_len) == 0 && strcmp(keys[i].name, name) == 0)
            return i;
    return KEY_COUNT;
}

/* ---- what is allowed, for messages ---- */

struct list {
    char text[400];
    size_t len;
};

static void list_add(struct list *l, const char *word)
{
    int n = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s", l->len ? ", " : "", word);
    if (n > 0 && (size_t)n < sizeof(l->text) - l->len)
        l->len += (size_t)n;
    else
        l->text[l->len] = '\0';
}

static bool is_section(const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(keys[i].section, name) == 0)
            return true;
    return false;
}

static int unknown_section(const char *where, const char *section, struct beam_why *why)
{
    const char *known[KEY_COUNT];
    struct list list = {.len = 0};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        known[i] = keys[i].section;
        /* Rows of one section stand together. */
        if (i == 0 || strcmp(keys[i - 1].section, keys[i].section) != 0)
            list_add(&list, keys[i].section);
    }
    const char *near = text_nearest(section, known, KEY_COUNT);
    return beam_why(why, BEAM_EINVAL,
                    "%s: unknown section `%.60s` (%s%s%sthere are %s and policy \"NAME\")", where,
                    section, near ? "did you mean `" : "", near ? near : "", near ? "`? " : "",
                    list.text);
}

/* `section` is one that exists. */
static int unknown_key(const char *where, const char *section, const char *name,
                       struct beam_why *why)
{
    char full[KEY_COUNT][64], word[64];
    const char *known[KEY_COUNT];
    struct list list = {.len = 0};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        snprintf(full[i], sizeof(full[i]), "%s.%s", keys[i].section, keys[i].name);
        known[i] = full[i];
        if (strcmp(keys[i].section, section) == 0)
            list_add(&list, keys[i].name);
    }
    int n = snprintf(word, sizeof(word), "%s.%s", section, name);
    const char *near =
        n > 0 && (size_t)n < sizeof(word) ? text_nearest(word, known, KEY_COUNT) : NULL;
    return beam_why(why, BEAM_EINVAL, "%s: unknown key `%s.%.60s` (%s%s%ssection %s allows %s)",
                    where, section, name, near ? "did you mean `" : "", near ? near : "",
                    near ? "`? " : "", section, list.text);
}

/* ---- making, copying, letting go ---- */

static void policy_clear(struct conf_policy *p)
{
    free(p->name);
    free(p->paths);
    free(p->egress);
    free(p->discovery);
    free(p->tag_circuits);
    free(p->where);
    *p = (struct conf_policy){.name = NULL};
}

void conf_free(struct conf *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < KEY_COUNT; i++)
        value_clear(&keys[i], field(c, i));
    for (size_t i = 0; i < c->policy_count; i++)
        policy_clear(&c->policies[i]);
    free(c->policies);
    free(c);
}

int conf_new(struct conf **out)
{
    struct conf *c = calloc(1, sizeof(*c));
    int err = c ? 0 : BEAM_ENOMEM;
    for (size_t i = 0; err == 0 && i < KEY_COUNT; i++)
        err = value_parse(&keys[i], keys[i].def, NULL, field(c, i), "default", NULL);
    if (err < 0) {
        conf_free(c);
        return err;
    }
    *out = c;
    return 0;
}

/* A copy of `from`, or of nothing where it is NULL. */
static int dup_text(const char *from, char **out)
{
    *out = from ? strdup(from) : NULL;
    return from && !*out ? BEAM_ENOMEM : 0;
}

static int policy_copy(struct conf_policy *to, const struct conf_policy *from)
{
    int err = dup_text(from->name, &to->name);
    if (err == 0)
        err = dup_text(from->paths, &to->paths);
    if (err == 0)
        err = dup_text(from->egress, &to->egress);
    if (err == 0)
        err = dup_text(from->discovery, &to->discovery);
    if (err == 0)
        err = dup_text(from->tag_circuits, &to->tag_circuits);
    if (err == 0)
        err = dup_text(from->where, &to->where);
    return err;
}

static int conf_copy(const struct conf *from, struct conf **out)
{
    struct conf *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    int err = 0;
    for (size_t i = 0; err == 0 && i < KEY_COUNT; i++)
        err = value_copy(&keys[i], field(c, i), field_const(from, i));
    /* Room for one more than there are, so that calloc is never asked for nothing. */
    c->policies = calloc(from->policy_count + 1, sizeof(c->policies[0]));
    if (!c->policies)
        err = BEAM_ENOMEM;
    for (; err == 0 && c->policy_count < from->policy_count; c->policy_count++)
        err = policy_copy(&c->policies[c->policy_count], &from->policies[c->policy_count]);
    if (err < 0) {
        conf_free(c);
        return err;
    }
    *out = c;
    return 0;
}

/* ---- files ---- */

struct parse {
    struct conf *c;
    const char *name, *dir;
    struct beam_why *why;
    char section[INI_TEXT_SECTION_MAX + 1];
    struct conf_policy *policy;   /* the one whose section this is, or NULL */
    unsigned seen[KEY_COUNT];     /* the line of each key in this file; 0: none */
    bool made[CONF_POLICIES_MAX]; /* the policy is of this file */
};

enum { WHERE_SIZE = 256 };

static const char *where(const struct parse *p, unsigned line, char out[WHERE_SIZE])
{
    snprintf(out, WHERE_SIZE, "%s:%u", p->name, line);
    return out;
}

static int begin_policy(struct parse *p, unsigned line, const char *name, size_t len)
{
    char at[WHERE_SIZE];
    struct conf *c = p->c;
    size_t i = 0;
    while (i < c->policy_count &&
           (strlen(c->policies[i].name) != len || memcmp(c->policies[i].name, name, len) != 0))
        i++;
    if (i == CONF_POLICIES_MAX)
        return beam_why(p->why, BEAM_ELIMIT, "%s: too many policies (at most %d)",
                        where(p, line, at), CONF_POLICIES_MAX);
    if (p->made[i])
        return beam_why(p->why, BEAM_EINVAL, "%s: policy \"%.*s\" is there already (%s)",
                        where(p, line, at), (int)len, name, c->policies[i].where);
    struct conf_policy fresh = {.name = strndup(name, len), .where = strdup(where(p, line, at))};
    struct conf_policy *grown = c->policies;
    if (i == c->policy_count)
        grown = realloc(c->policies, (i + 1) * sizeof(*grown));
    if (grown)
        c->policies = grown;
    if (!grown || !fresh.name || !fresh.where) {
        policy_clear(&fresh);
        return BEAM_ENOMEM;
    }
    /* One of an earlier file is replaced as a whole: half of each would be neither. */
    if (i == c->policy_count)
        c->policy_count++;
    else
        policy_clear(&c->policies[i]);
    c->policies[i] = fresh;
    p->policy = &c->policies[i];
    p->made[i] = true;
    return 0;
}

static int begin_section(void *arg, unsigned line, const char *name)
{
    static const char prefix[] = "policy \"";
    struct parse *p = arg;
    char at[WHERE_SIZE];
    size_t len = strlen(name), head = sizeof(prefix) - 1;
    memcpy(p->section, name, len + 1);
    p->policy = NULL;
    if (len > head + 1 && memcmp(name, prefix, head) == 0 &&
        strchr(name + head, '"') == name + len - 1)
        return begin_policy(p, line, name + head, len - head - 1);
    if (is_section(name))
        return 0;
    return unknown_section(where(p, line, at), name, p->why);
}

static int policy_value(struct parse *p, const char *at, const char *key, const char *value)
{
    static const char *const known[] = {"paths", "egress", "discovery", "tag_circuits"};
    char **slots[] = {&p->policy->paths, &p->policy->egress, &p->policy->discovery,
                      &p->policy->tag_circuits};
    char **slot = NULL;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(key, known[i]) == 0)
            slot = slots[i];
    if (!slot) {
        const char *near = text_nearest(key, known, sizeof(known) / sizeof(known[0]));
        return beam_why(p->why, BEAM_EINVAL,
                        "%s: unknown key `%.60s` (%s%s%sa policy allows paths, egress, discovery, "
                        "tag_circuits)",
                        at, key, near ? "did you mean `" : "", near ? near : "", near ? "`? " : "");
    }
    if (*slot)
        return beam_why(p->why, BEAM_EINVAL, "%s: `%s` is given twice in policy \"%s\"", at, key,
                        p->policy->name);
    return dup_text(value, slot);
}

static int take_value(void *arg, unsigned line, const char *key, const char *value)
{
    struct parse *p = arg;
    char buffer[WHERE_SIZE];
    const char *at = where(p, line, buffer);
    if (p->policy)
        return policy_value(p, at, key, value);
    if (p->section[0] == '\0')
        return beam_why(p->why, BEAM_EINVAL, "%s: `%.60s` stands before any [section]", at, key);
    size_t i = find_key(p->section, strlen(p->section), key);
    if (i == KEY_COUNT)
        return unknown_key(at, p->section, key, p->why);
    if (p->seen[i] && !value_is_list(&keys[i]))
        return beam_why(p->why, BEAM_EINVAL, "%s: `%s.%s` is given twice (line %u has it too)", at,
                        p->section, key, p->seen[i]);
    p->seen[i] = line;
    return value_parse(&keys[i], value, p->dir, field(p->c, i), at, p->why);
}

int conf_parse(struct conf *c, const char *name, const char *dir, const char *text, size_t len,
               struct beam_why *why)
{
    static const struct ini_text_sink sink = {begin_section, take_value};
    struct parse p = {.name = name, .dir = dir, .why = why};
    if (len > CONF_FILE_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s: the file is too long (at most %d bytes)", name,
                        CONF_FILE_MAX);
    int err = conf_copy(c, &p.c);
    if (err == 0)
        err = ini_text_read(name, text, len, &sink, &p, why);
    if (err == BEAM_ENOMEM)
        beam_why(why, err, "%s: out of memory", name);
    if (err == 0) {
        struct conf old = *c;
        *c = *p.c;
        *p.c = old;
    }
    conf_free(p.c);
    return err;
}

static int check_file(const char *path, struct beam_why *why)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        int err = beam_err_errno(errno);
        return beam_why(why, err, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return beam_why(why, BEAM_EPERM,
                        "%s: it belongs to user %lu, who is neither you nor root (run: chown %lu "
                        "'%s')",
                        path, (unsigned long)st.st_uid, (unsigned long)geteuid(), path);
    if ((st.st_mode & 022) != 0)
        return beam_why(why, BEAM_EPERM,
                        "%s: its mode %04o lets others write it (run: chmod go-w '%s')", path,
                        (unsigned)(st.st_mode & 07777), path);
    return 0;
}

int conf_load(struct conf *c, const char *path, struct beam_why *why)
{
    char *text = NULL, *full = NULL;
    size_t len = 0;
    int err = check_file(path, why);
    if (err < 0)
        return err;
    err = file_read(path, CONF_FILE_MAX, &text, &len);
    if (err < 0)
        return beam_why(why, err, "%s: cannot be read: %s", path, beam_err_text(err));
    err = value_absolute(path, NULL, &full);
    if (err == 0) {
        /* The folder: all before the last slash, of which an absolute path has one. */
        char *slash = strrchr(full, '/');
        slash[slash == full] = '\0';
        err = conf_parse(c, path, full, text, len, why);
    } else {
        beam_why(why, err, "%s: %s", path, beam_err_text(err));
    }
    free(full);
    free(text);
    return err;
}

/* ---- one key ---- */

/* The row that "section.key" names (len bytes). */
static int look_up(const char *key, size_t len, const char *where_text, size_t *out,
                   struct beam_why *why)
{
    char word[128];
    if (len >= sizeof(word) || !ini_text_clean(key, len))
        return beam_why(why, BEAM_EINVAL, "-o: what stands before the `=` is no key");
    memcpy(word, key, len);
    word[len] = '\0';
    char *dot = strchr(word, '.');
    if (!dot)
        return beam_why(why, BEAM_EINVAL, "%s: `%s` names no section (write section.key=value)",
                        where_text, word);
    *dot = '\0';
    if (!is_section(word))
        return unknown_section(where_text, word, why);
    size_t i = find_key(word, strlen(word), dot + 1);
    if (i == KEY_COUNT)
        return unknown_key(where_text, word, dot + 1, why);
    *out = i;
    return 0;
}

int conf_set(struct conf *c, const char *assignment, struct beam_why *why)
{
    const char *equals = strchr(assignment, '=');
    if (!equals)
        return beam_why(why, BEAM_EINVAL, "-o: the `=` is missing (write -o section.key=value)");
    size_t i = 0;
    int err = look_up(assignment, (size_t)(equals - assignment), "-o", &i, why);
    if (err < 0)
        return err;
    return value_parse(&keys[i], equals + 1, NULL, field(c, i), "-o", why);
}

bool conf_is_list(const char *key)
{
    size_t i = 0;
    return look_up(key, strlen(key), "", &i, NULL) == 0 && value_is_list(&keys[i]);
}

int conf_get(const struct conf *c, const char *key, char *out, size_t size)
{
    size_t i = 0;
    if (look_up(key, strlen(key), "", &i, NULL) < 0)
        return BEAM_ENOTFOUND;
    return value_print(&keys[i], field_const(c, i), out, size);
}

/* A value as value_print gave it. */
static const char *shown(int err, const char *value)
{
    if (err < 0)
        return "(a long text)";
    return value[0] ? value : "(nothing)";
}

/* The entries of a LIST are not shown: a bridge's line is for those alone who were given it. */
static int differs(const struct conf_key *key, const void *has, const void *wants,
                   struct beam_why *why)
{
    static const char todo[] = "stop its tunnels first, or leave -o out";
    char ours[200], theirs[200];
    if (strcmp(key->type, "LIST") == 0)
        return beam_why(why, BEAM_EEXIST,
                        "%s.%s: the daemon that runs does not have what this command asks for (%s)",
                        key->section, key->name, todo);
    int ours_err = value_print(key, has, ours, sizeof(ours));
    int theirs_err = value_print(key, wants, theirs, sizeof(theirs));
    return beam_why(why, BEAM_EEXIST,
                    "%s.%s: the daemon that runs has `%s`, and this command asks for `%s` (%s)",
                    key->section, key->name, shown(ours_err, ours), shown(theirs_err, theirs),
                    todo);
}

int conf_match(const struct conf *c, const char *assignment, struct beam_why *why)
{
    struct conf *asked = NULL;
    const char *equals = strchr(assignment, '=');
    size_t i = 0;
    int err = conf_new(&asked);
    if (err == 0)
        err = conf_set(asked, assignment, why);
    if (err == 0)
        err = look_up(assignment, (size_t)(equals - assignment), "-o", &i, why);
    if (err == 0 && !value_holds(&keys[i], field_const(c, i), field_const(asked, i)))
        err = differs(&keys[i], field_const(c, i), field_const(asked, i), why);
    conf_free(asked);
    return err;
}

/* ---- taking over another's values ---- */

static bool is_text(size_t key)
{
    static const char *const types[] = {"TEXT", "PATH", "LIST", "PATHS"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(keys[key].type, types[i]) == 0)
            return true;
    return false;
}

static bool same(const struct conf *a, const struct conf *b, size_t key)
{
    const void *left = field_const(a, key), *right = field_const(b, key);
    if (!is_text(key))
        return memcmp(left, right, sizes[key]) == 0;
    const char *l, *r;
    memcpy(&l, left, sizeof(l));
    memcpy(&r, right, sizeof(r));
    return strcmp(l, r) == 0;
}

static void swap(void *a, void *b, size_t size)
{
    unsigned char kept[sizeof(uint64_t)];
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

void conf_adopt(struct conf *c, struct conf *fresh, bool (*live)(const char *key),
                void (*changed)(void *arg, const char *key, bool taken), void *arg)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char key[64];
        if (same(c, fresh, i))
            continue;
        snprintf(key, sizeof(key), "%s.%s", keys[i].section, keys[i].name);
        bool taken = live(key);
        if (taken)
            swap(field(c, i), field(fresh, i), sizes[i]);
        changed(arg, key, taken);
    }
    swap(&c->policies, &fresh->policies, sizeof(c->policies));
    swap(&c->policy_count, &fresh->policy_count, sizeof(c->policy_count));
}
