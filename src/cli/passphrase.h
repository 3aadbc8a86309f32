/* SPDX-License-Identifier: BSD-3-Clause */
/* Passphrases: from the terminal, with nothing shown, or from a file; never from the command line,
 * where every process of the machine can read them. */
#ifndef BEAM_CLI_PASSPHRASE_H
#define BEAM_CLI_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct passphrase_ask {
    const char *file;   /* its first line is the passphrase; "-" is standard input; NULL: ask */
    const char *option; /* that names such a file, to be told of where there is no terminal */
    const char *prompt; /* "Passphrase" */
    bool fresh;         /* asked for twice */
    bool may_be_none;   /* nothing typed, and no terminal to ask on, is none */
};

/*
 * Into locked memory: sodium_free. NULL with 0: none. 1 to SEAL_PASSPHRASE_MAX bytes. BEAM_EUSAGE:
 * neither a file nor a terminal; BEAM_EINVAL: none typed, or two that differ; BEAM_EPERM: the file
 * is not ours alone; BEAM_ELIMIT, BEAM_ENOTFOUND, BEAM_EIO, BEAM_ENOMEM, BEAM_ECANCELED: Ctrl-C;
 * with words.
 */
int passphrase_get(const struct passphrase_ask *ask, char **out, size_t *len, struct beam_why *why);

/* What typing at a terminal makes of a line: keys as they come, its end when Enter does. Pure. */
struct passphrase_line {
    char *text; /* SEAL_PASSPHRASE_MAX bytes, in locked memory */
    size_t len;
};
/* 0: goes on; 1: the line is whole; BEAM_ECANCELED; BEAM_ELIMIT: it grew too long. */
int passphrase_key(struct passphrase_line *line, unsigned char key);

#endif
