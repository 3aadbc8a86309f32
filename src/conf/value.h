/* SPDX-License-Identifier: BSD-3-Clause */
/* One option's value: read from text, written as text, compared, copied, by
 * its row of the table. `field` is the option's place in a struct conf. */
#ifndef BEAM_CONF_VALUE_H
#define BEAM_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/*
 * Replaces what the field holds; of a LIST, adds to it. A relative PATH is taken
 * from `dir`, or from the working directory where that is NULL. 0, BEAM_EINVAL or BEAM_ELIMIT with
 * "WHERE: section.key: …" in `why`, BEAM_ENOMEM.
 */
int value_parse(const struct conf_key *key, const char *text, const char *dir, void *field,
                const char *where, struct beam_why *why);
/* yes, no and the like. 0 or BEAM_EINVAL. */
int value_parse_bool(const char *text, bool *out);
/* As a file would have it. 0, or BEAM_ELIMIT when out is too small. */
int value_print(const struct conf_key *key, const void *field, char *out, size_t size);
/* Whether it is a LIST, or one of PATHS. */
bool value_is_list(const struct conf_key *key);
/* Whether `has` is `asked`; a LIST: whether it has all entries of it. */
bool value_holds(const struct conf_key *key, const void *has, const void *asked);
/* `to` holds zeros. 0 or BEAM_ENOMEM. */
int value_copy(const struct conf_key *key, void *to, const void *from);
/* Frees what the field holds. */
void value_clear(const struct conf_key *key, void *field);

/* `path` itself or under `dir` (NULL: the working directory), in fresh memory.
 * 0, BEAM_ENOMEM, or BEAM_EIO when there is no working directory. */
int value_absolute(const char *path, const char *dir, char **out);

#endif
