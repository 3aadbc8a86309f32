/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests on a relay's control socket: what is taken is bounded, what is refused has words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/channel.h"
#include "daemon/message.h"
#include "daemon/operator_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *object = NULL;
    struct operator_message m;
    struct beam_why why = {.text = ""};
    if (channel_parse((const char *)data, size, &object) < 0)
        return 0;
    if (operator_message_parse(object, &m, &why) < 0) {
        check(why.text[0] != '\0');
    } else {
        check(m.id >= 1 && m.id <= MESSAGE_ID_MAX && m.after <= MESSAGE_ID_MAX);
        check(m.why && strlen(m.why) <= OPERATOR_WHY_MAX);
        check(m.op > OPERATOR_EXPORT || (m.what && m.what[0]));
        check(!m.what || strlen(m.what) <= OPERATOR_WHAT_MAX);
    }
    cJSON_Delete(object);
    return 0;
}
