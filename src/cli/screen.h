/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tunnel's events as text for a person. Pure: an event in, the text to write out. Whatever came
 * from elsewhere is escaped.
 */
#ifndef BEAM_CLI_SCREEN_H
#define BEAM_CLI_SCREEN_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "cli/terminal.h"

enum { SCREEN_TEXT_MAX = 4096 };

/* Fields are private to screen.c. */
struct screen {
    struct terminal terminal;
    const char *version;
    bool detach;
    char name[64];
    unsigned up;   /* which kinds of path have been up, by the table in screen.c */
    bool in_place; /* the last line is one that is written over */
    int shown;     /* percent of the last progress line, where lines stay */
    size_t len;
    char text[SCREEN_TEXT_MAX];
};

/* `version` is borrowed. `detach`: the command ends once the tunnel is up. */
void screen_init(struct screen *s, const struct terminal *t, const char *version, bool detach);
/* What the event (docs/protocol/control.md) adds to the screen: borrowed until the next call, *len
 * bytes, perhaps none. Events it does not know show nothing. */
const char *screen_event(struct screen *s, const cJSON *event, size_t *len);
/* What must be written before anything else is, when the command ends. */
const char *screen_end(struct screen *s, size_t *len);

#endif
