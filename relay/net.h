/* SPDX-License-Identifier: BSD-3-Clause */
/* Whence visitors and owners come: an IP address, or all those with the same first bits. Pure. */
#ifndef BEAM_RELAY_NET_H
#define BEAM_RELAY_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/multiaddr.h"

enum { NET_IP4_BITS = 32, NET_IP6_BITS = 128, NET_SOURCE4 = 24, NET_SOURCE6 = 48 };
enum { NET_TEXT_SIZE = 64 };

/* Without padding, so that its bytes are a key. Bits behind `bits` are zero. */
struct net {
    uint8_t version; /* 4, 6; 0: none is known */
    uint8_t bits;
    uint8_t ip[16];
};

/* An address as a net of its own; one mapped into IPv6 is of IPv4. NULL and a unix socket: none. */
void net_of(const struct addr *a, struct net *out);
/* The same of a connection's /ip4|ip6/…/tcp|udp/…; others (an onion's): none. */
void net_of_multiaddr(const struct multiaddr *a, struct net *out);
/* What quotas are counted by: the /24 of IPv4, the /48 of IPv6. False: no address is known, or
 * it is of this machine (a proxy in front of the relay, which has visitors from everywhere). */
bool net_source(const struct net *from, struct net *out);
/* The net of its first bits, `bits` at most those that it has. */
void net_cut(const struct net *n, uint8_t bits, struct net *out);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone. BEAM_EINVAL: neither, or bits are set
 * behind the prefix. */
int net_parse(const char *text, struct net *out);
void net_text(const struct net *n, char out[NET_TEXT_SIZE]);

#endif
