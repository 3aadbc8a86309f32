/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts the daemon: this program once more, as `beam daemon --on-demand`. */
#ifndef BEAM_CLI_LAUNCH_H
#define BEAM_CLI_LAUNCH_H

#include "cli/request.h"
#include "loop/loop.h"

struct launch;

/* err 0: a daemon serves, or is about to (another was starting); else why this one could not, with
 * its last words. The handle is gone after this call. */
typedef void launch_fn(void *arg, int err, const struct beam_why *why);

/* `common`: its configuration. The answer comes later, once. 0, or BEAM_E… with words. */
int launch_start(struct loop *l, const struct request_common *common, launch_fn *done, void *arg,
                 struct launch **out, struct beam_why *why);
/* Lets go of a daemon that does not serve yet: others may use it as soon as it does, and it ends by
 * itself when nobody comes. NULL allowed. */
void launch_free(struct launch *la);

#endif
