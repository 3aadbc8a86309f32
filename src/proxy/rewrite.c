/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/rewrite.h"

#include <string.h>

#include "proxy/cookie.h"
#include "proxy/draft.h"
#include "proxy/field.h"
#include "proxy/public_url.h"
#include "proxy/request.h"

static struct http_text text_of(const char *string)
{
    return (struct http_text){string, strlen(string)};
}

/* The same lines again, but for those of no use to who gets them. */
struct pass {
    const struct rewrite *rules;
    const struct http_head *head;
    struct field_connections connections;
    bool trailers; /* the visitor takes them (RFC 9110, 10.1.4) */
    struct draft draft;
};

static void begin(struct pass *p, const struct rewrite *rules, const struct http_head *head,
                  struct buf *out)
{
    struct http_text name, value;
    p->rules = rules;
    p->head = head;
    p->connections.count = 0;
    p->trailers = false;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);) {
        enum field field = field_of(name);
        if (field == FIELD_CONNECTION)
            (void)field_connection_add(&p->connections, value);
        else if (field == FIELD_TE)
            p->trailers |= http_text_lists(value, "trailers");
    }
    draft_begin(&p->draft, out->pool);
}

/* ---- requests -------------------------------------------------------------------------------- */

bool rewrite_below(const char *prefix, struct http_text target)
{
    size_t len = strlen(prefix);
    if (target.len < len || memcmp(target.at, prefix, len) != 0)
        return false;
    return target.len == len || strchr("/?#", target.at[len]) != NULL;
}

static void request_line(struct pass *p)
{
    struct http_text path = request_path(p->head);
    const char *prefix = p->rules->prefix;
    if (prefix && rewrite_below(prefix, path)) {
        path.at += strlen(prefix);
        path.len -= strlen(prefix);
    }
    draft_text(&p->draft, p->head->method);
    draft_add(&p->draft, " ", 1);
    if (path.len == 0 || path.at[0] == '?')
        draft_add(&p->draft, "/", 1);
    draft_text(&p->draft, path);
    draft_string(&p->draft, " HTTP/1.1\r\n");
}

static bool request_field_stays(const struct pass *p, enum field field, struct http_text name)
{
    switch (field) {
    case FIELD_CONNECTION:
    case FIELD_HOP:
    case FIELD_TE:
        return false;
    case FIELD_TRAILER:
        return p->head->chunked && !field_connection_names(&p->connections, name);
    case FIELD_UPGRADE:
        return p->head->upgrade;
    case FIELD_EXPECT:
        return p->head->expect_continue;
    case FIELD_FORWARDED:
        return p->rules->trusts_forwarded && !field_connection_names(&p->connections, name);
    case FIELD_AUTHORIZATION:
        return !p->rules->drop_credentials && !field_connection_names(&p->connections, name);
    case FIELD_COOKIE:
        return !p->rules->no_cookies && !field_connection_names(&p->connections, name);
    case FIELD_ORIGIN:
    case FIELD_OTHER:
        return p->connections.count == 0 || !field_connection_names(&p->connections, name);
    default:
        return true;
    }
}

static bool is_called(struct http_text name, const char *as)
{
    return name.len == strlen(as) && memcmp(name.at, as, name.len) == 0;
}

/* A field of cookies but for ours; nothing where there is none but that. */
static void request_cookies(struct pass *p, struct http_text name, struct http_text list)
{
    const char *ours = p->rules->own_cookie;
    struct http_text pair, called;
    bool begun = false;
    if (!ours || !memmem(list.at, list.len, ours, strlen(ours))) {
        draft_field(&p->draft, name, list);
        return;
    }
    while (cookie_next(&list, &pair, &called)) {
        if (is_called(called, ours))
            continue;
        if (!begun)
            draft_text(&p->draft, name);
        draft_string(&p->draft, begun ? "; " : ": ");
        draft_text(&p->draft, pair);
        begun = true;
    }
    if (begun)
        draft_string(&p->draft, "\r\n");
}

