/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request and response of HTTP/2 (http/h2) as a stream that an engine takes for a visitor's of
 * HTTP/1.1: it reads one request from it, then the end once the response is whole, and what it
 * writes goes on as that response. Content without a length is in chunks on this stream, and
 * nowhere else; trailers go on behind it, both ways (a request's with a length cannot have any).
 * After a 101 to who asked for a WebSocket the bytes are that protocol's, both ways.
 */
#ifndef BEAM_PROXY_H2_EXCHANGE_H
#define BEAM_PROXY_H2_EXCHANGE_H

#include "http/h2.h"
#include "loop/loop.h"
#include "stream/stream.h"

struct h2_exchange_owner {
    void (*stir)(void *arg); /* there is something to send: not from within this call */
    void (*gone)(void *arg); /* the stream was freed, and its h2_stream forgotten */
    void *arg;
};

/* `core` is new, and is forgotten when the stream is freed. 0 or BEAM_ENOMEM: forgotten already. */
int h2_exchange_new(struct loop *l, struct h2_stream *core, const struct h2_exchange_owner *owner,
                    struct stream **out);
/* Its core had news. */
void h2_exchange_news(struct h2_stream *core, unsigned news);

#endif
