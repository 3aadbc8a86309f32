/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection of http/h2 and its client, with nothing between them. */
#ifndef BEAM_TESTS_UNIT_HTTP_H2_SCENE_H
#define BEAM_TESTS_UNIT_HTTP_H2_SCENE_H

#include "base/err.h"
#include "http/h2.h"
#include "tests/unit/harness.h"
#include "tests/unit/http/h2_client.h"

enum { H2_SCENE_STREAMS = 256 };

struct h2_scene {
    struct buf_pool *pool;
    struct h2 *h2;
    struct h2_client client;
    uint64_t now;
    int err;                                  /* of h2_feed */
    struct h2_stream *core[H2_SCENE_STREAMS]; /* in order of their coming */
    size_t cores;
    unsigned news[H2_SCENE_STREAMS]; /* all that was said of each */
};

void h2_scene_open(struct h2_scene *s);
void h2_scene_close(struct h2_scene *s);
/* Until neither side has anything to say. */
void h2_scene_run(struct h2_scene *s);
/* Bytes of no client. */
void h2_scene_feed(struct h2_scene *s, const void *data, size_t len);
/* A frame (RFC 9113, 4.1) of the test's own. */
void h2_scene_frame(struct h2_scene *s, uint8_t type, uint8_t flags, uint32_t id,
                    const void *payload, size_t len);
/* Forgets one that was heard. */
void h2_scene_forget(struct h2_scene *s, size_t i);
/* Answers: a head of HTTP/1.1, whole; and content of a response. */
void h2_scene_respond(struct h2_scene *s, size_t i, const char *head, bool ended);
void h2_scene_content(struct h2_scene *s, size_t i, const void *data, size_t len, bool ended);
/* What of a request has come: its head and content, which is taken. */
const char *h2_scene_heard(struct h2_scene *s, size_t i);

#endif
