/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/target.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char forms[] = "PORT, HOST:PORT or unix:PATH";

/* What was typed, fit to be shown in an error. */
struct shown {
    char text[160];
};

static struct shown show(const char *text, size_t len)
{
    struct shown s;
    text_escape(text, len, s.text, sizeof(s.text));
    return s;
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return len > 0;
}

static int parse_port(const char *text, uint16_t *out, struct beam_why *why)
{
    uint64_t port;
    if (text_number(text, strlen(text), 65535, &port) < 0 || port == 0) {
        beam_why(why, BEAM_EINVAL, "port %s: a port is a number from 1 to 65535",
                 show(text, strlen(text)).text);
        return BEAM_EINVAL;
    }
    *out = (uint16_t)port;
    return 0;
}

static bool unspecified(const struct addr *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (a->ss.ss_family == AF_INET) {
        memcpy(&v4, &a->ss, sizeof(v4));
        return v4.sin_addr.s_addr == INADDR_ANY;
    }
    memcpy(&v6, &a->ss, sizeof(v6));
    return IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

/* This machine, by either family: an app may listen on one of them alone. */
static int set_local(uint16_t port, struct target *out)
{
    struct target t = {.addr_count = 2};
    int err = addr_ip("127.0.0.1", 9, port, &t.addr[0]);
    if (!err)
        err = addr_ip("::1", 3, port, &t.addr[1]);
    if (err < 0)
        return err;
    addr_text(&t.addr[0], t.text);
    *out = t;
    return 0;
}

static int set_ip(const char *host, size_t len, uint16_t port, struct target *out,
                  struct beam_why *why)
{
    struct target t = {.addr_count = 1};
    if (addr_ip(host, len, port, &t.addr[0]) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "host %s: neither an IP address nor localhost, and beam asks no DNS for a "
                        "target (give its IP address)",
                        show(host, len).text);
    if (unspecified(&t.addr[0]))
        return beam_why(why, BEAM_EINVAL,
                        "host %s: an app may listen there, but nobody can dial it (give the port "
                        "alone, %u, for an app on this machine)",
                        show(host, len).text, port);
    addr_text(&t.addr[0], t.text);
    *out = t;
    return 0;
}

static int parse_bracketed(const char *text, struct target *out, struct beam_why *why)
{
    const char *close = strchr(text, ']');
    if (!close || close[1] != ':' || close[2] == '\0')
        return beam_why(why, BEAM_EINVAL,
                        "target %s: an IPv6 address and its port are written [ADDRESS]:PORT",
                        show(text, strlen(text)).text);
    uint16_t port;
    int err = parse_port(close + 2, &port, why);
    if (err < 0)
        return err;
    size_t len = (size_t)(close - text - 1);
    if (!memchr(text + 1, ':', len))
        return beam_why(why, BEAM_EINVAL, "target %s: brackets are for IPv6 addresses alone",
                        show(text, strlen(text)).text);
    return set_ip(text + 1, len, port, out, why);
}

static int parse_host_port(const char *text, const char *colon, struct target *out,
                           struct beam_why *why)
{
    size_t len = (size_t)(colon - text);
    if (strchr(colon + 1, ':'))
        return beam_why(why, BEAM_EINVAL,
                        "target %s: more than one colon (an IPv6 address is written in brackets: "
                        "[::1]:3000)",
                        show(text, strlen(text)).text);
    if (colon[1] == '\0')
        return beam_why(why, BEAM_EINVAL, "target %s: no port after the colon (give %s)",
                        show(text, strlen(text)).text, forms);
    uint16_t port;
    int err = parse_port(colon + 1, &port, why);
    if (err < 0)
        return err;
    if (len == 0)
        return beam_why(why, BEAM_EINVAL,
                        "target %s: no host before the colon (give the port alone, %u, for an app "
                        "on this machine)",
                        show(text, strlen(text)).text, port);
    if (len == 9 && strncasecmp(text, "localhost", len) == 0)
        return set_local(port, out);
    return set_ip(text, len, port, out, why);
}

/* "http://localhost:3000/x": says what of it is a target, where that can be told. */
static int refuse_url(const char *text, const char *scheme_end, struct beam_why *why)
{
    char authority[ADDR_TEXT_SIZE];
    struct target t;
    const char *start = scheme_end + 3;
    size_t len = strcspn(start, "/?#");
    if (len > 0 && len < sizeof(authority)) {
        memcpy(authority, start, len);
        authority[len] = '\0';
        if (target_parse(authority, "/", &t, NULL) == 0)
            return beam_why(why, BEAM_EINVAL,
                            "target %s: a target is no URL (give %s; what visitors ask for is "
                            "passed on as it is)",
                            show(text, strlen(text)).text, show(authority, len).text);
    }
    return beam_why(why, BEAM_EINVAL, "target %s: a target is no URL (give %s)",
                    show(text, strlen(text)).text, forms);
}

/* Appends the segments of path to out[size], leaving out empty ones and "." (".." stays: a link
 * may stand before it). */
static int append_segments(char *out, size_t size, size_t *at, const char *path)
{
    while (*path) {
        size_t len = strcspn(path, "/");
        if (len > 0 && !(len == 1 && path[0] == '.')) {
            if (len + 2 > size - *at)
                return BEAM_ELIMIT;
            out[(*at)++] = '/';
            memcpy(out + *at, path, len);
            *at += len;
            out[*at] = '\0';
        }
        path += len;
        path += strspn(path, "/");
    }
    return 0;
}

static bool printable(const char *path)
{
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return text_utf8_valid(path, strlen(path));
}

static int parse_unix(const char *text, const char *dir, struct target *out, struct beam_why *why)
{
    const char *path = text + strlen("unix:");
    char whole[sizeof(out->addr[0].ss)] = "";
    size_t at = 0;
    struct target t = {.addr_count = 1};

    if (*path == '\0')
        return beam_why(why, BEAM_EINVAL, "target unix: no path after the colon (give %s)", forms);
    /* It is written into files and messages that are UTF-8. */
    if (!printable(path))
        return beam_why(why, BEAM_EINVAL,
                        "target %s: the path holds a control character or is not UTF-8 (rename it)",
                        show(text, strlen(text)).text);
    int err = 0;
    if (*path != '/')
        err = append_segments(whole, sizeof(whole), &at, dir);
    if (!err)
        err = append_segments(whole, sizeof(whole), &at, path);
    if (!err)
        err = addr_unix(at > 0 ? whole : "/", &t.addr[0]);
    if (err < 0)
        return beam_why(why, err,
                        "target %s: the system takes at most 107 bytes for the whole path of a "
                        "socket (use a shorter one)",
                        show(text, strlen(text)).text);
    addr_text(&t.addr[0], t.text);
    *out = t;
    return 0;
}

int target_parse(const char *text, const char *dir, struct target *out, struct beam_why *why)
{
    size_t len = strlen(text);
    const char *scheme_end = strstr(text, "://");
    const char *colon = strchr(text, ':');
    uint16_t port;

    if (len == 0)
        return beam_why(why, BEAM_EINVAL, "target: empty (give %s)", forms);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text, dir, out, why);
    if (scheme_end)
        return refuse_url(text, scheme_end, why);
    if (all_digits(text, len)) {
        int err = parse_port(text, &port, why);
        return err < 0 ? err : set_local(port, out);
    }
    if (text[0] == '[')
        return parse_bracketed(text, out, why);
    if (colon)
        return parse_host_port(text, colon, out, why);
    return beam_why(why, BEAM_EINVAL, "target %s: neither a port nor HOST:PORT nor unix:PATH",
                    show(text, len).text);
}
