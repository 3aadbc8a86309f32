/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SOCKS credentials that keep circuits apart (IsolateSOCKSAuth): streams share
 * a circuit only when persona and destination are the same. They tell nothing
 * of either: a keyed hash under a secret of this process.
 */
#ifndef BEAM_TOR_ISOLATION_H
#define BEAM_TOR_ISOLATION_H

#include "base/rng.h"

enum { ISOLATION_TEXT_SIZE = 33 };

struct isolation {
    uint8_t secret[32];
};

void isolation_init(struct isolation *iso, const struct rng *rng);
/* Fills user and password, each of ISOLATION_TEXT_SIZE, for (persona, destination). */
void isolation_for(const struct isolation *iso, const char *persona, const char *destination,
                   char *user, char *password);

#endif
