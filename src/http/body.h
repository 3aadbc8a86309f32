/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a message's body ends (RFC 9112, sections 6 and 7), for those who watch
 * it go by. Pure; nothing is copied, kept or allocated.
 */
#ifndef BEAM_HTTP_BODY_H
#define BEAM_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "http/head.h"

enum {
    HTTP_CHUNK_LINE_MAX = 4096,   /* bytes of a line with a chunk's size and extensions */
    HTTP_TRAILERS_MAX = 16 * 1024 /* bytes of all trailers */
};

enum http_framing {
    HTTP_BODY_NONE,
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED,
    HTTP_BODY_UNTIL_CLOSE, /* ends with the connection */
    HTTP_BODY_SWITCHED     /* what follows is another protocol: after 101, and 2xx to CONNECT */
};

struct http_body {
    enum http_framing framing;
    bool done; /* the message has ended; at once, where there is no body or another protocol */
    /* Private. */
    int state;
    uint64_t left;  /* bytes of the body, or of the chunk */
    size_t counted; /* bytes of the chunk line, or of the trailers */
};

void http_body_init_request(struct http_body *b, const struct http_head *head);
/* `method` is of the request that it answers. After a 1xx (but 101) another
 * head of the same response follows. */
void http_body_init_response(struct http_body *b, const struct http_head *head,
                             struct http_text method);

/*
 * The next bytes of the connection. Returns how many of them belong to this
 * message: fewer than len only when it is done. BEAM_EPROTO when chunks make no
 * sense, BEAM_ELIMIT when a line of them or the trailers are too long.
 */
ssize_t http_body_feed(struct http_body *b, const void *data, size_t len);

/* How many bytes from here on are content whose value does not matter to the
 * framing; UINT64_MAX: all until the connection ends. */
uint64_t http_body_opaque(const struct http_body *b);
/* Whether it is within the line of a trailer. */
bool http_body_trails(const struct http_body *b);
/* So many of them went by unseen: n <= http_body_opaque. */
void http_body_pass(struct http_body *b, uint64_t n);

/* The sender ended the connection: 0 when the message is whole (a body until
 * close is now done), BEAM_ERESET when it is not. */
int http_body_close(struct http_body *b);

#endif
