/* SPDX-License-Identifier: BSD-3-Clause */
/* What reading and writing JSON comes to often, with cJSON. */
#ifndef BEAM_BASE_JSON_H
#define BEAM_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* A member's value; "", 0 or false when it is not there or is something else. Borrowed. */
const char *json_text(const cJSON *o, const char *key);
double json_number(const cJSON *o, const char *key);
bool json_true(const cJSON *o, const char *key);

/* `o` when `whole`, else NULL and o is gone. */
cJSON *json_whole(cJSON *o, bool whole);
/* A fresh object at the end of `array`, or NULL. */
cJSON *json_append(cJSON *array);
/* A time in milliseconds since 1970, as text (base/clock). False: out of memory. */
bool json_add_time(cJSON *o, const char *key, uint64_t wall_ms);

#endif
