/* SPDX-License-Identifier: BSD-3-Clause */
/* Visitors by paths that do nothing, and an app of the test's own. */
#include "tunnel/entrants.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "stream/memory.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/tls_pair.h"

enum { LOG_SIZE = 4096, STREAMS = 3 };

static const char *no_url(const struct path *p)
{
    (void)p;
    return NULL;
}

static const struct path_ops ops = {.kind = "onion", .url = no_url};

struct stage {
    struct tunnel_world world;
    struct tunnel_events events;
    uint64_t now;
    struct clock_source clock;
    struct permit *permit;
    struct target target;
    struct entrants *all;
    struct path one, other; /* by which they come */
    int app;                /* bound; listening where the test says so */
    int full, room;         /* times that it was told */
    char log[LOG_SIZE];
};

static uint64_t stage_now(void *arg)
{
    return ((struct stage *)arg)->now;
}

static void note(struct stage *st, const char *words, uint64_t number)
{
    size_t at = strlen(st->log);
    snprintf(st->log + at, LOG_SIZE - at, "%s %llu\n", words, (unsigned long long)number);
}

static void on_request(void *arg, const struct tunnel_request *r)
{
    char words[128];
    snprintf(words, sizeof(words), "%s %s %d %llu/%llu %s%s id", r->method, r->target, r->status,
             (unsigned long long)r->in, (unsigned long long)r->out, r->path, r->circuit);
    note(arg, words, r->id);
}

static void on_warning(void *arg, const struct beam_why *why)
{
    note(arg, why->text, (uint64_t)-why->code);
}

static void on_full(void *arg, bool full)
{
    struct stage *st = arg;
    st->full += full;
    st->room += !full;
}

/* A port of the app's, where it listens when told so. */
static int bind_app(int type, struct addr *at)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
    at->len = sizeof(at->ss);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at->ss, &at->len), 0);
    return fd;
}

static void set_up(struct stage *st, enum tunnel_protocol protocol)
{
    memset(st, 0, sizeof(*st));
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(permit_new_local(&st->permit), 0);
    st->app = bind_app(protocol == TUNNEL_UDP ? SOCK_DGRAM : SOCK_STREAM, &st->target.addr[0]);
    st->target.addr_count = 1;
    memcpy(st->target.text, "the app", sizeof("the app"));
    st->now = 1000;
    st->clock = (struct clock_source){.monotonic_ms = stage_now, .wall_ms = stage_now, .arg = st};
    st->world = (struct tunnel_world){.loop = until_loop_new(),
                                      .rng = rng_system(),
                                      .clock = &st->clock,
                                      .connect_timeout = 5000,
                                      .max_streams = STREAMS};
    st->events = (struct tunnel_events){.request = on_request, .warning = on_warning, .arg = st};
    st->one.ops = st->other.ops = &ops;
    const struct entrants_spec spec = {.world = &st->world,
                                       .permit = st->permit,
                                       .target = &st->target,
                                       .protocol = protocol,
                                       .events = &st->events,
                                       .full = on_full,
                                       .arg = st};
    cr_assert_eq(entrants_new(&spec, &st->all), 0);
}

static void turn(struct stage *st, int times)
{
    for (int i = 0; i < times; i++)
        cr_assert_eq(loop_turn(st->world.loop), 0);
}

static void tear_down(struct stage *st)
{
    entrants_free(st->all);
    turn(st, 3);
    loop_free(st->world.loop);
    permit_free(st->permit);
    close(st->app);
}

static struct stream *visit(struct stage *st, struct path *by, const struct tls_context *tls)
{
    struct stream *us = NULL, *them = NULL;
    cr_assert_eq(stream_memory(st->world.loop, 64 * 1024, &us, &them), 0);
    entrants_admit(st->all, by, them, "", tls);
    return us;
}

static void say(struct stage *st, struct stream *s, const char *text)
{
    struct buf b;
    buf_init(&b, loop_pool(st->world.loop), 1024);
    cr_assert_eq(buf_add(&b, text, strlen(text)), 0);
    cr_assert_eq(stream_write(s, &b), (ssize_t)strlen(text));
    buf_clear(&b);
}

