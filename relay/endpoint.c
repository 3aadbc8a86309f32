/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/endpoint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "proxy/request.h"

static const char path_start[] = "/t/";
enum { HTTP_PORT = 80, HTTPS_PORT = 443, PATH_START_LEN = sizeof(path_start) - 1 };

/* ---- where they are ------------------------------------------------------------------------- */

/* Labels with dots between them; an IPv4 address is of that form too. */
static bool is_host(const char *text, size_t len)
{
    char label[RESERVATION_NAME_SIZE];
    size_t at = 0;
    if (len == 0 || len >= ENDPOINT_HOST_SIZE)
        return false;
    while (at <= len) {
        size_t n = 0;
        while (at + n < len && text[at + n] != '.')
            n++;
        if (n >= sizeof(label))
            return false;
        memcpy(label, text + at, n);
        label[n] = '\0';
        if (!text_label_valid(label))
            return false;
        at += n + 1;
    }
    return true;
}

size_t endpoint_host_len(const char *text, size_t len)
{
    const char *closing = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
    if (closing)
        return (size_t)(closing + 1 - text);
    const char *colon = memchr(text, ':', len);
    return colon ? (size_t)(colon - text) : len;
}

bool endpoint_is_loopback(struct http_text host)
{
    static const char name[] = "localhost";
    const size_t len = endpoint_host_len(host.at, host.len), six = len > 2 && host.at[0] == '[';
    struct addr addr;
    if (len < host.len && host.at[len] != ':')
        return false;
    if (len == sizeof(name) - 1 && strncasecmp(host.at, name, len) == 0)
        return true;
    return addr_ip(host.at + six, len - 2 * six, 1, &addr) == 0 &&
           addr_scope(&addr) == ADDR_LOOPBACK;
}

static bool is_authority(const char *text)
{
    size_t len = strlen(text), host = endpoint_host_len(text, len);
    struct addr addr;
    uint64_t port;
    if (host < len &&
        (text[host] != ':' || text_number(text + host + 1, len - host - 1, UINT16_MAX, &port) < 0 ||
         port == 0))
        return false;
    return text[0] == '[' ? host > 2 && addr_ip(text + 1, host - 2, 1, &addr) == 0
                          : is_host(text, host);
}

/* What follows "http://" or "https://"; NULL: another scheme. */
static const char *take_scheme(const char *url, struct endpoint_base *out)
{
    static const char http[] = "http://", https[] = "https://";
    out->https = strncmp(url, https, sizeof(https) - 1) == 0;
    if (out->https)
        return url + sizeof(https) - 1;
    return strncmp(url, http, sizeof(http) - 1) == 0 ? url + sizeof(http) - 1 : NULL;
}

static int take_url(const char *url, struct endpoint_base *out, struct beam_why *why)
{
    const char *authority = take_scheme(url, out);
    if (!authority || strlen(authority) >= sizeof(out->host) || !is_authority(authority))
        return beam_why(why, BEAM_EINVAL,
                        "relay.url %s: must be http://HOST, https://HOST or the same with a :PORT, "
                        "in lower case and with nothing behind it",
                        url);
    snprintf(out->host, sizeof(out->host), "%s", authority);
    return 0;
}

static void take_listening(const struct addr *listening, const char *domain,
                           struct endpoint_base *out)
{
    char at[ADDR_TEXT_SIZE];
    uint16_t port = addr_port(listening);
    addr_text(listening, at);
    if (!domain[0])
        snprintf(out->host, sizeof(out->host), "%.*s", (int)sizeof(out->host) - 1, at);
    else if (port == (out->https ? HTTPS_PORT : HTTP_PORT))
        snprintf(out->host, sizeof(out->host), "%s", domain);
    else
        snprintf(out->host, sizeof(out->host), "%s:%u", domain, (unsigned)port);
}

int endpoint_base_init(const char *url, const char *domain, const struct addr *listening,
                       bool https, struct endpoint_base *out, struct beam_why *why)
{
    struct endpoint_base b = {.https = https};
    if (domain[0] && !is_host(domain, strlen(domain)))
        return beam_why(why, BEAM_EINVAL,
                        "relay.domain %s: must be a domain in lower case, as in relay.example",
                        domain);
    snprintf(b.domain, sizeof(b.domain), "%s", domain);
    int err = 0;
    if (url[0])
        err = take_url(url, &b, why);
    else
        take_listening(listening, b.domain, &b);
    if (err < 0)
        return err;
    if (endpoint_is_sealed(&b, (struct http_text){b.host, strlen(b.host)}))
        return beam_why(why, BEAM_EINVAL,
                        "relay.url: must not be at or below %s.%s, where TLS passthrough has its "
                        "hosts",
                        RESERVATION_TLS_LABEL, b.domain);
    snprintf(b.port, sizeof(b.port), "%s", b.host + endpoint_host_len(b.host, strlen(b.host)));
    *out = b;
    return 0;
}

