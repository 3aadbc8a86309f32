/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/interstitial.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wire.h"
#include "proxy/cookie.h"
#include "proxy/request.h"
#include "proxy/rewrite.h"

enum {
    CODE_SIZE = crypto_generichash_BYTES_MIN,
    DIGITS_MAX = 16, /* of a time in milliseconds */
    VALUE_SIZE = DIGITS_MAX + 1 + TEXT_HEX_SIZE(CODE_SIZE),
    LASTS_S = INTERSTITIAL_DAYS * 24 * 3600,
    HOST_SHOWN = 254
};

static const char label[] = "beam interstitial 1";
static const char entry_path[] = "/.well-known/beam-enter";

struct interstitial {
    uint8_t key[INTERSTITIAL_KEY_SIZE];
};

int interstitial_new(const uint8_t key[INTERSTITIAL_KEY_SIZE], struct interstitial **out)
{
    struct interstitial *i = sodium_malloc(sizeof(*i));
    if (!i)
        return BEAM_ENOMEM;
    memcpy(i->key, key, sizeof(i->key));
    *out = i;
    return 0;
}

void interstitial_free(struct interstitial *i)
{
    sodium_free(i);
}

static bool is_https(const struct interstitial_place *at)
{
    return strcmp(at->scheme, "https") == 0;
}

/* ---- cookies -------------------------------------------------------------------------------- */

/* Browsers let nobody but this host itself, over HTTPS, set one whose name begins so (RFC 6265bis,
 * 4.1.3); it has to be for all of the host then. */
const char *interstitial_cookie(const struct interstitial_place *at)
{
    return is_https(at) && !at->prefix[0] ? "__Host-beam-seen" : "beam-seen";
}

static void code_of(const struct interstitial *i, const struct interstitial_place *at,
                    uint64_t until, uint8_t out[CODE_SIZE])
{
    uint8_t text[sizeof(label) + RESERVATION_ID_SIZE + 9];
    struct wire_writer w;
    wire_write_init(&w, text, sizeof(text));
    wire_write_bytes(&w, label, sizeof(label));
    wire_write_bytes(&w, at->id, RESERVATION_ID_SIZE);
    wire_write_u8(&w, at->prefix[0] != '\0');
    wire_write_be64(&w, until);
    crypto_generichash(out, CODE_SIZE, text, sizeof(text), i->key, sizeof(i->key));
}

bool interstitial_seen(const struct interstitial *i, const struct interstitial_place *at,
                       const struct http_head *request, uint64_t wall_ms)
{
    uint8_t wanted[CODE_SIZE], code[CODE_SIZE];
    struct http_text value;
    uint64_t until;
    if (!cookie_find(request, interstitial_cookie(at), &value))
        return false;
    const char *dot = memchr(value.at, '.', value.len);
    size_t digits = dot ? (size_t)(dot - value.at) : 0;
    if (!dot || digits > DIGITS_MAX || text_number(value.at, digits, UINT64_MAX, &until) < 0 ||
        text_hex_decode(dot + 1, value.len - digits - 1, code, sizeof(code)) < 0)
        return false;
    code_of(i, at, until, wanted);
    return sodium_memcmp(code, wanted, sizeof(code)) == 0 && until > wall_ms &&
           until <= wall_ms + UINT64_C(1000) * LASTS_S;
}

static void write_value(const struct interstitial *i, const struct interstitial_place *at,
                        uint64_t wall_ms, char out[VALUE_SIZE])
{
    uint8_t code[CODE_SIZE];
    char hex[TEXT_HEX_SIZE(CODE_SIZE)];
    uint64_t until = wall_ms + UINT64_C(1000) * LASTS_S;
    code_of(i, at, until, code);
    (void)text_hex_encode(code, sizeof(code), hex, sizeof(hex));
    snprintf(out, VALUE_SIZE, "%" PRIu64 ".%s", until, hex);
}

/* ---- the page ------------------------------------------------------------------------------- */

/* No script; nothing of elsewhere; in no frame, so that nobody is led to press its button unseen.
 * Without the page's origin in the button's POST there would be no telling who sent that. */
const char *interstitial_fields(void)
{
    return "Content-Type: text/html; charset=utf-8\r\n"
           "Cache-Control: no-store\r\n"
           "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
           "form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n"
           "X-Frame-Options: DENY\r\n"
           "X-Content-Type-Options: nosniff\r\n"
           "Referrer-Policy: same-origin\r\n"
           "X-Robots-Tag: noindex\r\n";
}

static void put(struct wire_writer *w, const char *text)
{
    wire_write_bytes(w, text, strlen(text));
}

static void put_escaped(struct wire_writer *w, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i], entity[8];
        if (strchr("&<>\"'", c))
            snprintf(entity, sizeof(entity), "&#%d;", c);
        else
            snprintf(entity, sizeof(entity), "%c", c);
        put(w, entity);
    }
}

/* So that nothing of it means anything in a query, or in HTML. */
static void put_encoded(struct wire_writer *w, struct http_text text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (size_t i = 0; i < text.len; i++) {
        char code[4] = {text.at[i]};
        if (text.at[i] == '\0' || !strchr(plain, text.at[i]))
            snprintf(code, sizeof(code), "%%%02X", (unsigned char)text.at[i]);
        put(w, code);
    }
}

