/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stream/memory.h"
#include "tests/unit/loop/until.h"

/* ---- lines ---------------------------------------------------------------------------------- */

static int parse(const char *line, size_t len)
{
    cJSON *object = NULL;
    char *exact = malloc(len ? len : 1); /* so that a byte read past its end is found */
    cr_assert_not_null(exact);
    memcpy(exact, line, len);
    int err = channel_parse(exact, len, &object);
    cr_assert_eq(err == 0, object != NULL);
    cJSON_Delete(object);
    free(exact);
    return err;
}

BEAM_TEST(channel, parse_takes_objects)
{
    static const char *const good[] = {
        "{}",
        " {\"a\" : [1, -2.5e3, true, null, \"x\"]}\t \r",
        "{\"s\":\"\\u00e4\\n\\\\ \\\"{[\"}",
        "{\"s\":\"\xc3\xa4\xe2\x82\xac\"}",
        "{\"s\":\"\\\\u0000\"}", /* a backslash and letters, no NUL */
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert_eq(parse(good[i], strlen(good[i])), 0, "%s", good[i]);
}

BEAM_TEST(channel, parse_refuses_all_else)
{
#define LINE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {
        LINE(""),
        LINE(" "),
        LINE("[]"),
        LINE("1"),
        LINE("\"s\""),
        LINE("{"),
        LINE("{} {}"),
        LINE("{}x"),
        LINE("{}\0"),
        LINE("{\"a\":\"\0\"}"),
        LINE("{\"a\":\"\\u0000\"}"),
        LINE("{\"\\u0000\":1}"),
        LINE("{\"a\":\"\\u00zz\"}"),
        LINE("{\"a\":\"\\u0f\\\0\"}"),
        LINE("{\"a\":\"\\x\"}"),
        LINE("{\"a\":\"\x01\"}"),
        LINE("{\"a\":\"\t\"}"),
        LINE("\x01{}"),
        LINE("{\"a\":\"\xff\"}"),
        LINE("{\"a\":\"\xc0\xaf\"}"),
        LINE("{\"a\":\"\xed\xa0\x80\"}"),
        LINE("{\"a\":\"\\ud800\"}"),
        LINE("{\"a\":\"\\"),
        LINE("{\"a\":\"\\u00"),
        LINE("{'a':1}"),
        LINE("{\"a\":1,}"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(parse(bad[i].text, bad[i].len), BEAM_EPROTO, "%zu: %s", i, bad[i].text);
}

/* An object with arrays in it: `depth` levels in all. */
static int parse_nested(size_t depth)
{
    static char text[256];
    size_t inner = depth - 1;
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', inner);
    memset(text + 5 + inner, ']', inner);
    text[5 + 2 * inner] = '}';
    return parse(text, 6 + 2 * inner);
}

BEAM_TEST(channel, parse_bounds_the_depth)
{
    static char deep[100000];
    cr_assert_eq(parse_nested(CONTROL_DEPTH_MAX), 0);
    cr_assert_eq(parse_nested(CONTROL_DEPTH_MAX + 1), BEAM_EPROTO);
    memset(deep, '[', sizeof(deep));
    cr_assert_eq(parse(deep, sizeof(deep)), BEAM_EPROTO);
    memset(deep, ']', sizeof(deep));
    cr_assert_eq(parse(deep, sizeof(deep)), BEAM_EPROTO);
}

/* ---- channels ------------------------------------------------------------------------------- */

struct end {
    struct channel *channel;
    struct end *peer;
    char *heard; /* the values of "n", each followed by a space */
    size_t heard_len;
    int closed; /* the code, 0 as long as it is open */
    size_t closed_calls;
    bool echo, free_at_message, free_at_close;
};

static cJSON *number(int n)
{
    cJSON *o = cJSON_CreateObject();
    cr_assert_not_null(o);
    cr_assert_not_null(cJSON_AddNumberToObject(o, "n", n));
    return o;
}

static int say(struct channel *c, int n)
{
    cJSON *o = number(n);
    int err = channel_send(c, o);
    cJSON_Delete(o);
    return err;
}

static void on_message(void *arg, const cJSON *message)
{
    struct end *e = arg;
    cr_assert_eq(e->closed_calls, 0u, "nothing comes after the end");
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(message, "n");
    cr_assert(cJSON_IsNumber(n));
    if (e->heard_len < 900)
        e->heard_len +=
            (size_t)snprintf(e->heard + e->heard_len, 1000 - e->heard_len, "%d ", n->valueint);
    if (e->echo)
        cr_assert_eq(say(e->channel, n->valueint), 0);
    if (e->free_at_message) {
        channel_free(e->channel);
        e->channel = NULL;
    }
}

static void on_closed(void *arg, int err)
{
    struct end *e = arg;
    e->closed = err;
    e->closed_calls++;
    if (e->free_at_close) {
        channel_free(e->channel);
        e->channel = NULL;
    }
}

/* A channel at one end, bytes written by hand at the other. */
struct scene {
    struct loop *loop;
    struct end end;
    struct stream *wire;
    struct buf bytes; /* for the wire */
};

static void end_open(struct end *e, struct loop *l, struct stream *s)
{
    struct channel_events events = {.message = on_message, .closed = on_closed, .arg = e};
    e->heard = calloc(1, 1000);
    cr_assert_not_null(e->heard);
    cr_assert_eq(channel_new(l, s, &events, &e->channel), 0);
}

static void end_close(struct end *e)
{
    channel_free(e->channel);
    free(e->heard);
}

static void scene_open(struct scene *s)
{
    struct stream *a = NULL;
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    cr_assert_eq(stream_memory(s->loop, 64 * 1024, &a, &s->wire), 0);
    end_open(&s->end, s->loop, a);
    buf_init(&s->bytes, loop_pool(s->loop), 8 * 1024 * 1024);
}

static void scene_close(struct scene *s)
{
    end_close(&s->end);
    stream_free(s->wire);
    buf_clear(&s->bytes);
    loop_free(s->loop);
}

/* Writes what is in s->bytes, turning the loop, until all is taken or the other end is closed. */
static void send_bytes(struct scene *s)
{
    while (buf_len(&s->bytes) > 0 && !s->end.closed) {
        ssize_t n = stream_write(s->wire, &s->bytes);
        cr_assert(n > 0 || n == BEAM_EAGAIN || n == BEAM_ERESET);
        cr_assert_eq(loop_turn(s->loop), 0);
    }
    for (int i = 0; i < 20; i++)
        cr_assert_eq(loop_turn(s->loop), 0);
}

static void send_text(struct scene *s, const char *text)
{
    cr_assert_eq(buf_add(&s->bytes, text, strlen(text)), 0);
    send_bytes(s);
}

BEAM_TEST(channel, lines_come_in_any_pieces)
{
    struct scene s;
    scene_open(&s);
    send_text(&s, "{\"n\":1}\n{\"n\":2}\r\n{\"n\"");
    cr_assert_str_eq(s.end.heard, "1 2 ");
    for (const char *rest = ":3}\n{\"n\":4}\n"; *rest; rest++)
        send_text(&s, (char[]){*rest, '\0'});
    cr_assert_str_eq(s.end.heard, "1 2 3 4 ");
    cr_assert_eq(s.end.closed, 0);
    scene_close(&s);
}

BEAM_TEST(channel, a_bad_line_ends_it)
{
    static const char *const bad[] = {"{\"n\":1}\nnonsense\n{\"n\":2}\n",
                                      "{\"n\":1}\n\n{\"n\":2}\n", "{\"n\":1}\n[]\n{\"n\":2}\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct scene s;
        scene_open(&s);
        send_text(&s, bad[i]);
        cr_assert_str_eq(s.end.heard, "1 ");
        cr_assert(s.end.closed == BEAM_EPROTO && s.end.closed_calls == 1);
        cr_assert_eq(say(s.end.channel, 1), BEAM_ECLOSED);
        scene_close(&s);
    }
}

/* A line of `len` bytes with its LF: 1 MiB is taken, a byte more ends the channel. */
static void long_line(size_t len, int closed)
{
    struct scene s;
    static char spaces[4096];
    scene_open(&s);
    memset(spaces, ' ', sizeof(spaces));
    while (buf_len(&s.bytes) + 8 < len) {
        size_t left = len - 8 - buf_len(&s.bytes);
        cr_assert_eq(buf_add(&s.bytes, spaces, left < sizeof(spaces) ? left : sizeof(spaces)), 0);
    }
    cr_assert_eq(buf_add(&s.bytes, "{\"n\":5}\n", 8), 0);
    send_bytes(&s);
    cr_assert_eq(s.end.closed, closed);
    cr_assert_str_eq(s.end.heard, closed ? "" : "5 ");
    scene_close(&s);
}

BEAM_TEST(channel, a_line_has_a_ceiling)
{
    long_line(CONTROL_LINE_MAX, 0);
    long_line(CONTROL_LINE_MAX + 1, BEAM_EPROTO);
}

BEAM_TEST(channel, a_line_without_end_is_not_waited_for)
{
    struct scene s;
    static char x[CONTROL_LINE_MAX];
    scene_open(&s);
    memset(x, 'x', sizeof(x));
    cr_assert_eq(buf_add(&s.bytes, x, sizeof(x) - 1), 0);
    send_bytes(&s);
    cr_assert_eq(s.end.closed, 0);
    send_text(&s, "x");
    cr_assert_eq(s.end.closed, BEAM_EPROTO);
    scene_close(&s);
}

struct talk {
    struct loop *loop;
    struct end a, b;
};

static void talk_open(struct talk *t)
{
    struct stream *a = NULL, *b = NULL;
    memset(t, 0, sizeof(*t));
    t->loop = until_loop_new();
    cr_assert_eq(stream_memory(t->loop, 100, &a, &b), 0);
    end_open(&t->a, t->loop, a);
    end_open(&t->b, t->loop, b);
}

static void talk_close(struct talk *t)
{
    end_close(&t->a);
    end_close(&t->b);
    loop_free(t->loop);
}

static void turns(struct loop *l, int n)
{
    while (n-- > 0)
        cr_assert_eq(loop_turn(l), 0);
}

BEAM_TEST(channel, two_ends_talk)
{
    struct talk t;
    talk_open(&t);
    t.b.echo = true;
    for (int i = 0; i < 100; i++) /* more than the wire holds */
        cr_assert_eq(say(t.a.channel, i), 0);
    turns(t.loop, 100);
    cr_assert_str_eq(t.a.heard, t.b.heard);
    cr_assert_not_null(strstr(t.a.heard, "0 1 2 "));
    cr_assert_not_null(strstr(t.a.heard, " 98 99 "));
    talk_close(&t);
}

BEAM_TEST(channel, finish_sends_what_is_queued)
{
    struct talk t;
    talk_open(&t);
    for (int i = 0; i < 50; i++)
        cr_assert_eq(say(t.a.channel, i), 0);
    cr_assert_eq(say(t.b.channel, 7), 0);
    channel_finish(t.a.channel);
    cr_assert_eq(say(t.a.channel, 50), BEAM_ECLOSED);
    turns(t.loop, 100);
    cr_assert_not_null(strstr(t.b.heard, " 48 49 "));
    cr_assert_eq(t.b.closed, BEAM_ECLOSED);
    cr_assert_eq(t.a.heard_len, 0u, "it had said good-bye");
    cr_assert(t.a.closed == BEAM_ECLOSED && t.a.closed_calls == 1);
    talk_close(&t);
}

BEAM_TEST(channel, answers_go_out_to_a_peer_that_ended)
{
    struct scene s;
    char line[64] = "";
    struct buf in;
    scene_open(&s);
    s.end.echo = true;
    cr_assert_eq(buf_add(&s.bytes, "{\"n\":1}\n", 8), 0);
    cr_assert_eq(stream_write(s.wire, &s.bytes), 8);
    cr_assert_eq(stream_shut(s.wire), 0);
    turns(s.loop, 5);
    cr_assert_eq(s.end.closed, BEAM_ECLOSED);
    buf_init(&in, loop_pool(s.loop), sizeof(line));
    cr_assert_eq(stream_read(s.wire, &in, sizeof(line)), 8);
    (void)buf_peek(&in, 0, line, sizeof(line));
    cr_assert_str_eq(line, "{\"n\":1}\n");
    buf_clear(&in);
    scene_close(&s);
}

BEAM_TEST(channel, can_be_freed_from_its_events)
{
    struct scene s;
    scene_open(&s);
    s.end.free_at_message = true;
    cr_assert_eq(buf_add(&s.bytes, "{\"n\":1}\n{\"n\":2}\n", 16), 0);
    cr_assert_eq(stream_write(s.wire, &s.bytes), 16);
    turns(s.loop, 3);
    cr_assert_str_eq(s.end.heard, "1 ");
    cr_assert_null(s.end.channel);
    scene_close(&s);

    scene_open(&s);
    s.end.free_at_close = true;
    cr_assert_eq(stream_shut(s.wire), 0);
    turns(s.loop, 3);
    cr_assert(s.end.closed == BEAM_ECLOSED && !s.end.channel);
    scene_close(&s);
}

BEAM_TEST(channel, a_peer_that_does_not_read_is_let_go)
{
    struct scene s;
    static char text[CONTROL_LINE_MAX / 2];
    scene_open(&s);
    memset(text, 'x', sizeof(text) - 1);
    cJSON *big = cJSON_CreateObject();
    cr_assert_not_null(big);
    cr_assert_not_null(cJSON_AddStringToObject(big, "text", text));
    int err = 0;
    size_t sent = 0;
    for (; err == 0 && sent < 100; sent++)
        err = channel_send(s.end.channel, big);
    cr_assert_eq(err, BEAM_ELIMIT);
    size_t line = strlen("{\"text\":\"\"}\n") + strlen(text);
    cr_assert_eq(sent, 1 + CONTROL_QUEUE_MAX / line);
    cr_assert_eq(s.end.closed_calls, 0u, "not from within channel_send");
    turns(s.loop, 2);
    cr_assert_eq(s.end.closed, BEAM_ELIMIT);
    cJSON_Delete(big);
    scene_close(&s);
}

BEAM_TEST(channel, sends_no_line_that_its_peer_would_refuse)
{
    struct scene s;
    static char text[CONTROL_LINE_MAX];
    scene_open(&s);
    memset(text, 'x', sizeof(text) - 1);
    cJSON *big = cJSON_CreateObject(), *broken = cJSON_CreateObject();
    cr_assert(big && broken);
    cr_assert_not_null(cJSON_AddStringToObject(big, "text", text));
    cr_assert_not_null(cJSON_AddStringToObject(broken, "text", "\xff"));
    cr_assert_eq(channel_send(s.end.channel, big), BEAM_EINVAL);
    cr_assert_eq(channel_send(s.end.channel, broken), BEAM_EINVAL);
    cr_assert_eq(say(s.end.channel, 1), 0);
    turns(s.loop, 2);
    cr_assert_eq(s.end.closed, 0);
    cJSON_Delete(big);
    cJSON_Delete(broken);
    scene_close(&s);
}
