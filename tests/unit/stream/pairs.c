/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/pairs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream/socket.h"
#include "tests/unit/harness.h"

static void bound_buffers(int fd)
{
    int size = PAIR_BUFFER;
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
}

void pair_tcp_fds(int fds[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(listener >= 0);
    bound_buffers(listener);
    cr_assert_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fds[0] >= 0);
    bound_buffers(fds[0]);
    cr_assert_eq(connect(fds[0], (struct sockaddr *)&at, len), 0);
    fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    cr_assert(fds[1] >= 0);
    close(listener);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
        cr_assert_eq(fcntl(fds[i], F_SETFL, O_NONBLOCK), 0);
    }
}

void pair_unix_fds(int fds[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    bound_buffers(fds[0]);
    bound_buffers(fds[1]);
}

static void over(struct loop *l, const int fds[2], struct stream **a, struct stream **b)
{
    cr_assert_eq(stream_socket(l, fds[0], a), 0);
    cr_assert_eq(stream_socket(l, fds[1], b), 0);
}

void pair_tcp(struct loop *l, struct stream **a, struct stream **b)
{
    int fds[2];
    pair_tcp_fds(fds);
    over(l, fds, a, b);
}

void pair_unix(struct loop *l, struct stream **a, struct stream **b)
{
    int fds[2];
    pair_unix_fds(fds);
    over(l, fds, a, b);
}
