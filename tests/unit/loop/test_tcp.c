/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/unit/harness.h"

enum { PIECE = 32 * 1024 };

/* Written to for as long as it takes something, with a peer that does not read. */
static int unsent(bool tuned)
{
    static const char piece[PIECE];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int size = 4 * 1024 * 1024, small = 16 * 1024, waiting = 0;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert(listener >= 0 && fd >= 0);
    cr_assert_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    cr_assert(connect(fd, (struct sockaddr *)&at, len) == 0 || errno == EINPROGRESS);
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    cr_assert(peer >= 0);
    if (tuned)
        cr_assert_eq(tcp_tune(fd), 0);
    while (write(fd, piece, sizeof(piece)) > 0)
        ;
    cr_assert_eq(errno, EAGAIN);
    cr_assert_eq(ioctl(fd, SIOCOUTQNSD, &waiting), 0);
    close(fd);
    close(peer);
    close(listener);
    return waiting;
}

/* What cannot be sent yet waits with whoever writes. */
BEAM_TEST(tcp, little_waits_in_the_kernel)
{
    cr_assert_leq(unsent(true), TCP_UNSENT_MAX + PIECE);
    cr_assert_gt(unsent(false), TCP_UNSENT_MAX + PIECE, "or this test tells nothing");
}

BEAM_TEST(tcp, of_tcp_alone)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0);
    cr_assert_eq(tcp_tune(fd), BEAM_EIO);
    close(fd);
}
