/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bridge lines and the lines of pluggable transports, as the options Bridge and
 * ClientTransportPlugin of tor(1) have them, held to their form before tor sees
 * them. Pure. A bridge's address and keys are a secret between those who know
 * it: messages show the word that is wrong, never a whole line.
 */
#ifndef BEAM_TOR_BRIDGE_H
#define BEAM_TOR_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { BRIDGE_TRANSPORT_SIZE = 32, BRIDGE_FINGERPRINT = 40 };

/* "[TRANSPORT] IP:PORT [FINGERPRINT] [KEY=VALUE …]" */
struct bridge {
    char transport[BRIDGE_TRANSPORT_SIZE]; /* "" for one that is spoken to without */
};
/* A line without control characters, of `len` bytes. 0 or BEAM_EINVAL with words. */
int bridge_parse(const char *line, size_t len, struct bridge *out, struct beam_why *why);

/* In text[size], what the line says of where its bridge is and of its keys becomes "[scrubbed]", in
 * any case; what has no room is cut. */
void bridge_scrub(const char *line, size_t len, char *text, size_t size);

/* "NAME[,NAME…] exec PATH [ARGUMENT …]"; borrowed from the line. */
struct transport {
    const char *names, *command;
    size_t names_len, command_len;
    size_t path_len; /* the path is the first so many bytes of the command; absolute */
};
/* 0 or BEAM_EINVAL with words. */
int transport_parse(const char *line, size_t len, struct transport *out, struct beam_why *why);
bool transport_serves(const struct transport *t, const char *name);

#endif
