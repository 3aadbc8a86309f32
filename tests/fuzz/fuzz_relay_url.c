/* SPDX-License-Identifier: BSD-3-Clause */
/* The URLs that a relay promises: what is taken has a host, a port and an address, and is what its
 * parts say again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct where_url *u)
{
    char text[MULTIADDR_TEXT_SIZE];
    multiaddr_text(&u->addr, text);
    if (u->addr.len == 0 || u->port == 0 || !u->host[0] || !u->authority[0] || !text[0])
        abort();
}

static void again(const char *url, const char *scheme, const struct where_url *u)
{
    char text[2 * WHERE_TEXT_SIZE + 16];
    snprintf(text, sizeof(text), "%s://%s%s", scheme, u->authority, u->path);
    if (strcmp(text, url) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemes[] = {"tcp", "udp"};
    char url[WHERE_TEXT_SIZE + 64];
    struct where_url u;
    struct beam_why why;
    if (size >= sizeof(url) || memchr(data, 0, size))
        return 0;
    memcpy(url, data, size);
    url[size] = '\0';
    if (where_parse_url(url, &u, &why) == 0) {
        check(&u);
        again(url, u.https ? "https" : "http", &u);
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (where_parse_port(url, schemes[i], &u, &why) == 0) {
            check(&u);
            again(url, schemes[i], &u);
        }
    return 0;
}
