/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages over a stream, each with its length before it as an unsigned varint, as libp2p's own
 * protocols have them. Not a byte is read beyond the message that was asked for, so that what
 * follows may be another protocol's.
 */
#ifndef BEAM_STREAM_FRAME_H
#define BEAM_STREAM_FRAME_H

#include "loop/loop.h"
#include "stream/stream.h"

struct frame;

struct frame_events {
    /* The message that was asked for. `data` is borrowed for the call. The callee may ask for the
     * next one, send, take the stream or free all. */
    void (*message)(void *arg, const uint8_t *data, size_t len);
    /* None will come: BEAM_ECLOSED (the peer ended, between two messages), BEAM_ETIMEOUT,
     * BEAM_EPROTO (half a message, a length of 0 or one that is not minimal), BEAM_ELIMIT (too
     * long), or what the stream gave. Once. What was sent before is still on its way. */
    void (*ended)(void *arg, int err);
    /* What frame_send left unsent has been taken by the stream. From the loop, as the others; the
     * callee may take the stream or free all. NULL allowed. */
    void (*flushed)(void *arg);
    void *arg;
};

/* Takes the stream over, always (on failure it is reset and freed). No message has more than `max`
 * bytes, either way. Nothing is read yet. 0 or BEAM_ENOMEM. */
int frame_new(struct loop *l, struct stream *s, size_t max, const struct frame_events *events,
              struct frame **out);
/* Messages of no bytes are messages, too, from now on: in protobuf one may have no fields. */
void frame_allow_empty(struct frame *f);
/* One message, whole within timeout_ms. Not while one is asked for already. */
void frame_read(struct frame *f, uint64_t timeout_ms);
/* 0, BEAM_ELIMIT (its length, or too much is waiting to be taken), BEAM_ENOMEM, or the stream's
 * failure. */
int frame_send(struct frame *f, const void *data, size_t len);
/* Bytes that the stream has not taken yet. */
size_t frame_unsent(const struct frame *f);
/* No more will be sent: a half-close, after what was. */
void frame_shut(struct frame *f);
/* The stream, which is the caller's again, and no frames over it any more: f is freed. Not while a
 * message is asked for or unsent. */
struct stream *frame_take(struct frame *f);
/* Closes the stream in order. NULL allowed. */
void frame_free(struct frame *f);

#endif
