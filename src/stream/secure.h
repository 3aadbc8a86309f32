/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A secure channel of libp2p (libp2p/specs, noise) over any stream: the Noise handshake, in which
 * each end proves who it is, and after it a stream of kind "noise" whose bytes travel in sealed
 * records.
 *
 * The end of the stream below, after a whole record, is the peer's end; in the midst of a record
 * it is BEAM_ERESET. A record that is not authentic, or not the next one, ends both directions with
 * BEAM_EPROTO and resets the stream below.
 */
#ifndef BEAM_STREAM_SECURE_H
#define BEAM_STREAM_SECURE_H

#include "base/rng.h"
#include "identity/key.h"
#include "identity/peer_id.h"
#include "loop/loop.h"
#include "stream/stream.h"

enum { SECURE_TIMEOUT_MS = 10000, SECURE_MUXERS_MAX = 8 };

#define SECURE_PROTOCOL "/noise"

struct secure_spec {
    const struct key_pair *identity;
    const struct peer_id *expect; /* who the peer must be; NULL: anybody */
    bool initiator;
    /* Multiplexers that are offered within the handshake, the best first; none: not negotiated
     * there. The texts, which must outlive the handshake, are not copied. */
    const char *const *muxers;
    size_t muxer_count;
    uint64_t timeout_ms;   /* for the handshake; 0: SECURE_TIMEOUT_MS */
    const struct rng *rng; /* NULL: the system's */
};

struct secure_result {
    struct peer_id peer;
    struct key_public key;
    const char *muxer; /* one of the spec's; NULL: the peer did not negotiate it here */
};

/*
 * Called once, from the loop. On success `s` is the callee's; `r` is borrowed. On failure both are
 * NULL, `why` has the reason, and the stream below was reset: BEAM_EAUTH (the peer did not prove
 * who it is, or is not the one expected, who is then told nothing about us when we are the
 * initiator), BEAM_EPROTO, BEAM_ETIMEOUT, BEAM_ERESET (it ended), or what the stream below gave.
 */
typedef void secure_fn(void *arg, int err, const struct beam_why *why, struct stream *s,
                       const struct secure_result *r);

struct secure;

/* Takes `under` over when it succeeds. What the spec points to is copied, but for the muxers'
 * texts and `identity`, which must last until `done`. 0, BEAM_ENOMEM or BEAM_EINVAL (more than
 * SECURE_MUXERS_MAX muxers). */
int secure_start(struct loop *l, struct stream *under, const struct secure_spec *spec,
                 secure_fn *done, void *arg, struct secure **out);
/* Resets the stream below; `done` is not called. Until then only. NULL allowed. */
void secure_cancel(struct secure *s);

#endif
