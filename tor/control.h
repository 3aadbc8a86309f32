/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of tor's control protocol over any stream: commands go out in
 * order, each answer comes back to who asked, events to one subscriber.
 * Nothing waits: what is sent is queued up to a ceiling.
 */
#ifndef BEAM_TOR_CONTROL_H
#define BEAM_TOR_CONTROL_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "tor/control_line.h"

struct control;

enum {
    CONTROL_COMMAND_MAX = 20 * 1024,  /* bytes in a command, CRLF included */
    CONTROL_PENDING_MAX = 8192,       /* commands without an answer yet */
    CONTROL_UNSENT_MAX = 1024 * 1024, /* bytes not taken by tor yet */
};

/* The answer; good during the call. The control may be freed in it. */
typedef void control_fn(void *arg, const struct control_reply *reply);

struct control_events {
    /* A 6yz reply. Good during the call. */
    void (*event)(void *arg, const struct control_reply *event);
    /* The connection ended (BEAM_ERESET, …) or tor broke the protocol
     * (BEAM_EPROTO, BEAM_ELIMIT). Called once; commands without an answer get
     * none any more, and the owner frees. */
    void (*closed)(void *arg, int err);
    void *arg;
};

/* Takes the stream over, always. 0 or BEAM_ENOMEM. */
int control_new(struct loop *l, struct stream *s, const struct control_events *events,
                struct control **out);
/* Closes the connection; nothing more is called. May be called from within
 * its calls. NULL allowed. */
void control_free(struct control *c);

/*
 * Sends one command line, formatted, without its CRLF; `fn` is called with the
 * answer, never from within. BEAM_EINVAL: the text has a CR, LF or NUL;
 * BEAM_ELIMIT: too long, or too much is under way; BEAM_ECLOSED, BEAM_ENOMEM.
 */
int control_send(struct control *c, control_fn *fn, void *arg, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Commands that wait for their answer. */
size_t control_pending(const struct control *c);

#endif
