/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of a visitor's requests is let through to a target, and in which bytes
 * (RFC 9110, 9112). Pure. A request goes on only when every reader must see the
 * same one in it: what some read otherwise is refused, also where RFC 9112
 * would let it pass (a Content-Length that is a list, codings other than
 * chunked). A chunked body is not passed on but written anew, without its
 * extensions and trailers (9112, 7.1.1 and 7.1.2 allow both), so that nothing
 * of its framing is the visitor's.
 */
#ifndef BEAM_PROXY_REQUEST_H
#define BEAM_PROXY_REQUEST_H

#include "base/buf.h"
#include "http/body.h"
#include "http/head.h"

/*
 * Whether a head that http_head_parse took has one reading: 0, or the status of
 * the answer it gets, after which its connection must be closed: 400, 501 (a
 * method or coding that ends the framing: CONNECT), 505.
 */
int request_judge(const struct http_head *head);

/* The value of its only Authorization, or none; request_judge allows no second. */
bool request_credentials(const struct http_head *head, struct http_text *value);

/* Appends the head as the target gets it: its fields in their order and letters,
 * without its credentials. All or nothing: 0, BEAM_ENOMEM, BEAM_ELIMIT. */
int request_write_head(const struct http_head *head, struct buf *out);

/*
 * Moves what is there of a body from `in` to `out`, as far as `out` has room;
 * both of one pool. `body` was begun with http_body_init_request, and is done
 * when all of it was moved, its end included. Bytes after it stay in `in`.
 * 0, BEAM_EPROTO, BEAM_ELIMIT (a line or trailers too long), BEAM_ENOMEM; after
 * these the connection to the target must not be used any more.
 */
int request_move_body(struct http_body *body, struct buf *in, struct buf *out);

#endif
