/* SPDX-License-Identifier: BSD-3-Clause */
/* The tor program: whether it is here, and new enough. */
#ifndef BEAM_DOCTOR_TOR_PROGRAM_H
#define BEAM_DOCTOR_TOR_PROGRAM_H

#include <stdbool.h>

#include "doctor/findings.h"
#include "loop/loop.h"

enum { TOR_PROGRAM_VERSION_SIZE = 48 };

/* The version in "Tor version 0.4.9.11 (git-…)." into out[TOR_PROGRAM_VERSION_SIZE]; whether there
 * is one. Pure. */
bool tor_program_version(const char *line, size_t len, char *out);

/* Runs `binary --version` on the loop, to its end. Whether it will do. */
bool tor_program_check(struct findings *fs, struct loop *l, const char *binary);

#endif