/* Whether the visitor was hung up on; what came before that does not matter. */
static bool has_ended(struct stage *st, struct stream *s)
{
    struct buf b;
    ssize_t n;
    buf_init(&b, loop_pool(st->world.loop), 1024);
    while ((n = stream_read(s, &b, 1024)) > 0)
        buf_clear(&b);
    return n != BEAM_EAGAIN;
}

static struct tunnel_figures figures(const struct stage *st)
{
    struct tunnel_figures f;
    entrants_figures(st->all, &f);
    return f;
}

static bool is_empty(void *arg)
{
    return figures(arg).open_streams == 0;
}

static bool has_log(void *arg)
{
    return ((struct stage *)arg)->log[0] != '\0';
}

/* The app takes the next connection. */
static bool app_takes(void *arg)
{
    int *conn = arg;
    conn[1] = accept(conn[0], NULL, NULL);
    return conn[1] >= 0;
}

static int taken_by_app(struct stage *st)
{
    int conn[2] = {st->app, -1};
    cr_assert(until(st->world.loop, app_takes, conn));
    return conn[1];
}

/* ---- what is told of them ------------------------------------------------------------------- */

BEAM_TEST(entrants, requests_are_told_and_counted)
{
    struct stage st;
    set_up(&st, TUNNEL_BYTES);
    cr_assert_eq(listen(st.app, 8), 0);
    struct stream *us = NULL, *them = NULL;
    cr_assert_eq(stream_memory(st.world.loop, 64 * 1024, &us, &them), 0);
    entrants_admit(st.all, &st.one, them, "-tag", NULL);
    say(&st, us, "GET /a HTTP/1.1\r\n\r\n");
    int conn = taken_by_app(&st);
    cr_assert_eq(send(conn, "HTTP/1.1 204 N\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    cr_assert(until(st.world.loop, has_log, &st));
    cr_expect_str_eq(st.log, "GET /a 204 19/18 onion-tag id 1\n");
    turn(&st, 5);
    struct tunnel_figures f = figures(&st);
    cr_expect_eq(f.requests, 1);
    cr_expect_eq(f.connections, 1);
    cr_expect_eq(f.open_streams, 1);
    cr_expect(f.in == 19 && f.out == 18);
    cr_assert_eq(stream_shut(us), 0);
    close(conn);
    cr_assert(until(st.world.loop, is_empty, &st));
    stream_free(us);
    f = figures(&st);
    cr_expect_eq(f.connections, 1);
    cr_expect(f.in == 19 && f.out == 18, "what was counted is kept");
    tear_down(&st);
}

/* One visitor who asks, and is seen off with a 502 or by the app. */
static void ask_once(struct stage *st)
{
    struct stream *us = visit(st, &st->one, NULL);
    say(st, us, "GET / HTTP/1.1\r\n\r\n");
    cr_assert_eq(stream_shut(us), 0);
    for (int i = 0; i < 50; i++) {
        turn(st, 1);
        int conn = accept(st->app, NULL, NULL);
        if (conn >= 0)
            close(conn);
    }
    cr_assert(until(st->world.loop, is_empty, st));
    stream_free(us);
}

BEAM_TEST(entrants, an_outage_is_told_once_and_so_is_its_end)
{
    static const char again[] = "the app answers again 0\n";
    struct stage st;
    char expected[512];
    set_up(&st, TUNNEL_BYTES);
    ask_once(&st);
    st.now += 10;
    ask_once(&st);
    cr_expect_eq(figures(&st).requests, 2);
    snprintf(expected, sizeof(expected),
             "nothing answers at the app: %s (start what is to be published; until it answers, "
             "visitors get an error) 13\n"
             "GET / 502 18/105 onion id 1\n"
             "GET / 502 18/105 onion id 2\n",
             beam_err_text(BEAM_EREFUSED));
    cr_expect_str_eq(st.log, expected);
    cr_assert_eq(listen(st.app, 8), 0);
    st.log[0] = '\0';
    st.now += 10;
    ask_once(&st);
    ask_once(&st);
    cr_expect_eq(strncmp(st.log, again, strlen(again)), 0, "%s", st.log);
    cr_expect_null(strstr(st.log + 1, "the app"), "%s", st.log);
    tear_down(&st);
}

/* ---- how many, and how they leave ----------------------------------------------------------- */

BEAM_TEST(entrants, it_is_told_when_there_is_no_room_and_when_there_is)
{
    struct stage st;
    struct stream *us[STREAMS + 1];
    set_up(&st, TUNNEL_BYTES);
    cr_assert_eq(listen(st.app, 8), 0);
    for (int i = 0; i < STREAMS; i++) {
        cr_expect_eq(st.full, 0);
        us[i] = visit(&st, &st.one, NULL);
    }
    cr_expect_eq(st.full, 1);
    us[STREAMS] = visit(&st, &st.one, NULL);
    cr_expect(has_ended(&st, us[STREAMS]), "one too many came in");
    cr_expect_eq(figures(&st).connections, STREAMS);
    cr_expect(st.full == 1 && st.room == 0);
    entrants_evict(st.all, &st.one);
    cr_expect(st.full == 1 && st.room == 1);
    for (int i = 0; i <= STREAMS; i++)
        stream_free(us[i]);
    tear_down(&st);
}

/* Whatever they are in the middle of. */
static void evict_after(enum tunnel_protocol protocol, int turns)
{
    struct stage st;
    set_up(&st, protocol);
    if (protocol != TUNNEL_UDP && turns % 2)
        cr_assert_eq(listen(st.app, 8), 0);
    struct stream *first = visit(&st, &st.one, NULL), *second = visit(&st, &st.one, NULL);
    struct stream *stays = visit(&st, &st.other, NULL);
    say(&st, first, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    turn(&st, turns);
    const struct tunnel_figures before = figures(&st);
    entrants_evict(st.all, &st.one);
    const struct tunnel_figures after = figures(&st);
    cr_expect_eq(after.open_streams, 1);
    cr_expect_eq(after.connections, 3);
    cr_expect(after.in == before.in && after.out == before.out, "bytes were forgotten");
    cr_expect(has_ended(&st, first) && has_ended(&st, second), "who was to go is still there");
    turn(&st, 5);
    cr_expect(!has_ended(&st, stays), "who came by another path had to go, too");
    entrants_evict(st.all, &st.one);
    cr_expect_eq(figures(&st).open_streams, 1);
    stream_free(first);
    stream_free(second);
    stream_free(stays);
    tear_down(&st);
}

BEAM_TEST(entrants, those_of_one_path_are_hung_up_on_and_stay_counted)
{
    for (int turns = 0; turns < 8; turns++) {
        evict_after(TUNNEL_BYTES, turns);
        evict_after(TUNNEL_TCP, turns);
        evict_after(TUNNEL_HTTP, turns);
    }
    evict_after(TUNNEL_UDP, 0);
}

BEAM_TEST(entrants, those_who_have_not_opened_their_tls_are_hung_up_on)
{
    struct tls_scene tls;
    struct stage st;
    tls_scene_open(&tls);
    set_up(&st, TUNNEL_BYTES);
    struct stream *us = visit(&st, &st.one, tls.server), *stays = visit(&st, &st.other, tls.server);
    turn(&st, 5);
    cr_expect(!has_ended(&st, us));
    entrants_evict(st.all, &st.one);
    cr_expect(has_ended(&st, us));
    cr_expect(!has_ended(&st, stays));
    cr_expect_eq(figures(&st).open_streams, 1);
    stream_free(us);
    stream_free(stays);
    tear_down(&st);
    tls_scene_close(&tls);
}

BEAM_TEST(entrants, nothing_is_told_of_those_who_are_left_at_the_end)
{
    for (int turns = 0; turns < 8; turns++) {
        struct stage st;
        struct stream *us[2];
        set_up(&st, TUNNEL_BYTES);
        if (turns % 2)
            cr_assert_eq(listen(st.app, 8), 0);
        for (int i = 0; i < 2; i++) {
            us[i] = visit(&st, &st.one, NULL);
            say(&st, us[i], "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
        }
        turn(&st, turns);
        st.log[0] = '\0';
        entrants_free(st.all);
        st.all = NULL;
        turn(&st, 5);
        cr_expect_str_eq(st.log, "");
        for (int i = 0; i < 2; i++) {
            cr_expect(has_ended(&st, us[i]));
            stream_free(us[i]);
        }
        tear_down(&st);
    }
    entrants_free(NULL);
}
