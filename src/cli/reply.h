/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in a daemon's reply, as it is shown to people. Pure. */
#ifndef BEAM_CLI_REPLY_H
#define BEAM_CLI_REPLY_H

#include <cjson/cJSON.h>

enum { REPLY_TEXT_SIZE = 1024 };

/* Another's words, escaped and cut to fit; "" when it is no text. Returns out. */
const char *reply_escape(const cJSON *text, char out[REPLY_TEXT_SIZE]);
/* The same of a member; "" when it is not there. */
const char *reply_text(const cJSON *o, const char *key, char out[REPLY_TEXT_SIZE]);

#endif
