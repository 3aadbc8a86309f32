/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/proxy/h2_visitor_scene.h"

#include <stdlib.h>
#include <string.h>

#include "stream/memory.h"

enum { WINDOW = 64 * 1024, QUIET_TURNS = 8 };

static void fill(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0, len);
}

static const struct rng zeros = {fill, NULL};
static const struct rewrite as_it_is = {.scheme = NULL};

/* ---- requests -------------------------------------------------------------------------------- */

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct h2_visitor_request *r = arg;
    const struct answer mine = {.status = r->answers};
    struct stream *near = NULL;
    (void)head;
    cr_expect_not(kept);
    if (r->answers) {
        engine_answer(r->engine, &mine);
        return;
    }
    cr_assert_eq(stream_memory(r->scene->loop, WINDOW, &near, &r->backend), 0);
    cr_assert_not_null(near);
    engine_forward(r->engine, near, &as_it_is);
}

static void on_engine_done(void *arg, int err)
{
    struct h2_visitor_request *r = arg;
    (void)err;
    r->engine = NULL;
    r->scene->open--;
}

static bool on_request(void *arg, struct stream *stream)
{
    static const struct engine_limits limits = {0};
    struct h2_visitor_scene *s = arg;
    if (s->full)
        return false;
    cr_assert_lt(s->requests, H2_SCENE_REQUESTS);
    struct h2_visitor_request *r = &s->request[s->requests++];
    const struct engine_events events = {.ask = on_ask, .done = on_engine_done, .arg = r};
    r->scene = s;
    r->answers = s->answers;
    r->text = calloc(1, H2_SCENE_TEXT + 1);
    cr_assert_not_null(r->text);
    buf_init(&r->say, loop_pool(s->loop), H2_SCENE_TEXT);
    cr_assert_eq(engine_new(s->loop, stream, NULL, &limits, &events, &r->engine), 0);
    cr_assert_not_null(r->engine);
    s->open++;
    return true;
}

static void on_done(void *arg, int err)
{
    struct h2_visitor_scene *s = arg;
    s->done = true;
    s->err = err;
    s->visitor = NULL;
}

static bool move_backend(struct h2_visitor_request *r)
{
    struct buf in;
    size_t before = r->len;
    int err = r->err;
    if (!r->backend)
        return false;
    bool moved = buf_len(&r->say) > 0 && stream_write(r->backend, &r->say) > 0;
    if (r->deaf || r->err)
        return moved;
    buf_init(&in, r->say.pool, H2_SCENE_TEXT);
    ssize_t n = stream_read(r->backend, &in, H2_SCENE_TEXT);
    if (n < 0 && n != BEAM_EAGAIN)
        r->err = (int)n;
    cr_assert_leq(r->len + buf_len(&in), H2_SCENE_TEXT);
    r->len += buf_peek(&in, 0, r->text + r->len, buf_len(&in));
    buf_clear(&in);
    return moved || r->len != before || r->err != err;
}

/* ---- the client ------------------------------------------------------------------------------ */

static bool client_says(struct h2_visitor_scene *s)
{
    const uint8_t *data;
    size_t n;
    while (buf_len(&s->out) < WINDOW && (n = h2_client_send(&s->client, &data)) > 0)
        cr_assert_eq(buf_add(&s->out, data, n), 0);
    return buf_len(&s->out) > 0 && stream_write(s->far, &s->out) > 0;
}

static bool client_hears(struct h2_visitor_scene *s)
{
    static uint8_t bytes[WINDOW];
    struct buf in;
    if (s->away || s->stuck)
        return false;
    buf_init(&in, s->out.pool, WINDOW);
    ssize_t n = stream_read(s->far, &in, WINDOW);
    s->away = n < 0 && n != BEAM_EAGAIN;
    (void)buf_peek(&in, 0, bytes, sizeof(bytes));
    h2_client_hear(&s->client, bytes, buf_len(&in));
    buf_clear(&in);
    return n > 0 || s->away;
}

void h2_visitor_scene_settle(struct h2_visitor_scene *s)
{
    for (int quiet = 0; quiet < QUIET_TURNS; quiet++) {
        bool moved = client_says(s);
        moved |= client_hears(s);
        for (size_t i = 0; i < s->requests; i++)
            moved |= move_backend(&s->request[i]);
        if (moved)
            quiet = 0;
        cr_assert_eq(loop_turn(s->loop), 0);
    }
}

void h2_visitor_scene_say(struct h2_visitor_scene *s, size_t i, const void *data, size_t len)
{
    cr_assert_lt(i, s->requests);
    cr_assert_not_null(s->request[i].backend);
    cr_assert_eq(buf_add(&s->request[i].say, data, len), 0);
    h2_visitor_scene_settle(s);
}

void h2_visitor_scene_open(struct h2_visitor_scene *s, uint64_t idle_ms)
{
    const struct h2_visitor_events events = {.request = on_request, .done = on_done, .arg = s};
    struct stream *near = NULL;
    memset(s, 0, sizeof(*s));
    cr_assert_eq(loop_new(&s->loop), 0);
    cr_assert_not_null(s->loop);
    cr_assert_eq(stream_memory(s->loop, WINDOW, &near, &s->far), 0);
    cr_assert_not_null(near);
    h2_client_open(&s->client);
    buf_init(&s->out, loop_pool(s->loop), H2_SCENE_TEXT);
    cr_assert_eq(h2_visitor_new(s->loop, &zeros, near, NULL, idle_ms, &events, &s->visitor), 0);
    cr_assert_not_null(s->visitor);
}

void h2_visitor_scene_close(struct h2_visitor_scene *s)
{
    for (size_t i = 0; i < s->requests; i++)
        engine_free(s->request[i].engine);
    h2_visitor_free(s->visitor);
    h2_client_close(&s->client);
    stream_free(s->far);
    buf_clear(&s->out);
    for (size_t i = 0; i < s->requests; i++) {
        buf_clear(&s->request[i].say);
        stream_free(s->request[i].backend);
        free(s->request[i].text);
    }
    cr_expect_eq(buf_pool_used(loop_pool(s->loop)), 0);
    loop_free(s->loop);
}
