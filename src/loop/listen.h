/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one door in. Listens on unix sockets and loopback addresses, and beyond
 * them only where a permit covers it. Accepted sockets are non-blocking,
 * close-on-exec, TCP_NODELAY.
 */
#ifndef BEAM_LOOP_LISTEN_H
#define BEAM_LOOP_LISTEN_H

#include <stdint.h>
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
 * 100 ms and goes on. 0, BEAM_EEXIST, BEAM_EPERM, BEAM_EUNREACH (no address of
 * this machine), BEAM_EIO, BEAM_ENOMEM.
 */
int listen_open(struct loop *l, const struct addr *at, listen_fn *fn, void *arg,
                struct listener **out);
/* Who may listen at the same place, each taking some of those who come. */
enum listen_sharing {
    LISTEN_ALONE,  /* nobody */
    LISTEN_FIRST,  /* other processes of this user, later on; whoever does already: BEAM_EEXIST */
    LISTEN_FURTHER /* one of those */
};

/* The same at any address that the permit covers, as the user who typed it wants it. */
int listen_beyond(struct loop *l, const struct permit *permit, const struct addr *at, listen_fn *fn,
                  void *arg, struct listener **out);
/* And with others, at an IP address (SO_REUSEPORT). */
int listen_shared(struct loop *l, const struct permit *permit, const struct addr *at,
                  enum listen_sharing sharing, listen_fn *fn, void *arg, struct listener **out);
/* The address in use (with the port that was picked). Borrowed. */
const struct addr *listen_addr(const struct listener *li);
/* What such an error says of an IP address, and what to do about it. */
const char *listen_words(int err);
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

/* A datagram's way: who sent it, and to which IP address of this machine (of IPv4, in the first
 * four bytes). What answers it goes back that way. */
struct listen_way {
    struct addr from;
    uint8_t to[16];
};

struct datagram_listener;

/* One that has come: `data` is borrowed for the call, in which the listener may be closed. */
typedef void listen_datagram_fn(void *arg, const struct listen_way *way, const uint8_t *data,
                                size_t len);

/* Takes datagrams at an IP address that the permit covers, as the user who typed it wants it;
 * nobody else may take them there. As listen_beyond. */
int listen_datagrams(struct loop *l, const struct permit *permit, const struct addr *at,
                     listen_datagram_fn *fn, void *arg, struct datagram_listener **out);
/* Sends one back the way that one came. 0; BEAM_EAGAIN: dropped, there is no room; BEAM_EIO: it
 * cannot go there, or not of that length. */
int listen_answer(struct datagram_listener *dl, const struct listen_way *way, const void *data,
                  size_t len);
/* The address in use. Borrowed. */
const struct addr *listen_datagrams_addr(const struct datagram_listener *dl);
/* NULL allowed. */
void listen_datagrams_close(struct datagram_listener *dl);

/* Where a connection comes from: 0 or BEAM_EIO. */
int listen_from(int fd, struct addr *out);
/* Who is at the other end of a unix socket: 0 or BEAM_EIO. */
int listen_peer(int fd, uid_t *uid, pid_t *pid);

#endif
