/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream to where a URL is, over the egress that a permit grants, in TLS when it is https: then
 * whoever answers has proved to be whom the URL names. Names go through Tor, never to DNS. */
#ifndef BEAM_RELAY_URL_STREAM_H
#define BEAM_RELAY_URL_STREAM_H

#include "loop/loop.h"
#include "p2p/way.h"
#include "relay/where.h"

struct url_stream;

struct url_stream_spec { /* what is pointed to is borrowed until `done` */
    struct loop *loop;
    const struct permit *permit;
    enum permit_origin origin;
    struct way_tor tor;  /* .dial NULL: nothing goes through Tor */
    const char *ca_file; /* trusted beside the system's authorities; NULL or "" */
    /* SHA-256 of the certificate (DER) that is to be shown, in place of one that an authority
     * vouches for; what is spoken within is anything then (ALPN). NULL: none. */
    const uint8_t *pin;
    uint64_t timeout_ms; /* to be there; three times as long through Tor; TLS takes as long again */
};

/* Once, from the loop: 0 and a stream that is the callee's, or why there is none. The handle is
 * gone then. */
typedef void url_stream_fn(void *arg, int err, const struct beam_why *why, struct stream *s);

/* `url` is copied. 0; BEAM_EPOLICY (no way there is permitted), BEAM_EINVAL (the file of
 * authorities), BEAM_ENOMEM … with words. */
int url_stream_open(const struct url_stream_spec *spec, const struct where_url *url,
                    url_stream_fn *done, void *arg, struct url_stream **out, struct beam_why *why);
/* `done` is not called. NULL allowed. */
void url_stream_cancel(struct url_stream *u);

#endif
