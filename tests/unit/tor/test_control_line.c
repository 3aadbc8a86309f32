/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/control_line.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

struct bed {
    struct buf_pool *pool;
    struct buf in;
    struct control_reader *reader;
};

static void bed_open(struct bed *b)
{
    cr_assert_eq(buf_pool_new(4, &b->pool), 0);
    buf_init(&b->in, b->pool, 2 * CONTROL_REPLY_MAX);
    cr_assert_eq(control_reader_new(&b->reader), 0);
}

static void bed_close(struct bed *b)
{
    control_reader_free(b->reader);
    buf_clear(&b->in);
    buf_pool_free(b->pool);
}

static void feed(struct bed *b, const char *text)
{
    cr_assert_eq(buf_add(&b->in, text, strlen(text)), 0);
}

static int next(struct bed *b, const struct control_reply **r)
{
    return control_reader_next(b->reader, &b->in, r);
}

/* What a whole input gives first: 0 or the error. */
static int verdict(const char *text, size_t len)
{
    struct bed b;
    const struct control_reply *r;
    bed_open(&b);
    cr_assert_eq(buf_add(&b.in, text, len), 0);
    int err = next(&b, &r);
    if (err < 0 && err != BEAM_EAGAIN)
        cr_assert_eq(next(&b, &r), err, "a broken reader stays broken");
    bed_close(&b);
    return err;
}
#define VERDICT(text) verdict(text, sizeof(text) - 1)

BEAM_TEST(control_line, one_line)
{
    struct bed b;
    const struct control_reply *r;
    bed_open(&b);
    feed(&b, "250 OK\r\n");
    cr_assert_eq(next(&b, &r), 0);
    cr_assert_eq(r->code, 250);
    cr_assert_not(r->event);
    cr_assert_eq(r->count, 1);
    cr_assert_str_eq(r->lines[0].text, "OK");
    cr_assert_eq(r->lines[0].text_len, 2);
    cr_assert_str_eq(r->lines[0].data, "");
    cr_assert_eq(next(&b, &r), BEAM_EAGAIN);
    bed_close(&b);
}

BEAM_TEST(control_line, replies_and_events_follow_each_other)
{
    struct bed b;
    const struct control_reply *r;
    bed_open(&b);
    feed(&b, "250-A\r\n250-\r\n250 C\r\n650 HS_DESC X\r\n515 no\r\n");
    cr_assert_eq(next(&b, &r), 0);
    cr_assert_eq(r->count, 3);
    cr_assert_str_eq(r->lines[0].text, "A");
    cr_assert_str_eq(r->lines[1].text, "");
    cr_assert_str_eq(r->lines[2].text, "C");
    cr_assert_eq(next(&b, &r), 0);
    cr_assert(r->event);
    cr_assert_eq(r->code, 650);
    cr_assert_str_eq(r->lines[0].text, "HS_DESC X");
    cr_assert_eq(next(&b, &r), 0);
    cr_assert_not(r->event);
    cr_assert_eq(r->code, 515);
    cr_assert_eq(r->count, 1);
    bed_close(&b);
}

static const char data_reply[] =
    "250+ns/all=\r\nr one\r\n..\r\n.\r\n250-more\r\n250+none=\r\n.\r\n250 OK\r\n";

static void check_data_reply(const struct control_reply *r)
{
    cr_assert_eq(r->count, 4);
    cr_assert_str_eq(r->lines[0].text, "ns/all=");
    cr_assert_str_eq(r->lines[0].data, "r one\n.\n");
    cr_assert_eq(r->lines[0].data_len, 8);
    cr_assert_str_eq(r->lines[1].text, "more");
    cr_assert_str_eq(r->lines[1].data, "");
    cr_assert_str_eq(r->lines[2].data, "");
    cr_assert_eq(r->lines[2].data_len, 0);
    cr_assert_str_eq(r->lines[3].text, "OK");
}

BEAM_TEST(control_line, data_blocks_lose_their_stuffing)
{
    struct bed b;
    const struct control_reply *r;
    bed_open(&b);
    feed(&b, data_reply);
    cr_assert_eq(next(&b, &r), 0);
    check_data_reply(r);
    bed_close(&b);
}

BEAM_TEST(control_line, a_byte_at_a_time)
{
    struct bed b;
    const struct control_reply *r;
    size_t len = sizeof(data_reply) - 1;
    bed_open(&b);
    for (size_t i = 0; i < len - 1; i++) {
        cr_assert_eq(buf_add(&b.in, &data_reply[i], 1), 0);
        cr_assert_eq(next(&b, &r), BEAM_EAGAIN, "at byte %zu", i);
    }
    cr_assert_eq(buf_add(&b.in, &data_reply[len - 1], 1), 0);
    cr_assert_eq(next(&b, &r), 0);
    check_data_reply(r);
    bed_close(&b);
}

BEAM_TEST(control_line, status_lines_inside_of_data_are_data)
{
    struct bed b;
    const struct control_reply *r;
    bed_open(&b);
    feed(&b, "250+x=\r\n650 HS_DESC\r\n515 no\r\n.\r\n250 OK\r\n");
    cr_assert_eq(next(&b, &r), 0);
    cr_assert_eq(r->count, 2);
    cr_assert_str_eq(r->lines[0].data, "650 HS_DESC\n515 no\n");
    bed_close(&b);
}

