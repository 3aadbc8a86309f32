/* SPDX-License-Identifier: BSD-3-Clause */
/* A private folder for as long as the demo runs. */
#ifndef BEAM_DEMO_FOLDER_H
#define BEAM_DEMO_FOLDER_H

#include "base/err.h"

/* Makes it, 0700, in $TMPDIR or /tmp; the path is fresh memory for folder_remove. BEAM_EIO,
 * BEAM_ENOMEM, with words. */
int folder_make(char **out, struct beam_why *why);
/* Removes it with all that is in it, and frees. NULL allowed. */
void folder_remove(char *path);

#endif
