/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an owner keeps of its reservation with a relay, so that it has the same URL again: a file of
 * its own, 0600, for the token in it is a secret. One line, exact to the byte:
 *
 *     beam-reservation 1 RELAY ID TOKEN
 *
 * with the relay's peer id in base58, and the id and token in lower-case hex.
 */
#ifndef BEAM_RELAY_TICKET_H
#define BEAM_RELAY_TICKET_H

#include "identity/peer_id.h"
#include "relay/reservation.h"

struct ticket {
    struct peer_id relay;
    uint8_t id[RESERVATION_ID_SIZE], token[RESERVATION_TOKEN_SIZE];
};

/* DIR/HASH.reservation for a persona and a relay as it was typed, fresh; NULL: out of memory. */
char *ticket_path(const char *dir, const struct peer_id *persona, const char *relay);
/* BEAM_ENOTFOUND; BEAM_EPERM (a loose mode), BEAM_EINVAL (another form), … with words. */
int ticket_load(const char *path, struct ticket *out, struct beam_why *why);
/* Makes the folder if need be. */
int ticket_save(const char *path, const struct ticket *t, struct beam_why *why);

#endif
