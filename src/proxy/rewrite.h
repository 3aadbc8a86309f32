/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In which bytes the heads of requests and responses go on (RFC 9110, 7.6, RFC
 * 7239). Pure. Fields keep their order and letters, but for the blanks around a
 * value; those that belong to a connection are dropped (7.6.1, and those that
 * Connection names), and written anew where the next connection needs them.
 * Of TE that the visitor takes trailers goes on, where nothing else is switched to; Trailer where
 * the body stays in chunks.
 *
 * Below a prefix others have the same host: fields of a response that would hold for all of it
 * (Service-Worker-Allowed, Clear-Site-Data, Alt-Svc …) are left out.
 *
 * Below a prefix the target does not know where it is: the prefix is taken off
 * what it is asked for, and put in front of the paths it answers with, in
 * Location, Content-Location and the Path of cookies, unless it is there
 * already. A redirect to the target's own host goes to the host the visitor
 * asked. What is in bodies is not touched.
 */
#ifndef BEAM_PROXY_REWRITE_H
#define BEAM_PROXY_REWRITE_H

#include "base/buf.h"
#include "http/body.h"
#include "http/head.h"

struct rewrite { /* NULL, 0 or false: not wanted */
    const char
        *prefix;      /* "/t/abc", no slash at its end: taken off, and told as X-Forwarded-Prefix */
    const char *host; /* the target's: in place of Host, and made right in redirects */
    /*
     * How the visitor came, "http" or "https": told with the host it asked for, as Forwarded and
     * X-Forwarded-Proto and -Host. What a visitor sends of the kind (Forwarded, X-Forwarded-*,
     * X-Real-IP, with - or _) is dropped, also where nothing is told.
     */
    const char *scheme;
    const char *visitor; /* its address, "192.0.2.1" or "2001:db8::1": told as well */
    /* Of responses, "max-age=…": Strict-Transport-Security (RFC 6797), in place of the target's. */
    const char *hsts;
    bool trusts_forwarded;  /* what came of these fields was put there by a proxy of ours: kept */
    bool drop_credentials;  /* Authorization was for us */
    bool host_only_cookies; /* the Domain of cookies is dropped: the host is others' too */
    bool no_cookies;        /* none pass, either way */
    /* The name of one that is ours: taken out of requests; a response cannot set it, nor what is
     * left of the name without "__Host-". */
    const char *own_cookie;
    const char *added; /* lines of fields for responses, each ended by CRLF */
    /* Whether a response may go on (those before it, 1xx, do): the visitor gets 403 otherwise. */
    bool (*allows)(void *arg, const struct http_head *response);
    void *arg;
};

/*
 * Appends a request's head as the target gets it, in origin-form and HTTP/1.1.
 * The head was passed by request_judge; its target begins with the prefix. All
 * or nothing: 0, BEAM_ENOMEM, BEAM_ELIMIT.
 */
int rewrite_request(const struct rewrite *r, const struct http_head *head, struct buf *out);

/* How a response's body goes on. */
enum rewrite_body {
    REWRITE_AS_IS, /* as long as it is, or to the end of the connection that a 101 switched */
    REWRITE_CHUNKED,
    REWRITE_UNTIL_CLOSE /* the connection's end is its own: the visitor speaks HTTP/1.0 */
};
enum rewrite_body rewrite_body(enum http_framing framing, const struct http_head *request);

/* Appends a response's head as the visitor gets it; `close`: its connection ends with it. The head
 * was passed by response_judge. As rewrite_request. */
int rewrite_response(const struct rewrite *r, const struct http_head *head,
                     const struct http_head *request, enum rewrite_body body, bool close,
                     struct buf *out);

/* Whether a path is the prefix, or below it ("/t/abc", "/t/abc/x", "/t/abc?x"; not "/t/abcd"). */
bool rewrite_below(const char *prefix, struct http_text target);

#endif
