/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/place.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

static void set_port(struct addr *a, uint16_t port)
{
    if (a->ss.ss_family == AF_INET)
        ((struct sockaddr_in *)&a->ss)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&a->ss)->sin6_port = htons(port);
}

int place_read(const char *what, const char *text, struct addr *out, struct beam_why *why)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t len = colon ? (size_t)(colon - text) : 0;
    uint64_t port = 0;
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        host++;
        len -= 2;
    }
    if (!colon || (!bracketed && memchr(host, ':', len)) ||
        text_number(colon + 1, strlen(colon + 1), UINT16_MAX, &port) < 0 ||
        addr_ip(host, len, 1, out) < 0)
        return beam_why(
            why, BEAM_EUSAGE,
            "%s %s: not an address to listen at (give ADDRESS:PORT, as in 0.0.0.0:4001)", what,
            text);
    set_port(out, (uint16_t)port);
    return 0;
}
