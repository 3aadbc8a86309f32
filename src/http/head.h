/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of HTTP/1.x messages (RFC 9112, with the fields of RFC 9110), for those
 * who watch a stream, tell whether it is HTTP at all, or speak a little of it
 * themselves. Pure; nothing is copied or allocated: views point into the bytes
 * that were parsed.
 *
 * Strict where two readers could disagree: lines end in CRLF alone, a NUL, a
 * bare CR or a bare LF anywhere, folded fields, blanks before a colon and
 * framing that can be read in two ways are refused. Other control characters
 * pass in targets and values: escape before showing.
 */
#ifndef BEAM_HTTP_HEAD_H
#define BEAM_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_HEAD_MAX = 64 * 1024, /* bytes of a head, the empty line included */
    HTTP_METHOD_MAX = 32,      /* bytes of a method */
    HTTP_EMPTY_MAX = 8         /* bytes of empty lines before a request line */
};

struct http_text { /* a borrowed view; no NUL at its end */
    const char *at;
    size_t len;
};

enum http_kind { HTTP_REQUEST, HTTP_RESPONSE };

struct http_head {
    enum http_kind kind;
    int minor;                       /* the x of HTTP/1.x */
    struct http_text method, target; /* of a request */
    int status;                      /* of a response: 100–999 */
    struct http_text reason;         /* of a response, often empty */
    struct http_text fields;         /* all field lines, for http_head_next */

    /* What the fields say of the body; body.h makes sense of it. */
    bool has_length;         /* Content-Length: */
    uint64_t content_length; /* at most INT64_MAX */
    bool chunked;            /* Transfer-Encoding: ends in chunked */
    bool coded;              /* Transfer-Encoding: ends in another coding (responses alone) */

    bool upgrade;         /* Upgrade: is there, and Connection: names it */
    bool close;           /* the connection does not outlive this message */
    bool expect_continue; /* Expect: 100-continue, in HTTP/1.1 */
};

/*
 * Parses the head at the start of data. Returns its length in bytes (what
 * follows is the body), or BEAM_EAGAIN (no fault so far, but it is not whole),
 * BEAM_EPROTO, BEAM_ELIMIT (over HTTP_HEAD_MAX). `out` is untouched unless the
 * head is whole. Some empty lines before a request line are passed over (2.2)
 * and counted. Conflicting Content-Length, Content-Length beside Transfer-Encoding,
 * a coding in HTTP/1.0, chunked other than last: BEAM_EPROTO (6.1, 6.3).
 */
int http_head_parse(const void *data, size_t len, enum http_kind kind, struct http_head *out);

/*
 * Whether a whole head is there, for one that trickles in: each byte is looked
 * at once. `*seen` is 0 at first and kept between calls with ever more of the
 * same bytes. Returns the length of the head, which may still be found wanting
 * by http_head_parse; BEAM_EAGAIN or BEAM_ELIMIT.
 */
int http_head_find(const void *data, size_t len, size_t *seen);

/* The first field of that name, any case. The value without the blanks around it. */
bool http_head_field(const struct http_head *h, const char *name, struct http_text *value);
/* Walks the fields: start with *at = 0; false at the end. */
bool http_head_next(const struct http_head *h, size_t *at, struct http_text *name,
                    struct http_text *value);
/* Whether a value that is a list (commas) has the element, any case. */
bool http_text_lists(struct http_text list, const char *element);
/* Whether a name may have it (RFC 9110, 5.6.2). */
bool http_is_tchar(unsigned char c);
/* The next element of a comma-separated list (RFC 9110, 5.6.1), which `list`
 * then no longer holds; empty ones are passed over. */
bool http_list_next(struct http_text *list, struct http_text *element);
/* The same characters, upper and lower case being one. */
bool http_text_is(struct http_text text, const char *word);
bool http_text_same(struct http_text a, struct http_text b);

enum http_guess { HTTP_NO, HTTP_YES, HTTP_MORE };
/* Whether bytes that open a connection are a request line of HTTP/1.x:
 * HTTP_MORE while that cannot be told yet. */
enum http_guess http_looks(const void *data, size_t len);

#endif
