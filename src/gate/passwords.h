/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The visitors who may enter by a password: a file of `user:password` lines,
 * and the check of what a request's Authorization says (RFC 7617). No password
 * is kept: a keyed hash of each pair is, in locked memory, under a key that
 * lives as long as the list.
 *
 * A file is UTF-8. Lines end in LF; those that are empty or begin with `#` say
 * nothing. A user ends at the first colon; neither it nor the password is empty
 * or has control characters, and blanks belong to them. A user comes once. What
 * else there may be is refused, by its line's number alone: a line is a secret.
 */
#ifndef BEAM_GATE_PASSWORDS_H
#define BEAM_GATE_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/rng.h"

enum {
    PASSWORDS_MAX = 1024,                /* users */
    PASSWORDS_LINE_MAX = 512,            /* bytes of a line */
    PASSWORDS_FILE_MAX = 1024 * 1024,    /* bytes */
    PASSWORDS_CREDENTIALS_MAX = 4 * 1024 /* bytes of an Authorization that are looked at */
};

struct passwords;

/*
 * Reads a file that is ours and 0600 or tighter, no symbolic link. `rng` makes
 * the key. BEAM_ENOTFOUND, BEAM_EPERM, BEAM_EINVAL (a line, or nobody could
 * enter), BEAM_ELIMIT, BEAM_EIO, BEAM_ENOMEM, with words.
 */
int passwords_load(const char *path, const struct rng *rng, struct passwords **out,
                   struct beam_why *why);
/* The same for bytes; `name` is what the words call them. Pure. */
int passwords_parse(const char *name, const char *text, size_t len, const struct rng *rng,
                    struct passwords **out, struct beam_why *why);
/* NULL allowed. */
void passwords_free(struct passwords *p);

size_t passwords_count(const struct passwords *p);

/*
 * Whether an Authorization field's value has the password of a user. The time
 * it takes tells neither which of them was wrong nor whose it is: all users are
 * compared with, always.
 */
bool passwords_check(const struct passwords *p, const char *value, size_t len);

#endif
