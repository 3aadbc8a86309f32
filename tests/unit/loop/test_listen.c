/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "loop/egress.h"
#include "tests/unit/loop/until.h"

enum { TAKEN_MAX = 64, DIR_SIZE = 32 };

struct taken {
    struct loop *loop;
    struct listener *li;
    int fds[TAKEN_MAX];
    size_t n, want;
    bool close_at_once, pause_at_once;
};

static void on_connection(void *arg, int fd)
{
    struct taken *t = arg;
    cr_assert_lt(t->n, (size_t)TAKEN_MAX);
    t->fds[t->n++] = fd;
    if (t->pause_at_once)
        listen_pause(t->li);
    if (t->close_at_once)
        listen_close(t->li);
}

static bool enough(void *arg)
{
    const struct taken *t = arg;
    return t->n >= t->want;
}

static void taken_free(struct taken *t)
{
    while (t->n > 0)
        close(t->fds[--t->n]);
    loop_free(t->loop);
}

static void folder(char *dir, char *path, size_t size)
{
    snprintf(dir, DIR_SIZE, "/tmp/beam-listen-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, size, "%s/s", dir);
}

static int client(const struct addr *at)
{
    int fd = socket(at->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&at->ss, at->len), 0, "%s", strerror(errno));
    return fd;
}

static struct addr loopback(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr a = {.len = sizeof(v4)};
    memcpy(&a.ss, &v4, sizeof(v4));
    return a;
}

BEAM_TEST(listen, tcp_picks_a_port_and_takes_connections)
{
    struct taken t = {.loop = until_loop_new(), .want = 3};
    struct addr at = loopback(), other;
    struct listener *again = NULL;
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &t.li), 0);
    cr_assert_neq(addr_port(listen_addr(t.li)), 0);
    other = *listen_addr(t.li);
    cr_assert_eq(listen_open(t.loop, &other, on_connection, &t, &again), BEAM_EEXIST);
    int c[3];
    for (int i = 0; i < 3; i++)
        c[i] = client(listen_addr(t.li));
    cr_assert(until(t.loop, enough, &t));
    cr_assert(fcntl(t.fds[0], F_GETFL) & O_NONBLOCK);
    cr_assert(fcntl(t.fds[0], F_GETFD) & FD_CLOEXEC);
    for (int i = 0; i < 3; i++)
        close(c[i]);
    listen_close(t.li);
    listen_close(NULL);
    taken_free(&t);
}

BEAM_TEST(listen, refuses_all_but_loopback_and_unix)
{
    struct loop *l = until_loop_new();
    struct listener *li = NULL;
    struct addr at;
    static const char *const far[] = {"0.0.0.0", "192.168.1.1", "8.8.8.8", "::", "fe80::1"};
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        cr_assert_eq(addr_ip(far[i], strlen(far[i]), 4000, &at), 0);
        cr_assert_eq(listen_open(l, &at, on_connection, NULL, &li), BEAM_EPOLICY, "%s", far[i]);
    }
    struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0name"};
    at = (struct addr){.len = offsetof(struct sockaddr_un, sun_path) + 5};
    memcpy(&at.ss, &abstract, sizeof(abstract));
    cr_assert_eq(listen_open(l, &at, on_connection, NULL, &li), BEAM_EPOLICY);
    cr_assert_null(li);
    loop_free(l);
}

BEAM_TEST(listen, unix_socket_is_private_and_is_removed)
{
    struct taken t = {.loop = until_loop_new(), .want = 1};
    static const mode_t masks[] = {0, 022, 0777};
    char dir[DIR_SIZE], path[64];
    struct addr at;
    struct stat st;
    folder(dir, path, sizeof(path));
    cr_assert_eq(addr_unix(path, &at), 0);
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        umask(masks[i]);
        cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &t.li), 0);
        cr_assert_eq(lstat(path, &st), 0);
        cr_assert(S_ISSOCK(st.st_mode) && (st.st_mode & 07777) == 0600);
        listen_close(t.li);
        cr_assert(lstat(path, &st) < 0 && errno == ENOENT);
    }
    rmdir(dir);
    taken_free(&t);
}

