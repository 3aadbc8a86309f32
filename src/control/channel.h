/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One end of the daemon's control socket: JSON objects, one a line (UTF-8, LF),
 * over a stream. A line over 1 MiB, one that is no JSON object, or a NUL ends
 * the channel with BEAM_EPROTO. docs/protocol/control.md has the messages.
 */
#ifndef BEAM_CONTROL_CHANNEL_H
#define BEAM_CONTROL_CHANNEL_H

#include <cjson/cJSON.h>

#include "loop/loop.h"
#include "stream/stream.h"

enum {
    CONTROL_VERSION = 1,                 /* in the greeting; both ends must agree */
    CONTROL_LINE_MAX = 1024 * 1024,      /* bytes, the LF included */
    CONTROL_QUEUE_MAX = 4 * 1024 * 1024, /* bytes not yet taken by the peer */
    CONTROL_DEPTH_MAX = 16               /* nesting of an object */
};

struct channel;

struct channel_events {
    /* An object; borrowed for the call. */
    void (*message)(void *arg, const cJSON *message);
    /* The peer ended (BEAM_ECLOSED) or broke it; nothing more is called. The
     * owner calls channel_free, now or later. */
    void (*closed)(void *arg, int err);
    void *arg;
};

/* Takes the stream over, always. 0 or BEAM_ENOMEM. */
int channel_new(struct loop *l, struct stream *s, const struct channel_events *events,
                struct channel **out);
/* Queues one object as a line; `message` stays the caller's. 0, BEAM_ENOMEM, BEAM_ECLOSED
 * (finished or closed), BEAM_EINVAL (longer than a line may be, or no UTF-8; nothing is queued),
 * BEAM_ELIMIT when the peer does not read (the channel then closes). */
int channel_send(struct channel *c, const cJSON *message);
/* Bytes that the peer has not taken yet. */
size_t channel_queued(const struct channel *c);
/* No more is sent, and messages that still come are dropped; what is queued goes out, then the
 * stream is shut. `closed` comes when the peer has ended too: an owner that will not wait for
 * that frees the channel. */
void channel_finish(struct channel *c);
/* May be called from its own events. NULL allowed. */
void channel_free(struct channel *c);

/* Pure: one line without its LF to an object the caller deletes. BEAM_EPROTO, also where cJSON
 * found no memory, for it does not tell. */
int channel_parse(const char *line, size_t len, cJSON **out);

#endif
