/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard output, written without ever blocking the loop on a reader that does not read, and
 * watched for one that has gone.
 */
#ifndef BEAM_CLI_OUTPUT_H
#define BEAM_CLI_OUTPUT_H

#include "loop/loop.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024 }; /* bytes that wait for a slow reader */

struct output;

/* `fd` is borrowed. `gone`: nobody reads any more; called once, from the loop.
 * 0, BEAM_ENOMEM or BEAM_EIO. */
int output_new(struct loop *l, int fd, void (*gone)(void *arg), void *arg, struct output **out);
/* Queues text, all or nothing. 0, BEAM_ENOMEM, BEAM_ELIMIT, BEAM_ECLOSED when nobody reads. */
int output_add(struct output *o, const char *text, size_t len);
/* Writes what is queued, waiting for a slow reader at most `ms`. */
void output_drain(struct output *o, int ms);
/* What is queued still is dropped. NULL allowed. */
void output_free(struct output *o);

#endif
