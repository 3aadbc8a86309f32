/* SPDX-License-Identifier: BSD-3-Clause */
/* An engine with a visitor at one end and backends at the other, whose far ends are the test's. */
#ifndef BEAM_TESTS_UNIT_PROXY_ENGINE_SCENE_H
#define BEAM_TESTS_UNIT_PROXY_ENGINE_SCENE_H

#include "proxy/engine.h"
#include "tests/unit/harness.h"

enum {
    SCENE_TEXT = 1024 * 1024, /* bytes that an end may hear */
    SCENE_WINDOW = 64 * 1024, /* of the streams */
    SCENE_BACKENDS = 8,
    SCENE_RECORDS = 16
};

struct far_end {
    struct stream *stream;
    struct buf out;
    char *text; /* what was heard, NUL-ended */
    size_t len;
    bool deaf; /* reads nothing */
    int err;   /* BEAM_ECLOSED at an end in order */
};

struct engine_scene {
    struct loop *loop;
    struct engine *engine;
    struct far_end visitor, backend[SCENE_BACKENDS];
    int backends; /* opened */
    int asked;
    char method[32], target[256]; /* of the last question */
    bool kept;                    /* ... and what it said of a kept backend */
    bool wait;                    /* it is not answered yet */
    bool fresh;                   /* kept backends are not used */
    const struct answer *answer;  /* in place of a backend; NULL: none */
    struct rewrite rules;
    bool takes_spare;
    struct stream *spare;
    char record[SCENE_RECORDS][96]; /* "GET /x 200", with " N/N" of the bytes */
    int records;
    bool done;
    int err;
};

void scene_open(struct engine_scene *s, const struct engine_limits *limits);
void scene_close(struct engine_scene *s);

/* Lets the loop turn until nothing moves any more. */
void scene_settle(struct engine_scene *s);
/* Writes, and settles. */
void scene_say(struct engine_scene *s, struct far_end *who, const char *text);
void scene_say_bytes(struct engine_scene *s, struct far_end *who, const void *data, size_t len);
void scene_shut(struct engine_scene *s, struct far_end *who);
void scene_reset(struct engine_scene *s, struct far_end *who);
/* Answers the open question. */
void scene_forward(struct engine_scene *s);
/* Forgets what was heard. */
void scene_forget(struct far_end *who);

#endif
