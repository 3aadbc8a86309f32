/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be seen of this machine without starting anything: folders, configuration, programs. */
#ifndef BEAM_DOCTOR_MACHINE_H
#define BEAM_DOCTOR_MACHINE_H

#include "conf/conf.h"
#include "conf/home.h"
#include "daemon/daemon.h"
#include "daemon/setup.h"
#include "doctor/findings.h"

/* Where beam's folders are, and whether those that exist are ours alone and can be written. */
void machine_folders(struct findings *fs, const struct home *h);
/* Whether keys can be had, without making any. */
void machine_keys(struct findings *fs, const struct home *h);
/* Whether the configuration can be read; what was read is *out, the caller's, or NULL. */
void machine_configuration(struct findings *fs, const struct daemon_options *options,
                           struct setup **out);
/* Whether keys that a tor of ours is to have in the run folder would be on a disk there. */
void machine_services(struct findings *fs, const struct home *h, const struct conf *c);
/* Whether the bridges that are configured can be spoken to. */
void machine_bridges(struct findings *fs, const struct conf *c);
/* Whether a tor of ours could use its data directory; `daemon`: one runs and may hold it. */
void machine_data(struct findings *fs, const struct home *h, bool daemon);

#endif
