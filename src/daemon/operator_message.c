/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_message.h"

#include <string.h>

#include "daemon/message.h"

static const struct {
    const char *name;
    enum operator_op op;
    bool what; /* it is about something */
} ops[] = {{"ban", OPERATOR_BAN, true},
           {"unban", OPERATOR_UNBAN, true},
           {"drop", OPERATOR_DROP, true},
           {"export", OPERATOR_EXPORT, true},
           {"list", OPERATOR_LIST, false},
           {"bans", OPERATOR_BANS, false},
           {"denylists", OPERATOR_DENYLISTS, false}};

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* A text with at least `least` bytes; NULL: it is none, or too long. */
static const char *read_text(const cJSON *m, size_t least, size_t most)
{
    const char *text = cJSON_GetStringValue(m);
    size_t len = text ? strlen(text) : 0;
    return text && len >= least && len <= most ? text : NULL;
}

static int read_after(const cJSON *object, uint64_t *out, struct beam_why *why)
{
    const cJSON *m = member(object, "after");
    if (!m)
        return 0;
    if (!cJSON_IsNumber(m) || !(m->valuedouble >= 0) || m->valuedouble > (double)MESSAGE_ID_MAX ||
        m->valuedouble != (double)(uint64_t)m->valuedouble)
        return beam_why(why, BEAM_EINVAL, "\"after\" must be a whole number of at most 15 digits");
    *out = (uint64_t)m->valuedouble;
    return 0;
}

int operator_message_parse(const cJSON *object, struct operator_message *out, struct beam_why *why)
{
    struct operator_message m = {.id = message_id(object), .why = ""};
    const char *op = cJSON_GetStringValue(member(object, "op"));
    size_t i = 0;
    while (op && i < sizeof(ops) / sizeof(ops[0]) && strcmp(ops[i].name, op) != 0)
        i++;
    if (!op || i == sizeof(ops) / sizeof(ops[0]))
        return beam_why(why, BEAM_EINVAL,
                        "\"op\" must be ban, unban, drop, export, list, bans or denylists");
    m.op = ops[i].op;
    if (m.id == 0)
        return beam_why(why, BEAM_EINVAL, "%s: \"id\" must be a whole number from 1", op);
    m.what = read_text(member(object, "what"), 1, OPERATOR_WHAT_MAX);
    if (ops[i].what && !m.what)
        return beam_why(why, BEAM_EUSAGE, "%s: what? (a text of 1 to %d bytes)", op,
                        OPERATOR_WHAT_MAX);
    if (member(object, "why"))
        m.why = read_text(member(object, "why"), 0, OPERATOR_WHY_MAX);
    if (!m.why)
        return beam_why(why, BEAM_EUSAGE, "%s: the reason must be at most %d bytes", op,
                        OPERATOR_WHY_MAX);
    int err = read_after(object, &m.after, why);
    if (err == 0)
        *out = m;
    return err;
}
