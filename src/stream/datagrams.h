/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams over a stream (stream/datagram.h), both ways. They are not waited for: one for which
 * the stream has no room when it is sent is dropped, as a network would, so that what is held is
 * bounded whoever is slow.
 */
#ifndef BEAM_STREAM_DATAGRAMS_H
#define BEAM_STREAM_DATAGRAMS_H

#include "loop/loop.h"
#include "stream/datagram.h"
#include "stream/stream.h"

struct datagrams;

struct datagrams_events {
    /* One has come; `data` is borrowed for the call, in which all may be freed. */
    void (*datagram)(void *arg, const uint8_t *data, size_t len);
    /* None will come any more, and none goes: BEAM_ECLOSED (the peer ended, between two),
     * BEAM_EPROTO (within one, or one too long), or what the stream gave. Once. */
    void (*ended)(void *arg, int err);
    void *arg;
};

/* Takes the stream over, always (on failure it is reset and freed). All events come from the loop.
 * 0 or BEAM_ENOMEM. */
int datagrams_new(struct loop *l, struct stream *s, const struct datagrams_events *events,
                  struct datagrams **out);
/* 0; BEAM_ELIMIT: dropped, for others wait (DATAGRAM_ROOM bytes at most do) or it is too long;
 * BEAM_ENOMEM: dropped; or the stream's failure, which `ended` tells too. */
int datagrams_send(struct datagrams *d, const void *data, size_t len);
/* Closes the stream in order; what waits is lost. NULL allowed. */
void datagrams_free(struct datagrams *d);

#endif
