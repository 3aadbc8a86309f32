/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words behind a command's name, as in `beam keys export FILE`: one table, which the parser
 * and the help read. A command that has any finds them checked. Pure.
 */
#ifndef BEAM_CLI_VERBS_H
#define BEAM_CLI_VERBS_H

#include "cli/options.h"

struct verbs_row {
    enum command command;
    const char *name;
    const char *operands; /* as the help writes them; "" for none */
    const char *summary;
    size_t least, most; /* operands behind it */
};

/* Those of a command stand together; none: *count is 0. */
const struct verbs_row *verbs_of(enum command command, size_t *count);

/* Whether the operands make something that the command does: 0, or BEAM_EUSAGE with words. */
int verbs_check(const struct options *o, struct beam_why *why);

#endif