static void request_fields(struct pass *p)
{
    struct http_text name, value;
    bool host = false;
    for (size_t at = 0; http_head_next(p->head, &at, &name, &value);) {
        enum field field = field_of(name);
        if (!request_field_stays(p, field, name))
            continue;
        host |= field == FIELD_HOST;
        if (field == FIELD_COOKIE) {
            request_cookies(p, name, value);
            continue;
        }
        draft_field(&p->draft, name,
                    field == FIELD_HOST && p->rules->host ? text_of(p->rules->host) : value);
    }
    /* RFC 9112, 3.2: our own request has one. */
    if (!host)
        draft_field(&p->draft, text_of("Host"),
                    p->rules->host ? text_of(p->rules->host) : request_host(p->head));
}

/* RFC 7239, 6: what is no token is quoted, an IPv6 address in brackets. */
static void forwarded(struct pass *p, struct http_text host)
{
    const struct rewrite *r = p->rules;
    struct draft *d = &p->draft;
    draft_string(d, "Forwarded: proto=");
    draft_string(d, r->scheme);
    if (host.len > 0) {
        draft_string(d, ";host=\"");
        draft_text(d, host);
        draft_string(d, "\"");
    }
    if (r->visitor) {
        bool v6 = strchr(r->visitor, ':') != NULL;
        draft_string(d, v6 ? ";for=\"[" : ";for=");
        draft_string(d, r->visitor);
        draft_string(d, v6 ? "]\"" : "");
    }
    draft_string(d, "\r\n");
}

static void tell(struct pass *p)
{
    const struct rewrite *r = p->rules;
    struct http_text host = request_host(p->head);
    if (r->scheme) {
        forwarded(p, host);
        draft_field(&p->draft, text_of("X-Forwarded-Proto"), text_of(r->scheme));
        if (host.len > 0)
            draft_field(&p->draft, text_of("X-Forwarded-Host"), host);
    }
    if (r->visitor)
        draft_field(&p->draft, text_of("X-Forwarded-For"), text_of(r->visitor));
    if (r->prefix)
        draft_field(&p->draft, text_of("X-Forwarded-Prefix"), text_of(r->prefix));
}

static void request_connection(struct pass *p)
{
    if (p->head->upgrade)
        draft_string(&p->draft, "Connection: Upgrade\r\n");
    else if (p->trailers)
        draft_string(&p->draft, "TE: trailers\r\nConnection: TE\r\n");
}

int rewrite_request(const struct rewrite *r, const struct http_head *head, struct buf *out)
{
    struct pass p;
    begin(&p, r, head, out);
    request_line(&p);
    request_fields(&p);
    tell(&p);
    request_connection(&p);
    draft_string(&p.draft, "\r\n");
    return draft_end(&p.draft, out);
}

/* ---- responses ------------------------------------------------------------------------------- */

enum rewrite_body rewrite_body(enum http_framing framing, const struct http_head *request)
{
    if (framing != HTTP_BODY_CHUNKED && framing != HTTP_BODY_UNTIL_CLOSE)
        return REWRITE_AS_IS;
    return request->minor >= 1 ? REWRITE_CHUNKED : REWRITE_UNTIL_CLOSE;
}

static bool response_field_stays(const struct pass *p, enum field field, struct http_text name,
                                 enum rewrite_body body)
{
    switch (field) {
    case FIELD_CONNECTION:
    case FIELD_HOP:
    case FIELD_TE:
        return false;
    case FIELD_TRAILER:
        return body == REWRITE_CHUNKED && !field_connection_names(&p->connections, name);
    case FIELD_UPGRADE:
        return p->head->upgrade && (p->head->status == 101 || p->head->status == 426);
    case FIELD_TRANSFER_ENCODING:
        return body == REWRITE_CHUNKED;
    case FIELD_CONTENT_LENGTH:
        return p->head->status != 204;
    case FIELD_ORIGIN:
        if (p->rules->hsts && http_text_is(name, "Strict-Transport-Security"))
            return false;
        return !p->rules->prefix && !field_connection_names(&p->connections, name);
    case FIELD_SET_COOKIE:
        return !p->rules->no_cookies && !field_connection_names(&p->connections, name);
    default:
        return p->connections.count == 0 || !field_connection_names(&p->connections, name);
    }
}

