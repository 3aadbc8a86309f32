/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields that mean something to a proxy. Pure. */
#ifndef BEAM_PROXY_FIELD_H
#define BEAM_PROXY_FIELD_H

#include <stdbool.h>

#include "http/head.h"

enum field {
    FIELD_OTHER,
    FIELD_AUTHORIZATION,
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_COOKIE,
    FIELD_EXPECT,
    FIELD_FORWARDED, /* Forwarded, X-Forwarded-*, X-Real-IP; also spelt with _ */
    FIELD_HOP,       /* of this connection alone: Keep-Alive, Proxy-Connection */
    FIELD_HOST,
    FIELD_LOCATION, /* and Content-Location */
    FIELD_ORIGIN,   /* of a response: what it bids a browser holds for all of the host */
    FIELD_SET_COOKIE,
    FIELD_TE,
    FIELD_TRAILER,
    FIELD_TRANSFER_ENCODING,
    FIELD_UPGRADE,
    FIELD_LOOKALIKE /* Content-Length or Transfer-Encoding spelt with _ */
};

enum field field_of(struct http_text name);

/* Whether a name is `word`, in lower case and with -, to those to whom - and _ are one. */
bool field_alike(struct http_text name, const char *word);

/* Whether a value has no control characters but tabs (RFC 9110, 5.5). */
bool field_good(struct http_text value);
/* A decimal number as everybody reads it: digits alone, without a 0 in front. */
bool field_number(struct http_text value);

/* The values of a head's Connection fields. More of them than this are a fault. */
enum { FIELD_CONNECTIONS = 4 };
struct field_connections {
    size_t count;
    struct http_text value[FIELD_CONNECTIONS];
};
/* Appends one; false: too many. */
bool field_connection_add(struct field_connections *c, struct http_text value);
/* Whether Connection names it. */
bool field_connection_names(const struct field_connections *c, struct http_text name);

#endif
