/* SPDX-License-Identifier: BSD-3-Clause */
/* An object as one line for scripts. Pure. */
#ifndef BEAM_CLI_JSON_LINE_H
#define BEAM_CLI_JSON_LINE_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Fresh text that ends with LF, of ASCII alone, so that no text from elsewhere does a thing to a
 * terminal: other characters are written \uXXXX. free(). NULL: out of memory.
 */
char *json_line(const cJSON *object);

/* An event as `beam TARGET --json` prints it: the daemon's without its tunnel id. As json_line. */
char *json_line_event(const cJSON *event);

/* {"event": name, "time": wall_ms, "code", "text"} as json_line. */
char *json_line_own(const char *name, uint64_t wall_ms, const struct beam_why *why);

#endif
