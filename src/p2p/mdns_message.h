/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DNS messages by which peers on one link find each other (libp2p/specs, discovery/mdns; RFC
 * 1035, 4.1; RFC 6762, 18; RFC 6763, 6). Pure, without an allocation.
 *
 * A query asks for PTR records of _p2p._udp.local. An answer has one, which names a peer by a
 * random label, and a TXT record of that name, whose strings are "dnsaddr=" and a multiaddr that
 * ends in the peer's id. Everything else in a message is passed over.
 */
#ifndef BEAM_P2P_MDNS_MESSAGE_H
#define BEAM_P2P_MDNS_MESSAGE_H

#include <stdbool.h>

#include "identity/multiaddr.h"

enum {
    MDNS_SENT_MAX = 1400,     /* bytes; a packet of Ethernet */
    MDNS_RECEIVED_MAX = 9000, /* RFC 6762, 17 */
    MDNS_NAME_LEN = 32,       /* letters of our own label */
    MDNS_NAME_SIZE = 64,
    MDNS_FOUND_MAX = 64,  /* addresses in a message */
    MDNS_STRING_MAX = 255 /* bytes of a TXT record's string */
};

/* What a query may ask for that concerns us, as bits. */
enum mdns_ask {
    MDNS_ASKS_PEERS = 1u << 0,    /* all peers */
    MDNS_ASKS_SERVICES = 1u << 1, /* all services (RFC 6763, 9), of which peers are one */
    MDNS_ASKS_ME = 1u << 2        /* what we are by name */
};

struct mdns_message {
    bool answer;   /* else a query */
    unsigned asks; /* of a query */
    size_t n;
    struct mdns_found {
        char name[MDNS_NAME_SIZE]; /* the peer's label, in lower case */
        uint32_t ttl_s;
        const char *text; /* a multiaddr, unchecked; borrowed from the message */
        size_t len;
    } found[MDNS_FOUND_MAX];
};

/* `me`: our own label. 0; BEAM_EINVAL (it is no DNS message, or an error or an operation that mDNS
 * does not have). Addresses beyond MDNS_FOUND_MAX are passed over. */
int mdns_message_read(const void *data, size_t len, const char *me, struct mdns_message *out);

/* The query for all peers, into out[MDNS_SENT_MAX]; its length. */
size_t mdns_message_query(uint8_t *out);
/*
 * The answer to what was asked, into out[MDNS_SENT_MAX]: of the addresses, which end in our /p2p,
 * as many as there is room for; those whose text is longer than a string may be are left out. Its
 * length; 0 where there is nothing to say.
 */
size_t mdns_message_answer(const char *me, unsigned asks, const struct multiaddr *addrs, size_t n,
                           uint32_t ttl_s, uint8_t *out);

#endif
