/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/trailers.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proxy/draft.h"
#include "proxy/field.h"

enum { ROOM_MIN = 256 };

void trailers_clear(struct trailers *t)
{
    free(t->text);
    free(t->barred);
    *t = (struct trailers){.text = NULL};
}

int trailers_add(struct trailers *t, const void *bytes, size_t len)
{
    size_t room = t->room ? t->room : ROOM_MIN;
    if (len > HTTP_TRAILERS_MAX - t->len)
        return BEAM_ELIMIT;
    while (room < t->len + len)
        room *= 2;
    if (room > t->room) {
        char *text = realloc(t->text, room);
        if (!text)
            return BEAM_ENOMEM;
        t->text = text;
        t->room = room;
    }
    memcpy(t->text + t->len, bytes, len);
    t->len += len;
    return 0;
}

char *trailers_take(struct trailers *t, size_t *len)
{
    char *text = t->len > 0 ? t->text : NULL;
    if (!text)
        return NULL;
    *len = t->len;
    t->text = NULL;
    t->len = t->room = 0;
    return text;
}

int trailers_bar(struct trailers *t, const struct http_head *head)
{
    struct http_text name, value;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);) {
        if (!http_text_is(name, "connection"))
            continue;
        char *all = realloc(t->barred, t->barred_len + value.len + 1);
        if (!all)
            return BEAM_ENOMEM;
        memcpy(all + t->barred_len, value.at, value.len);
        all[t->barred_len + value.len] = ',';
        t->barred = all;
        t->barred_len += value.len + 1;
    }
    return 0;
}

/* ---- which go on ----------------------------------------------------------------------------- */

static bool is_one(struct http_text name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (field_alike(name, words[i]))
            return true;
    return false;
}

/* No sender has a reason for these, but to have two readers disagree. */
static bool attacks(struct http_text name)
{
    static const char *const words[] = {"content-length", "host", "transfer-encoding"};
    return is_one(name, words, sizeof(words) / sizeof(words[0]));
}

/* By kinds: the connection's, modifiers of a request, credentials and cookies, the content's
 * form, control of a response. */
static bool stays(struct http_text name)
{
    static const char *const words[] = {"connection",
                                        "keep-alive",
                                        "proxy-connection",
                                        "te",
                                        "trailer",
                                        "upgrade",
                                        "expect",
                                        "if-match",
                                        "if-modified-since",
                                        "if-none-match",
                                        "if-range",
                                        "if-unmodified-since",
                                        "max-forwards",
                                        "origin",
                                        "pragma",
                                        "range",
                                        "authorization",
                                        "cookie",
                                        "proxy-authenticate",
                                        "proxy-authorization",
                                        "set-cookie",
                                        "www-authenticate",
                                        "content-encoding",
                                        "content-location",
                                        "content-range",
                                        "content-type",
                                        "age",
                                        "alt-svc",
                                        "cache-control",
                                        "clear-site-data",
                                        "date",
                                        "expires",
                                        "location",
                                        "nel",
                                        "report-to",
                                        "retry-after",
                                        "vary",
                                        "service-worker-allowed",
                                        "warning",
                                        "strict-transport-security",
                                        "http2-settings",
                                        "proxy-authentication-info",
                                        "set-cookie2",
                                        "refresh"};
    return field_of(name) != FIELD_FORWARDED &&
           !is_one(name, words, sizeof(words) / sizeof(words[0]));
}

static bool is_barred(const struct trailers *t, struct http_text name)
{
    struct http_text list = {t->barred, t->barred_len}, one;
    while (http_list_next(&list, &one))
        if (http_text_same(one, name))
            return true;
    return false;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int write_fields(const struct trailers *t, struct draft *d)
{
    const struct http_head lines = {.fields = {t->text, t->len}};
    struct http_text name, value;
    size_t at = 0;
    while (http_head_next(&lines, &at, &name, &value)) {
        if (attacks(name) || !field_good(value))
            return BEAM_EPROTO;
        if (stays(name) && !is_barred(t, name))
            draft_field(d, name, value);
    }
    return at == t->len ? 0 : BEAM_EPROTO;
}

int trailers_write(const struct trailers *t, struct buf *out)
{
    struct draft d;
    if (t->len == 0)
        return buf_add(out, "0\r\n\r\n", 5);
    draft_begin(&d, out->pool);
    draft_string(&d, "0\r\n");
    int bad = write_fields(t, &d);
    draft_string(&d, "\r\n");
    if (bad < 0) {
        buf_clear(&d.whole);
        return bad;
    }
    return draft_end(&d, out);
}
