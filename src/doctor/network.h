/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether there is a way into the Tor network: tor is started, or found where it runs, exactly as
 * the daemon would have it, and bootstraps; nothing else is sent anywhere.
 */
#ifndef BEAM_DOCTOR_NETWORK_H
#define BEAM_DOCTOR_NETWORK_H

#include "doctor/findings.h"
#include "loop/loop.h"
#include "tor/tor_options.h"

/* Runs the loop until it is known. 0, or BEAM_ENOMEM. */
int network_check(struct findings *fs, struct loop *l, const struct tor_options *options);

#endif
