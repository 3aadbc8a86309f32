/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/protocol.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "identity/multibase.h"

enum { DNS_MAX = 253, IP4 = 4, IP6 = 16, PORT = 2 };

/* ---- IP addresses, zones, names, ports ----------------------------------------------------- */

static int parse_ip(int family, const char *text, size_t len, struct wire_writer *w)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t ip[IP6];
    if (len >= sizeof(copy) || memchr(text, 0, len))
        return BEAM_EINVAL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(family, copy, ip) != 1)
        return BEAM_EINVAL;
    wire_write_bytes(w, ip, family == AF_INET ? IP4 : IP6);
    return 0;
}

static int parse_ip4(const char *text, size_t len, struct wire_writer *w)
{
    return parse_ip(AF_INET, text, len, w);
}

static int parse_ip6(const char *text, size_t len, struct wire_writer *w)
{
    return parse_ip(AF_INET6, text, len, w);
}

static void print_ip(const uint8_t *at, size_t len, char *out)
{
    inet_ntop(len == IP4 ? AF_INET : AF_INET6, at, out, PROTOCOL_VALUE_TEXT_SIZE);
}

static int parse_port(const char *text, size_t len, struct wire_writer *w)
{
    uint64_t port;
    if (text_number(text, len, UINT16_MAX, &port) < 0)
        return BEAM_EINVAL;
    wire_write_be16(w, (uint16_t)port);
    return 0;
}

static void print_port(const uint8_t *at, size_t len, char *out)
{
    (void)len;
    snprintf(out, PROTOCOL_VALUE_TEXT_SIZE, "%d", at[0] << 8 | at[1]);
}

/* Text that stands in the bytes as it is. */
static int parse_text(const char *text, size_t len, struct wire_writer *w)
{
    wire_write_bytes(w, text, len);
    return 0;
}

static void print_text(const uint8_t *at, size_t len, char *out)
{
    memcpy(out, at, len);
    out[len] = '\0';
}

/* An interface's name or number (RFC 4007, section 11.2). */
static bool zone_valid(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] <= ' ' || at[i] > '~' || at[i] == '/' || at[i] == '%')
            return false;
    return len > 0 && len < IF_NAMESIZE;
}

/* Labels of 1 to 63 characters; the underscore is that of "_dnsaddr". */
static bool dns_valid(const uint8_t *at, size_t len)
{
    size_t label = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = at[i], lower = c | 0x20;
        bool word =
            (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!word && (c != '.' || label == 0))
            return false;
        label = word ? label + 1 : 0;
        if (label > 63)
            return false;
    }
    return len > 0 && len <= DNS_MAX;
}

/* ---- onion3: 32 bytes of key, checksum, version (rend-spec-v3, section 6), port ------------- */

enum { ONION_KEY = 32, ONION_CHECKSUM = 2, ONION_VERSION = 3, ONION_RAW = 35, ONION_TEXT = 56 };

/* An address that is mistyped could never be reached; it is better refused here than by tor. */
static bool onion_valid(const uint8_t *at, size_t len)
{
    static const char label[] = ".onion checksum";
    uint8_t data[sizeof(label) - 1 + ONION_KEY + 1], hash[EVP_MAX_MD_SIZE];
    size_t n = 0;
    memcpy(data, label, sizeof(label) - 1);
    memcpy(data + sizeof(label) - 1, at, ONION_KEY);
    data[sizeof(data) - 1] = ONION_VERSION;
    return len == ONION_RAW + PORT && at[ONION_RAW - 1] == ONION_VERSION &&
           (at[ONION_RAW] != 0 || at[ONION_RAW + 1] != 0) &&
           EVP_Q_digest(NULL, "SHA3-256", NULL, data, sizeof(data), hash, &n) == 1 &&
           memcmp(hash, at + ONION_KEY, ONION_CHECKSUM) == 0;
}

static int parse_onion(const char *text, size_t len, struct wire_writer *w)
{
    uint8_t raw[ONION_RAW];
    size_t n;
    if (len <= ONION_TEXT || text[ONION_TEXT] != ':' ||
        text_base32_decode(text, ONION_TEXT, raw, sizeof(raw), &n) < 0)
        return BEAM_EINVAL;
    wire_write_bytes(w, raw, n);
    return parse_port(text + ONION_TEXT + 1, len - ONION_TEXT - 1, w);
}

static void print_onion(const uint8_t *at, size_t len, char *out)
{
    out[0] = '\0';
    text_base32_encode(at, ONION_RAW, out, PROTOCOL_VALUE_TEXT_SIZE);
    out[ONION_TEXT] = ':';
    print_port(at + ONION_RAW, len - ONION_RAW, out + ONION_TEXT + 1);
}

