/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/http/h2_scene.h"

#include <string.h>

static void fill(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0, len);
}

static const struct rng zeros = {fill, NULL};

void h2_scene_open(struct h2_scene *s)
{
    *s = (struct h2_scene){.now = 1000};
    cr_assert_eq(buf_pool_new(16, &s->pool), 0);
    cr_assert_eq(h2_new(s->pool, &zeros, s->now, &s->h2), 0);
    h2_client_open(&s->client);
}

void h2_scene_close(struct h2_scene *s)
{
    for (size_t i = 0; i < s->cores; i++)
        h2_scene_forget(s, i);
    h2_client_close(&s->client);
    h2_free(s->h2);
    buf_pool_free(s->pool);
}

void h2_scene_forget(struct h2_scene *s, size_t i)
{
    if (s->core[i])
        h2_forget(s->core[i]);
    s->core[i] = NULL;
}

static void hear_news(struct h2_scene *s)
{
    struct h2_stream *core;
    unsigned news;
    while ((core = h2_next(s->h2, &news))) {
        size_t i = 0;
        if (news & H2_NEWS_REQUEST) {
            cr_assert_lt(s->cores, H2_SCENE_STREAMS);
            s->core[s->cores++] = core;
        }
        while (i < s->cores && s->core[i] != core)
            i++;
        cr_assert_lt(i, s->cores);
        s->news[i] |= news;
    }
}

void h2_scene_feed(struct h2_scene *s, const void *data, size_t len)
{
    struct buf in;
    buf_init(&in, s->pool, SIZE_MAX);
    cr_assert_eq(buf_add(&in, data, len), 0);
    s->err = h2_feed(s->h2, &in, s->now);
    cr_assert_eq(buf_len(&in), 0);
    hear_news(s);
}

/* What it sends, to the client. Whether that was anything. */
static bool deliver(struct h2_scene *s)
{
    static uint8_t bytes[H2_SEND_MAX];
    struct buf out;
    buf_init(&out, s->pool, H2_SEND_MAX);
    cr_assert_eq(h2_send(s->h2, &out, s->now), 0);
    size_t n = buf_peek(&out, 0, bytes, sizeof(bytes));
    cr_assert_eq(n, buf_len(&out));
    buf_clear(&out);
    h2_client_hear(&s->client, bytes, n);
    hear_news(s);
    return n > 0;
}

void h2_scene_run(struct h2_scene *s)
{
    bool moved = true;
    while (moved) {
        const uint8_t *data;
        size_t n = h2_client_send(&s->client, &data);
        if (n > 0)
            h2_scene_feed(s, data, n);
        moved = deliver(s) || n > 0;
    }
}

void h2_scene_frame(struct h2_scene *s, uint8_t type, uint8_t flags, uint32_t id,
                    const void *payload, size_t len)
{
    static uint8_t frame[9 + 16384];
    const uint8_t head[9] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    cr_assert_leq(len, sizeof(frame) - 9);
    memcpy(frame, head, sizeof(head));
    if (len > 0)
        memcpy(frame + 9, payload, len);
    h2_scene_feed(s, frame, len + 9);
}

void h2_scene_respond(struct h2_scene *s, size_t i, const char *text, bool ended)
{
    struct http_head head;
    cr_assert_eq(http_head_parse(text, strlen(text), HTTP_RESPONSE, &head), (int)strlen(text));
    cr_assert_eq(h2_respond(s->core[i], &head, ended), 0);
    h2_scene_run(s);
}

void h2_scene_content(struct h2_scene *s, size_t i, const void *data, size_t len, bool ended)
{
    cr_assert_eq(buf_add(&s->core[i]->out, data, len), 0);
    h2_more(s->core[i]);
    if (ended)
        h2_finish(s->core[i]);
    h2_scene_run(s);
}

const char *h2_scene_heard(struct h2_scene *s, size_t i)
{
    static char text[4096];
    struct h2_stream *core = s->core[i];
    size_t n = buf_peek(&core->head, 0, text, sizeof(text) - 1), body = buf_len(&core->in);
    n += buf_peek(&core->in, 0, text + n, sizeof(text) - 1 - n);
    text[n] = '\0';
    buf_clear(&core->head);
    buf_clear(&core->in);
    h2_taken(core, body);
    h2_scene_run(s);
    return text;
}
