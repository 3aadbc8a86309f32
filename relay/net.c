/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static uint8_t whole(const struct net *n)
{
    return n->version == 4 ? NET_IP4_BITS : NET_IP6_BITS;
}

static void take4(const void *ip, struct net *out)
{
    out->version = 4;
    out->bits = NET_IP4_BITS;
    memcpy(out->ip, ip, 4);
}

void net_of(const struct addr *a, struct net *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memset(out, 0, sizeof(*out));
    if (a && a->ss.ss_family == AF_INET) {
        memcpy(&v4, &a->ss, sizeof(v4));
        take4(&v4.sin_addr, out);
    } else if (a && a->ss.ss_family == AF_INET6) {
        memcpy(&v6, &a->ss, sizeof(v6));
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            take4(v6.sin6_addr.s6_addr + 12, out);
            return;
        }
        out->version = 6;
        out->bits = NET_IP6_BITS;
        memcpy(out->ip, &v6.sin6_addr, sizeof(out->ip));
    }
}

void net_of_multiaddr(const struct multiaddr *a, struct net *out)
{
    enum multiaddr_code transport;
    struct addr at;
    net_of(multiaddr_to_addr(a, &at, &transport) == 0 ? &at : NULL, out);
}

void net_cut(const struct net *n, uint8_t bits, struct net *out)
{
    *out = *n;
    out->bits = bits;
    for (size_t i = 0; i < sizeof(out->ip); i++) {
        size_t before = 8 * i;
        if (before >= bits)
            out->ip[i] = 0;
        else if (before + 8 > bits)
            out->ip[i] &= (uint8_t)(0xff << (before + 8 - bits));
    }
}

static bool is_loopback(const struct net *n)
{
    static const uint8_t one[16] = {[15] = 1};
    return n->version == 4 ? n->ip[0] == 127 : memcmp(n->ip, one, sizeof(one)) == 0;
}

bool net_source(const struct net *from, struct net *out)
{
    if (from->version == 0 || is_loopback(from))
        return false;
    net_cut(from, from->version == 4 ? NET_SOURCE4 : NET_SOURCE6, out);
    return true;
}

int net_parse(const char *text, struct net *out)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    struct addr addr;
    struct net n, cut;
    uint64_t bits;
    if (addr_ip(text, len, 1, &addr) < 0)
        return BEAM_EINVAL;
    net_of(&addr, &n);
    bits = whole(&n);
    if (slash && text_number(slash + 1, strlen(slash + 1), bits, &bits) < 0)
        return BEAM_EINVAL;
    net_cut(&n, (uint8_t)bits, &cut);
    if (memcmp(n.ip, cut.ip, sizeof(n.ip)) != 0)
        return BEAM_EINVAL;
    *out = cut;
    return 0;
}

void net_text(const struct net *n, char out[NET_TEXT_SIZE])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (n->version)
        inet_ntop(n->version == 4 ? AF_INET : AF_INET6, n->ip, ip, sizeof(ip));
    if (n->bits == whole(n))
        snprintf(out, NET_TEXT_SIZE, "%s", ip);
    else
        snprintf(out, NET_TEXT_SIZE, "%s/%u", ip, n->bits);
}
