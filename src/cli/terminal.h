/* SPDX-License-Identifier: BSD-3-Clause */
/* What standard output can show. */
#ifndef BEAM_CLI_TERMINAL_H
#define BEAM_CLI_TERMINAL_H

#include <stdbool.h>

struct terminal {
    bool live;   /* lines may be written over in place */
    bool colour; /* live, and NO_COLOR unset */
    bool utf8;   /* emoji and block characters */
    int width;   /* columns */
};

/* `tty`: whether it is a terminal; `width`: its columns, 0 when not known. `get` stands for getenv.
 * `utf8`: whether the locale's characters are UTF-8. Pure. */
void terminal_judge(bool tty, int width, bool utf8, const char *(*get)(const char *name),
                    struct terminal *out);
/* The same of standard output, this environment and its locale. */
void terminal_look(struct terminal *out);

#endif
