/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration: INI files and `-o section.key=value`, read into a typed
 * struct by the table in keys.def. Unknown sections and keys are errors that
 * name the file, the line, what is allowed and what was probably meant.
 */
#ifndef BEAM_CONF_CONF_H
#define BEAM_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

enum {
    CONF_FILE_MAX = 256 * 1024,
    CONF_LINE_MAX = 4096,
    CONF_LIST_MAX = 64 * 1024,
    CONF_POLICIES_MAX = 64
};

/* A [policy "NAME"] section as written; policy/ gives it meaning. */
struct conf_policy {
    char *name, *paths, *egress, *discovery, *tag_circuits; /* NULL when not given */
    char *where; /* "FILE:LINE" of the section, for messages */
};

#define CONF_FIELD_TEXT   const char *
#define CONF_FIELD_PATH   const char *
#define CONF_FIELD_LIST   const char *
#define CONF_FIELD_PATHS  const char *
#define CONF_FIELD_BOOL   bool
#define CONF_FIELD_NUMBER uint64_t
#define CONF_FIELD_TIME   uint64_t
#define CONF_FIELD_LEVEL  enum log_level

struct conf {
#define KEY(section, name, TYPE, def, low, high, unit, help) CONF_FIELD_##TYPE section##_##name;
#include "conf/keys.def"
#undef KEY
    struct conf_policy *policies;
    size_t policy_count;
};

/* A row of the table, for help, documents and checks. */
struct conf_key {
    const char *section, *name, *type, *def, *unit, *help;
    uint64_t low, high;
};
const struct conf_key *conf_keys(size_t *count);

/* The defaults. 0 or BEAM_ENOMEM. */
int conf_new(struct conf **out);
void conf_free(struct conf *c);

/*
 * Reads an INI file into c, over what it holds; on failure c is as it was. The
 * file must be ours or root's, and no looser than 0644 (not writable by others).
 * A key given twice in one file is an error (but for a LIST); a policy of an earlier file is
 * replaced as a whole. BEAM_ENOTFOUND, BEAM_EINVAL, BEAM_ELIMIT, BEAM_EPERM, …
 */
int conf_load(struct conf *c, const char *path, struct beam_why *why);
/* As conf_load from memory; `name` stands for the file in messages and
 * relative paths are taken from `dir`. Pure but for that; what the fuzzer calls. */
int conf_parse(struct conf *c, const char *name, const char *dir, const char *text, size_t len,
               struct beam_why *why);
/* One "section.key=value" from the command line; of a LIST, one entry more. */
int conf_set(struct conf *c, const char *assignment, struct beam_why *why);

/*
 * Takes over the values of `fresh` that differ and that `live` says may change while c is in use,
 * and all its policies; what c had is in `fresh` then, to be freed with it. `changed` hears of
 * every key that differs, and whether it was taken.
 */
void conf_adopt(struct conf *c, struct conf *fresh, bool (*live)(const char *key),
                void (*changed)(void *arg, const char *key, bool taken), void *arg);

/* Whether "section.key" is a LIST. */
bool conf_is_list(const char *key);
/*
 * The value of "section.key" in c, written as a file would have it, into out.
 * BEAM_ENOTFOUND, BEAM_ELIMIT.
 */
int conf_get(const struct conf *c, const char *key, char *out, size_t size);
/*
 * Holds an assignment that another process was given against c: 0 when c has
 * that value (of a LIST: that entry), BEAM_EEXIST when it has another, with both values in `why`
 * (of a LIST, whose entries may be secrets, with none). A relative PATH is taken from our working
 * directory: let the other process send what conf_get gives it.
 */
int conf_match(const struct conf *c, const char *assignment, struct beam_why *why);

#endif
