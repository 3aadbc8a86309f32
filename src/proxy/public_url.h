/* SPDX-License-Identifier: BSD-3-Clause */
/* What a target says of its own URLs, turned into what a visitor can use. Pure. */
#ifndef BEAM_PROXY_PUBLIC_URL_H
#define BEAM_PROXY_PUBLIC_URL_H

#include "proxy/draft.h"

struct public_url {
    const char *prefix;      /* in front of the target's paths; NULL: none */
    const char *target_host; /* as the target knows itself; NULL: as the visitor asked */
    const char *scheme;      /* of the visitor's URL; NULL: not known */
    struct http_text host;   /* that the visitor asked */
    bool host_only_cookies;
};

/* A Location (RFC 9110, 10.2.2). One to another host, or relative to the page, stays as it is. */
void public_url_location(const struct public_url *u, struct http_text value, struct draft *out);
/* A Set-Cookie (RFC 6265, 4.1): its Path and Domain. A name with __Host- keeps its Path, or it
 * would be refused. */
void public_url_cookie(const struct public_url *u, struct http_text value, struct draft *out);

#endif
