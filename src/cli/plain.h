/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for a person, in which what came from elsewhere was escaped when they were put together. */
#ifndef BEAM_CLI_PLAIN_H
#define BEAM_CLI_PLAIN_H

#include <stddef.h>

/* As text_escape, but a backslash stays as it is. Returns the length written. Pure. */
size_t plain_text(const char *words, char *out, size_t size);

#endif
