/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/reply.h"

#include <string.h>

#include "base/text.h"

const char *reply_escape(const cJSON *item, char out[REPLY_TEXT_SIZE])
{
    const char *text = cJSON_GetStringValue(item);
    text_escape(text ? text : "", text ? strlen(text) : 0, out, REPLY_TEXT_SIZE);
    return out;
}

const char *reply_text(const cJSON *o, const char *key, char out[REPLY_TEXT_SIZE])
{
    return reply_escape(cJSON_GetObjectItemCaseSensitive(o, key), out);
}
