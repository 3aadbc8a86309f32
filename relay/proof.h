/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The check of a URL that a relay promised (docs/protocol/visit.md): the owner asks for it as any
 * visitor would, over its own egress, and looks whether that visit comes out at its own end, and
 * whether what it answers there comes back. Nothing is believed because a relay says it.
 */
#ifndef BEAM_RELAY_PROOF_H
#define BEAM_RELAY_PROOF_H

#include "base/rng.h"
#include "p2p/way.h"
#include "relay/url_stream.h"

struct proof;

struct proof_spec { /* borrowed while the proof lives, but for itself */
    struct loop *loop;
    const struct rng *rng;
    const struct permit *permit;
    struct way_tor tor;    /* .dial NULL: nothing goes through Tor */
    bool trust_loopback;   /* the relay is on this machine by the user's own word */
    const char *ca_file;   /* trusted beside the system's authorities, for https; NULL or "" */
    struct proof **others; /* those under way of the same host, this one too: where relays share a
                            * name, its question may come by another; NULL: it is alone */
    struct addr relay;     /* at which the relay itself was reached; len 0: not directly */
    /* SHA-256 of the certificate (DER) that must be shown there, of which this end alone has the
     * key: that is the proof then, and nothing is asked. NULL: the question is. */
    const uint8_t *pin;
    uint64_t timeout_ms;
};

struct proof_events {
    /* 0: the URL leads here. BEAM_EAUTH: something else answers there, or another certificate is
     * shown; others: it could not be
     * asked. Once, from the loop; proof_free may be called within. */
    void (*done)(void *arg, int err, const struct beam_why *why);
    /* A visit that was not the question; the stream is the callee's. */
    void (*visitor)(void *arg, struct stream *s);
    void *arg;
};

/* 0; BEAM_EINVAL (the URL), BEAM_EPOLICY (no way there is permitted), BEAM_ENOMEM … with words. */
int proof_start(const struct proof_spec *spec, const char *url, const struct proof_events *events,
                struct proof **out, struct beam_why *why);
/* A visit that came meanwhile, taken over: answered if it is the question, else given back by
 * `visitor`, before or in proof_free at the latest; there to another of `others`, if there is one,
 * whose question it may be. */
void proof_visit(struct proof *p, struct stream *s);
/* NULL allowed. */
void proof_free(struct proof *p);

/* For relay/port_proof too: whether an address of this machine may be gone to, for which a relay's
 * word is not enough; and the way of a check, as of url_stream_open. */
enum permit_origin proof_origin(const struct proof_spec *spec, bool loopback);
int proof_dial(const struct proof_spec *spec, const struct where_url *url, url_stream_fn *done,
               void *arg, struct url_stream **out, struct beam_why *why);

#endif
