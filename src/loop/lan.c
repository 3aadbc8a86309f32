/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/lan.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"

static uint32_t bits_of(const struct addr *a)
{
    return ntohl(((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr);
}

static uint32_t mask_of(unsigned prefix)
{
    return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

static unsigned prefix_of(const struct sockaddr *mask)
{
    struct sockaddr_in in;
    memcpy(&in, mask, sizeof(in));
    return (unsigned)__builtin_popcount(in.sin_addr.s_addr);
}

static bool read_lan(const struct ifaddrs *i, const struct permit *permit, struct lan *out)
{
    struct lan l = {.at.len = sizeof(struct sockaddr_in)};
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask ||
        !(i->ifa_flags & IFF_UP) || !(i->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)))
        return false;
    memcpy(&l.at.ss, i->ifa_addr, sizeof(struct sockaddr_in));
    ((struct sockaddr_in *)&l.at.ss)->sin_port = 0;
    l.prefix = prefix_of(i->ifa_netmask);
    l.index = if_nametoindex(i->ifa_name);
    if (l.index == 0 || permit_check_nearby(permit, &l.at, NULL) < 0)
        return false;
    *out = l;
    return true;
}

int lan_list(const struct permit *permit, struct lan out[LANS_MAX])
{
    struct ifaddrs *all;
    int n = 0;
    if (getifaddrs(&all) < 0)
        return BEAM_EIO;
    for (const struct ifaddrs *i = all; i && n < LANS_MAX; i = i->ifa_next)
        n += read_lan(i, permit, &out[n]);
    freeifaddrs(all);
    return n;
}

bool lan_equal(const struct lan *a, const struct lan *b)
{
    return a->index == b->index && a->prefix == b->prefix && bits_of(&a->at) == bits_of(&b->at);
}

bool lan_covers(const struct lan *l, const struct addr *a)
{
    return a->ss.ss_family == AF_INET && ((bits_of(a) ^ bits_of(&l->at)) & mask_of(l->prefix)) == 0;
}
