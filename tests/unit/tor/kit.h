/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For the tests of this folder: folders that go away, and a tor that is none: a
 * program that does nothing, and its control port in the test itself, which can
 * answer as it likes.
 */
#ifndef BEAM_TESTS_UNIT_TOR_KIT_H
#define BEAM_TESTS_UNIT_TOR_KIT_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/listen.h"
#include "loop/loop.h"
#include "stream/stream.h"
#include "tests/unit/loop/until.h"
#include "tor/auth.h"
#include "tor/tor.h"

void kit_init(void);
/* A fresh private folder with a short, absolute path; kit_remove frees it too. */
char *kit_dir(void);
void kit_remove(char *dir);
/* Writes a file of `mode` in dir; its path: free(). */
char *kit_file(const char *dir, const char *name, mode_t mode, const char *text);

/* Runs the loop until nothing more is posted. */
void kit_settle(struct loop *l);

/* ---- the other end of a control connection --------------------------------------------------- */

struct peer {
    struct loop *loop;
    struct stream *stream;
    struct buf in, out;
    /* A line it got, without CRLF. */
    void (*line)(void *arg, struct peer *p, const char *line);
    void *arg;
    bool ended; /* the other side closed */
};

/* Takes the stream over. */
void peer_open(struct peer *p, struct loop *l, struct stream *s,
               void (*line)(void *arg, struct peer *p, const char *line), void *arg);
void peer_say(struct peer *p, const char *text);
void peer_close(struct peer *p);

/* ---- a tor that is none ---------------------------------------------------------------------- */

enum { FAKE_LINES = 256 };

struct fake {
    char *dir; /* of the fake; tor's own is dir/tor */
    char *tor_dir, *binary;
    struct loop *loop;
    struct listener *listener;
    struct peer peer;
    bool open;
    uint8_t cookie[AUTH_COOKIE], nonce[AUTH_NONCE];
    char *lines[FAKE_LINES]; /* what it was asked */
    size_t count;
    /* From a line that begins so on, nothing is answered until fake_release. NULL: never. */
    const char *hold;
    size_t held; /* the number of that line, from 1; 0: not yet */
    /* Asked for each line first, NULL allowed; true: answered, else it is answered as tor would. */
    bool (*answer)(struct fake *f, const char *line);
    void *arg;
    unsigned connections;
};

void fake_open(struct fake *f, struct loop *l);
void fake_close(struct fake *f);
/* Listens again, after `listener` was closed. */
void fake_listen(struct fake *f);
/* Answers what was held back, in order. */
void fake_release(struct fake *f);
/* Ends the connection at hand. */
void fake_hang_up(struct fake *f);
/* How many lines begin with `start`. */
size_t fake_asked(const struct fake *f, const char *start);

/* ---- what the owner of a struct tor hears ---------------------------------------------------- */

enum { EAR_STATES = 256 };

struct ear {
    struct loop *loop;
    struct tor *tor;
    enum tor_state state;
    struct beam_why why, warning;
    uint64_t retry_ms;
    int percent;
    enum tor_state entered[EAR_STATES]; /* in order */
    size_t count, past;                 /* those that ear_until came past */
    unsigned heard[TOR_FAILED + 1];     /* times each was entered, from where ear_until began on */
    unsigned warnings;
    bool stopped;
    enum tor_state wanted;
};

/* A tor in `dir` with these options, and an ear for it; `torrc` may be "". */
void ear_open(struct ear *e, struct loop *l, const char *binary, const char *dir,
              const char *torrc);
/* The same with a tor that runs already, by its control port. */
void ear_open_existing(struct ear *e, struct loop *l, const char *control);
/* Runs until the state is entered, or FAILED is. It may have been already, after the one that was
 * waited for last: how far a tor that restarts has come in the meantime depends on the machine. */
bool ear_until(struct ear *e, enum tor_state state);
/* Stops it in order, and frees. */
void ear_close(struct ear *e);

#endif
