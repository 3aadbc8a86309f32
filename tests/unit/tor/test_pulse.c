/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/pulse.h"

#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

enum { TIMEOUT = 40 }; /* ms */

struct bed {
    struct loop *loop;
    struct control *control;
    struct peer peer;
    struct pulse pulse;
    unsigned asked, hung;
    unsigned silent_after; /* questions that are answered */
};

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    cr_assert_str_eq(line, "GETINFO status/bootstrap-phase");
    if (++b->asked <= b->silent_after)
        peer_say(p, "250 OK\r\n");
}

static void on_event(void *arg, const struct control_reply *event)
{
    (void)arg;
    (void)event;
}

static void on_closed(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_hung(void *arg)
{
    struct bed *b = arg;
    b->hung++;
    pulse_stop(&b->pulse);
}

static void bed_open(struct bed *b, unsigned silent_after)
{
    struct stream *ours, *theirs;
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = b};
    kit_init();
    *b = (struct bed){.silent_after = silent_after};
    cr_assert_eq(loop_new(&b->loop), 0);
    cr_assert_eq(stream_memory(b->loop, 4096, &ours, &theirs), 0);
    cr_assert_eq(control_new(b->loop, ours, &events, &b->control), 0);
    peer_open(&b->peer, b->loop, theirs, on_line, b);
    cr_assert_eq(pulse_start(b->loop, &b->pulse, b->control, TIMEOUT, on_hung, b), 0);
}

static void bed_close(struct bed *b)
{
    pulse_stop(&b->pulse);
    control_free(b->control);
    peer_close(&b->peer);
    loop_free(b->loop);
}

static bool is_hung(void *arg)
{
    return ((const struct bed *)arg)->hung > 0;
}

static bool was_asked_often(void *arg)
{
    return ((const struct bed *)arg)->asked >= 5;
}

BEAM_TEST(pulse, one_that_answers_is_asked_again_and_again)
{
    struct bed b;
    bed_open(&b, 1000);
    cr_assert(until(b.loop, was_asked_often, &b));
    cr_assert_eq(b.hung, 0);
    bed_close(&b);
}

BEAM_TEST(pulse, one_that_stops_answering_is_hung)
{
    struct bed b;
    bed_open(&b, 2);
    cr_assert(until(b.loop, is_hung, &b));
    cr_assert_eq(b.asked, 3, "no more than one question is open");
    cr_assert_eq(b.hung, 1);
    bed_close(&b);
}

static bool is_late(void *arg)
{
    return ((const struct bed *)arg)->pulse.late;
}

BEAM_TEST(pulse, a_late_answer_is_one)
{
    struct bed b;
    bed_open(&b, 0);
    cr_assert(until(b.loop, is_late, &b));
    b.silent_after = 1000;
    peer_say(&b.peer, "250 OK\r\n");
    cr_assert(until(b.loop, was_asked_often, &b));
    cr_assert_eq(b.hung, 0);
    bed_close(&b);
}

BEAM_TEST(pulse, a_connection_that_takes_nothing_is_told_at_once)
{
    struct bed b;
    struct pulse p;
    bed_open(&b, 1000);
    while (control_send(b.control, NULL, NULL, "GETINFO x") == 0)
        ;
    cr_assert_lt(pulse_start(b.loop, &p, b.control, TIMEOUT, on_hung, &b), 0);
    pulse_stop(&p);
    pulse_stop(&p);
    b.silent_after = 0;
    pulse_stop(&b.pulse);
    control_free(b.control);
    peer_close(&b.peer);
    loop_free(b.loop);
}
