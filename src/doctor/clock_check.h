/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether this machine's clock can be right, as far as can be told without asking anybody: it is
 * not before what is known to have happened. Tor itself finds the rest.
 */
#ifndef BEAM_DOCTOR_CLOCK_CHECK_H
#define BEAM_DOCTOR_CLOCK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "doctor/findings.h"

/* What there is to hold it against; seconds since 1970, 0 when not known. */
struct clock_check_facts {
    int64_t now;
    int64_t program;   /* beam was installed */
    int64_t consensus; /* Tor's network was as the last consensus that was fetched says */
    bool unsynced;     /* the kernel says that nothing sets it */
};

/* Pure. */
void clock_check_judge(struct findings *fs, const struct clock_check_facts *facts);
/* The time that the line "valid-after 2026-01-02 03:04:05" of a consensus tells; 0: none. Pure. */
int64_t clock_check_consensus(const char *text);

/* Looks, and judges. `tor_data` is the data directory of a tor of ours. */
void clock_check_run(struct findings *fs, const char *tor_data);

#endif
