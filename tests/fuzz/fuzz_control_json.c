/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of the control socket. What is accepted is an object of bounded depth in which no string
 * is cut by a NUL, and printed again it is a line that is accepted too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "control/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const cJSON *item, int depth)
{
    if (depth > CONTROL_DEPTH_MAX + 1)
        abort();
    if (cJSON_IsString(item) && !text_utf8_valid(item->valuestring, strlen(item->valuestring)))
        abort();
    for (const cJSON *child = item->child; child; child = child->next)
        check(child, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *first = NULL, *again = NULL;
    if (channel_parse((const char *)data, size, &first) < 0)
        return 0;
    if (!cJSON_IsObject(first) || memchr(data, '\0', size))
        abort();
    check(first, 1);
    char *line = cJSON_PrintUnformatted(first);
    if (!line || strchr(line, '\n') || channel_parse(line, strlen(line), &again) < 0)
        abort();
    cJSON_free(line);
    cJSON_Delete(first);
    cJSON_Delete(again);
    return 0;
}
