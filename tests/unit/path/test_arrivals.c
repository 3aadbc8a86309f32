/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/arrivals.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/log.h"
#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

#define START "PROXY TCP6 fc00:dead:beef:4dad::"

enum { VISITORS = 4 };

struct stage {
    struct loop *loop;
    struct arrivals *arrivals;
    struct stream *theirs[VISITORS], *ours[VISITORS];
    char tags[VISITORS][ARRIVALS_TAG_SIZE];
    size_t count, come;
};

static void on_arrival(void *arg, struct stream *s, const char *tag)
{
    struct stage *st = arg;
    cr_assert_lt(st->come, VISITORS);
    snprintf(st->tags[st->come], ARRIVALS_TAG_SIZE, "%s", tag);
    st->ours[st->come++] = s;
}

static void set_up(struct stage *st)
{
    memset(st, 0, sizeof(*st));
    cr_assert_geq(sodium_init(), 0);
    st->loop = until_loop_new();
    cr_assert_eq(arrivals_new(st->loop, rng_system(), on_arrival, st, &st->arrivals), 0);
}

static void tear_down(struct stage *st)
{
    arrivals_free(st->arrivals);
    for (size_t i = 0; i < VISITORS; i++) {
        stream_free(st->ours[i]);
        stream_free(st->theirs[i]);
    }
    loop_free(st->loop);
}

static void say(struct stage *st, size_t visitor, const char *text, size_t len)
{
    struct buf out;
    buf_init(&out, loop_pool(st->loop), 1000);
    cr_assert_eq(buf_add(&out, text, len), 0);
    (void)stream_write(st->theirs[visitor], &out);
    buf_clear(&out);
}

static void visit(struct stage *st, const char *text)
{
    struct stream *ours;
    cr_assert_eq(stream_memory(st->loop, 4096, &ours, &st->theirs[st->count]), 0);
    arrivals_take(st->arrivals, ours);
    say(st, st->count++, text, strlen(text));
}

static void settle(struct stage *st)
{
    for (int turn = 0; turn < 50; turn++)
        cr_assert_eq(loop_turn(st->loop), 0);
}

static void expect_read(struct stage *st, size_t visitor, const char *want)
{
    struct buf in;
    char text[64] = "";
    buf_init(&in, loop_pool(st->loop), sizeof(text) - 1);
    cr_expect_gt(stream_read(st->ours[visitor], &in, sizeof(text) - 1), 0);
    buf_peek(&in, 0, text, buf_len(&in));
    cr_expect_str_eq(text, want);
    buf_clear(&in);
}

BEAM_TEST(arrivals, each_circuit_has_a_tag_and_the_line_is_taken_off)
{
    struct stage st;
    set_up(&st);
    visit(&st, START "0:1 ::1 1 80\r\nGET /\r\nmore");
    settle(&st);
    visit(&st, START "0:1 ::1 1 80\r\n");
    settle(&st);
    visit(&st, START "0:2 ::1 2 80\r\n");
    settle(&st);
    cr_assert_eq(st.come, 3);
    cr_expect_eq(strspn(st.tags[0], "abcdefghijklmnopqrstuvwxyz234567"), 8);
    cr_expect_str_eq(st.tags[0], st.tags[1]);
    cr_expect_str_neq(st.tags[0], st.tags[2]);
    expect_read(&st, 0, "GET /\r\nmore");
    char before[ARRIVALS_TAG_SIZE];
    memcpy(before, st.tags[0], sizeof(before));
    tear_down(&st);
    set_up(&st);
    visit(&st, START "0:1 ::1 1 80\r\n");
    settle(&st);
    cr_expect_str_neq(st.tags[0], before, "another tunnel has the same tag");
    tear_down(&st);
}

