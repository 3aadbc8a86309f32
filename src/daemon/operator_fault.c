/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_fault.h"

#include <string.h>

/* Whether the command line set a key, itself or by an option that stands for it. */
static bool is_said(const struct operator_options *o, const char *key, size_t len)
{
    const struct {
        const char *option, *key;
    } options[] = {{o->tls_listen, "relay.tls_listen"},
                   {o->acme, "relay.acme"},
                   {o->email, "relay.acme_email"}};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (options[i].option && strlen(options[i].key) == len &&
            memcmp(options[i].key, key, len) == 0)
            return true;
    for (size_t i = 0; i < o->daemon.assignment_count; i++)
        if (strncmp(o->daemon.assignments[i], key, len) == 0 &&
            o->daemon.assignments[i][len] == '=')
            return true;
    return false;
}

/* Of those whose values are read here, and not with the configuration. */
static bool is_key(const char *at)
{
    return strncmp(at, "relay.", strlen("relay.")) == 0 ||
           strncmp(at, "metrics.", strlen("metrics.")) == 0;
}

int operator_fault(const struct operator_options *o, int err, struct beam_why *why)
{
    const char *at = why->text;
    if ((err != BEAM_EINVAL && err != BEAM_ELIMIT && err != BEAM_EUSAGE) || !is_key(at))
        return err;
    err = BEAM_EINVAL;
    while (is_key(at)) {
        size_t len = strcspn(at, " :,");
        if (is_said(o, at, len))
            err = BEAM_EUSAGE;
        at += len;
        at += *at == ',' ? strspn(at, ", ") : 0; /* else a value follows */
    }
    return why->code = err;
}
