/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

struct bed {
    struct loop *loop;
    struct control *control;
    struct peer peer;
    char got[2 * CONTROL_COMMAND_MAX]; /* lines the peer got, each with a newline */
    char heard[4096];                  /* answers and events, in order */
    int closed;
    bool free_on_event, free_on_answer;
};

static void append(char *to, size_t size, const char *text)
{
    size_t len = strlen(to);
    snprintf(to + len, size - len, "%s\n", text);
}

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    (void)p;
    append(b->got, sizeof(b->got), line);
}

static void on_event(void *arg, const struct control_reply *event)
{
    struct bed *b = arg;
    append(b->heard, sizeof(b->heard), event->lines[0].text);
    if (b->free_on_event) {
        control_free(b->control);
        b->control = NULL;
    }
}

static void on_closed(void *arg, int err)
{
    struct bed *b = arg;
    cr_assert_eq(b->closed, 0, "said once");
    b->closed = err;
}

static void on_answer(void *arg, const struct control_reply *r)
{
    struct bed *b = arg;
    append(b->heard, sizeof(b->heard), r->lines[0].text);
    if (b->free_on_answer) {
        control_free(b->control);
        b->control = NULL;
    }
}

static void bed_open(struct bed *b, size_t window)
{
    struct stream *ours, *theirs;
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = b};
    kit_init();
    *b = (struct bed){.got = ""};
    cr_assert_eq(loop_new(&b->loop), 0);
    cr_assert_eq(stream_memory(b->loop, window, &ours, &theirs), 0);
    cr_assert_eq(control_new(b->loop, ours, &events, &b->control), 0);
    peer_open(&b->peer, b->loop, theirs, on_line, b);
}

static void bed_close(struct bed *b)
{
    control_free(b->control);
    peer_close(&b->peer);
    loop_free(b->loop);
}

BEAM_TEST(control, answers_come_in_order_and_events_between)
{
    struct bed b;
    bed_open(&b, 65536);
    cr_assert_eq(control_send(b.control, on_answer, &b, "GETINFO %s", "one"), 0);
    cr_assert_eq(control_send(b.control, on_answer, &b, "GETINFO two"), 0);
    cr_assert_eq(control_pending(b.control), 2);
    kit_settle(b.loop);
    cr_assert_str_eq(b.got, "GETINFO one\nGETINFO two\n");
    cr_assert_str_eq(b.heard, "", "nothing was said yet");
    peer_say(&b.peer, "650 E1\r\n250-A\r\n250 OK\r\n650 E2\r\n552 B\r\n");
    kit_settle(b.loop);
    cr_assert_str_eq(b.heard, "E1\nA\nE2\nB\n");
    cr_assert_eq(control_pending(b.control), 0);
    bed_close(&b);
}

BEAM_TEST(control, torn_replies)
{
    static const char reply[] = "250+x=\r\n..a\r\n.\r\n250 OK\r\n";
    struct bed b;
    bed_open(&b, 65536);
    cr_assert_eq(control_send(b.control, on_answer, &b, "X"), 0);
    for (size_t i = 0; i + 1 < sizeof(reply); i++) {
        char one[2] = {reply[i], '\0'};
        cr_assert_str_eq(b.heard, "");
        peer_say(&b.peer, one);
        kit_settle(b.loop);
    }
    cr_assert_str_eq(b.heard, "x=\n");
    bed_close(&b);
}

BEAM_TEST(control, a_narrow_pipe)
{
    struct bed b;
    bed_open(&b, 7);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(control_send(b.control, on_answer, &b, "COMMAND number %d", i), 0);
    for (int i = 0; i < 50; i++)
        kit_settle(b.loop);
    cr_assert_str_eq(b.got, "COMMAND number 0\nCOMMAND number 1\nCOMMAND number 2\n"
                            "COMMAND number 3\nCOMMAND number 4\n");
    bed_close(&b);
}

BEAM_TEST(control, nothing_can_be_injected)
{
    char longest[CONTROL_COMMAND_MAX + 1];
    struct bed b;
    bed_open(&b, 65536);
    cr_assert_eq(control_send(b.control, on_answer, &b, "DEL_ONION %s", "x\r\nSIGNAL HALT"),
                 BEAM_EINVAL);
    cr_assert_eq(control_send(b.control, on_answer, &b, "DEL_ONION %s", "x\nSIGNAL HALT"),
                 BEAM_EINVAL);
    cr_assert_eq(control_send(b.control, on_answer, &b, "DEL_ONION %s", "x\r"), BEAM_EINVAL);
    cr_assert_eq(control_send(b.control, on_answer, &b, "DEL_ONION %c x", '\0'), BEAM_EINVAL);
    cr_assert_eq(control_send(b.control, on_answer, &b, "%s", ""), BEAM_EINVAL);
    memset(longest, 'x', sizeof(longest));
    longest[CONTROL_COMMAND_MAX - 1] = '\0';
    cr_assert_eq(control_send(b.control, on_answer, &b, "%s", longest), BEAM_ELIMIT);
    longest[CONTROL_COMMAND_MAX - 2] = '\0';
    cr_assert_eq(control_send(b.control, on_answer, &b, "%s", longest), 0);
    cr_assert_eq(control_pending(b.control), 1);
    kit_settle(b.loop);
    cr_assert_eq(strlen(b.got), strlen(longest) + 1, "only that one went out");
    cr_assert_eq(strspn(b.got, "x"), strlen(longest));
    bed_close(&b);
}

