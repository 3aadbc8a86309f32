/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses that a proxy makes itself. Pure. */
#ifndef BEAM_PROXY_ANSWER_H
#define BEAM_PROXY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct answer {
    int status;
    const char *fields; /* lines of fields, each ended by CRLF, but those of the framing; NULL: of a
                           plain text */
    const void *body;   /* NULL: the status in words */
    size_t body_len;
    bool close; /* and the visitor's connection is closed */
};

/* Appends it, `Content-Length` and `Connection` among its fields; without its body where a HEAD
 * asked. `keep_alive` is written out, for a visitor of HTTP/1.0. All or nothing: 0, BEAM_ENOMEM,
 * BEAM_ELIMIT. */
int answer_write(const struct answer *a, bool head_only, bool keep_alive, struct buf *out);

#endif
