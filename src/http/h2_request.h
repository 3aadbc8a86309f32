/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fields of a request over HTTP/2 (RFC 9113, 8.2 and 8.3), gathered as they are decoded, and
 * written out as the head of the same request in HTTP/1.1 (RFC 9112): who reads it has one judge
 * for both, and no field can say anything in the one that it does not in the other. Pure.
 *
 * Refused: a pseudo-field that is twice there, unknown or behind others, fields that belong to a
 * connection, `te` other than trailers, names not in lower case, control characters, a Host
 * that is not :authority, a length of a body that is none. A Cookie in crumbs is put together
 * (8.2.3).
 * An extended CONNECT to "websocket" (RFC 8441) becomes an upgrade (RFC 6455).
 */
#ifndef BEAM_HTTP_H2_REQUEST_H
#define BEAM_HTTP_H2_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/head.h"

enum {
    H2_REQUEST_LIST_MAX = 48 * 1024, /* bytes of all fields, 32 more each (RFC 9113, 10.5.1) */
    H2_REQUEST_KEY_SIZE = 25,        /* of a Sec-WebSocket-Key, its NUL included */
    H2_REQUEST_ACCEPT_SIZE = 29      /* of the Sec-WebSocket-Accept that answers it */
};

struct h2_request_text {
    char *at;
    size_t len, room;
};

struct h2_request { /* private; zeroed before its first use */
    struct h2_request_text pseudo, lines, cookie, host;
    struct {
        size_t at, len;
        bool there;
    } part[5];
    size_t size;
    bool regular, has_host, has_length, length_is_0;
    int err;
};

/* Begins anew, and keeps its memory. */
void h2_request_begin(struct h2_request *r);
/* Lets its memory go. */
void h2_request_free(struct h2_request *r);
/* The next field. What is wrong with one shows at the end. */
void h2_request_field(struct h2_request *r, struct http_text name, struct http_text value);

struct h2_request_kind {                 /* what an answer has to know of it */
    char method[HTTP_METHOD_MAX + 1];    /* of the head that was written */
    bool websocket;                      /* it asks for one */
    char accept[H2_REQUEST_ACCEPT_SIZE]; /* ... and this is what grants it */
    bool bodiless;
    bool has_length; /* its body is as long as Content-Length says; else chunked */
};

/*
 * Appends the head. `ended`: no body follows. `key` is what an upgrade sends, from 16 random bytes.
 * 0; the status of the answer it gets instead: 431, 501; BEAM_EPROTO: it is malformed (8.1.1), and
 * its stream to be reset; BEAM_ENOMEM, BEAM_ELIMIT.
 */
int h2_request_end(const struct h2_request *r, bool ended, const char key[H2_REQUEST_KEY_SIZE],
                   struct buf *out, struct h2_request_kind *kind);

/*
 * A field behind the content (8.1), as a line of `out`. 0; BEAM_EPROTO: it is malformed, or one
 * that frames or routes a message and has no place there, and its stream is to be reset;
 * BEAM_ENOMEM, BEAM_ELIMIT.
 */
int h2_request_trailer(struct http_text name, struct http_text value, struct buf *out);

#endif
