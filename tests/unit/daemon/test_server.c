/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/server.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

struct set {
    struct loop *loop;
    struct folder folder;
    struct conf *conf;
    struct tor *tor;
    struct keystore *keys;
    struct tunnel_world tunnels;
    struct session_world world;
    struct server *server;
    char path[96];
    bool stopped;
    int changes;
};

static void on_changed(void *arg)
{
    ((struct set *)arg)->changes++;
}

static void on_stopped(void *arg)
{
    ((struct set *)arg)->stopped = true;
}

static void begin(struct set *s)
{
    const struct tor_options tor = {.binary = "/nonexistent", .dir = "/nonexistent", .torrc = ""};
    const struct tor_events deaf = {0};
    const struct server_events ev = {.changed = on_changed, .stopped = on_stopped, .arg = s};
    *s = (struct set){.loop = until_loop_new(), .folder = folder_make()};
    cr_assert_geq(sodium_init(), 0);
    snprintf(s->path, sizeof(s->path), "%s/control.sock", s->folder.path);
    cr_assert_eq(conf_new(&s->conf), 0);
    cr_assert_eq(tor_new(s->loop, &tor, &deaf, &s->tor), 0);
    cr_assert_eq(keystore_new(s->folder.path, KEYSTORE_OWN, rng_system(), &s->keys), 0);
    s->tunnels = (struct tunnel_world){.loop = s->loop,
                                       .tor = s->tor,
                                       .rng = rng_system(),
                                       .clock = clock_system(),
                                       .keys = s->keys,
                                       .run_dir = s->folder.path};
    const struct publications_spec spec = {.world = &s->tunnels, .conf = s->conf};
    s->world = (struct session_world){.loop = s->loop,
                                      .clock = clock_system(),
                                      .version = "0.0.1",
                                      .conf = s->conf,
                                      .config = "/the/beam.conf",
                                      .tor = s->tor,
                                      .keys = s->keys};
    cr_assert_eq(publications_new(&spec, &s->world.publications), 0);
    cr_assert_eq(server_new(&s->world, s->path, &ev, &s->server, NULL), 0);
}

static void end(struct set *s)
{
    server_free(s->server);
    publications_free(s->world.publications);
    tor_free(s->tor);
    conf_free(s->conf);
    loop_free(s->loop);
    keystore_free(s->keys);
    folder_remove(&s->folder);
}

static int connect_to(const struct set *s)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", s->path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    return fd;
}

/* Has it `sessions`? */
struct wanted {
    const struct set *set;
    size_t sessions;
};

static bool are_there(void *arg)
{
    const struct wanted *w = arg;
    return server_sessions(w->set->server) == w->sessions;
}

/* What was read, or "" at the end, or NULL when there is nothing. */
static const char *read_now(int fd)
{
    static char text[4096];
    ssize_t n = read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return NULL;
    text[n] = '\0';
    return text;
}

BEAM_TEST(server, takes_connections_of_ours)
{
    struct set s;
    struct stat st;
    begin(&s);
    cr_assert_eq(stat(s.path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    int a = connect_to(&s), b = connect_to(&s);
    cr_assert(until(s.loop, are_there, &(struct wanted){&s, 2}));
    cr_expect_gt(s.changes, 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(s.loop), 0);
    const char *greeting = read_now(a);
    cr_assert_not_null(greeting);
    cr_expect_eq(strncmp(greeting, "{\"beam\":\"0.0.1\",\"protocol\":1,", 29), 0, "%s", greeting);
    close(a);
    cr_assert(until(s.loop, are_there, &(struct wanted){&s, 1}));
    close(b);
    cr_assert(until(s.loop, are_there, &(struct wanted){&s, 0}));
    end(&s);
}

BEAM_TEST(server, the_oldest_that_is_idle_makes_room)
{
    struct set s;
    int fds[SERVER_IDLE_MAX + 1];
    begin(&s);
    for (int i = 0; i < SERVER_IDLE_MAX; i++)
        fds[i] = connect_to(&s);
    cr_assert(until(s.loop, are_there, &(struct wanted){&s, SERVER_IDLE_MAX}));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(s.loop), 0);
    for (int i = 0; i < SERVER_IDLE_MAX; i++)
        cr_expect_not_null(read_now(fds[i]), "%d was not greeted", i);
    fds[SERVER_IDLE_MAX] = connect_to(&s);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(loop_turn(s.loop), 0);
    cr_expect_eq(server_sessions(s.server), SERVER_IDLE_MAX);
    const char *first = read_now(fds[0]);
    cr_expect(first && !first[0], "the oldest was not closed");
    cr_expect_null(read_now(fds[1]), "the next was closed too");
    first = read_now(fds[SERVER_IDLE_MAX]);
    cr_expect(first && first[0] == '{', "the new one was not greeted");
    for (int i = 0; i <= SERVER_IDLE_MAX; i++)
        close(fds[i]);
    end(&s);
}

BEAM_TEST(server, stops_in_order)
{
    struct set s;
    begin(&s);
    int a = connect_to(&s);
    cr_assert(until(s.loop, are_there, &(struct wanted){&s, 1}));
    server_stop(s.server);
    cr_expect_neq(access(s.path, F_OK), 0, "the socket is still there");
    cr_expect(until_flag(s.loop, &s.stopped));
    cr_expect_eq(server_sessions(s.server), 0);
    const char *rest = read_now(a);
    cr_expect(rest && rest[0] == '{', "it was not greeted before");
    rest = read_now(a);
    cr_expect(rest && !rest[0], "it was not closed");
    close(a);
    end(&s);
}

BEAM_TEST(server, stops_at_once_without_sessions)
{
    struct set s;
    begin(&s);
    server_stop(s.server);
    cr_expect(until_flag(s.loop, &s.stopped));
    end(&s);
}
