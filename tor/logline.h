/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of tor's own log ("Nov 21 08:54:00.744 [warn] text"), and a memory of
 * its last complaints, for the words that tell why it ended. Pure.
 */
#ifndef BEAM_TOR_LOGLINE_H
#define BEAM_TOR_LOGLINE_H

#include <stddef.h>

enum logline_level { LOGLINE_OTHER, LOGLINE_NOTICE, LOGLINE_WARN, LOGLINE_ERR };

enum { LOGLINE_SIZE = 400 };

struct logline {
    enum logline_level level;
    char text[LOGLINE_SIZE]; /* escaped for terminals and logs, cut to fit */
};

/* Any bytes do: what has not tor's form is LOGLINE_OTHER, whole. */
void logline_parse(const char *line, size_t len, struct logline *out);

/* Zeroed: none yet. */
struct complaints {
    char warn[2][LOGLINE_SIZE]; /* the last one first */
    char err[LOGLINE_SIZE];
};

/* Remembers l when it is a warning or an error that says something. */
void complaints_note(struct complaints *c, const struct logline *l);
/* All that is remembered, oldest first, "; " between; "" when nothing is. */
void complaints_text(const struct complaints *c, char *out, size_t size);

#endif
