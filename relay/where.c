/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/where.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

static const char tld[] = ".onion", localhost[] = "localhost";

static int refuse(struct beam_why *why, const char *text)
{
    char shown[256];
    text_escape(text, strlen(text), shown, sizeof(shown));
    return beam_why(why, BEAM_EINVAL,
                    "relay %s: not an address (give HOST:PORT, a multiaddr or a peer id)", shown);
}

static bool is_loopback(const struct multiaddr *a)
{
    enum multiaddr_code code;
    struct addr addr;
    return multiaddr_to_addr(a, &addr, &code) == 0 && addr_scope(&addr) == ADDR_LOOPBACK;
}

static bool ends_in_onion(const char *host, size_t len)
{
    const size_t n = sizeof(tld) - 1;
    return len > n && strncasecmp(host + len - n, tld, n) == 0;
}

/* A name as it may stand in a multiaddr: nothing there could end it. */
static bool is_name(const char *host, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", host[i]))
            return false;
    return len > 0 && len <= 253 && host[0] != '.' && host[0] != '-';
}

/* That name and all below it are this machine (RFC 6761, 6.3). */
static bool is_localhost(const char *host, size_t len)
{
    const size_t n = sizeof(localhost) - 1;
    return len >= n && strncasecmp(host + len - n, localhost, n) == 0 &&
           (len == n || host[len - n - 1] == '.');
}

static int from_host(const char *host, size_t len, uint16_t port, struct multiaddr *out)
{
    char text[WHERE_TEXT_SIZE];
    struct addr addr;
    if (is_localhost(host, len)) {
        host = "127.0.0.1";
        len = strlen(host);
    }
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
        if (!memchr(host, ':', len))
            return BEAM_EINVAL;
    } else if (memchr(host, ':', len)) {
        return BEAM_EINVAL;
    }
    if (addr_ip(host, len, port, &addr) == 0)
        return multiaddr_from_addr(&addr, MULTIADDR_TCP, out);
    if (!is_name(host, len))
        return BEAM_EINVAL;
    int n;
    if (ends_in_onion(host, len))
        n = snprintf(text, sizeof(text), "/onion3/%.*s:%u", (int)(len - sizeof(tld) + 1), host,
                     (unsigned)port);
    else
        n = snprintf(text, sizeof(text), "/dns/%.*s/tcp/%u", (int)len, host, (unsigned)port);
    return multiaddr_parse(text, (size_t)n, out, NULL);
}

static int from_multiaddr(const char *text, struct where *out, struct beam_why *why)
{
    struct multiaddr whole;
    int err = multiaddr_parse(text, strlen(text), &whole, why);
    if (err < 0)
        return err;
    if (multiaddr_peer(&whole, &out->peer) == 0)
        multiaddr_without_peer(&whole, &out->addr);
    else
        out->addr = whole;
    return 0;
}

int where_parse(const char *text, struct where *out, struct beam_why *why)
{
    struct where w = {.loopback = false};
    const char *colon = strrchr(text, ':');
    uint64_t port;
    int err;
    if (strlen(text) >= sizeof(w.text))
        return refuse(why, text);
    if (text[0] == '/')
        err = from_multiaddr(text, &w, why);
    else if (!colon)
        err = peer_id_parse(text, strlen(text), &w.peer, NULL) < 0 ? refuse(why, text) : 0;
    else if (text_number(colon + 1, strlen(colon + 1), UINT16_MAX, &port) < 0 || port == 0 ||
             from_host(text, (size_t)(colon - text), (uint16_t)port, &w.addr) < 0)
        err = refuse(why, text);
    else
        err = 0;
    if (err < 0)
        return err;
    snprintf(w.text, sizeof(w.text), "%s", text);
    w.loopback = is_loopback(&w.addr);
    *out = w;
    return 0;
}

static int refuse_url(struct beam_why *why, const char *url)
{
    char shown[256];
    text_escape(url, strlen(url), shown, sizeof(shown));
    return beam_why(why, BEAM_EINVAL, "%s: not an http URL that could be asked for", shown);
}

static int refuse_port(struct beam_why *why, const char *url, const char *scheme)
{
    char shown[256];
    text_escape(url, strlen(url), shown, sizeof(shown));
    return beam_why(why, BEAM_EINVAL, "%s: not %s://HOST:PORT", shown, scheme);
}

/* What follows the scheme; NULL: another one. */
static const char *take_scheme(const char *url, bool *https)
{
    static const char plain[] = "http://", secure[] = "https://";
    *https = strncmp(url, secure, sizeof(secure) - 1) == 0;
    if (*https)
        return url + sizeof(secure) - 1;
    return strncmp(url, plain, sizeof(plain) - 1) == 0 ? url + sizeof(plain) - 1 : NULL;
}

static void take_host(const char *host, size_t len, struct where_url *out)
{
    bool bracketed = len > 2 && host[0] == '[';
    snprintf(out->host, sizeof(out->host), "%.*s", (int)(bracketed ? len - 2 : len),
             bracketed ? host + 1 : host);
}

int where_parse_url(const char *url, struct where_url *out, struct beam_why *why)
{
    struct where_url u = {.loopback = false};
    const char *host = take_scheme(url, &u.https), *path = host ? strchr(host, '/') : NULL;
    if (!path || strlen(url) >= WHERE_TEXT_SIZE || strcspn(path, "?# \t\r\n") != strlen(path))
        return refuse_url(why, url);
    size_t len = (size_t)(path - host), name = len;
    const char *closing = host[0] == '[' ? memchr(host, ']', len) : NULL;
    const char *from = closing ? closing : host;
    const char *colon = memchr(from, ':', (size_t)(path - from));
    uint64_t port = u.https ? HTTPS_PORT : HTTP_PORT;
    if (colon) {
        name = (size_t)(colon - host);
        if (text_number(colon + 1, (size_t)(path - colon) - 1, UINT16_MAX, &port) < 0 || port == 0)
            return refuse_url(why, url);
    }
    if (from_host(host, name, (uint16_t)port, &u.addr) < 0)
        return refuse_url(why, url);
    u.port = (uint16_t)port;
    take_host(host, name, &u);
    snprintf(u.authority, sizeof(u.authority), "%.*s", (int)len, host);
    snprintf(u.path, sizeof(u.path), "%s", path);
    u.loopback = is_loopback(&u.addr);
    *out = u;
    return 0;
}

int where_parse_port(const char *url, const char *scheme, struct where_url *out,
                     struct beam_why *why)
{
    struct where_url u = {.https = false};
    size_t len = strlen(scheme);
    uint64_t port;
    if (strncmp(url, scheme, len) != 0 || strncmp(url + len, "://", 3) != 0 ||
        strlen(url) >= WHERE_TEXT_SIZE)
        return refuse_port(why, url, scheme);
    const char *host = url + len + 3, *colon = strrchr(host, ':');
    if (!colon || text_number(colon + 1, strlen(colon + 1), UINT16_MAX, &port) < 0 || port == 0 ||
        from_host(host, (size_t)(colon - host), (uint16_t)port, &u.addr) < 0)
        return refuse_port(why, url, scheme);
    u.port = (uint16_t)port;
    take_host(host, (size_t)(colon - host), &u);
    snprintf(u.authority, sizeof(u.authority), "%s", host);
    u.loopback = is_loopback(&u.addr);
    *out = u;
    return 0;
}
