/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/cookie.h"

#include <string.h>

static struct http_text trim(struct http_text t)
{
    while (t.len > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
        t.at++;
        t.len--;
    }
    while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
        t.len--;
    return t;
}

bool cookie_next(struct http_text *list, struct http_text *pair, struct http_text *name)
{
    while (list->len > 0) {
        const char *end = memchr(list->at, ';', list->len);
        size_t n = end ? (size_t)(end - list->at) : list->len, all = n + (end != NULL);
        struct http_text found = trim((struct http_text){list->at, n});
        list->at += all;
        list->len -= all;
        if (found.len == 0)
            continue;
        const char *equals = memchr(found.at, '=', found.len);
        *pair = found;
        *name =
            trim((struct http_text){found.at, equals ? (size_t)(equals - found.at) : found.len});
        return true;
    }
    return false;
}

bool cookie_find(const struct http_head *request, const char *name, struct http_text *value)
{
    struct http_text field, list, pair, called;
    for (size_t at = 0; http_head_next(request, &at, &field, &list);) {
        if (!http_text_is(field, "Cookie"))
            continue;
        while (cookie_next(&list, &pair, &called)) {
            if (called.len != strlen(name) || memcmp(called.at, name, called.len) != 0)
                continue;
            const char *equals = memchr(pair.at, '=', pair.len);
            const char *end = pair.at + pair.len;
            *value = trim(equals ? (struct http_text){equals + 1, (size_t)(end - equals - 1)}
                                 : (struct http_text){end, 0});
            return true;
        }
    }
    return false;
}