BEAM_TEST(control_line, refuses_what_is_no_reply)
{
    cr_assert_eq(VERDICT("250 OK\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("25 OK\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("150 OK\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("750 OK\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("2x0 OK\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250=OK\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("HTTP/1.1 400 Bad\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250 O\0K\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250+x\r\na\0b\r\n.\r\n250 OK\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250-a\r\n650 b\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250-a\r\n251 b\r\n"), BEAM_EPROTO);
    cr_assert_eq(VERDICT("250 OK\r"), BEAM_EAGAIN);
    cr_assert_eq(VERDICT(""), BEAM_EAGAIN);
    cr_assert_eq(VERDICT("250 a\rb\r\n"), 0);
}

/* `head`, then `n` times `each`, then `tail`. */
static int verdict_of_many(const char *head, const char *each, size_t n, const char *tail)
{
    size_t h = strlen(head), e = strlen(each), t = strlen(tail);
    char *text = malloc(h + n * e + t);
    cr_assert_not_null(text);
    memcpy(text, head, h);
    for (size_t i = 0; i < n; i++)
        memcpy(text + h + i * e, each, e);
    memcpy(text + h + n * e, tail, t);
    int err = verdict(text, h + n * e + t);
    free(text);
    return err;
}

BEAM_TEST(control_line, ceilings)
{
    size_t fits = CONTROL_TEXT_MAX - strlen("250 \r\n");
    cr_assert_eq(verdict_of_many("250 ", "x", fits, "\r\n"), 0);
    cr_assert_eq(verdict_of_many("250 ", "x", fits + 1, "\r\n"), BEAM_ELIMIT);
    cr_assert_eq(verdict_of_many("250 ", "x", CONTROL_TEXT_MAX, ""), BEAM_ELIMIT);
    cr_assert_eq(verdict_of_many("", "250-\r\n", CONTROL_LINES_MAX - 1, "250 OK\r\n"), 0);
    cr_assert_eq(verdict_of_many("", "250-\r\n", CONTROL_LINES_MAX, "250 OK\r\n"), BEAM_ELIMIT);
    cr_assert_eq(verdict_of_many("250+x\r\n", "0123456789\r\n", CONTROL_REPLY_MAX / 10, ""),
                 BEAM_ELIMIT);
}

BEAM_TEST(control_line, after)
{
    cr_assert_str_eq(control_after("HS_DESC UP x", "HS_DESC"), "UP x");
    cr_assert_str_eq(control_after("OK", "OK"), "");
    cr_assert_null(control_after("HS_DESC_CONTENT x", "HS_DESC"));
    cr_assert_null(control_after("HS", "HS_DESC"));
    cr_assert_null(control_after("", "A"));
}

BEAM_TEST(control_line, words)
{
    char out[5];
    const char *at = "  one  four fives";
    cr_assert_eq(control_word(&at, out, sizeof(out)), 0);
    cr_assert_str_eq(out, "one");
    cr_assert_eq(control_word(&at, out, sizeof(out)), 0);
    cr_assert_str_eq(out, "four");
    cr_assert_eq(control_word(&at, out, sizeof(out)), BEAM_ELIMIT);
    cr_assert_str_eq(out, "four");
    at = "   ";
    cr_assert_eq(control_word(&at, out, sizeof(out)), BEAM_ENOTFOUND);
}

static void expect_value(const char *text, const char *key, const char *want)
{
    char out[64] = "";
    cr_assert_eq(control_value(text, key, out, sizeof(out)), 0, "%s in %s", key, text);
    cr_assert_str_eq(out, want);
}

static void expect_no_value(const char *text, const char *key, int err)
{
    char out[8] = "before";
    cr_assert_eq(control_value(text, key, out, sizeof(out)), err, "%s in %s", key, text);
    cr_assert_str_eq(out, "before");
}

BEAM_TEST(control_line, values)
{
    expect_value("METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"/a b/c\"", "METHODS", "COOKIE,SAFECOOKIE");
    expect_value("METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"/a b/c\"", "COOKIEFILE", "/a b/c");
    expect_value("BOOTSTRAP PROGRESS=5 SUMMARY=\"a PROGRESS=6 b\"", "PROGRESS", "5");
    expect_value("SUMMARY=\"x \\\" KEY=no \" KEY=yes", "KEY", "yes");
    expect_value("A= B=\"\"", "A", "");
    expect_value("A= B=\"\"", "B", "");
    expect_value("XKEY=1 KEY=2", "KEY", "2");
    expect_value("K=\"\\\\ \\\" \\n\\t\\r\\x \\101\\7z\\377\"", "K",
                 "\\ \" \n\t\rx A\a"
                 "z\xff");
    expect_value("K=\"\\4019\"", "K", " 19"); /* \40 and a digit: \401 would not be an octet */
}

BEAM_TEST(control_line, values_that_are_not_there)
{
    expect_no_value("", "KEY", BEAM_ENOTFOUND);
    expect_no_value("KEY", "KEY", BEAM_ENOTFOUND);
    expect_no_value("A=\"KEY=1\"", "KEY", BEAM_ENOTFOUND);
    expect_no_value("A=\"KEY=1", "KEY", BEAM_EINVAL);
    expect_no_value("KEY=\"open", "KEY", BEAM_EINVAL);
    expect_no_value("KEY=\"open\\\"", "KEY", BEAM_EINVAL);
    expect_no_value("KEY=\"\\", "KEY", BEAM_EINVAL);
    expect_no_value("KEY=\"a\\0b\"", "KEY", BEAM_EINVAL);
    expect_no_value("KEY=12345678", "KEY", BEAM_ELIMIT);
    expect_no_value("KEY=\"12345678\"", "KEY", BEAM_ELIMIT);
}
