/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reservation vouchers (libp2p/specs, relay/circuit-v2): a relay's word, signed, that it carries
 * connections to a peer until a time. Domain and type are those that implementations use,
 * "libp2p-relay-rsvp" and 03 02 (go-libp2p, p2p/protocol/circuitv2/proto/voucher.go). Pure.
 * sodium_init comes first.
 */
#ifndef BEAM_CIRCUIT_VOUCHER_H
#define BEAM_CIRCUIT_VOUCHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/key.h"
#include "identity/peer_id.h"

enum { VOUCHER_MAX = 512 }; /* bytes of one of ours */

struct voucher {
    struct peer_id relay, peer;
    uint64_t expires; /* seconds since 1970 */
};

/* Signed by the relay's pair, whose id goes into it (v->relay is not looked at). Sets *out_len. 0,
 * BEAM_ELIMIT, BEAM_ENOMEM. */
int voucher_seal(const struct key_pair *pair, const struct voucher *v, void *out, size_t size,
                 size_t *out_len);
/* BEAM_EINVAL: not a voucher; BEAM_EAUTH: the signature is wrong, or not the relay's that it names;
 * BEAM_ELIMIT, BEAM_ENOMEM; with words in `why` (NULL allowed). */
int voucher_open(const void *data, size_t len, struct voucher *out, struct beam_why *why);

#endif
