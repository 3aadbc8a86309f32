/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/socks_port.h"

#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

struct bed {
    struct loop *loop;
    struct control *control;
    struct peer peer;
    struct socks_port port;
    struct addr at;
    const char *answer;
    unsigned asked, enough;
};

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    cr_assert_str_eq(line, "GETINFO net/listeners/socks");
    b->asked++;
    peer_say(p, b->answer);
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
    cr_assert_eq(addr_parse("127.0.0.1:9050", &b->at), 0);
}

static void bed_close(struct bed *b)
{
    socks_port_stop(&b->port);
    control_free(b->control);
    peer_close(&b->peer);
    loop_free(b->loop);
}

static bool is_asked(void *arg)
{
    const struct bed *b = arg;
    return b->asked >= b->enough;
}

/* Where it is after this answer, and the next. */
static void expect(struct bed *b, const char *answer, const char *want)
{
    char text[ADDR_TEXT_SIZE] = "";
    b->answer = answer;
    b->enough = b->asked + 2;
    cr_assert(until(b->loop, is_asked, b));
    kit_settle(b->loop);
    if (b->at.len > 0)
        addr_text(&b->at, text);
    cr_expect_str_eq(text, want);
}

BEAM_TEST(socks_port, it_is_where_tor_says_now)
{
    struct bed b;
    bed_open(&b);
    socks_port_start(b.loop, &b.port, b.control, 1, &b.at);
    expect(&b, "250-net/listeners/socks=\"127.0.0.1:9150\"\r\n250 OK\r\n", "127.0.0.1:9150");
    expect(&b, "510 Command filtered\r\n", "127.0.0.1:9150");
    expect(&b, "250-net/listeners/socks=\r\n250 OK\r\n", "");
    expect(&b, "250-net/listeners/socks=\"unix:/run/tor/socks\"\r\n250 OK\r\n",
           "unix:/run/tor/socks");
    socks_port_stop(&b.port);
    socks_port_stop(&b.port);
    unsigned asked = b.asked;
    kit_settle(b.loop);
    cr_expect_eq(b.asked, asked);
    bed_close(&b);
}
