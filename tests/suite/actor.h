/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Somebody at one end of a stream: sends a number of bytes that only depend on
 * their place, checks those that arrive, and keeps to the contract of
 * stream/stream.h to the letter: it waits for a call where one is owed, posts
 * itself where none is, and fails the test when called from within a call of
 * its own.
 */
#ifndef BEAM_TESTS_SUITE_ACTOR_H
#define BEAM_TESTS_SUITE_ACTOR_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "tests/unit/seed.h"

struct actor {
    /* Set before actor_start. */
    uint64_t to_send;
    size_t chunk_max, read_max; /* the most bytes a call */
    bool shut;                  /* when all is sent */
    bool deaf;                  /* reads nothing; may be changed, then call actor_go_on */
    bool lazy;                  /* now and then leaves off, and posts itself */
    uint8_t salt, peer_salt;    /* of the bytes that are sent and that are expected */
    void (*changed)(void *arg); /* after each run; NULL allowed */
    void *arg;
    /* To be looked at. */
    uint64_t sent, received;
    int read_err, write_err; /* 0 as long as there is none, BEAM_ECLOSED at the peer's end */
    size_t calls;
    bool done_sending;
    /* Private. */
    struct loop *loop;
    struct stream *stream;
    struct seed *seed;
    struct buf out, in;
    struct loop_task task;
    bool inside;
};

/* The byte at a place of what is sent with this salt. */
uint8_t actor_byte(uint64_t at, uint8_t salt);
/* Owns the stream's calls from now on; begins in the next turn. */
void actor_start(struct actor *a, struct loop *l, struct stream *s, struct seed *seed);
void actor_go_on(struct actor *a);
/* Frees what it holds, and the stream unless it was taken away (set to NULL). */
void actor_end(struct actor *a);

#endif