/* Whether it sets one of ours: by its name, or with a nameless one, "=NAME=VALUE", which a browser
 * sends as its value alone (RFC 6265bis, 5.7). Without the prefix that is for HTTPS alone it is our
 * name for plain HTTP at the same host. */
static bool sets_ours(const struct rewrite *r, struct http_text cookie)
{
    static const char secure[] = "__Host-";
    const char *ours = r->own_cookie;
    struct http_text pair, name;
    if (!ours || !cookie_next(&cookie, &pair, &name))
        return false;
    if (name.len == 0) {
        struct http_text value = {pair.at + 1, pair.len - 1};
        if (!cookie_next(&value, &pair, &name))
            return false;
    }
    size_t prefix = strncmp(ours, secure, strlen(secure)) == 0 ? strlen(secure) : 0;
    return is_called(name, ours) || is_called(name, ours + prefix);
}

static void response_fields(struct pass *p, const struct public_url *url, enum rewrite_body body)
{
    struct http_text name, value;
    for (size_t at = 0; http_head_next(p->head, &at, &name, &value);) {
        enum field field = field_of(name);
        if (!response_field_stays(p, field, name, body) ||
            (field == FIELD_SET_COOKIE && sets_ours(p->rules, value)))
            continue;
        if (field != FIELD_LOCATION && field != FIELD_SET_COOKIE) {
            draft_field(&p->draft, name, value);
            continue;
        }
        draft_text(&p->draft, name);
        draft_add(&p->draft, ": ", 2);
        if (field == FIELD_LOCATION)
            public_url_location(url, value, &p->draft);
        else
            public_url_cookie(url, value, &p->draft);
        draft_add(&p->draft, "\r\n", 2);
    }
    if (p->rules->hsts && p->head->status >= 200)
        draft_field(&p->draft, text_of("Strict-Transport-Security"), text_of(p->rules->hsts));
    if (body == REWRITE_CHUNKED && !p->head->chunked)
        draft_string(&p->draft, "Transfer-Encoding: chunked\r\n");
    if (p->rules->added && p->head->status >= 200)
        draft_string(&p->draft, p->rules->added);
}

static void response_connection(struct pass *p, const struct http_head *request, bool close)
{
    int status = p->head->status;
    bool upgrade = p->head->upgrade && (status == 101 || status == 426);
    if (upgrade)
        draft_string(&p->draft, "Connection: Upgrade\r\n");
    if (status < 200)
        return;
    if (close)
        draft_string(&p->draft, "Connection: close\r\n");
    else if (request->minor == 0)
        draft_string(&p->draft, "Connection: keep-alive\r\n");
}

int rewrite_response(const struct rewrite *r, const struct http_head *head,
                     const struct http_head *request, enum rewrite_body body, bool close,
                     struct buf *out)
{
    const struct public_url url = {.prefix = r->prefix,
                                   .target_host = r->host,
                                   .scheme = r->scheme,
                                   .host = request_host(request),
                                   .host_only_cookies = r->host_only_cookies};
    struct pass p;
    begin(&p, r, head, out);
    draft_string(&p.draft, "HTTP/1.1 ");
    draft_add(&p.draft,
              (char[]){(char)('0' + head->status / 100), (char)('0' + head->status / 10 % 10),
                       (char)('0' + head->status % 10), ' '},
              4);
    draft_text(&p.draft, head->reason);
    draft_add(&p.draft, "\r\n", 2);
    response_fields(&p, &url, body);
    response_connection(&p, request, close);
    draft_string(&p.draft, "\r\n");
    return draft_end(&p.draft, out);
}