BEAM_TEST(control, many_commands)
{
    struct bed b;
    bed_open(&b, 1024 * 1024);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(control_send(b.control, on_answer, &b, "A %d", i), 0);
        if (i % 3 == 0) /* so that the ring turns */
            peer_say(&b.peer, "250 a\r\n");
        kit_settle(b.loop);
    }
    cr_assert_eq(control_pending(b.control), 66);
    for (int i = 0; i < 66; i++)
        peer_say(&b.peer, i == 65 ? "250 last\r\n" : "250 a\r\n");
    for (int i = 0; i < 5; i++)
        kit_settle(b.loop);
    cr_assert_eq(control_pending(b.control), 0);
    cr_assert_str_eq(b.heard + strlen(b.heard) - 5, "last\n");
    bed_close(&b);
}

BEAM_TEST(control, ceiling_of_what_waits)
{
    struct bed b;
    size_t sent = 0;
    int err;
    bed_open(&b, 64);
    while ((err = control_send(b.control, on_answer, &b, "COMMAND")) == 0)
        sent++;
    cr_assert_eq(err, BEAM_ELIMIT);
    cr_assert_eq(sent, CONTROL_PENDING_MAX);
    bed_close(&b);
}

/* What `closed` says after the peer said `text` to one command. */
static int closed_by(const char *text, size_t len)
{
    struct bed b;
    bed_open(&b, 4 * 1024 * 1024);
    cr_assert_eq(control_send(b.control, on_answer, &b, "X"), 0);
    cr_assert_eq(buf_add(&b.peer.out, text, len), 0);
    peer_say(&b.peer, "");
    for (int i = 0; i < 10; i++)
        kit_settle(b.loop);
    int closed = b.closed;
    if (closed)
        cr_assert_eq(control_send(b.control, on_answer, &b, "Y"), BEAM_ECLOSED);
    bed_close(&b);
    return closed;
}
#define CLOSED_BY(text) closed_by(text, sizeof(text) - 1)

BEAM_TEST(control, hostile_bytes)
{
    cr_assert_eq(CLOSED_BY("250 OK\r\n"), 0);
    cr_assert_eq(CLOSED_BY("250 OK\r\n250 OK\r\n"), BEAM_EPROTO, "an answer to nothing");
    cr_assert_eq(CLOSED_BY("250 OK\n"), BEAM_EPROTO);
    cr_assert_eq(CLOSED_BY("\0\0\0\0\r\n"), BEAM_EPROTO);
    cr_assert_eq(CLOSED_BY("HTTP/1.1 200 OK\r\n"), BEAM_EPROTO);
    size_t len = CONTROL_TEXT_MAX + 10;
    char *longest = malloc(len);
    cr_assert_not_null(longest);
    memset(longest, '2', len);
    cr_assert_eq(closed_by(longest, len), BEAM_ELIMIT);
    free(longest);
}

BEAM_TEST(control, what_came_before_the_end_is_given)
{
    struct bed b;
    bed_open(&b, 65536);
    cr_assert_eq(control_send(b.control, on_answer, &b, "A"), 0);
    cr_assert_eq(control_send(b.control, on_answer, &b, "B"), 0);
    peer_say(&b.peer, "515 no\r\n650 E\r\n25");
    cr_assert_eq(stream_shut(b.peer.stream), 0);
    kit_settle(b.loop);
    cr_assert_str_eq(b.heard, "no\nE\n");
    cr_assert_eq(b.closed, BEAM_ERESET);
    bed_close(&b);
}

BEAM_TEST(control, freed_from_within)
{
    struct bed b;
    bed_open(&b, 65536);
    b.free_on_answer = true;
    cr_assert_eq(control_send(b.control, on_answer, &b, "A"), 0);
    peer_say(&b.peer, "250 one\r\n250 two\r\n650 E\r\n");
    kit_settle(b.loop);
    cr_assert_str_eq(b.heard, "one\n");
    cr_assert_null(b.control);
    cr_assert(b.peer.ended, "the connection is closed");
    bed_close(&b);

    bed_open(&b, 65536);
    b.free_on_event = true;
    peer_say(&b.peer, "650 one\r\n650 two\r\n");
    kit_settle(b.loop);
    cr_assert_str_eq(b.heard, "one\n");
    bed_close(&b);
}
