/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/fetch.h"

#include <stdio.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

#define ONE "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"
#define TWO "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

struct bed {
    struct loop *loop;
    struct control *control;
    struct peer peer;
    struct fetches all;
    const char *taken; /* the answer to HSFETCH */
    const char *event; /* sent before the second answer; NULL: none */
    unsigned asked, asked_more;
    unsigned told;
    enum fetch_result result;
    char reason[32];
};

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    if (control_after(line, "HSFETCH")) {
        b->asked++;
        peer_say(p, b->taken);
        return;
    }
    cr_assert_str_eq(line, "GETINFO status/bootstrap-phase");
    b->asked_more++;
    if (b->event)
        peer_say(p, b->event);
    peer_say(p, "250-status/bootstrap-phase=x\r\n250 OK\r\n");
}

static void on_event(void *arg, const struct control_reply *event)
{
    struct hs_desc d;
    if (hs_desc_parse(event->lines[0].text, &d) == 0)
        fetches_event(&((struct bed *)arg)->all, &d);
}

static void on_closed(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_fetched(void *arg, enum fetch_result result, const char *reason)
{
    struct bed *b = arg;
    b->told++;
    b->result = result;
    snprintf(b->reason, sizeof(b->reason), "%s", reason);
}

static bool is_told(void *arg)
{
    return ((const struct bed *)arg)->told > 0;
}

static void bed_open(struct bed *b, const char *taken, const char *event)
{
    struct stream *ours, *theirs;
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = b};
    kit_init();
    memset(b, 0, sizeof(*b));
    b->taken = taken;
    b->event = event;
    cr_assert_eq(loop_new(&b->loop), 0);
    cr_assert_eq(stream_memory(b->loop, 65536, &ours, &theirs), 0);
    cr_assert_eq(control_new(b->loop, ours, &events, &b->control), 0);
    peer_open(&b->peer, b->loop, theirs, on_line, b);
    fetches_init(&b->all);
    fetches_up(&b->all, b->control);
}

static void bed_close(struct bed *b)
{
    fetches_down(&b->all);
    cr_expect(TAILQ_EMPTY(&b->all.list));
    control_free(b->control);
    peer_close(&b->peer);
    loop_free(b->loop);
}

static void expect(const char *taken, const char *event, enum fetch_result result,
                   const char *reason)
{
    struct bed b;
    struct fetch *f;
    bed_open(&b, taken, event);
    cr_assert_eq(fetch_start(&b.all, ONE, on_fetched, &b, &f), 0);
    cr_assert(until(b.loop, is_told, &b));
    kit_settle(b.loop);
    cr_expect_eq(b.told, 1);
    cr_expect_eq(b.result, result);
    cr_expect_str_eq(b.reason, reason);
    cr_expect(TAILQ_EMPTY(&b.all.list), "it was not forgotten");
    bed_close(&b);
}

BEAM_TEST(fetch, what_becomes_of_it)
{
    expect("250 OK\r\n",
           "650 HS_DESC REQUESTED " ONE " NO_AUTH $AB~a id\r\n"
           "650 HS_DESC RECEIVED " ONE " NO_AUTH $AB~a id\r\n",
           FETCH_RECEIVED, "");
    expect("250 OK\r\n",
           "650 HS_DESC REQUESTED " ONE " NO_AUTH $AB~a id\r\n"
           "650 HS_DESC FAILED " ONE " NO_AUTH $AB~a id REASON=NOT_FOUND\r\n",
           FETCH_FAILED, "NOT_FOUND");
    expect("250 OK\r\n", NULL, FETCH_NOT_DONE, "");
    expect("510 Command filtered\r\n", NULL, FETCH_NOT_DONE, "");
}

BEAM_TEST(fetch, what_others_do_is_not_its)
{
    struct bed b;
    struct fetch *f;
    bed_open(&b, "250 OK\r\n",
             "650 HS_DESC REQUESTED " ONE " NO_AUTH $AB~a id\r\n"
             "650 HS_DESC RECEIVED " TWO " NO_AUTH $AB~a id\r\n"
             "650 HS_DESC FAILED " TWO " NO_AUTH $AB~a id REASON=NOT_FOUND\r\n"
             "650 HS_DESC UPLOAD " ONE " NO_AUTH $AB~a id\r\n"
             "650 HS_DESC UPLOADED " ONE " NO_AUTH $AB~a id\r\n"
             "650 HS_DESC FAILED " ONE " NO_AUTH $CD~a id REASON=UNEXPECTED\r\n"
             "650 HS_DESC FAILED " ONE " NO_AUTH $AB~a id REASON=UPLOAD_REJECTED\r\n");
    cr_assert_eq(fetch_start(&b.all, ONE, on_fetched, &b, &f), 0);
    kit_settle(b.loop);
    cr_expect_eq(b.asked_more, 1);
    cr_expect_eq(b.told, 0);
    peer_say(&b.peer, "650 HS_DESC RECEIVED " ONE " NO_AUTH $EF~a id\r\n");
    cr_assert(until(b.loop, is_told, &b));
    bed_close(&b);
}

/* Such a line names no directory; nor does a fetch know one, while none was asked. */
BEAM_TEST(fetch, an_end_of_no_directory_is_not_its)
{
    struct bed b;
    struct fetch *f;
    bed_open(&b, "250 OK\r\n", "650 HS_DESC FAILED " ONE " NO_AUTH UNKNOWN REASON=UNEXPECTED\r\n");
    cr_assert_eq(fetch_start(&b.all, ONE, on_fetched, &b, &f), 0);
    cr_assert(until(b.loop, is_told, &b));
    cr_expect_eq(b.result, FETCH_NOT_DONE);
    bed_close(&b);
}

BEAM_TEST(fetch, answers_are_told_apart_when_one_is_cancelled)
{
    struct bed b;
    struct fetch *first, *second;
    bed_open(&b, "250 OK\r\n", NULL);
    cr_assert_eq(fetch_start(&b.all, ONE, on_fetched, &b, &first), 0);
    cr_assert_eq(fetch_start(&b.all, TWO, on_fetched, &b, &second), 0);
    fetch_cancel(first);
    fetch_cancel(NULL);
    cr_assert(until(b.loop, is_told, &b));
    kit_settle(b.loop);
    cr_expect_eq(b.told, 1);
    cr_expect_eq(b.asked_more, 2);
    cr_expect(TAILQ_EMPTY(&b.all.list));
    bed_close(&b);
}

BEAM_TEST(fetch, it_ends_with_the_connection)
{
    struct bed b;
    struct fetch *f;
    bed_open(&b, "250 OK\r\n", "650 HS_DESC REQUESTED " ONE " NO_AUTH $AB~a id\r\n");
    cr_assert_eq(fetch_start(&b.all, ONE, on_fetched, &b, &f), 0);
    kit_settle(b.loop);
    cr_assert_eq(fetch_start(&b.all, TWO, on_fetched, &b, &f), 0);
    fetches_down(&b.all);
    cr_expect_eq(b.told, 2);
    cr_expect_eq(b.result, FETCH_NOT_DONE);
    cr_expect_eq(fetch_start(&b.all, ONE, on_fetched, &b, &f), BEAM_ECLOSED);
    bed_close(&b);
}
