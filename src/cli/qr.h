/* SPDX-License-Identifier: BSD-3-Clause */
/* A text as a QR code of half-block characters (UTF-8). */
#ifndef BEAM_CLI_QR_H
#define BEAM_CLI_QR_H

#include <stdbool.h>

#include "base/err.h"

/* Fresh text, lines ending with LF; free(). With `colour`, black on white whatever the terminal's
 * own colours are. BEAM_ELIMIT: too long for a code; BEAM_ENOMEM. */
int qr_text(const char *text, bool colour, char **out);

#endif
