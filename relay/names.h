/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names that a relay gives nobody, because visitors would take them for somebody else's: a list of
 * words, and all that looks as if it had one in it. Pure.
 *
 * A name and the words are folded first: capitals, hyphens, and letters that look like one another
 * (0 and o, 1 and i and l, rn and m …) are one. A word of at least 5 letters is refused anywhere in
 * a name, a shorter one only as the whole of it, or of a part between hyphens. Names of other
 * scripts (xn--…, RFC 3492) are refused all, for what they look like cannot be told from their
 * letters.
 */
#ifndef BEAM_RELAY_NAMES_H
#define BEAM_RELAY_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/rng.h"

enum { NAMES_MAX = 8192, NAMES_FILE_MAX = 256 * 1024, NAMES_LONG = 5, NAMES_LABEL_MAX = 63 };

struct names;

/* From the text of a file: a word a line; empty lines and those that begin with # are passed over.
 * `name` stands for it in messages. BEAM_EINVAL (a word with other than letters, digits and
 * hyphens), BEAM_ELIMIT, BEAM_ENOMEM with words. */
int names_parse(const struct rng *rng, const char *name, const char *text, size_t len,
                struct names **out, struct beam_why *why);
/* From a file; "" takes the words that beam has itself. */
int names_read(const struct rng *rng, const char *path, struct names **out, struct beam_why *why);
/* NULL allowed. */
void names_free(struct names *n);
/* Whether a label in lower case is refused. */
bool names_refuse(const struct names *n, const char *label);

#endif
