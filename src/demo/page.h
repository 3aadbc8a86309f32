/* SPDX-License-Identifier: BSD-3-Clause */
/* What the demo app answers. Pure. */
#ifndef BEAM_DEMO_PAGE_H
#define BEAM_DEMO_PAGE_H

#include "base/buf.h"
#include "http/head.h"

/*
 * The whole response to the request whose head is `bytes`, `len` of them, as parsed into `head`:
 * the page for /, the request itself for /echo, 404 for the rest, 405 for other methods than GET
 * and HEAD. Nothing in it depends on when or where it is made. 0, BEAM_ENOMEM, BEAM_ELIMIT.
 */
int page_answer(const struct http_head *head, const void *bytes, size_t len, struct buf *out);
/* The response to what is no request. */
int page_refusal(struct buf *out);
/* The response to "GET /". */
int page_front(struct buf *out);

#endif
