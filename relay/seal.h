/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether TLS at a public URL is opened at this end and nowhere before it: the URL is visited as by
 * anybody, over this end's own egress, and the certificate that is shown there is compared with the
 * one that this end shows. Whoever has not its key cannot show it.
 */
#ifndef BEAM_RELAY_SEAL_H
#define BEAM_RELAY_SEAL_H

#include "relay/proof.h"
#include "relay/reservation.h"
#include "stream/tls.h"

typedef void seal_digest_fn(void *arg, int err, const struct beam_why *why,
                            const uint8_t digest[TLS_DIGEST_SIZE]);

/* Which certificate this end shows to those who ask for a host: SHA-256 of it, in DER. */
struct seal_source {
    /* `done` is called once, from the loop, unless it is cancelled. 0 or BEAM_ENOMEM. */
    int (*ask)(void *source, const char *host, seal_digest_fn *done, void *arg, void **out);
    void (*cancel)(void *source, void *asked);
    void *source;
};

struct seal;

/* 0: it is. BEAM_EAUTH: another certificate is shown there, and was when both were looked at once
 * more. Others: it could not be seen. Once, from the loop; seal_free may be called within. */
typedef void seal_fn(void *arg, int err, const struct beam_why *why);

/* The pin of `spec` is not looked at. `source` is borrowed, as what is in `spec`. 0; or as
 * proof_start, with words. */
int seal_start(const struct proof_spec *spec, const struct seal_source *source, const char *url,
               seal_fn *done, void *arg, struct seal **out, struct beam_why *why);
/* NULL allowed. */
void seal_free(struct seal *s);

#endif
