/* SPDX-License-Identifier: BSD-3-Clause */
/* The file by which tor and whoever controls it know each other. */
#ifndef BEAM_TOR_COOKIE_H
#define BEAM_TOR_COOKIE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Reads that of a tor of ours (AUTH_COOKIE bytes, sodium_malloc'd): ours, 0600. 0; BEAM_EIO with
 * words for whatever is wrong with it.
 */
int cookie_read_own(const char *path, uint8_t **out, struct beam_why *why);

/*
 * Reads the file that a control port says its cookie is in. It may say anything, so nothing is
 * taken for a cookie but a regular file of 32 bytes that only its owner can write and nobody
 * outside its group can read: what everybody can read proves nothing. Where a `listener` is
 * given, who has the control port, root, we or a system account own the cookie besides, and root,
 * we or the cookie's owner are the listener. 0; BEAM_EPERM, BEAM_EIO or BEAM_ENOMEM with words.
 */
int cookie_read(const char *path, const uid_t *listener, uint8_t **out, struct beam_why *why);

#endif