/* ---- peer ids and hashes of certificates ---------------------------------------------------- */

static int parse_peer(const char *text, size_t len, struct wire_writer *w)
{
    struct peer_id id;
    if (peer_id_parse(text, len, &id, NULL) < 0)
        return BEAM_EINVAL;
    wire_write_bytes(w, id.bytes, id.len);
    return 0;
}

static bool peer_valid(const uint8_t *at, size_t len)
{
    struct peer_id id;
    return peer_id_decode(at, len, &id, NULL) == 0;
}

static void print_peer(const uint8_t *at, size_t len, char *out)
{
    out[0] = '\0';
    text_base58_encode(at, len, out, PROTOCOL_VALUE_TEXT_SIZE);
}

static int parse_hash(const char *text, size_t len, struct wire_writer *w)
{
    uint8_t hash[MULTIBASE_MAX];
    size_t n;
    if (multibase_decode(text, len, hash, sizeof(hash), &n) < 0)
        return BEAM_EINVAL;
    wire_write_bytes(w, hash, n);
    return 0;
}

static bool hash_valid(const uint8_t *at, size_t len)
{
    return len <= MULTIBASE_MAX && multihash_valid(at, len);
}

static void print_hash(const uint8_t *at, size_t len, char *out)
{
    out[0] = '\0';
    multibase_encode(at, len, out, PROTOCOL_VALUE_TEXT_SIZE);
}

/* ---- the table ------------------------------------------------------------------------------ */

#define PORT_FORM "a port from 0 to 65535"
#define NAME_FORM "a DNS name"
#define DNS_ROW   PROTOCOL_LENGTH_FIRST, NAME_FORM, parse_text, print_text, dns_valid
#define PLAIN_ROW PROTOCOL_NO_VALUE, NULL, NULL, NULL, NULL

static const struct protocol protocols[] = {
    {MULTIADDR_IP4, "ip4", IP4, "an IPv4 address", parse_ip4, print_ip, NULL},
    {MULTIADDR_TCP, "tcp", PORT, PORT_FORM, parse_port, print_port, NULL},
    {MULTIADDR_IP6, "ip6", IP6, "an IPv6 address", parse_ip6, print_ip, NULL},
    {MULTIADDR_IP6ZONE, "ip6zone", PROTOCOL_LENGTH_FIRST, "the name of an interface", parse_text,
     print_text, zone_valid},
    {MULTIADDR_DNS, "dns", DNS_ROW},
    {MULTIADDR_DNS4, "dns4", DNS_ROW},
    {MULTIADDR_DNS6, "dns6", DNS_ROW},
    {MULTIADDR_DNSADDR, "dnsaddr", DNS_ROW},
    {MULTIADDR_UDP, "udp", PORT, PORT_FORM, parse_port, print_port, NULL},
    {MULTIADDR_WEBRTC_DIRECT, "webrtc-direct", PLAIN_ROW},
    {MULTIADDR_P2P_CIRCUIT, "p2p-circuit", PLAIN_ROW},
    {MULTIADDR_P2P, "p2p", PROTOCOL_LENGTH_FIRST, "a peer id (12D3KooW…)", parse_peer, print_peer,
     peer_valid},
    /* The older name of the same protocol. */
    {MULTIADDR_P2P, "ipfs", PROTOCOL_LENGTH_FIRST, "a peer id (12D3KooW…)", parse_peer, print_peer,
     peer_valid},
    {MULTIADDR_ONION3, "onion3", ONION_RAW + PORT,
     "a v3 onion address without \".onion\", a colon and a port", parse_onion, print_onion,
     onion_valid},
    {MULTIADDR_TLS, "tls", PLAIN_ROW},
    {MULTIADDR_QUIC_V1, "quic-v1", PLAIN_ROW},
    {MULTIADDR_CERTHASH, "certhash", PROTOCOL_LENGTH_FIRST,
     "the multihash of a certificate in multibase (uEi…)", parse_hash, print_hash, hash_valid},
    {MULTIADDR_WS, "ws", PLAIN_ROW},
};

enum { PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

const struct protocol *protocol_by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < PROTOCOLS; i++)
        if (strlen(protocols[i].name) == len && memcmp(protocols[i].name, name, len) == 0)
            return &protocols[i];
    return NULL;
}

const struct protocol *protocol_by_code(uint64_t code)
{
    for (size_t i = 0; i < PROTOCOLS; i++)
        if (protocols[i].code == code)
            return &protocols[i];
    return NULL;
}
