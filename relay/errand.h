/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of an endpoint's check to where the URL leads, as any visitor would go: directly or
 * through Tor, as the permit has it. */
#ifndef BEAM_RELAY_ERRAND_H
#define BEAM_RELAY_ERRAND_H

#include "relay/proof.h"

struct stream_dial;

struct errand { /* embedded, zeroed; private but for what is set before it starts */
    const struct proof_spec *spec;
    /* On success `s` is the callee's; else it is NULL, and `reason` says why. Once, from the
     * loop. */
    void (*done)(void *arg, int err, const char *reason, struct stream *s);
    void *arg;
    struct stream_dial *dial;
    void *tor_dial;
};

/* Whether an address of this machine may be gone to, for which a relay's word is not enough. */
enum permit_origin errand_origin(const struct proof_spec *spec, bool loopback);
/* 0, BEAM_EPOLICY (no way there is permitted), BEAM_ENOMEM … with words, for which `scheme` is. */
int errand_start(struct errand *e, const struct where_url *url, const char *scheme,
                 struct beam_why *why);
/* `done` is not called any more. */
void errand_cancel(struct errand *e);

#endif
