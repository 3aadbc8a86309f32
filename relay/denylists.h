/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The denylists that a relay subscribes to: files that something else brings, looked at every
 * minute, and read a little at a time beside all else. One that is not good, or older than one
 * before, leaves what was there. The greatest sequence of each signer is kept in a file, a line
 * `SIGNER SEQUENCE` each.
 */
#ifndef BEAM_RELAY_DENYLISTS_H
#define BEAM_RELAY_DENYLISTS_H

#include "loop/loop.h"
#include "relay/denylist.h"
#include "relay/reservation.h"

struct denylists;

enum { DENYLISTS_MAX = 16, DENYLISTS_LOOK_MS = 60000 };

/* `dir` is copied. `changed` comes from the loop when one was read. 0, BEAM_EINVAL (its own file),
 * BEAM_ENOMEM … with words. */
int denylists_new(struct loop *l, const char *dir, void (*changed)(void *arg), void *arg,
                  struct denylists **out, struct beam_why *why);
/* NULL allowed. */
void denylists_free(struct denylists *d);
/* The ones there are from now on: lines "SIGNER PATH". BEAM_EINVAL, BEAM_ELIMIT with words: they
 * stay as they are. Looks at the files at once. */
int denylists_set(struct denylists *d, const char *list, struct beam_why *why);

bool denylists_key(const struct denylists *d, const struct peer_id *key);
bool denylists_endpoint(const struct denylists *d, const uint8_t id[RESERVATION_ID_SIZE]);
/* Entries of all that are in use. */
uint64_t denylists_entries(const struct denylists *d);

#endif
