/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which protocol a stream carries: multistream-select 1.0.0 (multiformats/multistream-select;
 * libp2p/specs, connections). Every message is a varint of its length, a line of text and a
 * newline, which the length counts. Both ends name "/multistream/1.0.0" first; the initiator then
 * proposes one protocol after another, each of which is answered by its own name or by "na". A
 * wish to list the protocols ("ls") is answered by "na" as well, as the specification allows: what
 * this end offers is told in identify, or not at all.
 *
 * Not a byte is read beyond the last message, so that what follows is the protocol's own.
 */
#ifndef BEAM_STREAM_NEGOTIATE_H
#define BEAM_STREAM_NEGOTIATE_H

#include "loop/loop.h"
#include "stream/stream.h"

enum {
    NEGOTIATE_LINE_MAX = 1024,    /* of a message, its newline counted */
    NEGOTIATE_PROPOSALS_MAX = 64, /* that are answered, or made */
    NEGOTIATE_TIMEOUT_MS = 10000
};

/* For a single protocol: `done` is called without waiting for the answer. What is written follows
 * the proposal; the answer is read with the first read, which gives BEAM_ENOTFOUND when it is a
 * refusal and BEAM_EPROTO when it is none at all. The deadline ends with `done`. */
enum negotiate_flags { NEGOTIATE_LAZY = 1 };

/*
 * Called once, from the loop. On success `s` is the callee's, and `protocol` is, of negotiate_ask,
 * the caller's own text, and of negotiate_answer a text that lasts as long as the call. On failure
 * both are NULL, `why` has the reason, and the stream was closed or reset: BEAM_ENOTFOUND (the peer
 * speaks none of the protocols; of the answering end: it left without having found one),
 * BEAM_EPROTO, BEAM_ELIMIT (too many proposals), BEAM_ETIMEOUT, or what the stream gave.
 */
typedef void negotiate_fn(void *arg, int err, const struct beam_why *why, struct stream *s,
                          const char *protocol);
/* Whether this end speaks a protocol; `protocol` has `len` bytes and a NUL behind them. */
typedef bool negotiate_supports_fn(void *arg, const char *protocol, size_t len);

struct negotiate;

/* Both take `s` over when they succeed; a `timeout_ms` of 0 is NEGOTIATE_TIMEOUT_MS.
 *
 * Proposes these protocols (the texts must last until `done`), the first first. 0, BEAM_ENOMEM,
 * or BEAM_EINVAL: none, too many, one that is empty, too long or has a newline; more than one with
 * NEGOTIATE_LAZY. */
int negotiate_ask(struct loop *l, struct stream *s, const char *const *protocols, size_t count,
                  unsigned flags, uint64_t timeout_ms, negotiate_fn *done, void *arg,
                  struct negotiate **out);
/* Answers. `supports` is called with `arg`, as `done` is. 0 or BEAM_ENOMEM. */
int negotiate_answer(struct loop *l, struct stream *s, negotiate_supports_fn *supports,
                     uint64_t timeout_ms, negotiate_fn *done, void *arg, struct negotiate **out);
/* Resets the stream; `done` is not called. Until then only. NULL allowed. */
void negotiate_cancel(struct negotiate *n);

#endif
