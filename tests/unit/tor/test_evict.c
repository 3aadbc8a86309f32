/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/evict.h"

#include <stdio.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

#define OURS "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"

/* As tor 0.4.9 writes them, but for the fingerprints. */
static const char visitor[] = "7 BUILT $AB~a,$CD~b BUILD_FLAGS=IS_INTERNAL,NEED_CAPACITY "
                              "PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=" OURS
                              " TIME_CREATED=2026-01-02T03:04:05.678901";
static const char coming[] = "12 EXTENDED $AB~a PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_CONNECTING "
                             "REND_QUERY=" OURS;
static const char intro[] = "9 BUILT $AB~a PURPOSE=HS_SERVICE_INTRO REND_QUERY=" OURS;

struct bed {
    struct loop *loop;
    struct control *control;
    struct peer peer;
    struct evict evict;
    const char *status[4]; /* the answer to each look; the last one stays */
    unsigned looks;
    char closed[256]; /* the ids that were to be closed, each with a space */
    int done, err;
};

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    const char *id = control_after(line, "CLOSECIRCUIT");
    if (id) {
        size_t len = strlen(b->closed);
        snprintf(b->closed + len, sizeof(b->closed) - len, "%s ", id);
        peer_say(p, "552 Unknown circuit\r\n");
        return;
    }
    cr_assert_str_eq(line, "GETINFO circuit-status");
    peer_say(p, b->status[b->looks]);
    b->looks += b->looks < 3 && b->status[b->looks + 1];
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

static void on_done(void *arg, int err)
{
    struct bed *b = arg;
    b->done++;
    b->err = err;
}

static bool is_done(void *arg)
{
    return ((const struct bed *)arg)->done > 0;
}

static void bed_open(struct bed *b)
{
    struct stream *ours, *theirs;
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = b};
    kit_init();
    memset(b, 0, sizeof(*b));
    cr_assert_eq(loop_new(&b->loop), 0);
    cr_assert_eq(stream_memory(b->loop, 65536, &ours, &theirs), 0);
    cr_assert_eq(control_new(b->loop, ours, &events, &b->control), 0);
    peer_open(&b->peer, b->loop, theirs, on_line, b);
    evict_init(&b->evict, b->loop, on_done, b);
}

static void bed_close(struct bed *b)
{
    evict_stop(&b->evict);
    control_free(b->control);
    peer_close(&b->peer);
    loop_free(b->loop);
}

static void run(struct bed *b)
{
    cr_assert_eq(evict_start(&b->evict, b->control, OURS), 0);
    cr_assert(evict_busy(&b->evict));
    cr_assert(until(b->loop, is_done, b));
    cr_assert(!evict_busy(&b->evict));
    cr_assert_eq(b->done, 1);
}

BEAM_TEST(evict, circuits_are_closed_until_there_is_none)
{
    char two[1024], one[512];
    struct bed b;
    bed_open(&b);
    snprintf(two, sizeof(two), "250+circuit-status=\r\n%s\r\n%s\r\n%s\r\n.\r\n250 OK\r\n", intro,
             visitor, coming);
    snprintf(one, sizeof(one), "250-circuit-status=%s\r\n250 OK\r\n", coming);
    b.status[0] = two;
    b.status[1] = one; /* it came back once */
    b.status[2] = "250-circuit-status=\r\n250 OK\r\n";
    run(&b);
    cr_expect_eq(b.err, 0);
    cr_expect_str_eq(b.closed, "7 12 12 ");
    bed_close(&b);
}

BEAM_TEST(evict, a_tor_that_does_not_tell_is_no_success)
{
    struct bed b;
    bed_open(&b);
    b.status[0] = "552 Unrecognized key \"circuit-status\"\r\n";
    run(&b);
    cr_expect_eq(b.err, BEAM_EPERM);
    bed_close(&b);
}

BEAM_TEST(evict, circuits_that_stay_are_no_success)
{
    char stays[512];
    struct bed b;
    bed_open(&b);
    snprintf(stays, sizeof(stays), "250-circuit-status=%s\r\n250 OK\r\n", visitor);
    b.status[0] = stays;
    run(&b);
    cr_expect_eq(b.err, BEAM_ETIMEOUT);
    bed_close(&b);
}

BEAM_TEST(evict, a_connection_that_is_gone_is_told)
{
    struct bed b;
    bed_open(&b);
    peer_close(&b.peer);
    kit_settle(b.loop);
    cr_expect_lt(evict_start(&b.evict, b.control, OURS), 0);
    cr_expect(!evict_busy(&b.evict));
    cr_expect_eq(b.done, 0);
    control_free(b.control);
    loop_free(b.loop);
}
