/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows a 101: two streams spliced, and what is to be said of them. */
#ifndef BEAM_PROXY_SWITCHED_H
#define BEAM_PROXY_SWITCHED_H

#include "proxy/side.h"
#include "stream/splice.h"

struct switched { /* private; zeroed before its first use */
    struct splice *splice;
    uint64_t in, out;             /* bytes of a splice that is over */
    uint64_t ahead_in, ahead_out; /* bytes that it carries for the exchange before it */
    uint64_t seen;
};

/* Takes both streams over, always, with what was read from them and is to be written to them.
 * `done` as of a splice. 0 or BEAM_ENOMEM. */
int switched_start(struct switched *s, struct loop *l, struct side *visitor, struct side *backend,
                   size_t window, void (*done)(void *arg, int err), void *arg);
/* In `done`. */
void switched_over(struct switched *s);
/* Resets both, if it goes on. */
void switched_end(struct switched *s);

/* Bytes of the protocol that was switched to, from the visitor and to it. */
uint64_t switched_in(const struct switched *s);
uint64_t switched_out(const struct switched *s);
/* Bytes that the visitor was sent, the last ones of the exchange before it among them. */
uint64_t switched_written(const struct switched *s);
/* Whether bytes moved since it was asked last. */
bool switched_moves(struct switched *s);

#endif