BEAM_TEST(arrivals, a_line_that_comes_in_pieces)
{
    static const char line[] = START "12:ab ::1 171 80\r\nx";
    struct stage st;
    set_up(&st);
    visit(&st, "P");
    for (size_t i = 1; i < sizeof(line) - 1; i++) {
        cr_expect_eq(st.come, i == sizeof(line) - 2 ? 1 : 0);
        say(&st, 0, line + i, 1);
        settle(&st);
    }
    cr_assert_eq(st.come, 1);
    expect_read(&st, 0, "x");
    tear_down(&st);
}

BEAM_TEST(arrivals, who_is_not_announced_is_turned_away)
{
    static const char *const wrong[] = {
        "GET / HTTP/1.1\r\nHost: a.example\r\nAccept: text/html\r\n\r\n", START "0:1 ::1 1 80\n",
        START
        "0:1 ::1 1 80 and more than tor would ever say in a line of this kind, or in any other "
        "that it could say\r\n",
        "\n"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct stage st;
        struct buf in;
        set_up(&st);
        visit(&st, wrong[i]);
        settle(&st);
        if (strlen(wrong[i]) < 40)
            stream_shut(st.theirs[0]);
        settle(&st);
        cr_expect_eq(st.come, 0);
        buf_init(&in, loop_pool(st.loop), 10);
        cr_expect_neq(stream_read(st.theirs[0], &in, 10), BEAM_EAGAIN, "it still waits");
        buf_clear(&in);
        tear_down(&st);
    }
}

/* Of those beyond the thousandth the log has one line. */
BEAM_TEST(arrivals, more_than_are_waited_for_are_turned_away)
{
    enum { WAITING = 1000, MORE = 5 };
    struct stream *theirs[WAITING + MORE];
    struct stage st;
    struct buf in;
    struct folder f = folder_make();
    char log[128], *text = NULL;
    size_t len = 0;
    snprintf(log, sizeof(log), "%s/log", f.path);
    cr_assert_eq(log_open(log), 0);
    set_up(&st);
    for (size_t i = 0; i < WAITING + MORE; i++) {
        struct stream *ours;
        cr_assert_eq(stream_memory(st.loop, 4096, &ours, &theirs[i]), 0);
        arrivals_take(st.arrivals, ours);
    }
    settle(&st);
    buf_init(&in, loop_pool(st.loop), 10);
    cr_expect_eq(stream_read(theirs[WAITING - 1], &in, 10), BEAM_EAGAIN);
    cr_expect_neq(stream_read(theirs[WAITING], &in, 10), BEAM_EAGAIN);
    buf_clear(&in);
    for (size_t i = 0; i < WAITING + MORE; i++)
        stream_free(theirs[i]);
    tear_down(&st);
    cr_assert_eq(log_open(NULL), 0);
    cr_assert_eq(file_read(log, 10000, &text, &len), 0);
    const char *end = strchr(text, '\n');
    cr_expect_not_null(strstr(text, "visitors are turned away (1 since"), "%s", text);
    cr_expect(end && end[1] == '\0', "more than a line: %s", text);
    free(text);
    folder_remove(&f);
}

BEAM_TEST(arrivals, those_waited_for_are_turned_away_and_others_come)
{
    struct stage st;
    struct buf in;
    set_up(&st);
    visit(&st, "");
    visit(&st, START "0:1 ::1 ");
    settle(&st);
    arrivals_turn_away(st.arrivals);
    buf_init(&in, loop_pool(st.loop), 10);
    for (size_t i = 0; i < 2; i++)
        cr_expect_neq(stream_read(st.theirs[i], &in, 10), BEAM_EAGAIN, "it still waits");
    buf_clear(&in);
    say(&st, 1, "1 80\r\n", strlen("1 80\r\n"));
    visit(&st, START "0:1 ::1 1 80\r\nx");
    settle(&st);
    cr_assert_eq(st.come, 1);
    expect_read(&st, 0, "x");
    tear_down(&st);
}

BEAM_TEST(arrivals, those_waited_for_go_with_it)
{
    struct stage st;
    set_up(&st);
    visit(&st, "PROXY ");
    settle(&st);
    tear_down(&st);
}
