/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that say how they are spoken to (multiformats/multiaddr, libp2p/specs, addressing), as
 * "/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…". Pure; never asks DNS.
 *
 * An address is kept as its bytes, which were checked and have one form, so that equal addresses
 * are equal bytes. Protocols that are not listed below are refused by name or code.
 */
#ifndef BEAM_IDENTITY_MULTIADDR_H
#define BEAM_IDENTITY_MULTIADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "identity/peer_id.h"

/* Codes of multiformats/multiaddr, protocols.csv. */
enum multiaddr_code {
    MULTIADDR_IP4 = 4,
    MULTIADDR_TCP = 6,
    MULTIADDR_IP6 = 41,
    MULTIADDR_IP6ZONE = 42,
    MULTIADDR_DNS = 53,
    MULTIADDR_DNS4 = 54,
    MULTIADDR_DNS6 = 55,
    MULTIADDR_DNSADDR = 56,
    MULTIADDR_UDP = 273,
    MULTIADDR_WEBRTC_DIRECT = 280,
    MULTIADDR_P2P_CIRCUIT = 290,
    MULTIADDR_P2P = 421,
    MULTIADDR_ONION3 = 445,
    MULTIADDR_TLS = 448,
    MULTIADDR_QUIC_V1 = 461,
    MULTIADDR_CERTHASH = 466,
    MULTIADDR_WS = 477
};

enum {
    MULTIADDR_MAX = 512,       /* bytes */
    MULTIADDR_PARTS_MAX = 32,  /* protocols */
    MULTIADDR_TEXT_SIZE = 2560 /* characters of the longest, and a NUL */
};

/* Only the functions below fill it; {0} is the empty one. May be copied. */
struct multiaddr {
    uint16_t len;
    uint8_t bytes[MULTIADDR_MAX];
};

/* From text. BEAM_EINVAL, BEAM_ELIMIT with words in `why` (NULL allowed), which quote the text
 * escaped. An empty address is refused, as is a '/' at the end. */
int multiaddr_parse(const char *text, size_t len, struct multiaddr *out, struct beam_why *why);
/* From bytes, all of them. As multiaddr_parse. */
int multiaddr_decode(const void *data, size_t len, struct multiaddr *out, struct beam_why *why);
/* As much of it as can be read: what comes before the first protocol that is not known here. 0, or
 * BEAM_EINVAL if that is nothing. */
int multiaddr_decode_start(const void *data, size_t len, struct multiaddr *out);
/* The text that parses into the same bytes. */
void multiaddr_text(const struct multiaddr *a, char out[MULTIADDR_TEXT_SIZE]);

bool multiaddr_equal(const struct multiaddr *a, const struct multiaddr *b);
/* An order of all addresses: below, equal or above zero. */
int multiaddr_compare(const struct multiaddr *a, const struct multiaddr *b);

struct multiaddr_part {
    enum multiaddr_code code;
    const uint8_t *at; /* borrowed from the address: the value, without a length before it */
    size_t len;
};

/* The part at *pos (0 at first), which is moved behind it; false at the end. */
bool multiaddr_next(const struct multiaddr *a, size_t *pos, struct multiaddr_part *out);
/* Whether a part is of this protocol. */
bool multiaddr_has(const struct multiaddr *a, enum multiaddr_code code);

/* Puts `inner` behind `outer`. 0 or BEAM_ELIMIT. out may be either. */
int multiaddr_join(const struct multiaddr *outer, const struct multiaddr *inner,
                   struct multiaddr *out);
/* Puts /p2p/ID at the end. 0 or BEAM_ELIMIT. out may be a. */
int multiaddr_with_peer(const struct multiaddr *a, const struct peer_id *id, struct multiaddr *out);
/* Takes a last /p2p/ID away, which may leave the address empty. out may be a. */
void multiaddr_without_peer(const struct multiaddr *a, struct multiaddr *out);
/* The peer that the address ends with. 0 or BEAM_ENOTFOUND. */
int multiaddr_peer(const struct multiaddr *a, struct peer_id *out);

/* From an IP address and port; transport is MULTIADDR_TCP or MULTIADDR_UDP. 0 or BEAM_EINVAL. */
int multiaddr_from_addr(const struct addr *addr, enum multiaddr_code transport,
                        struct multiaddr *out);
/* The IP address that it starts with; the port of `out` means nothing. 0 or BEAM_EINVAL. */
int multiaddr_ip(const struct multiaddr *a, struct addr *out);
/* What an address that starts with ip4 or ip6, then tcp or udp, is reached at, and over which of
 * the two; what comes behind is for the caller to look at. BEAM_EINVAL: another start, port 0. */
int multiaddr_to_addr(const struct multiaddr *a, struct addr *out, enum multiaddr_code *transport);

#endif
