/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/err.h"

int tcp_tune(int fd)
{
    int one = 1, unsent = TCP_UNSENT_MAX;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent)) < 0)
        return BEAM_EIO;
    return 0;
}
