/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/http/h2_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

enum { FIELDS_MAX = 2048 };

struct h2_client_stream *h2_client_stream(struct h2_client *c, int32_t id)
{
    cr_assert(id > 0 && id / 2 < H2_CLIENT_STREAMS);
    return &c->stream[id / 2];
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct h2_client_stream *s = h2_client_stream(arg, frame->hd.stream_id);
    size_t len = strlen(s->head);
    (void)session;
    (void)flags;
    snprintf(s->head + len, sizeof(s->head) - len, "%.*s: %.*s\n", (int)name_len,
             (const char *)name, (int)value_len, (const char *)value);
    return 0;
}

static int on_content(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                      size_t len, void *arg)
{
    struct h2_client *c = arg;
    struct h2_client_stream *s = h2_client_stream(c, id);
    (void)flags;
    if (!s->body)
        s->body = calloc(1, H2_CLIENT_BODY + 1);
    cr_assert_not_null(s->body);
    cr_assert_leq(s->len + len, H2_CLIENT_BODY);
    memcpy(s->body + s->len, data, len);
    s->len += len;
    if (!c->holds)
        cr_assert_eq(nghttp2_session_consume(session, id, len), 0);
    return 0;
}

static void on_settings(struct h2_client *c, const nghttp2_settings *settings)
{
    for (size_t i = 0; i < settings->niv; i++) {
        uint32_t value = settings->iv[i].value;
        if (settings->iv[i].settings_id == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
            c->max_streams = value;
        else if (settings->iv[i].settings_id == NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE)
            c->header_list = value;
        else if (settings->iv[i].settings_id == NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL)
            c->connect = value;
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_client *c = arg;
    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        c->away = true;
        c->away_code = frame->goaway.error_code;
    }
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        on_settings(c, &frame->settings);
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        h2_client_stream(c, frame->hd.stream_id)->ended = true;
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2_client_stream *s = h2_client_stream(arg, id);
    (void)session;
    s->closed = true;
    s->code = code;
    return 0;
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *into, size_t max,
                        uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_client_stream *s = h2_client_stream(arg, id);
    size_t n = s->out_len < max ? s->out_len : max;
    (void)session;
    (void)source;
    if (n == 0 && !s->out_ended)
        return NGHTTP2_ERR_DEFERRED;
    if (n > 0)
        memcpy(into, s->out, n);
    s->out += n;
    s->out_len -= n;
    if (s->out_len == 0 && s->out_ended)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

void h2_client_open(struct h2_client *c)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    *c = (struct h2_client){.away = false};
    cr_assert_eq(nghttp2_session_callbacks_new(&callbacks), 0);
    cr_assert_eq(nghttp2_option_new(&option), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_content);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, H2_CLIENT_STREAMS);
    cr_assert_eq(nghttp2_session_client_new2(&c->session, callbacks, c, option), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    cr_assert_eq(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
}

void h2_client_close(struct h2_client *c)
{
    nghttp2_session_del(c->session);
    for (size_t i = 0; i < H2_CLIENT_STREAMS; i++) {
        free(c->stream[i].body);
        free(c->stream[i].fields);
    }
}

static size_t split(char *text, nghttp2_nv *nv)
{
    size_t n = 0;
    for (char *line; (line = strsep(&text, "\n")) && line[0];) {
        char *end = strchr(line + (line[0] == ':'), ':');
        cr_assert(end && n < FIELDS_MAX);
        char *value = end[1] == ' ' ? end + 2 : end + 1;
        nv[n++] =
            (nghttp2_nv){(uint8_t *)line, (uint8_t *)value, (size_t)(end - line), strlen(value),
                         NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
    }
    return n;
}

int32_t h2_client_request(struct h2_client *c, const char *fields, bool ended)
{
    static nghttp2_nv nv[FIELDS_MAX];
    const nghttp2_data_provider out = {.read_callback = read_out};
    char *text = strdup(fields);
    cr_assert_not_null(text);
    size_t n = split(text, nv);
    int32_t id = nghttp2_submit_request(c->session, NULL, nv, n, ended ? NULL : &out, NULL);
    cr_assert_gt(id, 0);
    h2_client_stream(c, id)->fields = text; /* borrowed until they are sent */
    return id;
}

void h2_client_content(struct h2_client *c, int32_t id, const char *data, size_t len, bool ended)
{
    struct h2_client_stream *s = h2_client_stream(c, id);
    cr_assert_eq(s->out_len, 0);
    s->out = data;
    s->out_len = len;
    s->out_ended = ended;
    (void)nghttp2_session_resume_data(c->session, id);
}

size_t h2_client_send(struct h2_client *c, const uint8_t **data)
{
    ssize_t n = nghttp2_session_mem_send(c->session, data);
    cr_assert_geq(n, 0);
    return (size_t)n;
}

void h2_client_hear(struct h2_client *c, const uint8_t *data, size_t len)
{
    cr_assert_eq(nghttp2_session_mem_recv(c->session, data, len), (ssize_t)len);
}
