/* SPDX-License-Identifier: BSD-3-Clause */
/* A client of HTTP/2 without a connection: nghttp2's, which sends what it is told, good or bad. */
#ifndef BEAM_TESTS_UNIT_HTTP_H2_CLIENT_H
#define BEAM_TESTS_UNIT_HTTP_H2_CLIENT_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { H2_CLIENT_STREAMS = 128, H2_CLIENT_BODY = 1024 * 1024 };

struct h2_client_stream {
    char head[2048]; /* ":status: 200\n...", of an interim response too, one after the other */
    char *body;      /* NUL-ended */
    size_t len;
    bool ended, closed;
    uint32_t code; /* once closed */
    char *fields;
    const char *out;
    size_t out_len;
    bool out_ended;
};

struct h2_client {
    nghttp2_session *session;
    struct h2_client_stream stream[H2_CLIENT_STREAMS]; /* of id 1, 3, 5 … */
    bool away;
    uint32_t away_code;
    uint32_t max_streams, header_list, connect; /* of the settings it was told */
    bool holds;                                 /* it gives no window back */
};

void h2_client_open(struct h2_client *c);
void h2_client_close(struct h2_client *c);
struct h2_client_stream *h2_client_stream(struct h2_client *c, int32_t id);
/* `fields`: ":method: GET\n:path: /\n…"; a pseudo-field's name ends at its second colon. */
int32_t h2_client_request(struct h2_client *c, const char *fields, bool ended);
/* More of the request's content; borrowed until it is sent. */
void h2_client_content(struct h2_client *c, int32_t id, const char *data, size_t len, bool ended);
/* The next bytes it sends: how many; 0: none. Borrowed until the next call. */
size_t h2_client_send(struct h2_client *c, const uint8_t **data);
void h2_client_hear(struct h2_client *c, const uint8_t *data, size_t len);

#endif