static bool leads_there(const struct interstitial_place *at, struct http_text target)
{
    if (target.len == 0 || target.len > INTERSTITIAL_TARGET_MAX || target.at[0] != '/')
        return false;
    for (size_t i = 0; i < target.len; i++)
        if (target.at[i] <= ' ' || target.at[i] > '~')
            return false;
    return !at->prefix[0] || rewrite_below(at->prefix, target);
}

size_t interstitial_page(const struct interstitial_place *at, const struct http_head *request,
                         const char *contact, char out[INTERSTITIAL_PAGE_MAX])
{
    struct http_text host = request_host(request), target = request_path(request);
    struct wire_writer w;
    size_t shown = host.len < HOST_SHOWN ? host.len : HOST_SHOWN, len = 0;
    wire_write_init(&w, out, INTERSTITIAL_PAGE_MAX);
    put(&w, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\">\n"
            "<title>Before you go on</title>\n"
            "<style>body{font:1.1em/1.5 sans-serif;max-width:34em;margin:4em auto;padding:0 1em}"
            "b{overflow-wrap:anywhere}button{font:inherit;padding:.4em 1em}</style>\n"
            "<h1>Before you go on</h1>\n<p>What is at <b>");
    put_escaped(&w, host.at, shown);
    put(&w, at->prefix);
    put(&w, "</b> comes from somebody's own computer, through a relay that anybody may use. "
            "Whoever runs the relay has not made it and has not looked at it.\n"
            "<p>Go on if you know who sent you here. Give no password, no number of a card and "
            "nothing else that is secret unless you are sure whom you give it to.\n"
            "<form method=\"post\" action=\"");
    put(&w, at->prefix);
    put(&w, entry_path);
    put(&w, "?");
    if (leads_there(at, target))
        put_encoded(&w, target);
    put(&w, "\"><button>Go on</button></form>\n");
    if (contact[0]) {
        put(&w, "<p>To report abuse, write to: ");
        put_escaped(&w, contact, strlen(contact));
        put(&w, "\n");
    }
    (void)wire_write_end(&w, &len);
    return len;
}

/* ---- its button ----------------------------------------------------------------------------- */

/* The query of a request for the path of the button's; false: it is for another. */
static bool take_query(const struct interstitial_place *at, const struct http_head *request,
                       struct http_text *out)
{
    struct http_text path = request_path(request);
    size_t prefix = strlen(at->prefix), len = prefix + strlen(entry_path);
    if (path.len <= len || memcmp(path.at, at->prefix, prefix) != 0 ||
        memcmp(path.at + prefix, entry_path, strlen(entry_path)) != 0 || path.at[len] != '?')
        return false;
    *out = (struct http_text){path.at + len + 1, path.len - len - 1};
    return true;
}

bool interstitial_enters(const struct interstitial_place *at, const struct http_head *request)
{
    struct http_text query;
    return http_text_is(request->method, "POST") && take_query(at, request, &query);
}

/* What a browser says of whence a request comes, which no page can change. */
static bool same_origin(const struct interstitial_place *at, const struct http_head *request)
{
    struct http_text site, origin, host = request_host(request);
    size_t scheme = strlen(at->scheme), start = scheme + strlen("://");
    if (http_head_field(request, "Sec-Fetch-Site", &site))
        return http_text_is(site, "same-origin");
    return http_head_field(request, "Origin", &origin) && origin.len == start + host.len &&
           memcmp(origin.at, at->scheme, scheme) == 0 &&
           memcmp(origin.at + scheme, "://", strlen("://")) == 0 &&
           http_text_same((struct http_text){origin.at + start, host.len}, host);
}

static size_t decode(struct http_text query, char out[INTERSTITIAL_TARGET_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < query.len && n <= INTERSTITIAL_TARGET_MAX; i++) {
        uint8_t c = (uint8_t)query.at[i];
        if (c == '%' && query.len - i > 2 && text_hex_decode(query.at + i + 1, 2, &c, 1) == 0)
            i += 2;
        out[n++] = (char)c;
    }
    return n;
}

bool interstitial_entry(const struct interstitial *i, const struct interstitial_place *at,
                        const struct http_head *request, uint64_t wall_ms,
                        char out[INTERSTITIAL_ENTRY_MAX])
{
    char target[INTERSTITIAL_TARGET_MAX + 1], value[VALUE_SIZE];
    struct http_text query, host = request_host(request);
    bool own = !at->prefix[0];
    if (!take_query(at, request, &query) || !same_origin(at, request) || host.len > HOST_SHOWN)
        return false;
    size_t len = decode(query, target);
    if (!leads_there(at, (struct http_text){target, len}))
        len = (size_t)snprintf(target, sizeof(target), "%s/", at->prefix);
    write_value(i, at, wall_ms, value);
    /* A path that begins with two slashes would be another host: where there is no prefix in front
     * of it, ours is. */
    snprintf(out, INTERSTITIAL_ENTRY_MAX,
             "Location: %s%s%.*s%.*s\r\nCache-Control: no-store\r\n"
             "Set-Cookie: %s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Lax%s\r\n",
             own ? at->scheme : "", own ? "://" : "", own ? (int)host.len : 0, host.at, (int)len,
             target, interstitial_cookie(at), value, own ? "/" : at->prefix, LASTS_S,
             is_https(at) ? "; Secure" : "");
    return true;
}
