/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * yamux (libp2p specs, yamux/README.md, "/yamux/1.0.0"): many streams over one.
 * Each is a struct stream with the whole contract of stream/stream.h; its kind
 * is "yamux". The session keeps reading whatever its streams do: a reader that
 * is slow stops the far writer of its own stream and nothing else. Between
 * streams that have something to send turns are taken.
 *
 * Nothing is called back from within a yamux_… or stream_… call.
 */
#ifndef BEAM_STREAM_YAMUX_H
#define BEAM_STREAM_YAMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "stream/stream.h"

struct yamux;

/*
 * Memory that sessions share for what has arrived and was not read yet. Its
 * owner sets `total`, leaves the rest zero, and frees it after the sessions.
 * A session may hold as much as is left of it, so that one alone may take half
 * and each of many an equal part; a session that holds more than that, and
 * more than its own `memory`, loses the stream that holds most.
 */
struct yamux_budget {
    size_t total; /* bytes */
    size_t used;  /* private */
};

enum yamux_away { YAMUX_NORMAL = 0, YAMUX_PROTOCOL_ERROR = 1, YAMUX_INTERNAL_ERROR = 2 };

struct yamux_spec {
    bool initiator;              /* whether this end dialled: its streams have odd ids */
    size_t max_streams;          /* at once, of each end; 0: 1024 */
    size_t max_window;           /* the most unread bytes a stream; 0: 16 MiB; at least 256 KiB */
    size_t memory;               /* unread bytes that are this session's in any case; 0: 1 MiB */
    struct yamux_budget *budget; /* what it may take beyond; borrowed; NULL: 64 MiB of its own */
    uint64_t stall_ms;           /* a peer that takes nothing for so long is gone; 0: 60 s */
    uint64_t linger_ms;          /* for the peer's end of a stream freed here; 0: 30 s */
};

struct yamux_events {
    /* Opened by the peer; the callee's, who frees it or keeps it. NULL: all are refused. */
    void (*stream)(void *arg, struct stream *s);
    /* The peer opens and accepts no more streams; those there are go on. NULL allowed. */
    void (*away)(void *arg);
    /* The session is over and so are its streams, which tell their owners themselves. Once; what
     * is left to do is yamux_free. BEAM_ECLOSED: the peer ended it in order. */
    void (*closed)(void *arg, int err, const struct beam_why *why);
    /* The last stream has ended. NULL allowed. */
    void (*idle)(void *arg);
    void *arg;
};

/* Takes `under` over, always (on failure it is reset and freed). Spec and events are
 * copied. 0 or BEAM_ENOMEM. */
int yamux_new(struct loop *l, struct stream *under, const struct yamux_spec *spec,
              const struct yamux_events *events, struct yamux **out);

/* Says go-away, resets what streams there are (their owners free them as ever), closes and
 * frees. May be called from any callback. NULL allowed. */
void yamux_free(struct yamux *y);

/*
 * A stream that may be written to at once. At most 256 are under way to the
 * peer without its acknowledgement; more wait for their turn here. 0,
 * BEAM_ELIMIT (max_streams are open), BEAM_ECLOSED (going away, or over), BEAM_ENOMEM.
 */
int yamux_open(struct yamux *y, struct stream **out);

/* A round trip in microseconds; `err` when the session ended first. Called once. 0, BEAM_ELIMIT
 * (many are under way), BEAM_ECLOSED, BEAM_ENOMEM. */
typedef void yamux_ping_fn(void *arg, int err, uint64_t us);
int yamux_ping(struct yamux *y, yamux_ping_fn *fn, void *arg);

/* When bytes of the peer's came last, on loop_now's clock; 0: none so far. */
uint64_t yamux_heard(const struct yamux *y);
/* Bytes that have gone over `under`, or below it where it counts them, in that direction which had
 * more. */
uint64_t yamux_carried(const struct yamux *y);

/* No more streams, of either end; those there are go on. Once more does nothing. */
void yamux_go_away(struct yamux *y, enum yamux_away code);

/* Streams that are open in at least one direction, or have not been freed. */
size_t yamux_streams(const struct yamux *y);

#endif
