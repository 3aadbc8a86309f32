/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/text.h"

int addr_unix(const char *path, struct addr *out)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    /* The kernel would take an empty path for "pick a name". */
    if (len == 0)
        return BEAM_EINVAL;
    if (len >= sizeof(un.sun_path))
        return BEAM_ELIMIT;
    memcpy(un.sun_path, path, len + 1);
    memset(out, 0, sizeof(*out));
    memcpy(&out->ss, &un, sizeof(un));
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return 0;
}

int addr_ip(const char *host, size_t host_len, uint16_t port, struct addr *out)
{
    char text[INET6_ADDRSTRLEN];
    if (port == 0 || host_len == 0 || host_len >= sizeof(text) || memchr(host, 0, host_len))
        return BEAM_EINVAL;
    memcpy(text, host, host_len);
    text[host_len] = '\0';

    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memset(out, 0, sizeof(*out));
        memcpy(&out->ss, &v4, sizeof(v4));
        out->len = sizeof(v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memset(out, 0, sizeof(*out));
        memcpy(&out->ss, &v6, sizeof(v6));
        out->len = sizeof(v6);
        return 0;
    }
    return BEAM_EINVAL;
}

int addr_parse(const char *text, struct addr *out)
{
    static const char scheme[] = "unix:";
    uint64_t port = 0;
    if (strncmp(text, scheme, sizeof(scheme) - 1) == 0)
        return addr_unix(text + sizeof(scheme) - 1, out);
    const char *colon = strrchr(text, ':');
    if (!colon || text_number(colon + 1, strlen(colon + 1), UINT16_MAX, &port) < 0)
        return BEAM_EINVAL;
    size_t len = (size_t)(colon - text);
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return memchr(text, ':', len) ? addr_ip(text + 1, len - 2, (uint16_t)port, out)
                                      : BEAM_EINVAL;
    return memchr(text, ':', len) ? BEAM_EINVAL : addr_ip(text, len, (uint16_t)port, out);
}

static uint32_t host_order(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The IPv4 address, plain or mapped into IPv6, in host order. */
static bool get4(const struct addr *a, uint32_t *ip)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (a->ss.ss_family == AF_INET) {
        memcpy(&v4, &a->ss, sizeof(v4));
        *ip = ntohl(v4.sin_addr.s_addr);
        return true;
    }
    if (a->ss.ss_family != AF_INET6)
        return false;
    memcpy(&v6, &a->ss, sizeof(v6));
    *ip = host_order(v6.sin6_addr.s6_addr + 12);
    return IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
}

static enum addr_scope scope4(uint32_t ip)
{
    static const struct {
        uint32_t net;
        unsigned bits;
        enum addr_scope scope;
    } nets[] = {
        {0x7f000000, 8, ADDR_LOOPBACK}, /* 127.0.0.0/8 */
        {0x0a000000, 8, ADDR_LAN},      /* 10.0.0.0/8 */
        {0xac100000, 12, ADDR_LAN},     /* 172.16.0.0/12 */
        {0xc0a80000, 16, ADDR_LAN},     /* 192.168.0.0/16 */
        {0xa9fe0000, 16, ADDR_LAN},     /* 169.254.0.0/16 */
        {0x64400000, 10, ADDR_LAN},     /* 100.64.0.0/10 */
    };
    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
        if ((ip ^ nets[i].net) >> (32 - nets[i].bits) == 0)
            return nets[i].scope;
    return ADDR_GLOBAL;
}

/* Where a translator or a tunnel sends on by the IPv4 address that is within (RFC 6052, RFC 3056,
 * RFC 4291 2.5.5.1): the place of that address in b, or NULL. */
static const uint8_t *within6(const uint8_t *b)
{
    static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b}, compatible[12] = {0};
    if (memcmp(b, translated, sizeof(translated)) == 0 ||
        memcmp(b, compatible, sizeof(compatible)) == 0)
        return b + 12;
    return b[0] == 0x20 && b[1] == 0x02 ? b + 2 : NULL;
}

/* Whether it leads into a private network whose addresses are IPv4, by way of others. */
static bool leads_inward(const uint8_t *b)
{
    static const uint8_t own_translator[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}; /* RFC 8215 */
    const uint8_t *v4 = within6(b);
    if (!v4)
        return memcmp(b, own_translator, sizeof(own_translator)) == 0;
    uint32_t ip = host_order(v4);
    return ip >> 24 == 0 || scope4(ip) != ADDR_GLOBAL;
}

/* What leads to the loopback address of another machine is not one of ours. */
static enum addr_scope scope6(const struct addr *a)
{
    struct sockaddr_in6 v6;
    memcpy(&v6, &a->ss, sizeof(v6));
    const struct in6_addr *ip = &v6.sin6_addr;
    if (IN6_IS_ADDR_LOOPBACK(ip))
        return ADDR_LOOPBACK;
    if (IN6_IS_ADDR_UNSPECIFIED(ip))
        return ADDR_GLOBAL;
    if (IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_SITELOCAL(ip) || (ip->s6_addr[0] & 0xfe) == 0xfc)
        return ADDR_LAN;
    return leads_inward(ip->s6_addr) ? ADDR_LAN : ADDR_GLOBAL;
}

enum addr_scope addr_scope(const struct addr *a)
{
    uint32_t ip;
    if (a->ss.ss_family == AF_UNIX)
        return ADDR_UNIX;
    if (get4(a, &ip))
        return scope4(ip);
    return a->ss.ss_family == AF_INET6 ? scope6(a) : ADDR_GLOBAL;
}

bool addr_unspecified(const struct addr *a)
{
    struct sockaddr_in6 v6;
    uint32_t ip;
    if (get4(a, &ip))
        return ip >> 24 == 0;
    memcpy(&v6, &a->ss, sizeof(v6));
    return a->ss.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

const char *addr_path(const struct addr *a)
{
    if (a->ss.ss_family != AF_UNIX)
        return NULL;
    return (const char *)&a->ss + offsetof(struct sockaddr_un, sun_path);
}

uint16_t addr_port(const struct addr *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (a->ss.ss_family) {
    case AF_INET:
        memcpy(&v4, &a->ss, sizeof(v4));
        return ntohs(v4.sin_port);
    case AF_INET6:
        memcpy(&v6, &a->ss, sizeof(v6));
        return ntohs(v6.sin6_port);
    default:
        return 0;
    }
}

void addr_set_port(struct addr *a, uint16_t port)
{
    if (a->ss.ss_family == AF_INET)
        ((struct sockaddr_in *)&a->ss)->sin_port = htons(port);
    else if (a->ss.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a->ss)->sin6_port = htons(port);
}

void addr_text(const struct addr *a, char *out)
{
    char ip[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (a->ss.ss_family) {
    case AF_UNIX:
        snprintf(out, ADDR_TEXT_SIZE, "unix:%s", addr_path(a));
        return;
    case AF_INET:
        memcpy(&v4, &a->ss, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof(ip));
        snprintf(out, ADDR_TEXT_SIZE, "%s:%u", ip, addr_port(a));
        return;
    case AF_INET6:
        memcpy(&v6, &a->ss, sizeof(v6));
        inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof(ip));
        snprintf(out, ADDR_TEXT_SIZE, "[%s]:%u", ip, addr_port(a));
        return;
    default:
        snprintf(out, ADDR_TEXT_SIZE, "?");
    }
}