BEAM_TEST(listen, tells_a_live_socket_from_a_stale_one)
{
    struct taken t = {.loop = until_loop_new(), .want = 1};
    struct listener *second = NULL;
    char dir[DIR_SIZE], path[64];
    struct addr at;
    folder(dir, path, sizeof(path));
    cr_assert_eq(addr_unix(path, &at), 0);

    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert(stale >= 0 && bind(stale, (struct sockaddr *)&at.ss, at.len) == 0);
    close(stale); /* its file stays */
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &t.li), 0);
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &second), BEAM_EEXIST);
    cr_assert_null(second);
    int c = client(&at);
    t.want = 2; /* the question whether it is live was a connection too */
    cr_assert(until(t.loop, enough, &t));
    close(c);

    /* Somebody else's socket at our path is left alone. */
    cr_assert_eq(unlink(path), 0);
    stale = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert(stale >= 0 && bind(stale, (struct sockaddr *)&at.ss, at.len) == 0);
    close(stale);
    listen_close(t.li);
    cr_assert_eq(access(path, F_OK), 0);
    cr_assert_eq(unlink(path), 0);

    /* And a file that is no socket. */
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fclose(f);
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &second), BEAM_EEXIST);
    cr_assert_eq(unlink(path), 0);
    rmdir(dir);
    taken_free(&t);
}

BEAM_TEST(listen, a_place_that_cannot_be_had_is_told_with_what_to_do)
{
    struct taken t = {.loop = until_loop_new()};
    struct listener *second = NULL;
    struct addr at = loopback(), elsewhere;
    struct permit *permit = NULL;
    struct policy policy;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    cr_assert_eq(permit_new(&policy, &permit), 0);
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &t.li), 0);
    int err = listen_open(t.loop, listen_addr(t.li), on_connection, &t, &second);
    cr_assert(err == BEAM_EEXIST && strstr(listen_words(err), "another port"));
    cr_assert_eq(addr_parse("192.0.2.7:4001", &elsewhere), 0);
    err = listen_beyond(t.loop, permit, &elsewhere, on_connection, &t, &second);
    cr_assert(err == BEAM_EUNREACH && strstr(listen_words(err), "no such address"));
    cr_assert(strstr(listen_words(BEAM_EPERM), "1024"));
    cr_assert_str_eq(listen_words(BEAM_ENOMEM), beam_err_text(BEAM_ENOMEM));
    permit_free(permit);
    listen_close(t.li);
    taken_free(&t);
}

BEAM_TEST(listen, can_be_closed_and_paused_by_its_callback)
{
    struct taken t = {.loop = until_loop_new(), .want = 1, .pause_at_once = true};
    struct addr at = loopback();
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &t.li), 0);
    int a = client(listen_addr(t.li)), b = client(listen_addr(t.li)), c;
    cr_assert(until(t.loop, enough, &t));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_eq(t.n, 1u, "paused, it takes no more");
    c = client(listen_addr(t.li)); /* but the backlog does */
    t.pause_at_once = false;
    t.close_at_once = true;
    t.want = 2;
    listen_resume(t.li);
    cr_assert(until(t.loop, enough, &t));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_eq(t.n, 2u);
    close(a);
    close(b);
    close(c);
    taken_free(&t);
}

BEAM_TEST(listen, rests_when_out_of_descriptors)
{
    struct taken t = {.loop = until_loop_new(), .want = 1};
    struct addr at = loopback();
    struct rlimit was, none;
    log_set_level(LOG_ERROR);
    cr_assert_eq(listen_open(t.loop, &at, on_connection, &t, &t.li), 0);
    int c = client(listen_addr(t.li));
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = (rlim_t)c + 1;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    uint64_t start = loop_now(t.loop);
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
    cr_assert_eq(t.n, 0u);
    cr_assert(until(t.loop, enough, &t));
    cr_assert_geq(loop_now(t.loop), start + 100);
    close(c);
    listen_close(t.li);
    taken_free(&t);
}

