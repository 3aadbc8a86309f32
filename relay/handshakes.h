/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Visitors of a relay with HTTPS, from their first byte on: those who speak TLS shake hands, those
 * who do not go on as they are, at the same port. TLS to some hosts is not for the relay to open:
 * it goes on as it is, as soon as the hello has said for whom it is.
 *
 * A handshake costs a relay far more than its visitor, so that there is a ceiling to how many
 * are under way, in all and from one source (relay/net), and how many one source may begin in a
 * while. Beyond it a connection is closed before it has cost anything.
 */
#ifndef BEAM_RELAY_HANDSHAKES_H
#define BEAM_RELAY_HANDSHAKES_H

#include "base/addr.h"
#include "base/rng.h"
#include "stream/tls.h"

struct handshakes;

struct handshakes_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct rng *rng;
    const struct tls_context *context;
    uint64_t timeout_ms; /* for the host's name, and then for all of it; 0: TLS_TIMEOUT_MS */
    size_t max;          /* under way */
    size_t each;         /* of them, of one source */
    uint64_t each_rate;  /* that one source may begin a second; ten times as many after a rest */
    /* The stream is the callee's; `from` (NULL: unknown) and `tls` (NULL: it is plain) are
     * borrowed. */
    void (*visitor)(void *arg, struct stream *s, const struct addr *from,
                    const struct tls_result *tls);
    /* Whether TLS to a host goes on unopened, and one that does: `s` begins with its first byte and
     * is the callee's. Both NULL: none does. */
    bool (*passes)(void *arg, const char *host);
    void (*passed)(void *arg, struct stream *s, const struct addr *from, const char *host);
    void *arg;
};

/* 0 or BEAM_ENOMEM. */
int handshakes_new(const struct handshakes_spec *spec, struct handshakes **out);
/* Takes the connection over. `from`: NULL where it is not known. */
void handshakes_begin(struct handshakes *h, struct stream *s, const struct addr *from);
size_t handshakes_count(const struct handshakes *h);
/* Resets those that are under way. NULL allowed. */
void handshakes_free(struct handshakes *h);

#endif
