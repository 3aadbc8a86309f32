/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose program listens at a port of this machine, as the kernel tells everybody. */
#ifndef BEAM_TOR_PORT_OWNER_H
#define BEAM_TOR_PORT_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/addr.h"

#define PORT_OWNER_NOBODY ((uid_t)-1)

/*
 * One line of /proc/net/tcp or tcp6: false when it is of no socket that listens. Else *uid is its
 * owner if it takes connections to `at` (IPv4), PORT_OWNER_NOBODY if it does not. Pure.
 */
bool port_owner_line(const char *line, const struct addr *at, uid_t *uid);
/* Who listens at `at` (IPv4). PORT_OWNER_NOBODY: nobody, several users, or it cannot be told. */
uid_t port_owner(const struct addr *at);

#endif
