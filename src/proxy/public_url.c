/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/public_url.h"

#include <string.h>

#include "proxy/rewrite.h"

static bool begins(struct http_text t, const char *word)
{
    size_t len = strlen(word);
    return t.len >= len && http_text_is((struct http_text){t.at, len}, word);
}

static struct http_text from(struct http_text t, size_t at)
{
    return (struct http_text){t.at + at, t.len - at};
}

static bool wants_prefix(const struct public_url *u, struct http_text path)
{
    return u->prefix && !rewrite_below(u->prefix, path);
}

/* ---- Location -------------------------------------------------------------------------------- */

/* The scheme's bytes, "//" included; 0 when no authority follows. */
static size_t scheme_len(struct http_text value)
{
    if (begins(value, "http://"))
        return 7;
    if (begins(value, "https://"))
        return 8;
    return begins(value, "//") ? 2 : 0;
}

static size_t authority_len(struct http_text value)
{
    size_t n = 0;
    while (n < value.len && !strchr("/?#", value.at[n]))
        n++;
    return n;
}

static void path(const struct public_url *u, struct http_text value, struct draft *out)
{
    if (wants_prefix(u, value)) {
        draft_string(out, u->prefix);
        if (value.len == 0 || value.at[0] != '/')
            draft_add(out, "/", 1);
    }
    draft_text(out, value);
}

/* A URL with a host in it, cut into its parts. */
static void absolute(const struct public_url *u, struct http_text scheme, struct http_text host,
                     struct http_text rest, struct draft *out)
{
    bool targets = u->target_host && http_text_is(host, u->target_host);
    bool ours = targets || (u->host.len > 0 && http_text_same(host, u->host));
    if (targets && u->scheme && scheme.len > 2) {
        draft_string(out, u->scheme);
        draft_string(out, "://");
    } else {
        draft_text(out, scheme);
    }
    draft_text(out, targets && u->host.len > 0 ? u->host : host);
    if (ours)
        path(u, rest, out);
    else
        draft_text(out, rest);
}

void public_url_location(const struct public_url *u, struct http_text value, struct draft *out)
{
    size_t scheme = scheme_len(value);
    if (scheme > 0) {
        struct http_text rest = from(value, scheme);
        size_t host = authority_len(rest);
        absolute(u, (struct http_text){value.at, scheme}, (struct http_text){rest.at, host},
                 from(rest, host), out);
    } else if (value.len > 0 && value.at[0] == '/') {
        path(u, value, out);
    } else {
        draft_text(out, value);
    }
}

/* ---- Set-Cookie ------------------------------------------------------------------------------ */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct http_text trimmed(struct http_text t)
{
    while (t.len > 0 && is_blank(t.at[0]))
        t = from(t, 1);
    while (t.len > 0 && is_blank(t.at[t.len - 1]))
        t.len--;
    return t;
}

/* "Path=/x" cut at its "="; the name and the value without blanks. */
static void cut(struct http_text attribute, struct http_text *name, struct http_text *value)
{
    const char *equals = attribute.len ? memchr(attribute.at, '=', attribute.len) : NULL;
    size_t len = equals ? (size_t)(equals - attribute.at) : attribute.len;
    *name = trimmed((struct http_text){attribute.at, len});
    *value = equals ? trimmed(from(attribute, len + 1)) : (struct http_text){"", 0};
}

/* An attribute, with the ";" before it. */
static void attribute(const struct public_url *u, struct http_text text, bool keeps_path,
                      struct draft *out)
{
    struct http_text name, value;
    cut(text, &name, &value);
    if (u->host_only_cookies && http_text_is(name, "domain"))
        return;
    if (!keeps_path && http_text_is(name, "path") && value.len > 0 && value.at[0] == '/' &&
        wants_prefix(u, value)) {
        draft_string(out, "; Path=");
        draft_string(out, u->prefix);
        draft_text(out, value.len > 1 ? value : (struct http_text){"", 0});
        return;
    }
    draft_add(out, ";", 1);
    draft_text(out, text);
}

void public_url_cookie(const struct public_url *u, struct http_text value, struct draft *out)
{
    bool first = true, host_cookie = begins(trimmed(value), "__host-");
    for (size_t at = 0; first || at < value.len; first = false) {
        struct http_text rest = from(value, at);
        const char *end = rest.len ? memchr(rest.at, ';', rest.len) : NULL;
        struct http_text one = {rest.at, end ? (size_t)(end - rest.at) : rest.len};
        if (first)
            draft_text(out, one);
        else
            attribute(u, one, host_cookie, out);
        at += one.len + 1;
    }
}
