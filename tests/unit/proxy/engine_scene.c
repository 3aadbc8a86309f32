/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/proxy/engine_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/memory.h"

enum { QUIET_TURNS = 6 };

/* ---- far ends -------------------------------------------------------------------------------- */

static void open_end(struct engine_scene *s, struct far_end *f, struct stream **near)
{
    *near = NULL;
    f->text = calloc(1, SCENE_TEXT + 1);
    cr_assert_not_null(f->text);
    buf_init(&f->out, loop_pool(s->loop), SCENE_TEXT);
    cr_assert_eq(stream_memory(s->loop, SCENE_WINDOW, near, &f->stream), 0);
    cr_assert_not_null(*near);
}

static void close_end(struct far_end *f)
{
    buf_clear(&f->out);
    stream_free(f->stream);
    free(f->text);
}

static bool hear(struct engine_scene *s, struct far_end *f)
{
    struct buf in;
    size_t before = f->len;
    int err = f->err;
    if (!f->stream || f->deaf || f->err)
        return false;
    buf_init(&in, loop_pool(s->loop), SCENE_TEXT);
    ssize_t n = stream_read(f->stream, &in, SCENE_TEXT);
    if (n < 0 && n != BEAM_EAGAIN)
        f->err = (int)n;
    cr_assert_leq(f->len + buf_len(&in), SCENE_TEXT);
    f->len += buf_peek(&in, 0, f->text + f->len, buf_len(&in));
    buf_clear(&in);
    return f->len != before || f->err != err;
}

static bool say(struct far_end *f)
{
    if (!f->stream || buf_len(&f->out) == 0)
        return false;
    return stream_write(f->stream, &f->out) > 0;
}

void scene_settle(struct engine_scene *s)
{
    for (int quiet = 0; quiet < QUIET_TURNS; quiet++) {
        bool moved = say(&s->visitor);
        moved |= hear(s, &s->visitor);
        for (int i = 0; i < s->backends; i++) {
            moved |= say(&s->backend[i]);
            moved |= hear(s, &s->backend[i]);
        }
        if (moved)
            quiet = 0;
        cr_assert_eq(loop_turn(s->loop), 0);
    }
}

void scene_say_bytes(struct engine_scene *s, struct far_end *who, const void *data, size_t len)
{
    cr_assert_eq(buf_add(&who->out, data, len), 0);
    scene_settle(s);
}

void scene_say(struct engine_scene *s, struct far_end *who, const char *text)
{
    scene_say_bytes(s, who, text, strlen(text));
}

void scene_shut(struct engine_scene *s, struct far_end *who)
{
    cr_assert_eq(stream_shut(who->stream), 0);
    scene_settle(s);
}

void scene_reset(struct engine_scene *s, struct far_end *who)
{
    stream_reset(who->stream);
    scene_settle(s);
}

void scene_forget(struct far_end *who)
{
    who->len = 0;
    memset(who->text, 0, SCENE_TEXT);
}

/* ---- the owner ------------------------------------------------------------------------------- */

static void answer_question(struct engine_scene *s)
{
    struct stream *near = NULL;
    if (s->answer) {
        engine_answer(s->engine, s->answer);
        return;
    }
    if (!s->kept || s->fresh) {
        near = s->spare;
        s->spare = NULL;
    }
    if (!near && (!s->kept || s->fresh)) {
        cr_assert_lt(s->backends, SCENE_BACKENDS);
        open_end(s, &s->backend[s->backends++], &near);
    }
    engine_forward(s->engine, near, &s->rules);
}

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct engine_scene *s = arg;
    s->asked++;
    s->kept = kept;
    snprintf(s->method, sizeof(s->method), "%.*s", (int)head->method.len, head->method.at);
    snprintf(s->target, sizeof(s->target), "%.*s", (int)head->target.len, head->target.at);
    if (!s->wait)
        answer_question(s);
}

void scene_forward(struct engine_scene *s)
{
    answer_question(s);
    scene_settle(s);
}

static void on_record(void *arg, const struct engine_record *r)
{
    struct engine_scene *s = arg;
    cr_assert_lt(s->records, SCENE_RECORDS);
    snprintf(s->record[s->records++], sizeof(s->record[0]), "%s %s %d %llu/%llu", r->method,
             r->target, r->status, (unsigned long long)r->in, (unsigned long long)r->out);
}

static bool on_spare(void *arg, struct stream *backend)
{
    struct engine_scene *s = arg;
    if (s->takes_spare)
        s->spare = backend;
    return s->takes_spare;
}

static void on_done(void *arg, int err)
{
    struct engine_scene *s = arg;
    s->done = true;
    s->err = err;
    s->engine = NULL;
}

void scene_open(struct engine_scene *s, const struct engine_limits *limits)
{
    static const struct engine_limits none = {0};
    const struct engine_events events = {
        .ask = on_ask, .record = on_record, .spare = on_spare, .done = on_done, .arg = s};
    struct stream *near = NULL;
    memset(s, 0, sizeof(*s));
    cr_assert_eq(loop_new(&s->loop), 0);
    cr_assert_not_null(s->loop);
    open_end(s, &s->visitor, &near);
    cr_assert_eq(engine_new(s->loop, near, NULL, limits ? limits : &none, &events, &s->engine), 0);
    cr_assert_not_null(s->engine);
}

void scene_close(struct engine_scene *s)
{
    engine_free(s->engine);
    stream_free(s->spare);
    close_end(&s->visitor);
    for (int i = 0; i < s->backends; i++)
        close_end(&s->backend[i]);
    cr_expect_eq(buf_pool_used(loop_pool(s->loop)), 0);
    loop_free(s->loop);
}
