/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of a backend's responses may go on (RFC 9110, 9112). Pure. */
#ifndef BEAM_PROXY_RESPONSE_H
#define BEAM_PROXY_RESPONSE_H

#include "http/head.h"

/*
 * Whether a head that http_head_parse took has one reading, as request_judge
 * has it: a Content-Length that came twice or is a list, codings other than
 * chunked, a length where there is no body (1xx, 204), a switch (101) that was
 * not asked for have none. 0 or BEAM_EPROTO, after which the connection must
 * not be used any more.
 */
int response_judge(const struct http_head *head, const struct http_head *request);

#endif