BEAM_TEST(listen, knows_the_peer_of_a_unix_socket)
{
    int fd[2];
    uid_t uid = (uid_t)-1;
    pid_t pid = -1;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    cr_assert_eq(listen_peer(fd[0], &uid, &pid), 0);
    cr_assert(uid == getuid() && pid == getpid());
    close(fd[0]);
    close(fd[1]);
    cr_assert_eq(listen_peer(fd[0], &uid, &pid), BEAM_EIO);
}

BEAM_TEST(listen, beyond_loopback_where_the_permit_covers_it)
{
    struct taken t = {.loop = until_loop_new(), .want = 1};
    static const enum policy_egress egresses[] = {POLICY_EGRESS_TOR, POLICY_EGRESS_ANY};
    struct addr any = loopback(), at, from, near_end = {.len = sizeof(near_end.ss)};
    ((struct sockaddr_in *)&any.ss)->sin_addr.s_addr = htonl(INADDR_ANY);
    cr_assert_eq(listen_open(t.loop, &any, on_connection, &t, &t.li), BEAM_EPOLICY);
    for (size_t i = 0; i < 2; i++) {
        struct policy policy;
        struct permit *p = NULL;
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, egresses[i], &policy), 0);
        cr_assert_eq(permit_new(&policy, &p), 0);
        int err = listen_beyond(t.loop, p, &any, on_connection, &t, &t.li);
        permit_free(p);
        cr_assert_eq(err, i == 0 ? BEAM_EPOLICY : 0);
    }
    at = *listen_addr(t.li);
    ((struct sockaddr_in *)&at.ss)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = client(&at);
    until(t.loop, enough, &t);
    cr_assert_eq(listen_from(t.fds[0], &from), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&near_end.ss, &near_end.len), 0);
    cr_assert_eq(from.len, near_end.len);
    cr_assert_eq(memcmp(&from.ss, &near_end.ss, from.len), 0);
    close(fd);
    listen_close(t.li);
    taken_free(&t);
}

BEAM_TEST(listen, shares_a_place_with_those_that_know_of_it)
{
    struct taken t = {.loop = until_loop_new(), .want = 64};
    struct listener *li[3] = {NULL};
    struct permit *p = NULL;
    int fds[64];
    cr_assert_eq(permit_new_local(&p), 0);
    struct addr any = loopback();
    cr_assert_eq(listen_shared(t.loop, p, &any, LISTEN_FIRST, on_connection, &t, &li[0]), 0);
    struct addr at = *listen_addr(li[0]);
    cr_assert_neq(addr_port(&at), 0);
    cr_expect_eq(listen_shared(t.loop, p, &at, LISTEN_FIRST, on_connection, &t, &li[2]),
                 BEAM_EEXIST, "somebody is there");
    cr_expect_eq(listen_shared(t.loop, p, &at, LISTEN_ALONE, on_connection, &t, &li[2]),
                 BEAM_EEXIST);
    struct taken second = {.loop = t.loop};
    cr_assert_eq(listen_shared(t.loop, p, &at, LISTEN_FURTHER, on_connection, &second, &li[1]), 0);
    for (size_t i = 0; i < 64; i++)
        fds[i] = client(&at);
    t.want = 1;
    cr_assert(until(t.loop, enough, &t));
    second.want = 1;
    cr_assert(until(t.loop, enough, &second), "each has some");
    for (size_t i = 0; i < 64; i++)
        close(fds[i]);
    listen_close(li[0]);
    listen_close(li[1]);
    permit_free(p);
    for (size_t i = 0; i < second.n; i++)
        close(second.fds[i]);
    taken_free(&t);
}

/* ---- datagrams ------------------------------------------------------------------------------ */

