/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of session tickets (RFC 5077, RFC 8446 section 4.6.1): random, in locked memory, written
 * nowhere, and shared with the processes of the same server alone (stream/tls_handover). A new one
 * is made every TLS_TICKETS_TURN_MS; those before it open tickets for two turns more and are wiped
 * then, and with them what recorded traffic of TLS 1.2 sessions could be opened with. Pure.
 */
#ifndef BEAM_STREAM_TLS_TICKETS_H
#define BEAM_STREAM_TLS_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum {
    TLS_TICKETS_NAME_SIZE = 16,
    TLS_TICKETS_KEY_SIZE = 32,
    TLS_TICKETS_KEPT = 3,
    TLS_TICKETS_TURN_MS = 4 * 60 * 60 * 1000
};

struct tls_ticket_key {
    uint8_t name[TLS_TICKETS_NAME_SIZE];
    uint8_t cipher[TLS_TICKETS_KEY_SIZE], mac[TLS_TICKETS_KEY_SIZE];
    uint64_t made_ms;
};

struct tls_tickets;

/* `rng` is borrowed. Times are of one clock that never goes back. 0 or BEAM_ENOMEM. */
int tls_tickets_new(const struct rng *rng, uint64_t now_ms, struct tls_tickets **out);
/* NULL allowed. */
void tls_tickets_free(struct tls_tickets *t);
/* What a ticket is sealed with at this time. Borrowed until the next call. */
const struct tls_ticket_key *tls_tickets_newest(struct tls_tickets *t, uint64_t now_ms);
/* The key of a ticket, or NULL: unknown, or too old. `*old`: it should be replaced by a new one. */
const struct tls_ticket_key *tls_tickets_find(struct tls_tickets *t,
                                              const uint8_t name[TLS_TICKETS_NAME_SIZE],
                                              uint64_t now_ms, bool *old);
/* All that there are, the newest first, and how many: 1 at least. Borrowed until the next call. */
size_t tls_tickets_all(struct tls_tickets *t, uint64_t now_ms, const struct tls_ticket_key **out);
/* These in place of its own. Copied. From now on another makes them: the newest seals until it is
 * told of a newer one, and only if none comes in its life a key is made here once more. */
void tls_tickets_follow(struct tls_tickets *t, const struct tls_ticket_key *keys, size_t count);

#endif
