/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody else, with a tor of their own, who fetches from an onion service. */
#ifndef BEAM_DEMO_VISITOR_H
#define BEAM_DEMO_VISITOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "loop/loop.h"

struct visitor;

struct visitor_spec {
    const char *binary; /* tor */
    const char *dir;    /* private folder for it */
    const char *torrc;  /* of the network it uses, or "" */
};

struct visitor_events {
    void (*progress)(void *arg, int percent, const char *summary);
    void (*ready)(void *arg);
    /* Its tor cannot be run. */
    void (*failed)(void *arg, const struct beam_why *why);
    /* What a fetch gave, borrowed: 0 and every byte until the other end closed, and how long it
     * took; or why it did not work, and nothing. */
    void (*fetched)(void *arg, int err, const struct beam_why *why, const struct buf *answer,
                    uint64_t ms);
    void *arg;
};

enum { VISITOR_ANSWER_MAX = 1024 * 1024, VISITOR_FETCH_MS = 45 * 1000 };

/* Starts its tor. 0, or BEAM_E… with words. */
int visitor_start(struct loop *l, const struct visitor_spec *spec,
                  const struct visitor_events *events, struct visitor **out, struct beam_why *why);
/* Connects to port 80 of `host`, sends `request` (borrowed until it is fetched) and reads until
 * the end. One at a time; each on a circuit of its own. */
void visitor_fetch(struct visitor *v, const char *host, const char *request);
/* Ends its tor; `done` comes when it is gone. */
void visitor_stop(struct visitor *v, void (*done)(void *arg), void *arg);
/* Kills what runs. Not from its events. NULL allowed. */
void visitor_free(struct visitor *v);

#endif
