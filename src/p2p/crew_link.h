/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between two processes of a crew: yamux over their socket. The first stream, which the one that
 * dialled opens, carries messages both ways; each other one begins with a message that says what
 * it is. For p2p/crew alone.
 */
#ifndef BEAM_P2P_CREW_LINK_H
#define BEAM_P2P_CREW_LINK_H

#include "p2p/crew_message.h"
#include "stream/yamux.h"

struct crew_link;

struct crew_link_spec {
    struct loop *loop;
    bool dialled;
    size_t streams;
    struct yamux_budget *budget; /* borrowed */
};

/* All from the loop. */
struct crew_link_events {
    /* False: the link was freed. */
    bool (*message)(void *arg, const struct crew_message *m);
    /* The callee's; its first message was not read yet. */
    void (*stream)(void *arg, struct stream *s);
    /* It is over, and to be freed. */
    void (*ended)(void *arg);
    void *arg;
};

/* Takes the stream over, always. 0 or BEAM_ENOMEM. */
int crew_link_new(struct stream *under, const struct crew_link_spec *spec,
                  const struct crew_link_events *events, struct crew_link **out);
/* 0, BEAM_ELIMIT (too much waits to be taken), BEAM_ECLOSED, BEAM_ENOMEM …: it is to be freed. */
int crew_link_send(struct crew_link *l, const struct crew_message *m);
/* A stream that has begun with `head`. 0 or BEAM_E… */
int crew_link_open(struct crew_link *l, const struct crew_message *head, struct stream **out);
/* Resets what is open. NULL allowed. */
void crew_link_free(struct crew_link *l);

#endif
