/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/request.h"

#include <string.h>

#include "proxy/field.h"

static bool text_equals(struct http_text t, const char *word)
{
    return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

static bool begins(struct http_text t, const char *word)
{
    size_t len = strlen(word);
    return t.len >= len && http_text_is((struct http_text){t.at, len}, word);
}

/* ---- what it is for -------------------------------------------------------------------------- */

/* An absolute target, cut behind its scheme and behind its authority (RFC 3986, 3.2). */
static bool cut_absolute(struct http_text target, struct http_text *host, struct http_text *path)
{
    size_t scheme = begins(target, "http://") ? 7 : begins(target, "https://") ? 8 : 0, at = scheme;
    if (scheme == 0)
        return false;
    while (at < target.len && target.at[at] != '/' && target.at[at] != '?')
        at++;
    *host = (struct http_text){target.at + scheme, at - scheme};
    *path = (struct http_text){target.at + at, target.len - at};
    return true;
}

struct http_text request_host(const struct http_head *head)
{
    struct http_text host, path;
    if (cut_absolute(head->target, &host, &path) || http_head_field(head, "host", &host))
        return host;
    return (struct http_text){"", 0};
}

struct http_text request_path(const struct http_head *head)
{
    struct http_text host, path;
    return cut_absolute(head->target, &host, &path) ? path : head->target;
}

bool request_credentials(const struct http_head *head, struct http_text *value)
{
    return http_head_field(head, "authorization", value);
}

/* ---- whether it may go on -------------------------------------------------------------------- */

/* A name, an address, a port: nothing that a reader could take for a user or a path. */
static bool good_host(struct http_text host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.at[i];
        if (c <= ' ' || c >= 0x7f || strchr("/?#@\\,\"<>^`{|}", c))
            return false;
    }
    return true;
}

/* RFC 9112, 3.2; no fragment, no bytes that a URI has not. */
static bool good_target(const struct http_head *head)
{
    struct http_text host, path;
    for (size_t i = 0; i < head->target.len; i++) {
        unsigned char c = (unsigned char)head->target.at[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return false;
    }
    if (text_equals(head->target, "*"))
        return text_equals(head->method, "OPTIONS");
    if (cut_absolute(head->target, &host, &path))
        return host.len > 0 && good_host(host);
    return head->target.at[0] == '/';
}

/* Of what a connection can be switched to, that which would carry requests unseen. */
static bool switches_to_http(struct http_text list)
{
    struct http_text one;
    while (http_list_next(&list, &one))
        if (begins(one, "h2c") || begins(one, "http") || begins(one, "tls"))
            return true;
    return false;
}

/* A hop that drops these as Connection bids would frame or route it otherwise. */
static bool good_connection(struct http_text value)
{
    return !http_text_lists(value, "content-length") &&
           !http_text_lists(value, "transfer-encoding") && !http_text_lists(value, "host");
}

/* With an absolute target's authority (RFC 9112, 3.2.2): they agree, or it is refused. */
static bool host_agrees(const struct http_head *head, struct http_text value)
{
    struct http_text host, path;
    return good_host(value) &&
           (!cut_absolute(head->target, &host, &path) || http_text_same(host, value));
}

static int judge_field(const struct http_head *head, enum field field, struct http_text value)
{
    switch (field) {
    case FIELD_HOST:
        return host_agrees(head, value) ? 0 : 400;
    case FIELD_CONTENT_LENGTH:
        return field_number(value) ? 0 : 400;
    case FIELD_LOOKALIKE:
        return 400;
    case FIELD_TRANSFER_ENCODING:
        return http_text_is(value, "chunked") ? 0 : 501;
    case FIELD_EXPECT:
        return http_text_is(value, "100-continue") ? 0 : 417;
    case FIELD_UPGRADE:
        return switches_to_http(value) ? 501 : 0;
    case FIELD_CONNECTION:
        return good_connection(value) ? 0 : 400;
    default:
        return 0;
    }
}

/* Fields that may come once, since readers differ on which of them counts. */
static bool once(enum field field)
{
    return field == FIELD_HOST || field == FIELD_CONTENT_LENGTH ||
           field == FIELD_TRANSFER_ENCODING || field == FIELD_AUTHORIZATION ||
           field == FIELD_EXPECT;
}

int request_judge(const struct http_head *head)
{
    struct http_text name, value;
    struct field_connections connections = {.count = 0};
    unsigned seen = 0;
    if (head->minor > 1)
        return 505;
    if (text_equals(head->method, "CONNECT"))
        return 501;
    if (!good_target(head))
        return 400;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);) {
        enum field field = field_of(name);
        int status = field_good(value) ? judge_field(head, field, value) : 400;
        if (status)
            return status;
        if ((once(field) && seen & 1u << field) ||
            (field == FIELD_CONNECTION && !field_connection_add(&connections, value)))
            return 400;
        seen |= 1u << field;
    }
    return head->minor == 1 && !(seen & 1u << FIELD_HOST) ? 400 : 0;
}