struct post {
    struct loop *loop;
    struct datagram_listener *dl;
    size_t n, want, bytes;
    bool answers, closes;
    struct listen_way way; /* of the last */
};

static void on_datagram(void *arg, const struct listen_way *way, const uint8_t *data, size_t len)
{
    struct post *p = arg;
    p->n++;
    p->bytes += len;
    p->way = *way;
    if (p->answers)
        cr_assert_eq(listen_answer(p->dl, way, data, len), 0);
    if (p->closes)
        listen_datagrams_close(p->dl);
}

static bool has_come(void *arg)
{
    const struct post *p = arg;
    return p->n >= p->want;
}

static struct permit *local(void)
{
    struct permit *permit = NULL;
    cr_assert_eq(permit_new_local(&permit), 0);
    return permit;
}

BEAM_TEST(listen, answers_a_datagram_from_the_address_it_came_to)
{
    struct post p = {.loop = until_loop_new(), .want = 2, .answers = true};
    struct permit *permit = local();
    struct addr any = loopback(), to, off;
    char got[8] = "";
    int fd = -1, other = -1;
    cr_assert_eq(listen_datagrams(p.loop, permit, &any, on_datagram, &p, &p.dl), 0);
    to = *listen_datagrams_addr(p.dl);
    cr_assert_eq(egress_datagrams(permit, &to, PERMIT_TYPED, &fd), 0);
    off = to;
    int twice = listen_datagrams(p.loop, permit, &to, on_datagram, &p, &p.dl);
    cr_assert_eq(write(fd, "hello", 5), 5);
    cr_assert_eq(write(fd, "", 0), 0);
    bool came = until(p.loop, has_come, &p);
    ssize_t n = read(fd, got, sizeof(got)), none = read(fd, got + 5, 1);
    listen_datagrams_close(p.dl);
    ((struct sockaddr_in *)&off.ss)->sin_addr.s_addr = htonl(0x08080808);
    int beyond = egress_datagrams(permit, &off, PERMIT_TYPED, &other);
    int far = listen_datagrams(p.loop, permit, &off, on_datagram, &p, &p.dl);
    close(fd);
    permit_free(permit);
    loop_free(p.loop);
    cr_assert(came && p.bytes == 5);
    cr_assert(n == 5 && memcmp(got, "hello", 5) == 0 && none == 0);
    cr_assert_arr_eq(p.way.to, "\x7f\0\0\1", 4);
    cr_assert_eq(twice, BEAM_EEXIST);
    cr_assert(beyond == BEAM_EPOLICY && far == BEAM_EPOLICY && other == -1);
}

BEAM_TEST(listen, datagrams_over_ipv6_and_a_close_in_their_call)
{
    struct post p = {.loop = until_loop_new(), .want = 1, .answers = true, .closes = true};
    struct permit *permit = local();
    struct addr at, to;
    char got[4];
    int fd = -1;
    cr_assert_eq(addr_ip("::1", 3, 1, &at), 0);
    ((struct sockaddr_in6 *)&at.ss)->sin6_port = 0;
    cr_assert_eq(listen_datagrams(p.loop, permit, &at, on_datagram, &p, &p.dl), 0);
    to = *listen_datagrams_addr(p.dl);
    cr_assert_eq(egress_datagrams(permit, &to, PERMIT_TYPED, &fd), 0);
    cr_assert_eq(write(fd, "a", 1), 1);
    cr_assert_eq(write(fd, "b", 1), 1);
    bool came = until(p.loop, has_come, &p);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(p.loop), 0);
    struct pollfd answered = {.fd = fd, .events = POLLIN};
    bool answer = poll(&answered, 1, UNTIL_MS) == 1;
    ssize_t n = read(fd, got, sizeof(got));
    close(fd);
    permit_free(permit);
    loop_free(p.loop);
    cr_assert(came && answer && p.n == 1 && n == 1);
    cr_assert_eq(p.way.to[15], 1);
}
