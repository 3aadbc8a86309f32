/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The circuits that tor has, from its answer to GETINFO circuit-status (control-spec, "GETINFO" and
 * "Circuit status changed"), as far as onion services are concerned. Pure.
 */
#ifndef BEAM_TOR_CIRCUIT_LINE_H
#define BEAM_TOR_CIRCUIT_LINE_H

#include <stdbool.h>

#include "tor/control_line.h"
#include "tor/onion_key.h"

#define CIRCUIT_QUESTION "GETINFO circuit-status"

enum { CIRCUIT_ID_SIZE = 17 }; /* as control-spec has it: 16 letters and digits */

/* One circuit. "" is what tor did not say, or said at more length than any that we know. */
struct circuit_line {
    char id[CIRCUIT_ID_SIZE];
    char purpose[32];                 /* "HS_SERVICE_REND", … */
    char state[32];                   /* "HSSI_ESTABLISHED", … */
    char address[ONION_ADDRESS_SIZE]; /* REND_QUERY: of the service */
};

/* What circuit_line_next takes from, and lives as long as r; NULL when r is no such answer. */
const char *circuit_line_first(const struct control_reply *r);
/* The next circuit of *at, which is moved behind it. False: there is no more. */
bool circuit_line_next(const char **at, struct circuit_line *out);

/* Whether a visitor is, or will be, connected to the service at `address` by it. */
bool circuit_line_is_visit(const struct circuit_line *c, const char *address);
/* Whether it is a way in to that service which stands. */
bool circuit_line_is_introduction(const struct circuit_line *c, const char *address);

#endif
