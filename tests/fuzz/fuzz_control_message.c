/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests on the control socket: a line to an object to what is asked. What is taken keeps the
 * bounds of the protocol; what is refused has words, and a reply can be made of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/channel.h"
#include "daemon/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

/* A text that was given has something in it, and not more than it may. */
static void check_text(const char *text, size_t max)
{
    check(!text || (text[0] && strlen(text) <= max));
}

static void check_publish(const struct message *m)
{
    check(m->publish.target != NULL);
    check_text(m->publish.target, MESSAGE_WORD_MAX);
    check_text(m->publish.name, MESSAGE_WORD_MAX);
    check_text(m->publish.policy, MESSAGE_WORD_MAX);
    check((m->publish.paths & ~(unsigned)POLICY_ONION) == 0);
    check(!m->publish.policy || (!m->publish.paths && !m->publish.has_egress));
}

static void check_message(const struct message *m)
{
    const cJSON *item;
    check(m->id >= 1 && m->id <= MESSAGE_ID_MAX);
    check_text(m->config, MESSAGE_TEXT_MAX);
    check(!m->options || cJSON_GetArraySize(m->options) <= MESSAGE_OPTIONS_MAX);
    cJSON_ArrayForEach(item, m->options) check(strlen(item->valuestring) <= MESSAGE_TEXT_MAX);
    if (m->op == MESSAGE_PUBLISH)
        check_publish(m);
    if (m->op == MESSAGE_STATUS)
        check(m->status.after <= MESSAGE_ID_MAX);
    if (m->op == MESSAGE_STOP) {
        check_text(m->stop.tunnel, MESSAGE_WORD_MAX);
        check(!m->stop.tunnel || m->stop.id == 0);
    }
}

/* The reply to what was refused is a line that the other end takes. */
static void check_refusal(const cJSON *object, const struct beam_why *why)
{
    cJSON *reply = message_error(message_id(object), why), *again = NULL;
    char *line = reply ? cJSON_PrintUnformatted(reply) : NULL;
    check(why->text[0] != '\0');
    check(line && channel_parse(line, strlen(line), &again) == 0);
    cJSON_Delete(again);
    cJSON_free(line);
    cJSON_Delete(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *object = NULL;
    if (channel_parse((const char *)data, size, &object) < 0)
        return 0;
    struct message m;
    struct beam_why why = {.text = ""};
    if (message_parse(object, &m, &why) == 0)
        check_message(&m);
    else
        check_refusal(object, &why);
    cJSON_Delete(object);
    return 0;
}
