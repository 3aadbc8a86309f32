/* SPDX-License-Identifier: BSD-3-Clause */
/* One node of a private Tor network: its keys, its process, what it knows. */
#ifndef BEAM_TOR_NODE_H
#define BEAM_TOR_NODE_H

#include "loop/loop.h"
#include "policy/permit.h"
#include "tor/node_torrc.h"

struct node;

struct node_spec {
    struct loop *loop;
    const char *binary, *gencert; /* paths, or names looked up in PATH */
    const char *dir;              /* absolute; made */
    const char *address;
    const struct permit *permit; /* borrowed while the node lives */
};

struct node_events {
    /* The keys are made and `public` is whole, or why not. */
    void (*keys)(void *arg, struct node *n, int err, const struct beam_why *why);
    /* It ended, though nobody asked it to. */
    void (*ended)(void *arg, struct node *n, const struct beam_why *why);
    void *arg;
};

/* Texts are copied. `public` holds name, kind and ports. 0 or BEAM_ENOMEM. */
int node_new(const struct node_spec *spec, const struct node_public *public,
             const struct node_events *events, struct node **out);
/* Kills what runs. NULL allowed. */
void node_free(struct node *n);

/* An authority's keys and certificate are made; `keys` comes later. 0, or BEAM_E… with words. */
int node_make_keys(struct node *n, struct beam_why *why);
const struct node_public *node_public(const struct node *n);

/* Starts it as one of the `count` nodes of a network. 0, or BEAM_E… with words. */
int node_run(struct node *n, const struct node_public *all, size_t count, struct beam_why *why);
/* How many nodes its consensus listed at the last node_ask, and asks again. 0 at first. */
size_t node_ask(struct node *n);

#endif
