/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the demo plays: a private folder, and in it the parties, each of which comes up, tells of
 * itself by its own events, and is stopped with the others: the app, the private Tor network (when
 * there is one), the publisher and the visitor.
 */
#ifndef BEAM_DEMO_STAGE_H
#define BEAM_DEMO_STAGE_H

#include "conf/conf.h"
#include "demo/app.h"
#include "demo/demo.h"
#include "demo/publisher.h"
#include "demo/visitor.h"
#include "tor/private_network.h"

struct stage;

/* What its parties tell is told to these. */
struct stage_events {
    struct private_network_events network;
    struct publisher_events publisher;
    struct visitor_events visitor;
    /* stage_stop is done. */
    void (*stopped)(void *arg);
    void *arg;
};

/* Reads the configuration, makes the folder, starts the app. 0, or BEAM_E… with words. */
int stage_new(struct loop *l, const struct demo_options *options, const struct stage_events *events,
              struct stage **out, struct beam_why *why);
/* Kills what runs, and removes the folder. NULL allowed. */
void stage_free(struct stage *s);

/* The port of the app. */
uint16_t stage_port(const struct stage *s);
/* The private network, from now on used by those who start. */
int stage_start_network(struct stage *s, struct beam_why *why);
/* Publisher and visitor. */
int stage_start_parties(struct stage *s, struct beam_why *why);
/* Has the visitor fetch the front page of the onion `host`. */
void stage_fetch(struct stage *s, const char *host);
/* Asks all but the app to end; `stopped` comes from the loop when nothing of them is left, not even
 * in the folder. */
void stage_stop(struct stage *s);

#endif
