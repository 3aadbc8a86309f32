/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose fault a value of `relay.*` or `metrics.*` is that makes no sense: of the command line it is
 * wrong usage, of a file it is not.
 */
#ifndef BEAM_DAEMON_OPERATOR_FAULT_H
#define BEAM_DAEMON_OPERATOR_FAULT_H

#include "daemon/operator.h"

/* As what it is told why `operator_run` failed: the words begin with the key, or with those that do
 * not go together. BEAM_EUSAGE, BEAM_EINVAL, or `err`, when it is of something else; as why->code.
 */
int operator_fault(const struct operator_options *o, int err, struct beam_why *why);

#endif
