/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * INI text, strictly: inih takes the lines apart, but only lines that hold
 * nothing it would cut, join to another or pass over. Pure.
 *
 *     ; a comment, and so is a line that begins with #
 *     [section]
 *     key = value    ; a comment too, after a blank
 *
 * Keys and values lose the blanks around them. A line is UTF-8 without control
 * characters (but tabs and one CR before the LF) and ends at CONF_LINE_MAX.
 */
#ifndef BEAM_CONF_INI_TEXT_H
#define BEAM_CONF_INI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { INI_TEXT_SECTION_MAX = 49 }; /* bytes of a section's name: what inih keeps of it */

/* Each returns 0, or an error that ends the reading. Lines count from 1. */
struct ini_text_sink {
    int (*section)(void *arg, unsigned line, const char *name);
    int (*value)(void *arg, unsigned line, const char *key, const char *value);
};

/* What a sink refused, or BEAM_EINVAL, BEAM_ELIMIT and BEAM_ENOMEM; faults of
 * the text itself are told in `why` as "NAME:LINE: …". The first fault ends it. */
int ini_text_read(const char *name, const char *text, size_t len, const struct ini_text_sink *sink,
                  void *arg, struct beam_why *why);

/* Whether text is UTF-8 without control characters other than tabs. */
bool ini_text_clean(const char *text, size_t len);

#endif
