/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a peer says that it is reached, signed by itself (libp2p/specs, RFC 0003). Domain and type
 * are those that implementations use, "libp2p-peer-record" and 03 01 (go-libp2p,
 * core/peer/record.go), which the RFC's text precedes. Pure. sodium_init comes first.
 */
#ifndef BEAM_IDENTITY_PEER_RECORD_H
#define BEAM_IDENTITY_PEER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/key.h"
#include "identity/multiaddr.h"
#include "identity/peer_id.h"

enum { PEER_RECORD_ADDRS_MAX = 32 };

/* 16 kB: not for the stack of something deep. */
struct peer_record {
    struct peer_id id;
    uint64_t seq; /* greater than that of any record before it; says nothing of time */
    size_t n;     /* addresses */
    struct multiaddr addrs[PEER_RECORD_ADDRS_MAX];
};

/* Seals a record of the pair's own id (record->id is not looked at) in an envelope. Sets *out_len.
 * 0, BEAM_ELIMIT, BEAM_ENOMEM. */
int peer_record_seal(const struct key_pair *pair, const struct peer_record *record, void *out,
                     size_t size, size_t *out_len);
/*
 * Opens one, whose id must be that of the key it is signed with. Addresses of protocols that are
 * not known are left out, for a peer may have such ones beside others, and so is what comes after
 * the first PEER_RECORD_ADDRS_MAX. BEAM_EINVAL, BEAM_EAUTH, BEAM_ELIMIT, BEAM_ENOMEM with words in
 * `why` (NULL allowed); `out` may then have been written to.
 */
int peer_record_open(const void *data, size_t len, struct peer_record *out, struct beam_why *why);

#endif
