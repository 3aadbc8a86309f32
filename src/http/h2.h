/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's connection of HTTP/2 (RFC 9113, 8441), seen from the server: bytes in, bytes out, and
 * streams between them, each a request and its response. Frames, HPACK and windows are
 * libnghttp2's. A request's head comes as one of HTTP/1.1 (http/h2_request), its content as it is,
 * its trailers as lines of fields; a response's head is given as one of HTTP/1.1. Content is
 * handed over, not copied, but for small pieces. Pure.
 *
 * Bounds: so many streams at once; what a stream's reader has not taken stays below its window,
 * and of wide windows there are few; field sections, and work that is of no use (http/h2_guard).
 * What a client may not do ends its stream, or the connection with a GOAWAY that says why.
 * Priorities are the client's to ask for among its own streams.
 */
#ifndef BEAM_HTTP_H2_H
#define BEAM_HTTP_H2_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/rng.h"
#include "http/body.h"
#include "http/h2_request.h"
#include "http/head.h"

enum {
    H2_STREAMS = 100,        /* at once */
    H2_WINDOW = 64 * 1024,   /* bytes of a request's content that wait for a reader */
    H2_WIDE = 1024 * 1024,   /* ... of one who reads fast */
    H2_WIDE_MAX = 4,         /* such streams at once */
    H2_OUT = 64 * 1024,      /* bytes of a response's content that wait to be sent */
    H2_SEND_MAX = 128 * 1024 /* ceiling of a buf for h2_send */
};

struct h2;

enum h2_news {
    H2_NEWS_REQUEST = 1,  /* the stream is new, and the caller's until h2_forget */
    H2_NEWS_READABLE = 2, /* of the request there is more, or its end */
    H2_NEWS_WRITABLE = 4, /* some of `out` was sent */
    H2_NEWS_FAILED = 8    /* it has ended early */
};

/* Codes of RFC 9113, 7, for h2_reset. */
enum h2_code { H2_NO_ERROR = 0, H2_INTERNAL_ERROR = 2, H2_REFUSED_STREAM = 7, H2_CANCEL = 8 };

struct h2_stream {
    void *owner;                 /* the caller's own */
    struct h2_request_kind kind; /* of the request */
    struct buf head;             /* the request's, in HTTP/1.1: the caller takes it */
    struct buf in;               /* of its content: the caller takes it, and says so: h2_taken */
    struct buf tail;             /* its trailers, whole once it has ended: the caller's to take */
    bool in_ended;               /* no more will come */
    struct buf out; /* the response's content: the caller fills it, and says so: h2_more */
    bool ended;     /* of the response there is no more than `out` */
    int failed;     /* BEAM_ERESET: nothing comes or goes any more */
    /* Private. */
    struct h2 *h2;
    int32_t id;
    unsigned news;
    char *trailers; /* lines of fields, to be sent behind `out`; NULL: none */
    size_t trailers_len;
    uint64_t taken, moved; /* bytes; when the last ones were sent */
    bool open, queued, forgotten, wide, deferred, responded, end_sent, end_gone, reset;
    TAILQ_ENTRY(h2_stream) all, waiting;
};

/* `pool` and `rng` are borrowed. `now`, here and below: milliseconds. 0 or BEAM_ENOMEM. */
int h2_new(struct buf_pool *pool, const struct rng *rng, uint64_t now, struct h2 **out);
/* Every stream must have been forgotten. NULL allowed. */
void h2_free(struct h2 *h);
/* Asked before one more stream may have H2_WIDE bytes waiting (`more`), and told when it has no
 * longer. NULL: nobody is, as at first. */
void h2_on_wide(struct h2 *h, bool (*fn)(void *arg, bool more), void *arg);

/* Takes all of `in`. 0; or why the connection is over once what h2_send still gives was sent:
 * BEAM_EPROTO, BEAM_ELIMIT (it asks for too much), BEAM_ENOMEM, and again at each call. */
int h2_feed(struct h2 *h, struct buf *in, uint64_t now);
/* Appends what is to be sent, as far as `out` has room. 0 or BEAM_ENOMEM. */
int h2_send(struct h2 *h, struct buf *out, uint64_t now);
/* The next stream that has news, and what; NULL: none. */
struct h2_stream *h2_next(struct h2 *h, unsigned *news);

/* Streams that are not over. */
size_t h2_streams(const struct h2 *h);
/* Both sides have said all they will. */
bool h2_over(const struct h2 *h);
/* GOAWAY, and h2_over once it was sent. */
void h2_end_all(struct h2 *h);

struct h2_patience {
    uint64_t block_ms; /* for a field section, from its first byte to its last */
    uint64_t idle_ms;  /* without a stream; and for a client to read what it was sent */
};
/* When h2_expire is due; 0: never. */
uint64_t h2_due(const struct h2 *h, const struct h2_patience *p);
/* 0; BEAM_ETIMEOUT: the connection is over, as of h2_feed. Streams whose clients do not read what
 * nobody waits for are reset. */
int h2_expire(struct h2 *h, const struct h2_patience *p, uint64_t now);

/* `n` bytes were taken off `in`: as many may come. */
void h2_taken(struct h2_stream *s, size_t n);
/* Sends a response's head: interim ones (1xx), then one that counts, which with `ended` is all of
 * the response. To who asked for a WebSocket a 101 is the 200 of RFC 8441, and a 2xx, which
 * would be another protocol's success, a 502 that ends it. 0, BEAM_ENOMEM, BEAM_ERESET;
 * BEAM_EPROTO: a 101 that does not grant what was asked for. */
int h2_respond(struct h2_stream *s, const struct http_head *head, bool ended);
/* There is more in `out`. */
void h2_more(struct h2_stream *s);
/* What goes behind all of it, before h2_finish: lines of fields, of which those of a connection are
 * left out. Taken over, in malloc's memory; NULL: nothing. */
void h2_trail(struct h2_stream *s, char *lines, size_t len);
/* There will be no more. */
void h2_finish(struct h2_stream *s);
/* Ends it at once; `failed` is BEAM_ECLOSED then. */
void h2_reset(struct h2_stream *s, enum h2_code code);
/* The caller lets it go. A response that was given whole is still sent; if not, it is reset. */
void h2_forget(struct h2_stream *s);

#endif
