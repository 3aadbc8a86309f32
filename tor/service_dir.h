/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The folder of an onion service that tor has by its configuration (HiddenServiceDir of tor(1)):
 * its key, in the form in which tor reads it, and the keys of those who may enter. The key is there
 * in the plain for as long as the service is published.
 */
#ifndef BEAM_TOR_SERVICE_DIR_H
#define BEAM_TOR_SERVICE_DIR_H

#include "tor/onion.h"

/* Makes `path` (0700, and what is above it), anew. 0, BEAM_EPERM, BEAM_EIO, BEAM_ENOMEM. */
int service_dir_write(const char *path, const struct onion_spec *spec);
/* Whether what is in `path`, or would be, is on a disk, where it may be found long after it was
 * written over and removed: words for it. */
bool service_dir_on_disk(const char *path, struct beam_why *why);
/* Whether its key is there. */
bool service_dir_has_key(const char *path);
/* Whether tor has written there that the onion is another than the one at `address`. */
bool service_dir_is_another(const char *path, const char *address);
/* Writes zeros over the key, whole or half-written, and removes the folder. Missing is fine. */
void service_dir_wipe(const char *path);
/* The same with each in `dir`, which was left by one that could not, and with `dir`. Of a link none
 * but the link goes. */
void service_dir_sweep(const char *dir);

#endif
