/* SPDX-License-Identifier: BSD-3-Clause */
/* A client of HTTP/2, the visitor that it is, an engine for each of its requests, and backends
 * whose far ends are the test's. */
#ifndef BEAM_TESTS_UNIT_PROXY_H2_VISITOR_SCENE_H
#define BEAM_TESTS_UNIT_PROXY_H2_VISITOR_SCENE_H

#include "proxy/engine.h"
#include "proxy/h2_visitor.h"
#include "tests/unit/harness.h"
#include "tests/unit/http/h2_client.h"

enum { H2_SCENE_REQUESTS = 8, H2_SCENE_TEXT = 2 * 1024 * 1024 };

struct h2_visitor_scene;

struct h2_visitor_request {
    struct h2_visitor_scene *scene;
    struct engine *engine;
    struct stream *backend; /* its far end */
    char *text;             /* that it heard, NUL-ended */
    size_t len;
    int err; /* BEAM_ECLOSED at an end in order */
    struct buf say;
    bool deaf;   /* it reads nothing */
    int answers; /* with this status instead of a backend */
};

struct h2_visitor_scene {
    struct loop *loop;
    struct h2_visitor *visitor;
    struct stream *far; /* of the client's connection */
    struct h2_client client;
    struct buf out;
    struct h2_visitor_request request[H2_SCENE_REQUESTS]; /* in order of their coming */
    size_t requests, open;
    int answers; /* of requests from here on */
    bool full;   /* no request is taken */
    bool stuck;  /* the client reads nothing off its connection */
    bool done, away;
    int err;
};

void h2_visitor_scene_open(struct h2_visitor_scene *s, uint64_t idle_ms);
void h2_visitor_scene_close(struct h2_visitor_scene *s);
/* Lets the loop turn until nothing moves any more. */
void h2_visitor_scene_settle(struct h2_visitor_scene *s);
/* The backend of a request says this. */
void h2_visitor_scene_say(struct h2_visitor_scene *s, size_t i, const void *data, size_t len);

#endif
