/* SPDX-License-Identifier: BSD-3-Clause */
/* The relay's own keys, which no daemon of this user shares. */
#ifndef BEAM_DAEMON_OPERATOR_KEYS_H
#define BEAM_DAEMON_OPERATOR_KEYS_H

#include "identity/key.h"
#include "relay/interstitial.h"
#include "tor/onion_key.h"

struct operator_keys { /* zeroed before it is read */
    struct key_pair *pair;
    struct onion_key *onion; /* until its onion has it; NULL then */
    struct interstitial *interstitial;
};

/* From the key store in the relay's folder, which is made if there is none. 0, or as keystore_open,
 * with words. */
int operator_keys_read(const char *dir, struct operator_keys *out, struct beam_why *why);
/* Forgets what is there. */
void operator_keys_clear(struct operator_keys *k);

#endif
