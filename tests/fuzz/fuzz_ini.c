/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration files. What is taken is written out key by key and read again: it must be the same;
 * what is refused must change nothing. What is taken is asked for its policies as well.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every key of c, given to `to` by -o. */
static void copy_by_text(const struct conf *c, struct conf *to)
{
    static char value[CONF_LINE_MAX + 16], assignment[CONF_LINE_MAX + 128];
    char key[64];
    size_t n;
    const struct conf_key *keys = conf_keys(&n);
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof(key), "%s.%s", keys[i].section, keys[i].name);
        if (conf_get(c, key, value, sizeof(value)) < 0)
            abort();
        snprintf(assignment, sizeof(assignment), "%s=%s", key, value);
        if (conf_set(to, assignment, NULL) < 0 || conf_match(c, assignment, NULL) < 0)
            abort();
    }
}

static void check_taken(const struct conf *c)
{
    struct conf *again;
    struct policy policy;
    if (conf_new(&again) < 0)
        abort();
    copy_by_text(c, again);
    if (strcmp(c->tor_binary, again->tor_binary) != 0 || c->daemon_linger != again->daemon_linger)
        abort();
    bool fine = policy_check(c, NULL) == 0;
    for (size_t i = 0; i < c->policy_count; i++)
        if (fine && policy_find(c, c->policies[i].name, &policy, NULL) < 0)
            abort();
    conf_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf *c;
    struct beam_why why = {0};
    if (conf_new(&c) < 0)
        abort();
    int err = conf_parse(c, "fuzz", "/", (const char *)data, size, &why);
    if (err == 0)
        check_taken(c);
    else if (why.text[0] == '\0' || c->policy_count != 0 || strcmp(c->tor_binary, "tor") != 0)
        abort();
    conf_free(c);
    return 0;
}
