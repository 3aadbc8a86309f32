/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of a visitor's requests may go on, and what they ask for (RFC 9110,
 * 9112). Pure. A request goes on only when every reader must see the same one
 * in it: what some read otherwise is refused, also where RFC 9112 would let it
 * pass (a Content-Length that is a list, codings other than chunked, a Host
 * beside an absolute target that names another).
 */
#ifndef BEAM_PROXY_REQUEST_H
#define BEAM_PROXY_REQUEST_H

#include "http/head.h"

/*
 * Whether a head that http_head_parse took has one reading: 0, or the status of
 * the answer it gets, after which its connection must be closed: 400, 417, 501
 * (a method or coding that ends the framing: CONNECT), 505.
 */
int request_judge(const struct http_head *head);

/* The value of its only Authorization, or none; request_judge allows no second. */
bool request_credentials(const struct http_head *head, struct http_text *value);

/* The host and port it is for: of an absolute target, else Host; empty where an
 * HTTP/1.0 request has none. */
struct http_text request_host(const struct http_head *head);
/* The path and query it is for, "/a?b", "*", of an absolute target perhaps "" or "?b". */
struct http_text request_path(const struct http_head *head);

#endif
