/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: the one global of the program. Lines go to standard error or a file
 * opened by log_open: "2026-01-02T03:04:05.678Z warn tor: text". Every line is
 * escaped (no control character, no terminal escape reaches the sink) and cut
 * at LOG_LINE_MAX bytes. Safe to call before log_open (standard error, warn).
 */
#ifndef BEAM_BASE_LOG_H
#define BEAM_BASE_LOG_H

#include <stdbool.h>

enum { LOG_LINE_MAX = 2048 };

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Parses "error" "warn" "info" "debug". 0 or BEAM_EINVAL. */
int log_level_parse(const char *text, enum log_level *out);
/* The reverse. Static storage. */
const char *log_level_name(enum log_level level);

void log_set_level(enum log_level level);

/* Whether log_scrub hides what it is given. On unless `log.scrub = no`. */
void log_set_scrub(bool on);

/* Appends to `path` (created 0600) from now on; NULL: standard error again. */
int log_open(const char *path);

/* `area` is the folder that speaks ("tor", "tunnel"). */
void log_write(enum log_level level, const char *area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(area, ...) log_write(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  log_write(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  log_write(LOG_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_write(LOG_DEBUG, area, __VA_ARGS__)

/*
 * What a log line may show of an address, a name or a request target: `text`
 * itself when scrubbing is off, "[scrubbed]" otherwise. Borrowed from `text`.
 */
const char *log_scrub(const char *text);

#endif
