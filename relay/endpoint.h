/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a relay's public endpoints are, and which one a request is for. Pure. Each endpoint has a
 * URL below the relay's own, "http://relay.example/t/ID/"; a relay with a domain gives each a host
 * of its own beside it, "http://NAME.relay.example/" or "http://ID.relay.example/". Or all of them
 * are https.
 *
 * Those of TLS passthrough are at "https://NAME.tls.relay.example/": a certificate for
 * *.relay.example is for one label (RFC 9525, 6.3), so that the relay has none for these hosts, and
 * no browser takes a connection that the relay opened for one to them (RFC 9113, 9.1.1). Hosts
 * there are sealed: nothing below tls.relay.example is ever the relay's to open.
 */
#ifndef BEAM_RELAY_ENDPOINT_H
#define BEAM_RELAY_ENDPOINT_H

#include <stdbool.h>

#include "base/addr.h"
#include "http/head.h"
#include "relay/lease.h"

enum { ENDPOINT_PREFIX_SIZE = 3 + RESERVATION_ID_TEXT, ENDPOINT_HOST_SIZE = 254 };

/* Only endpoint_base_init fills it. May be copied. */
struct endpoint_base {
    char host[ENDPOINT_HOST_SIZE + 8]; /* "relay.example:8080", or without a port */
    char domain[ENDPOINT_HOST_SIZE];   /* "relay.example"; "" for none */
    char port[8];                      /* ":8080", or "" */
    bool https;                        /* what visitors are to come by */
};

/* "http" or "https". Static storage. */
const char *endpoint_scheme(const struct endpoint_base *base);

/*
 * `url`: where the front is reached from outside, "http[s]://HOST[:PORT]"; "" takes the domain, or
 * the address it listens at, over HTTPS if `https`. `domain`: under which every host leads here; ""
 * for none. BEAM_EINVAL with words.
 */
int endpoint_base_init(const char *url, const char *domain, const struct addr *listening,
                       bool https, struct endpoint_base *out, struct beam_why *why);

/* The URLs of a lease, the one to show first first. Returns how many. */
size_t endpoint_urls(const struct endpoint_base *base, const struct lease *lease,
                     char out[RESERVATION_URLS_MAX][RESERVATION_URL_SIZE]);

struct endpoint {
    char name[RESERVATION_NAME_SIZE]; /* or "", and then: */
    uint8_t id[RESERVATION_ID_SIZE];
    char prefix[ENDPOINT_PREFIX_SIZE]; /* of the request's target, "/t/ID"; "" for none */
    bool sealed;                       /* the host is, whether it is an endpoint's or not */
};

/* Whether TLS to a host is not for the relay to open, whoever has it, and if nobody does. */
bool endpoint_is_sealed(const struct endpoint_base *base, struct http_text host);

/* Whether a request's host is the relay's own, or none. */
bool endpoint_is_relay(const struct endpoint_base *base, struct http_text host);
/* How many bytes of an authority are its host, in brackets perhaps: the rest is its port. */
size_t endpoint_host_len(const char *text, size_t len);
/* Whether HOST or HOST:PORT is an address of loopback or localhost. A name that only begins so, as
 * 127.0.0.1.example, is anybody's. */
bool endpoint_is_loopback(struct http_text host);

/* Which endpoint has this host for its own, whether there is such a one or not. False: none has. */
bool endpoint_find_host(const struct endpoint_base *base, struct http_text host,
                        struct endpoint *out);
/* Which endpoint a request is for, whether there is such a one or not. False: for none. */
bool endpoint_find(const struct endpoint_base *base, const struct http_head *head,
                   struct endpoint *out);

#endif
