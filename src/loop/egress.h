/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one door out. Every socket of this program that connects is made here,
 * against a permit. Sockets are non-blocking, close-on-exec, TCP_NODELAY.
 */
#ifndef BEAM_LOOP_EGRESS_H
#define BEAM_LOOP_EGRESS_H

#include "base/addr.h"
#include "loop/lan.h"
#include "loop/loop.h"
#include "policy/permit.h"

struct egress;

/* err 0 and a connected descriptor that is now the callee's; or BEAM_E… and -1. */
typedef void egress_fn(void *arg, int err, int fd);

/*
 * Dials. The answer always comes later, through `done`, once, unless the dial
 * is cancelled first; then never. At once: BEAM_EPOLICY (before any socket is
 * made), BEAM_ENOMEM, BEAM_EIO. Later: BEAM_EREFUSED, BEAM_EUNREACH,
 * BEAM_ETIMEOUT after `timeout_ms` (a unix listener with a full backlog is
 * asked again until then), BEAM_ENOTFOUND (no such unix socket), BEAM_EPERM
 * (its mode, or a firewall of this machine), BEAM_EIO.
 */
int egress_dial(struct loop *l, const struct permit *permit, const struct addr *to,
                enum permit_origin origin, uint64_t timeout_ms, egress_fn *done, void *arg,
                struct egress **out);
/* The handle is gone after `done` was called, and after this. NULL allowed. */
void egress_cancel(struct egress *e);

/*
 * A socket whose datagrams go to one address and that takes those from there alone, from a port of
 * its own. That nobody takes them may come back as ECONNREFUSED. The descriptor is the caller's. 0,
 * BEAM_EPOLICY (before any socket is made; always of a unix path), BEAM_EUNREACH, BEAM_EPERM,
 * BEAM_EIO.
 */
int egress_datagrams(const struct permit *permit, const struct addr *to, enum permit_origin origin,
                     int *out);

/*
 * A socket whose datagrams go to a multicast group on one link and no farther (the group's range is
 * the link), from the group's own port, and to this machine too. It takes none. The descriptor is
 * the caller's. 0, BEAM_EPOLICY (before any socket is made), BEAM_EEXIST, BEAM_EIO.
 */
int egress_group(const struct permit *permit, const struct lan *from, const struct addr *group,
                 int *out);

#endif