const char *endpoint_scheme(const struct endpoint_base *base)
{
    return base->https ? "https" : "http";
}

size_t endpoint_urls(const struct endpoint_base *base, const struct lease *lease,
                     char out[RESERVATION_URLS_MAX][RESERVATION_URL_SIZE])
{
    const char *scheme = endpoint_scheme(base);
    bool sealed = lease->kind == RESERVATION_TLS;
    char id[RESERVATION_ID_TEXT];
    size_t n = 0;
    if (lease->port != 0) {
        snprintf(out[0], RESERVATION_URL_SIZE, "%s://%.*s:%u", reservation_kind_text(lease->kind),
                 (int)endpoint_host_len(base->host, strlen(base->host)), base->host,
                 (unsigned)lease->port);
        return 1;
    }
    reservation_id_text(lease->id, id);
    if (base->domain[0])
        snprintf(out[n++], RESERVATION_URL_SIZE, "%s://%s.%s%s%s/", scheme,
                 lease->name[0] ? lease->name : id, sealed ? RESERVATION_TLS_LABEL "." : "",
                 base->domain, base->port);
    if (sealed)
        return n; /* what is shared, the relay would have to open */
    snprintf(out[n++], RESERVATION_URL_SIZE, "%s://%s%s%s/", scheme, base->host, path_start, id);
    return n;
}

/* ---- which one ------------------------------------------------------------------------------ */

/* How many bytes come before ".SUFFIX"; 0: none, or it ends otherwise. */
static size_t before(const char *text, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);
    if (n == 0 || len < n + 2 || text[len - n - 1] != '.' ||
        strncasecmp(text + len - n, suffix, n) != 0)
        return 0;
    return len - n - 1;
}

bool endpoint_is_sealed(const struct endpoint_base *base, struct http_text host)
{
    static const char label[] = RESERVATION_TLS_LABEL;
    const size_t n = sizeof(label) - 1;
    size_t len = endpoint_host_len(host.at, host.len);
    if (len > 0 && host.at[len - 1] == '.') /* as the root's, which is the same host */
        len--;
    len = before(host.at, len, base->domain);
    return len >= n && strncasecmp(host.at + len - n, label, n) == 0 &&
           (len == n || host.at[len - n - 1] == '.');
}

/* The label of a host under the domain, in lower case. */
static bool take_label(const struct endpoint_base *base, struct http_text host,
                       char out[RESERVATION_NAME_SIZE])
{
    size_t label = before(host.at, endpoint_host_len(host.at, host.len), base->domain);
    if (label > 0 && endpoint_is_sealed(base, host))
        label = before(host.at, label, RESERVATION_TLS_LABEL);
    if (label == 0 || label >= RESERVATION_NAME_SIZE)
        return false;
    for (size_t i = 0; i < label; i++)
        out[i] = (char)tolower((unsigned char)host.at[i]);
    out[label] = '\0';
    return true;
}

static bool find_by_path(struct http_text target, struct endpoint *out)
{
    const size_t len = ENDPOINT_PREFIX_SIZE - 1;
    if (target.len < len || memcmp(target.at, path_start, PATH_START_LEN) != 0 ||
        (target.len > len && target.at[len] != '/' && target.at[len] != '?') ||
        reservation_id_parse(target.at + PATH_START_LEN, len - PATH_START_LEN, out->id) < 0)
        return false;
    memcpy(out->prefix, target.at, len);
    return true;
}

bool endpoint_find_host(const struct endpoint_base *base, struct http_text host,
                        struct endpoint *out)
{
    memset(out, 0, sizeof(*out));
    out->sealed = endpoint_is_sealed(base, host);
    if (!take_label(base, host, out->name))
        return false;
    if (reservation_id_parse(out->name, strlen(out->name), out->id) == 0)
        out->name[0] = '\0';
    return true;
}

bool endpoint_find(const struct endpoint_base *base, const struct http_head *head,
                   struct endpoint *out)
{
    /* On a host of its own all paths are the owner's, those that look like ours too. */
    return endpoint_find_host(base, request_host(head), out) ||
           find_by_path(request_path(head), out);
}

bool endpoint_is_relay(const struct endpoint_base *base, struct http_text host)
{
    char label[RESERVATION_NAME_SIZE];
    return !endpoint_is_sealed(base, host) && !take_label(base, host, label);
}
