/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/stop.h"

#include <stdio.h>

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

int stop_command(const struct options *o, struct beam_why *why)
{
    struct options copy = *o;
    const struct ask ask = {.request = make_request, .reply = on_reply, .arg = &copy};
    return ask_daemon(o, &ask, why);
}
