/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a log of requests off one connection while its bytes go by: HTTP/1.x
 * (RFC 9112), requests and responses matched in their order. It alters and
 * delays nothing, and what it cannot read it lets pass: then, and for every
 * other protocol, it tells of the connection instead. Pure; bounded.
 *
 * A request is told of once both it and its response have ended. A long response (server-sent
 * events) is therefore told of at its end; a change of protocol (101 to a WebSocket, 2xx to
 * CONNECT) as soon as the response's head has gone by.
 *
 * What is not HTTP is told of once, when the connection ends, with method "": all of it when
 * HTTP was never spoken, what followed when a change of protocol or bytes that make no sense came
 * later. A connection that carried nothing is not told of.
 */
#ifndef BEAM_TUNNEL_TAP_H
#define BEAM_TUNNEL_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap;

enum tap_side { TAP_VISITOR = 0, TAP_TARGET = 1 };

enum {
    TAP_TARGET_MAX = 2048, /* bytes of a request's target that are kept */
    TAP_PENDING_MAX = 64   /* requests without an answer; with more it is read no longer */
};
#define TAP_ALL UINT64_MAX

struct tap_record {
    const char *method, *target; /* as they came, the target cut; "" both when it is not HTTP */
    int status;                  /* 0 when no response's head was seen */
    uint64_t ms;                 /* from the first byte to the last */
    uint64_t in, out;            /* bytes from the visitor and to it, heads included */
};
typedef void tap_fn(void *arg, const struct tap_record *r);

/* `now` in ms, on a clock that never goes back, as all below. 0 or BEAM_ENOMEM. */
int tap_new(tap_fn *fn, void *arg, uint64_t now, struct tap **out);
/* Tells nothing more. NULL allowed. */
void tap_free(struct tap *t);

/*
 * The next bytes of a side. Returns how many of those that come after them need not be shown, and
 * must not be: TAP_ALL: none ever again.
 */
uint64_t tap_see(struct tap *t, enum tap_side from, const void *data, size_t len, uint64_t now);
/* The target ended its side in order, after `out` bytes: the end of a response that says no
 * length. */
void tap_half(struct tap *t, uint64_t out, uint64_t now);
/* The connection ended, having passed on `in` bytes and `out` bytes: tells what was not told yet.
 * Once, and last but tap_free. */
void tap_end(struct tap *t, uint64_t in, uint64_t out, uint64_t now);

/* The method of the first request that has no response yet, or NULL. Borrowed until the next
 * call. */
const char *tap_asked(const struct tap *t);
/* Whether it has given up reading the visitor: this is not HTTP, or no more. */
bool tap_opaque(const struct tap *t);

#endif
