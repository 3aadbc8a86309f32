/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/way.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

static const char tld[] = ".onion";
enum { ONION_RAW = 35, PORT_LEN = 2, TRANSPORT_PARTS = 2, OTHERS_ARE_SLOWER = 3 };

const char *way_name(enum way way)
{
    switch (way) {
    case WAY_DIRECT:
        return "direct";
    case WAY_ONION:
        return "onion";
    case WAY_EXIT:
        return "exit";
    case WAY_CIRCUIT:
        return "circuit";
    }
    return "unknown";
}

uint64_t way_patience(enum way way, uint64_t ms)
{
    return way == WAY_DIRECT ? ms : ms * OTHERS_ARE_SLOWER;
}

static int not_spoken(struct beam_why *why)
{
    return beam_why(why, BEAM_EINVAL,
                    "address: its transport is not spoken here (one of /ip4/ADDRESS/tcp/PORT, "
                    "/ip6/ADDRESS/tcp/PORT, /dns/NAME/tcp/PORT and /onion3/ONION:PORT, with "
                    "/p2p/PEER behind it or not, or with /p2p/RELAY/p2p-circuit/p2p/PEER)");
}

static uint16_t port_of(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* The parts before a last /p2p: how many, and the first two of them. */
static size_t transport(const struct multiaddr *a, struct multiaddr_part parts[TRANSPORT_PARTS])
{
    struct multiaddr_part part;
    size_t pos = 0, n = 0;
    while (multiaddr_next(a, &pos, &part)) {
        if (part.code == MULTIADDR_P2P && pos == a->len)
            break;
        if (n < TRANSPORT_PARTS)
            parts[n] = part;
        n++;
    }
    return n;
}

static int need_tor(const struct permit *permit, bool tor, struct beam_why *why)
{
    int err = permit_check_tor(permit, why);
    if (err < 0)
        return err;
    return tor ? 0
               : beam_why(why, BEAM_EPOLICY,
                          "address: it is reached through Tor alone, which is not used here");
}

static int find_onion(const struct multiaddr_part *part, const struct permit *permit, bool tor,
                      struct way_target *out, struct beam_why *why)
{
    int err = need_tor(permit, tor, why);
    if (err < 0)
        return err;
    out->way = WAY_ONION;
    out->port = port_of(part->at + ONION_RAW);
    err = text_base32_encode(part->at, ONION_RAW, out->host, sizeof(out->host) - sizeof(tld) + 1);
    if (err == 0)
        memcpy(out->host + strlen(out->host), tld, sizeof(tld));
    return err;
}

static int find_name(const struct multiaddr_part parts[TRANSPORT_PARTS],
                     const struct permit *permit, bool tor, struct way_target *out,
                     struct beam_why *why)
{
    int err = need_tor(permit, tor, why);
    if (err < 0)
        return err;
    if (parts[0].len == 0 || parts[0].len > WAY_HOST_MAX)
        return not_spoken(why);
    out->way = WAY_EXIT;
    memcpy(out->host, parts[0].at, parts[0].len);
    out->host[parts[0].len] = '\0';
    out->port = port_of(parts[1].at);
    return 0;
}

/* An IP address: straight there if the permit has it, else by an exit if that could reach it. */
static int find_ip(const struct multiaddr *a, const struct permit *permit,
                   enum permit_origin origin, bool tor, struct way_target *out,
                   struct beam_why *why)
{
    enum multiaddr_code code;
    int err = multiaddr_to_addr(a, &out->at, &code);
    if (err < 0)
        return not_spoken(why);
    out->port = addr_port(&out->at);
    err = permit_check(permit, &out->at, origin, why);
    if (err == 0) {
        out->way = WAY_DIRECT;
        return 0;
    }
    if (addr_scope(&out->at) != ADDR_GLOBAL || addr_unspecified(&out->at))
        return err;
    err = need_tor(permit, tor, why);
    if (err < 0)
        return err;
    out->way = WAY_EXIT;
    const void *raw = &((const struct sockaddr_in *)&out->at.ss)->sin_addr;
    if (out->at.ss.ss_family == AF_INET6)
        raw = &((const struct sockaddr_in6 *)&out->at.ss)->sin6_addr;
    return inet_ntop(out->at.ss.ss_family, raw, out->host, sizeof(out->host)) ? 0 : BEAM_EINVAL;
}

/* ---- by a circuit --------------------------------------------------------------------------- */

int way_hop(const struct multiaddr *a, struct way_hop *out)
{
    struct multiaddr_part part;
    struct multiaddr relay;
    struct way_hop hop = {.at = {0}};
    size_t pos = 0, before = 0;
    while (multiaddr_next(a, &pos, &part) && part.code != MULTIADDR_P2P_CIRCUIT)
        before = pos;
    if (part.code != MULTIADDR_P2P_CIRCUIT || before == 0)
        return BEAM_EINVAL;
    if (multiaddr_next(a, &pos, &part) && (part.code != MULTIADDR_P2P || pos != a->len))
        return BEAM_EINVAL;
    if (multiaddr_decode(a->bytes, before, &relay, NULL) < 0 ||
        multiaddr_peer(&relay, &hop.relay) < 0)
        return BEAM_EINVAL;
    multiaddr_without_peer(&relay, &hop.at);
    *out = hop;
    return 0;
}

/* What is dialled is the relay: so that is what the permit is asked about. */
static int find_circuit(const struct multiaddr *a, const struct permit *permit,
                        enum permit_origin origin, unsigned means, struct way_target *out,
                        struct beam_why *why)
{
    struct way_target relay;
    struct way_hop hop;
    if (way_hop(a, &hop) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "address: not one of a circuit (RELAY's address, then "
                        "/p2p/RELAY/p2p-circuit/p2p/PEER, by way of one relay)");
    if (!(means & WAY_BY_CIRCUIT))
        return beam_why(why, BEAM_EINVAL, "address: nothing goes by way of relays here");
    out->way = WAY_CIRCUIT;
    if (hop.at.len == 0)
        return 0; /* where the relay is found is judged then */
    return way_find(&hop.at, permit, origin, means & WAY_BY_TOR, &relay, why);
}

int way_find(const struct multiaddr *a, const struct permit *permit, enum permit_origin origin,
             unsigned means, struct way_target *out, struct beam_why *why)
{
    struct multiaddr_part parts[TRANSPORT_PARTS];
    struct way_target found = {.origin = origin};
    size_t n = transport(a, parts);
    bool tor = means & WAY_BY_TOR;
    int err;
    if (multiaddr_has(a, MULTIADDR_P2P_CIRCUIT)) {
        err = find_circuit(a, permit, origin, means, &found, why);
    } else if (n == 1 && parts[0].code == MULTIADDR_ONION3) {
        err = find_onion(&parts[0], permit, tor, &found, why);
    } else if (n == 2 && parts[1].code == MULTIADDR_TCP && port_of(parts[1].at) > 0) {
        switch (parts[0].code) {
        case MULTIADDR_IP4:
        case MULTIADDR_IP6:
            err = find_ip(a, permit, origin, tor, &found, why);
            break;
        case MULTIADDR_DNS:
        case MULTIADDR_DNS4:
        case MULTIADDR_DNS6:
            err = find_name(parts, permit, tor, &found, why);
            break;
        default:
            return not_spoken(why);
        }
    } else {
        return not_spoken(why);
    }
    if (err < 0)
        return err;
    *out = found;
    return 0;
}

int way_dialable(const struct multiaddr *a, struct beam_why *why)
{
    struct multiaddr_part parts[TRANSPORT_PARTS];
    enum multiaddr_code code;
    struct addr at;
    size_t n = transport(a, parts);
    struct way_hop hop;
    if (multiaddr_has(a, MULTIADDR_P2P_CIRCUIT))
        return way_hop(a, &hop) == 0 && hop.at.len > 0 ? way_dialable(&hop.at, why)
                                                       : not_spoken(why);
    bool onion = n == 1 && parts[0].code == MULTIADDR_ONION3;
    bool tcp = n == 2 && parts[1].code == MULTIADDR_TCP && port_of(parts[1].at) > 0;
    bool name = tcp && (parts[0].code == MULTIADDR_DNS || parts[0].code == MULTIADDR_DNS4 ||
                        parts[0].code == MULTIADDR_DNS6);
    if (onion || name)
        return 0;
    if (!tcp || multiaddr_to_addr(a, &at, &code) < 0)
        return not_spoken(why);
    if (addr_unspecified(&at))
        return beam_why(
            why, BEAM_EINVAL,
            "address: it says every address of a machine, where one listens and none is "
            "reached (give the one at which the peer is)");
    return 0;
}

bool way_public(const struct multiaddr *a, bool private)
{
    struct addr at;
    struct multiaddr_part first;
    size_t pos = 0;
    if (!multiaddr_next(a, &pos, &first))
        return false;
    if (first.code == MULTIADDR_IP6ZONE)
        return private;
    if (multiaddr_ip(a, &at) < 0)
        return true;
    return !addr_unspecified(&at) && (private || addr_scope(&at) == ADDR_GLOBAL);
}

/* Lower is tried earlier. */
static int rank(const struct way_target *t)
{
    if (t->way != WAY_DIRECT)
        return 8 + (int)t->way;
    int v4 = t->at.ss.ss_family == AF_INET;
    return 2 * (int)addr_scope(&t->at) + v4;
}

int way_compare(const struct way_target *a, const struct way_target *b)
{
    return rank(a) - rank(b);
}
