/* SPDX-License-Identifier: BSD-3-Clause */
/* What was found out about this machine: a status, words and a next step each. Pure. */
#ifndef BEAM_DOCTOR_FINDINGS_H
#define BEAM_DOCTOR_FINDINGS_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum { FINDINGS_MAX = 24, FINDINGS_NEXT = 256 };

enum findings_status {
    FINDINGS_OK,
    FINDINGS_WARN, /* it may do harm, or hides what could be a fault */
    FINDINGS_FAIL  /* it keeps a tunnel from coming up */
};

struct finding {
    const char *check; /* static: "tor" */
    enum findings_status status;
    char text[sizeof(((struct beam_why *)NULL)->text)];
    char next[FINDINGS_NEXT]; /* what to do about it; "" when there is nothing to do */
};

/* Zeroed, but for `added`: none yet. */
struct findings {
    struct finding list[FINDINGS_MAX];
    size_t count;
    void (*added)(void *arg, const struct finding *f); /* NULL allowed */
    void *arg;
};

/* Beyond FINDINGS_MAX there is no room, and none is wanted. */
void findings_add(struct findings *fs, const char *check, enum findings_status status,
                  const char *next, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* "WHAT: WHY (what to do)": what is in the last brackets, where they end it, is the next step. */
void findings_add_why(struct findings *fs, const char *check, enum findings_status status,
                      const struct beam_why *why);

/* The worst there is; FINDINGS_OK when there is none. */
enum findings_status findings_worst(const struct findings *fs);

/* One for a person, escaped: a line, and one more for the next step. */
void findings_print(FILE *to, const struct finding *f);
/* {"status", "findings": [{"check", "status", "text", "next"}]}, the caller's; NULL: out of
 * memory. */
cJSON *findings_json(const struct findings *fs);

#endif
