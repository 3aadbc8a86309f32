/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies on their way (RFC 9112, 6 and 7). Pure; content is handed over, never
 * copied. A chunked body is not passed on but written anew, without its
 * extensions (7.1.1 allows it), so that nothing of its framing is its sender's;
 * one may also become chunked, or cease to be, and then its trailers end there.
 *
 * `body` was begun with http_body_init_… and is done when all of it has come.
 * Bytes after it stay in `in`. Errors: BEAM_EPROTO, BEAM_ELIMIT (a line or
 * trailers too long), BEAM_ENOMEM; after these the connection it came from must
 * not be used any more, nor the one it went to.
 */
#ifndef BEAM_PROXY_CONTENT_H
#define BEAM_PROXY_CONTENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/body.h"
#include "proxy/trailers.h"

/* Moves what is there from `in` to `out`, both of one pool, as far as `out` has
 * room, in chunks where told. Trailers are gathered in `t`, the body's own, and
 * where it goes on in chunks they are written (trailers_write, with its errors), as
 * part of what `out` has room for from their first byte on. `t` NULL: they end here.
 * Returns the bytes of content moved. */
ssize_t content_move(struct http_body *body, bool chunked, struct trailers *t, struct buf *in,
                     struct buf *out);

/* The sender ended its connection: writes the body's end where that is one.
 * 0, BEAM_ERESET when it is not whole, BEAM_ENOMEM, BEAM_ELIMIT. */
int content_close(struct http_body *body, bool chunked, struct buf *out);

/* Lets go what is there of a body. Returns how many bytes, framing included. */
ssize_t content_drop(struct http_body *body, struct buf *in);

#endif
