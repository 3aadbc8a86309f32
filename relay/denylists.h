/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The denylists that a relay subscribes to: files that something else brings, looked at every
 * minute, or that relay/subscriber fetches; read a little at a time beside all else. One that is
 * not good, or older than one before, leaves what was there. What was fetched and good is kept as a
 * file `denylist-…` for the next start. The greatest sequence of each signer is kept in a file, a
 * line `SIGNER SEQUENCE` each, of those that are subscribed to no longer too as long as there is
 * room. Of several processes of one relay one writes it.
 */
#ifndef BEAM_RELAY_DENYLISTS_H
#define BEAM_RELAY_DENYLISTS_H

#include "loop/loop.h"
#include "relay/denylist.h"
#include "relay/reservation.h"

struct denylists;

enum {
    DENYLISTS_MAX = 16,
    DENYLISTS_LOOK_MS = 60000,
    DENYLISTS_PATH_SIZE = 1024,
    DENYLISTS_SAME = 1
};

/* `dir` is copied. `writes`: the file of sequences is this process's. `changed` comes from the loop
 * when one was read. 0, BEAM_EINVAL (its own file), BEAM_ENOMEM … with words. */
int denylists_new(struct loop *l, const char *dir, bool writes, void (*changed)(void *arg),
                  void *arg, struct denylists **out, struct beam_why *why);
/* NULL allowed. */
void denylists_free(struct denylists *d);
/* The ones there are from now on: lines "SIGNER /PATH" or "SIGNER URL". BEAM_EINVAL, BEAM_ELIMIT
 * with words: they stay as they are. Looks at the files at once. */
int denylists_set(struct denylists *d, const char *list, struct beam_why *why);

bool denylists_key(const struct denylists *d, const struct peer_id *key);
bool denylists_endpoint(const struct denylists *d, const uint8_t id[RESERVATION_ID_SIZE]);
/* Entries of all that are in use. */
uint64_t denylists_entries(const struct denylists *d);

/* For who fetches them, by their place among the lines of denylists_set. */
size_t denylists_count(const struct denylists *d);
/* Where it is, or "": it is a file. Borrowed. */
const char *denylists_url(const struct denylists *d, size_t i);
/* Its file or its URL. Borrowed. */
const char *denylists_where(const struct denylists *d, size_t i);
/* When that in use was made, in seconds since 1970. False: none is in use. */
bool denylists_made(const struct denylists *d, size_t i, uint64_t *out);
/* Of what is in use, or 0. */
uint64_t denylists_sequence(const struct denylists *d, size_t i);
/* Whether one that was brought is being read: no other is to be brought meanwhile. */
bool denylists_reads(const struct denylists *d, size_t i);
/* The file that it is to be brought in. False: its name is too long. */
bool denylists_part(const struct denylists *d, size_t i, char out[DENYLISTS_PATH_SIZE]);
/* What the first bytes of one say: 0 and its sequence: it is wanted; DENYLISTS_SAME: it is here;
 * BEAM_EEXIST: it is older; else as denylist_head_parse. With words. */
int denylists_judge(const struct denylists *d, size_t i, const void *data, size_t len,
                    uint64_t *sequence, struct beam_why *why);
/* That file is there: it is read, and taken or removed. */
void denylists_bring(struct denylists *d, size_t i);

#endif
