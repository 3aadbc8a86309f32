/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams through Tor's SOCKS port: SOCKS5 (RFC 1928) with user and password
 * (RFC 1929) for stream isolation, and Tor's extended errors (its
 * socks-extensions; proposal 304). Host names go to Tor as they are: nothing is
 * resolved here.
 */
#ifndef BEAM_STREAM_SOCKS_H
#define BEAM_STREAM_SOCKS_H

#include "stream/socket.h"

enum { SOCKS_HOST_MAX = 255, SOCKS_CREDENTIAL_MAX = 255 };

struct socks_target {
    const char *host; /* a name, an onion address or an IP literal; 1–255 bytes */
    uint16_t port;
    const char *user, *password; /* isolation, no secrets: 1–255 bytes each */
};

/*
 * Dials `port` (Tor's SOCKS listener: unix or loopback) and asks it for
 * `target` (copied); the permit must allow Tor. `done` as for stream_dial, with
 * `reply`: the SOCKS reply code (0 when none came), words by socks_reply_text.
 * The stream given is the socket itself: not a byte beyond the reply was read.
 * User and password are the only method offered, so that a port which ignores
 * them is refused and no isolation is lost unnoticed.
 * At once, beside stream_dial's: BEAM_EINVAL (the target). Later errors beside
 * stream_dial's: BEAM_EPROTO, BEAM_EAUTH (Tor F4/F5, or user and password
 * refused), BEAM_ENOTFOUND (F0: no descriptor), BEAM_EREFUSED (05),
 * BEAM_EUNREACH (01–04, F1–F3; F6: an address that is none), BEAM_ETIMEOUT (`timeout_ms` for all of
 * it; 06, F7).
 */
typedef void socks_fn(void *arg, int err, uint8_t reply, struct stream *s);
struct socks_dial;
int stream_socks(struct loop *l, const struct permit *permit, const struct addr *port,
                 const struct socks_target *target, uint64_t timeout_ms, socks_fn *done, void *arg,
                 struct socks_dial **out);
void stream_socks_cancel(struct socks_dial *d);

/* Plain words for a reply code. Static storage. */
const char *socks_reply_text(uint8_t reply);
/* The error a reply code means; 0 for success. */
int socks_reply_err(uint8_t reply);

/* The pure half, for tests and the fuzzer: what to send first, and what the
 * bytes so far mean. */
enum {
    SOCKS_OUT_MAX = 3 + 2 * 256, /* the most that is sent at a time */
    SOCKS_IN_MAX = 4 + 256 + 2   /* the longest reply */
};
struct socks_state {
    int step;
    uint8_t reply;
    const struct socks_target *target;
};
/* `target` is borrowed. 0, BEAM_EINVAL (a length or the port), BEAM_ENOMEM, BEAM_ELIMIT. */
int socks_start(struct socks_state *st, const struct socks_target *target, struct buf *out);
/* Eats what it understood from `in`, appends what is to be sent to `out`.
 * 0: open (bytes left in `in` are the stream's), BEAM_EAGAIN: more is needed, else failed. */
int socks_input(struct socks_state *st, struct buf *in, struct buf *out);
/* How many bytes more, at least, beside those in `in`, belong to the handshake;
 * a reader that takes no more than that leaves the stream's own bytes alone. */
size_t socks_need(const struct socks_state *st, const struct buf *in);

#endif
