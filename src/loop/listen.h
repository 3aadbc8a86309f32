/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one door in. Listens on unix sockets and loopback addresses, and beyond
 * them only where a permit covers it. Accepted sockets are non-blocking,
 * close-on-exec, TCP_NODELAY.
 */
#ifndef BEAM_LOOP_LISTEN_H
#define BEAM_LOOP_LISTEN_H

#include <sys/types.h>

#include "base/addr.h"
#include "loop/lan.h"
#include "loop/loop.h"
#include "policy/permit.h"

struct listener;

/* A connected descriptor, the callee's from now on. */
typedef void listen_fn(void *arg, int fd);

/*
 * `at`: a unix path (a stale socket there is replaced, a live one is
 * BEAM_EEXIST; made with mode 0600) or a loopback IP (port 0 picks one).
 * BEAM_EPOLICY for anything else. Out of descriptors, accepting rests for
 * 100 ms and goes on. 0, BEAM_EEXIST, BEAM_EPERM, BEAM_EIO, BEAM_ENOMEM.
 */
int listen_open(struct loop *l, const struct addr *at, listen_fn *fn, void *arg,
                struct listener **out);
/* The same at any address that the permit covers, as the user who typed it wants it. */
int listen_beyond(struct loop *l, const struct permit *permit, const struct addr *at, listen_fn *fn,
                  void *arg, struct listener **out);
/* The address in use (with the port that was picked). Borrowed. */
const struct addr *listen_addr(const struct listener *li);
/* Stops taking connections until resumed; they wait in the backlog. */
void listen_pause(struct listener *li);
void listen_resume(struct listener *li);
/* Closes and removes a unix socket's file. NULL allowed. */
void listen_close(struct listener *li);

/*
 * A socket that takes the datagrams that are sent to a multicast group on one link, and no others;
 * further programs may have one, too. The descriptor is the caller's. 0, BEAM_EPOLICY, BEAM_EEXIST,
 * BEAM_EIO.
 */
int listen_group(const struct permit *permit, const struct lan *on, const struct addr *group,
                 int *out);

/* Where a connection comes from: 0 or BEAM_EIO. */
int listen_from(int fd, struct addr *out);
/* Who is at the other end of a unix socket: 0 or BEAM_EIO. */
int listen_peer(int fd, uid_t *uid, pid_t *pid);

#endif
