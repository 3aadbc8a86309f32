/* SPDX-License-Identifier: BSD-3-Clause */
/* A head while it is written: small pieces are gathered, and it is there as a whole or not at all.
 * Errors stick; one check at the end. */
#ifndef BEAM_PROXY_DRAFT_H
#define BEAM_PROXY_DRAFT_H

#include "base/buf.h"
#include "http/head.h"

enum { DRAFT_MAX = 2 * HTTP_HEAD_MAX }; /* bytes */

struct draft { /* private */
    struct buf whole;
    int err;
    size_t len;
    char text[2048];
};

void draft_begin(struct draft *d, struct buf_pool *pool);
void draft_add(struct draft *d, const void *data, size_t len);
void draft_text(struct draft *d, struct http_text text);
void draft_string(struct draft *d, const char *string);
/* A line of a field. */
void draft_field(struct draft *d, struct http_text name, struct http_text value);
/* Appends all of it to out, which is of the pool. 0, BEAM_ENOMEM, or BEAM_ELIMIT: no room. */
int draft_end(struct draft *d, struct buf *out);

#endif
