/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"

struct answer {
    bool came;
    int err;
    struct stream *stream;
};

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct answer *a = arg;
    cr_assert(!a->came);
    a->came = true;
    a->err = err;
    a->stream = s;
}

struct place {
    struct loop *loop;
    struct permit *permit;
    struct addr at;
    int fd;
};

static void place_open(struct place *p)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(p, 0, sizeof(*p));
    p->loop = until_loop_new();
    cr_assert_eq(permit_new_local(&p->permit), 0);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(p->fd >= 0);
    cr_assert_eq(bind(p->fd, (struct sockaddr *)&any, sizeof(any)), 0);
    cr_assert_eq(listen(p->fd, 4), 0);
    p->at.len = sizeof(p->at.ss);
    cr_assert_eq(getsockname(p->fd, (struct sockaddr *)&p->at.ss, &p->at.len), 0);
}

static void place_close(struct place *p)
{
    if (p->fd >= 0)
        close(p->fd);
    permit_free(p->permit);
    loop_free(p->loop);
}

static int dial(struct place *p, struct answer *a, struct stream_dial **d)
{
    return stream_dial(p->loop, p->permit, &p->at, PERMIT_TYPED, 5000, on_dialled, a, d);
}

BEAM_TEST(socket, dial_gives_a_stream)
{
    struct place p;
    struct answer a = {0};
    struct stream_dial *d = NULL;
    place_open(&p);
    cr_assert_eq(dial(&p, &a, &d), 0);
    cr_assert(until_flag(p.loop, &a.came));
    cr_assert_eq(a.err, 0);
    cr_assert_str_eq(stream_kind(a.stream), "tcp");
    stream_free(a.stream);
    place_close(&p);
}

BEAM_TEST(socket, dial_fails_or_is_cancelled)
{
    struct place p;
    struct answer a = {0}, b = {0};
    struct stream_dial *d = NULL;
    place_open(&p);
    cr_assert_eq(dial(&p, &b, &d), 0);
    stream_dial_cancel(d);
    stream_dial_cancel(NULL);
    close(p.fd);
    p.fd = -1;
    cr_assert_eq(dial(&p, &a, &d), 0);
    cr_assert(until_flag(p.loop, &a.came));
    cr_assert(a.err == BEAM_EREFUSED && !a.stream && !b.came);
    struct addr far;
    cr_assert_eq(addr_ip("192.0.2.1", 9, 80, &far), 0);
    d = NULL;
    cr_assert_eq(stream_dial(p.loop, p.permit, &far, PERMIT_TYPED, 5000, on_dialled, &b, &d),
                 BEAM_EPOLICY);
    cr_assert_null(d);
    place_close(&p);
}

BEAM_TEST(socket, takes_the_descriptor_even_when_it_fails)
{
    struct loop *l = until_loop_new();
    struct stream *s = NULL;
    int fds[2];
    cr_assert_eq(pipe2(fds, O_NONBLOCK), 0);
    cr_assert_eq(stream_socket(l, fds[0], &s), BEAM_EIO); /* no socket */
    cr_assert(!s && fcntl(fds[0], F_GETFD) < 0 && errno == EBADF);
    close(fds[1]);
    loop_free(l);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    *(unsigned *)arg |= ready;
}

/* The peer's last words before its reset are saved when it is a write that finds out. */
BEAM_TEST(socket, what_had_arrived_is_read_after_a_failed_write)
{
    struct loop *l = until_loop_new();
    struct stream *s = NULL;
    struct buf b, in;
    int fds[2];
    char word[8] = "";
    pair_tcp_fds(fds);
    cr_assert_eq(stream_socket(l, fds[0], &s), 0);
    buf_init(&b, loop_pool(l), 100);
    buf_init(&in, loop_pool(l), 100);
    cr_assert_eq(buf_add(&b, "question", 8), 0);
    cr_assert_eq(stream_write(s, &b), 8);
    cr_assert_eq(write(fds[1], "answer", 6), 6);
    close(fds[1]); /* the question unread: a reset */
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(buf_add(&b, "more", 4), 0);
    cr_assert_eq(stream_write(s, &b), BEAM_ERESET);
    cr_assert_eq(stream_write(s, &b), BEAM_ERESET);
    cr_assert_eq(stream_read(s, &in, 3), 3);
    cr_assert_eq(stream_read(s, &in, 100), 3);
    cr_assert_eq(stream_read(s, &in, 100), BEAM_ERESET);
    cr_assert_eq(stream_read(s, &in, 100), BEAM_ERESET);
    (void)buf_peek(&in, 0, word, sizeof(word) - 1);
    cr_assert_str_eq(word, "answer");
    cr_assert_eq(stream_shut(s), BEAM_ERESET);
    buf_clear(&b);
    buf_clear(&in);
    stream_free(s);
    loop_free(l);
}

/* More segments than one writev takes go out in one call all the same. */
BEAM_TEST(socket, writes_any_number_of_segments)
{
    enum { PIECES = 200 };
    struct loop *l = until_loop_new();
    struct stream *s = NULL;
    struct buf keep, out, rest;
    int fds[2];
    char got[PIECES + 1];
    pair_unix_fds(fds);
    cr_assert_eq(stream_socket(l, fds[0], &s), 0);
    buf_init(&keep, loop_pool(l), PIECES);
    buf_init(&out, loop_pool(l), PIECES);
    buf_init(&rest, loop_pool(l), PIECES);
    for (int i = 0; i < PIECES; i++) { /* every other byte goes elsewhere, so none are neighbours */
        cr_assert_eq(buf_add(&keep, "ab", 2), 0);
        cr_assert_eq(buf_move(&out, &keep, 1), 0);
        if (i < PIECES - 1)
            cr_assert_eq(buf_move(&rest, &keep, 1), 0);
        else
            buf_clear(&keep);
    }
    cr_assert_eq(stream_write(s, &out), PIECES);
    cr_assert_eq(read(fds[1], got, sizeof(got)), PIECES);
    for (int i = 0; i < PIECES; i++)
        cr_assert_eq(got[i], 'a');
    buf_clear(&rest);
    stream_free(s);
    close(fds[1]);
    loop_free(l);
}

/* Calls are made when they are owed, and only then. */
BEAM_TEST(socket, calls_are_owed_and_kept)
{
    struct loop *l = until_loop_new();
    struct stream *s = NULL;
    struct buf in;
    unsigned called = 0;
    int fds[2];
    pair_unix_fds(fds);
    cr_assert_eq(stream_socket(l, fds[0], &s), 0);
    stream_own(s, on_ready, &called);
    buf_init(&in, loop_pool(l), 100);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(called, 0u, "a fresh stream owes none");
    cr_assert_eq(write(fds[1], "x", 1), 1);
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(called, 0u);
    cr_assert_eq(stream_read(s, &in, 100), 1);
    cr_assert_eq(stream_read(s, &in, 100), BEAM_EAGAIN);
    cr_assert_eq(write(fds[1], "y", 1), 1);
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(called, (unsigned)STREAM_READABLE);
    stream_own(s, NULL, NULL);
    cr_assert_eq(stream_read(s, &in, 100), 1);
    cr_assert_eq(stream_read(s, &in, 100), BEAM_EAGAIN);
    cr_assert_eq(write(fds[1], "z", 1), 1);
    cr_assert_eq(loop_turn(l), 0); /* nobody to call */
    buf_clear(&in);
    stream_free(s);
    close(fds[1]);
    loop_free(l);
}
