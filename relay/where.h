/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ADDR: where a relay is, as a user types it. Pure; never asks DNS.
 *
 *     relay.example:4001   127.0.0.1:4001   [::1]:4001   ADDRESS.onion:4001
 *     /dns4/relay.example/tcp/4001   /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…
 *     12D3KooW…
 */
#ifndef BEAM_RELAY_WHERE_H
#define BEAM_RELAY_WHERE_H

#include "identity/multiaddr.h"

enum { WHERE_TEXT_SIZE = 512 };

struct where {
    char text[WHERE_TEXT_SIZE]; /* as it was typed */
    struct multiaddr addr;      /* without a last /p2p; empty for a bare peer id */
    struct peer_id peer;        /* len 0: not said */
    bool loopback;              /* an address of this machine */
};

/* 0 or BEAM_EINVAL with words. */
int where_parse(const char *text, struct where *out, struct beam_why *why);

/* "http[s]://HOST[:PORT]/…" taken apart: where it is asked for, and what for. */
struct where_url {
    struct multiaddr addr;
    bool https;
    char host[WHERE_TEXT_SIZE];      /* "relay.example"; without brackets: whom TLS is to prove */
    char authority[WHERE_TEXT_SIZE]; /* "relay.example:8080", for Host */
    char path[WHERE_TEXT_SIZE];      /* "/t/…/" */
    uint16_t port;
    bool loopback;
};

/* 0 or BEAM_EINVAL with words (another scheme, user names, …). */
int where_parse_url(const char *url, struct where_url *out, struct beam_why *why);
/* "SCHEME://HOST:PORT" and nothing behind it; the path is "". The same. */
int where_parse_port(const char *url, const char *scheme, struct where_url *out,
                     struct beam_why *why);

#endif
