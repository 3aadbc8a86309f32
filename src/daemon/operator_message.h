/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `beam relay ban|unban|list|drop` asks a relay that runs, over its own control socket; the
 * framing and the replies are those of the daemon's (docs/protocol/control.md). Pure. Every text
 * and number is bounded and of one type; unknown members are ignored.
 */
#ifndef BEAM_DAEMON_OPERATOR_MESSAGE_H
#define BEAM_DAEMON_OPERATOR_MESSAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
    OPERATOR_WHAT_MAX = 1024, /* bytes: a peer id, an id, a name, a prefix, a file */
    OPERATOR_WHY_MAX = 120    /* bytes of a ban's reason */
};

enum operator_op {
    OPERATOR_BAN,
    OPERATOR_UNBAN,
    OPERATOR_DROP,
    OPERATOR_EXPORT,
    OPERATOR_LIST,
    OPERATOR_BANS,
    OPERATOR_DENYLISTS
};

/* Texts are borrowed from the object it was read from. */
struct operator_message {
    uint64_t id;
    enum operator_op op;
    const char *what; /* of BAN, UNBAN, DROP; of EXPORT: a file */
    const char *why;  /* of BAN; "" for none */
    uint64_t after;   /* of LIST, BANS: how many to pass over */
};

/* 0; BEAM_EUSAGE for what a user's command line can cause, BEAM_EINVAL for other faults of form,
 * both with words. */
int operator_message_parse(const cJSON *object, struct operator_message *out, struct beam_why *why);

#endif
