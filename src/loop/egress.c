/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/egress.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "loop/tcp.h"

/* A unix listener whose backlog is full cannot be waited for: it is asked again. */
enum { BACKLOG_RETRY_MS = 20 };

struct egress {
    struct loop *loop;
    struct addr to;
    int fd;
    int err; /* what `done` will be told */
    struct loop_watch watch;
    struct loop_timer deadline, retry;
    struct loop_task finish;
    egress_fn *done;
    void *arg;
};

static int dial_err(int errnum)
{
    int err = beam_err_errno(errnum);
    switch (err) {
    case BEAM_EREFUSED:
    case BEAM_EUNREACH:
    case BEAM_ETIMEOUT:
    case BEAM_ENOTFOUND:
    case BEAM_EPERM:
        return err;
    case BEAM_ERESET:
        return BEAM_EREFUSED;
    default:
        return BEAM_EIO;
    }
}

/* Frees, and closes a descriptor that was not handed on. */
static void egress_free(struct egress *e)
{
    loop_watch_stop(&e->watch);
    loop_timer_clear(&e->deadline);
    loop_timer_clear(&e->retry);
    loop_task_cancel(e->loop, &e->finish);
    if (e->fd >= 0)
        close(e->fd);
    free(e);
}

static void on_finish(void *arg)
{
    struct egress *e = arg;
    egress_fn *done = e->done;
    void *done_arg = e->arg;
    int err = e->err, fd = -1;
    if (err == 0) {
        fd = e->fd;
        e->fd = -1;
    }
    egress_free(e);
    done(done_arg, err, fd);
}

/* Nothing but the answer is left to do; it comes from the loop. */
static void settle(struct egress *e, int err)
{
    loop_watch_stop(&e->watch);
    loop_timer_clear(&e->deadline);
    loop_timer_clear(&e->retry);
    e->err = err;
    loop_post(e->loop, &e->finish);
}

static void on_deadline(void *arg)
{
    settle(arg, BEAM_ETIMEOUT);
}

/*
 * A dial to a port of our own machine where nobody listens can, by the rule of
 * simultaneous opens, connect to itself, when the kernel picks that very port as
 * the near end.
 */
static bool met_itself(int fd)
{
    struct sockaddr_storage near_end = {0}, far_end = {0};
    socklen_t near_len = sizeof(near_end), far_len = sizeof(far_end);
    if (getsockname(fd, (struct sockaddr *)&near_end, &near_len) < 0 ||
        getpeername(fd, (struct sockaddr *)&far_end, &far_len) < 0)
        return false;
    return near_end.ss_family != AF_UNIX && near_len == far_len &&
           memcmp(&near_end, &far_end, near_len) == 0;
}

static void settle_connected(struct egress *e)
{
    if (!met_itself(e->fd)) {
        settle(e, 0);
        return;
    }
    /* Closed hard, so that no TIME_WAIT keeps the port from whom it belongs to. */
    struct linger hard = {.l_onoff = 1};
    (void)setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    settle(e, BEAM_EREFUSED);
}

static void on_writable(void *arg, unsigned ready)
{
    struct egress *e = arg;
    int error = 0;
    socklen_t len = sizeof(error);
    (void)ready;
    if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error)
        settle(e, dial_err(error));
    else
        settle_connected(e);
}

static void attempt(void *arg)
{
    struct egress *e = arg;
    if (connect(e->fd, (const struct sockaddr *)&e->to.ss, e->to.len) == 0) {
        settle_connected(e);
        return;
    }
    int errnum = errno;
    if (errnum == EAGAIN && e->to.ss.ss_family == AF_UNIX)
        loop_timer_set(&e->retry, BACKLOG_RETRY_MS);
    else if (errnum != EINPROGRESS && errnum != EINTR)
        settle(e, dial_err(errnum));
    else if (loop_watch_start(e->loop, &e->watch, e->fd, LOOP_WRITE, on_writable, e) < 0)
        settle(e, BEAM_EIO);
}

int egress_dial(struct loop *l, const struct permit *permit, const struct addr *to,
                enum permit_origin origin, uint64_t timeout_ms, egress_fn *done, void *arg,
                struct egress **out)
{
    int err = permit_check(permit, to, origin, NULL);
    if (err < 0)
        return err;
    struct egress *e = calloc(1, sizeof(*e));
    if (!e)
        return BEAM_ENOMEM;
    *e = (struct egress){.loop = l, .to = *to, .done = done, .arg = arg};
    loop_task_init(&e->finish, on_finish, e);
    loop_timer_init(l, &e->deadline, on_deadline, e);
    loop_timer_init(l, &e->retry, attempt, e);
    e->fd = socket(to->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (e->fd < 0 || (to->ss.ss_family != AF_UNIX && tcp_tune(e->fd) < 0)) {
        egress_free(e);
        return BEAM_EIO;
    }
    loop_timer_set(&e->deadline, timeout_ms);
    attempt(e);
    *out = e;
    return 0;
}

void egress_cancel(struct egress *e)
{
    if (e)
        egress_free(e);
}

int egress_datagrams(const struct permit *permit, const struct addr *to, enum permit_origin origin,
                     int *out)
{
    int err = to->ss.ss_family == AF_UNIX ? BEAM_EPOLICY : permit_check(permit, to, origin, NULL);
    if (err < 0)
        return err;
    int fd = socket(to->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return BEAM_EIO;
    if (connect(fd, (const struct sockaddr *)&to->ss, to->len) < 0) {
        err = dial_err(errno);
        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

/* ---- multicast ------------------------------------------------------------------------------ */

static int aim(int fd, const struct lan *from, const struct addr *group)
{
    struct addr at = from->at;
    const struct ip_mreqn where = {.imr_ifindex = (int)from->index};
    int one = 1, far_as_it_goes = 255;
    ((struct sockaddr_in *)&at.ss)->sin_port = ((const struct sockaddr_in *)&group->ss)->sin_port;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &where, sizeof(where)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &far_as_it_goes, sizeof(far_as_it_goes)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one)) < 0)
        return BEAM_EIO;
    if (bind(fd, (const struct sockaddr *)&at.ss, at.len) < 0)
        return errno == EADDRINUSE ? BEAM_EEXIST : BEAM_EIO;
    return connect(fd, (const struct sockaddr *)&group->ss, group->len) < 0 ? BEAM_EIO : 0;
}

int egress_group(const struct permit *permit, const struct lan *from, const struct addr *group,
                 int *out)
{
    int err = permit_check_nearby(permit, &from->at, NULL);
    if (err < 0)
        return err;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return BEAM_EIO;
    err = aim(fd, from, group);
    if (err < 0)
        close(fd);
    else
        *out = fd;
    return err;
}
