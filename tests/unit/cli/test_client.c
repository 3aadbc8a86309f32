/* SPDX-License-Identifier: BSD-3-Clause */
/* The client against daemons of the test's own on a real control socket. */
#include "cli/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/channel.h"
#include "loop/listen.h"
#include "stream/socket.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

struct set {
    struct loop *loop;
    struct folder folder;
    struct request_common common;
    struct listener *listener;
    const char *greeting; /* NULL: hangs up without one */
    struct channel *served;
    struct client *client;
    bool ready, closed, spoken;
    struct beam_why why;
    char heard[256];
    int connections, checked;
};

static void serve_message(void *arg, const cJSON *m)
{
    struct set *s = arg;
    cr_assert_eq(channel_send(s->served, m), 0); /* an echo */
}

static void serve_closed(void *arg, int err)
{
    struct set *s = arg;
    (void)err;
    channel_free(s->served);
    s->served = NULL;
}

static void serve(void *arg, int fd)
{
    struct set *s = arg;
    struct stream *stream;
    const struct channel_events ev = {.message = serve_message, .closed = serve_closed, .arg = s};
    s->connections++;
    if (!s->greeting) {
        close(fd);
        return;
    }
    cr_assert_eq(stream_socket(s->loop, fd, &stream), 0);
    cr_assert_eq(channel_new(s->loop, stream, &ev, &s->served), 0);
    cJSON *o = cJSON_Parse(s->greeting);
    cr_assert_not_null(o);
    cr_assert_eq(channel_send(s->served, o), 0);
    cJSON_Delete(o);
}

static void begin(struct set *s, const char *greeting, bool listen)
{
    char path[128];
    struct addr at;
    *s = (struct set){.loop = until_loop_new(), .folder = folder_make(), .greeting = greeting};
    setenv("BEAM_HOME", s->folder.path, 1);
    snprintf(path, sizeof(path), "%s/run", s->folder.path);
    cr_assert_eq(file_private_dir(path, NULL), 0);
    snprintf(path, sizeof(path), "%s/run/control.sock", s->folder.path);
    cr_assert_eq(addr_unix(path, &at), 0);
    if (listen)
        cr_assert_eq(listen_open(s->loop, &at, serve, s, &s->listener), 0);
}

static void end(struct set *s)
{
    client_free(s->client);
    channel_free(s->served);
    listen_close(s->listener);
    loop_free(s->loop);
    folder_remove(&s->folder);
}

static void on_ready(void *arg)
{
    ((struct set *)arg)->ready = true;
}

static void on_message(void *arg, const cJSON *m)
{
    struct set *s = arg;
    (void)cJSON_PrintPreallocated((cJSON *)(uintptr_t)m, s->heard, sizeof(s->heard), false);
    s->spoken = true;
}

static void on_closed(void *arg, const struct beam_why *why)
{
    struct set *s = arg;
    s->why = *why;
    s->closed = true;
}

static int refuse(void *arg, struct beam_why *why)
{
    ((struct set *)arg)->checked++;
    return beam_why(why, BEAM_EINVAL, "not like this");
}

static void start(struct set *s, bool may_start)
{
    const struct client_events ev = {
        .ready = on_ready, .message = on_message, .closed = on_closed, .arg = s};
    const struct client_spec spec = {
        .common = &s->common, .start = may_start, .check = refuse, .arg = s};
    cr_assert_eq(client_new(s->loop, &spec, &ev, &s->client, NULL), 0);
}

BEAM_TEST(client, is_greeted_and_talks)
{
    struct set s;
    begin(&s, "{\"beam\":\"9\",\"protocol\":1,\"pid\":7}", true);
    start(&s, false);
    cr_expect_eq(client_send(s.client, cJSON_CreateObject()), BEAM_ECLOSED, "before the greeting");
    cr_assert(until_flag(s.loop, &s.ready), "%s", s.why.text);
    cr_assert_eq(client_send(s.client, cJSON_Parse("{\"a\":1}")), 0);
    cr_expect_eq(client_send(s.client, NULL), BEAM_ENOMEM);
    cr_assert(until_flag(s.loop, &s.spoken));
    cr_expect_str_eq(s.heard, "{\"a\":1}");
    channel_free(s.served);
    s.served = NULL;
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_eq(s.why.code, BEAM_ECLOSED);
    cr_expect_not_null(strstr(s.why.text, "it has gone"), "%s", s.why.text);
    end(&s);
}

BEAM_TEST(client, another_version_is_told)
{
    struct set s;
    begin(&s, "{\"beam\":\"9.9\",\"protocol\":2,\"pid\":4711}", true);
    start(&s, true);
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_not(s.ready);
    cr_expect_eq(s.why.code, BEAM_EPROTO);
    cr_expect(strstr(s.why.text, "9.9") && strstr(s.why.text, "kill 4711"), "%s", s.why.text);
    end(&s);
}

BEAM_TEST(client, what_is_no_daemon_is_told)
{
    struct set s;
    begin(&s, "{\"hello\":\"world\"}", true);
    start(&s, true);
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_eq(s.why.code, BEAM_EPROTO);
    end(&s);
}

BEAM_TEST(client, without_a_daemon_and_not_to_start_one)
{
    struct set s;
    begin(&s, NULL, false);
    start(&s, false);
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_eq(s.why.code, BEAM_ENODAEMON);
    cr_expect_eq(s.checked, 0);
    end(&s);
}

BEAM_TEST(client, what_the_check_refuses_is_not_started)
{
    struct set s;
    begin(&s, NULL, false);
    start(&s, true);
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_eq(s.checked, 1);
    cr_expect_eq(s.why.code, BEAM_EINVAL);
    cr_expect_str_eq(s.why.text, "not like this");
    end(&s);
}

static bool has_come_back(void *arg)
{
    struct set *s = arg;
    if (s->connections >= 3)
        s->greeting = "{\"beam\":\"9\",\"protocol\":1,\"pid\":7}";
    return s->ready || s->closed;
}

/* One that is ending hangs up on newcomers: they try again until another greets. */
BEAM_TEST(client, tries_again_when_hung_up_on)
{
    struct set s;
    begin(&s, NULL, true);
    start(&s, true);
    cr_assert(until(s.loop, has_come_back, &s));
    cr_expect(s.ready, "%s", s.why.text);
    cr_expect_geq(s.connections, 4);
    cr_expect_eq(s.checked, 0);
    end(&s);
}

BEAM_TEST(client, may_be_freed_at_any_time)
{
    struct set s;
    begin(&s, "{\"beam\":\"9\",\"protocol\":1,\"pid\":7}", true);
    for (int turns = 0; turns < 12; turns++) {
        start(&s, false);
        for (int i = 0; i < turns; i++)
            cr_assert_eq(loop_turn(s.loop), 0);
        client_free(s.client);
        s.client = NULL;
        for (int i = 0; i < 10; i++)
            cr_assert_eq(loop_turn(s.loop), 0);
        channel_free(s.served);
        s.served = NULL;
    }
    cr_expect_gt(s.connections, 0);
    end(&s);
}
