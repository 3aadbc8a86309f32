/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/multiaddr_list.h"

#include <string.h>

static int entry(const char *key, const char *at, size_t len, const char *word,
                 multiaddr_list_fn *fn, void *arg, struct beam_why *why)
{
    struct multiaddr a;
    struct beam_why fault = {.code = 0};
    if (word && strlen(word) == len && memcmp(word, at, len) == 0)
        return fn(arg, NULL, why);
    int err = multiaddr_parse(at, len, &a, &fault);
    if (err == 0)
        err = fn(arg, &a, &fault);
    return err < 0 ? beam_why(why, err, "%s: %s", key, fault.text) : 0;
}

int multiaddr_list_each(const char *key, const char *list, const char *word, multiaddr_list_fn *fn,
                        void *arg, struct beam_why *why)
{
    size_t n = 0;
    int err = 0;
    for (const char *at = list; err == 0 && *at;) {
        size_t len = strcspn(at, "\n");
        if (len > 0 && ++n > MULTIADDR_LIST_MAX)
            return beam_why(why, BEAM_ELIMIT, "%s: more than %d entries", key, MULTIADDR_LIST_MAX);
        if (len > 0)
            err = entry(key, at, len, word, fn, arg, why);
        at += len + (at[len] == '\n');
    }
    return err;
}
