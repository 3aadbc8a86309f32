/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/stop.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/ask.h"

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    const struct options *o = arg;
    return request_stop(id, c, o->all ? NULL : o->operand);
}

static bool on_reply(void *arg, const cJSON *reply)
{
    const struct options *o = arg;
    const cJSON *stopped = cJSON_GetObjectItemCaseSensitive(reply, "stopped");
    if (!o->all)
        printf("Stopped %s.\n", o->operand);
    else if (cJSON_IsNumber(stopped))
        printf("Stopped %d tunnel%s.\n", stopped->valueint, stopped->valueint == 1 ? "" : "s");
    return false;
}

/* What no request could carry. */
static bool names_nothing(const char *tunnel)
{
    return strlen(tunnel) > NAME_MAX || !text_utf8_valid(tunnel, strlen(tunnel));
}

int stop_command(const struct options *o, struct beam_why *why)
{
    struct options copy = *o;
    if (!o->all && names_nothing(o->operand))
        return beam_why(why, BEAM_ENOTFOUND,
                        "%s: no tunnel of this name or id runs (`beam status` lists those that do)",
                        o->operand);
    const struct ask ask = {.request = make_request, .reply = on_reply, .arg = &copy};
    return ask_daemon(o, &ask, why);
}
