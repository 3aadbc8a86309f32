/* SPDX-License-Identifier: BSD-3-Clause */
/* How `beam TARGET` shows events on standard output: as a screen, or as lines of JSON. */
#ifndef BEAM_CLI_VIEW_H
#define BEAM_CLI_VIEW_H

#include <cjson/cJSON.h>

#include "cli/options.h"
#include "loop/loop.h"

struct view;

/* `unheard`: nobody reads standard output any more. 0, BEAM_ENOMEM or BEAM_EIO with words. */
int view_new(struct loop *l, const struct options *o, const char *version,
             void (*unheard)(void *arg), void *arg, struct view **out, struct beam_why *why);
void view_event(struct view *v, const cJSON *event);
/* Writes what is left, waiting at most `ms` for whoever reads it. NULL allowed. */
void view_free(struct view *v, int ms);

/* With no view open: an `error` event as a line of JSON. */
void view_print_error(const struct beam_why *why);

#endif
