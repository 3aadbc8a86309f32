/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The publishing half of the demo is beam itself, as anyone would run it: `beam relay`, that of a
 * volunteer, `beam daemon`, in a home of their own, and `beam PORT --tor --community-relay=ADDR
 * --json`, whose events are read.
 */
#ifndef BEAM_DEMO_PUBLISHER_H
#define BEAM_DEMO_PUBLISHER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

struct publisher;

struct publisher_spec {
    const char *home;               /* folder that becomes its BEAM_HOME */
    const char *torrc;              /* of the network it uses; NULL: what its configuration says */
    const char *config;             /* NULL: none */
    const char *const *assignments; /* "section.key=value" */
    size_t assignment_count;
    uint16_t port; /* what is published */
};

struct publisher_events {
    void (*progress)(void *arg, int percent, const char *summary);
    void (*ready)(void *arg, const char *url);   /* the onion's */
    void (*relayed)(void *arg, const char *url); /* the relay's; perhaps again */
    /* Another event of `beam --json`: request, warning, path_down …; borrowed. */
    void (*event)(void *arg, const char *name, const cJSON *event);
    /* It ended, with its last words; once, and not after publisher_stop. */
    void (*failed)(void *arg, const struct beam_why *why);
    void *arg;
};

/* 0, or BEAM_E… with words. */
int publisher_start(struct loop *l, const struct publisher_spec *spec,
                    const struct publisher_events *events, struct publisher **out,
                    struct beam_why *why);
/* Ends it in order; `done` comes when nothing of it runs. */
void publisher_stop(struct publisher *p, void (*done)(void *arg), void *arg);
/* Kills what runs. NULL allowed. */
void publisher_free(struct publisher *p);

#endif
