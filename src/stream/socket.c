/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One edge-triggered registration serves a socket for its whole life. The
 * kernel's edges are passed on only where the owner is owed a call; those that
 * come otherwise lose nothing, because the owner's next read or write finds
 * what they announced.
 */
#include "stream/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    READ_MIN = BUF_BLOCK_SIZE,
    READ_MAX = 256 * 1024, /* bytes a readv */
    READ_IOV = READ_MAX / BUF_BLOCK_SIZE + 1,
    WRITE_IOV = 64
};

struct socket_stream {
    struct stream stream;
    int fd; /* -1 once reset */
    struct loop_watch watch;
    unsigned owed;    /* STREAM_… calls that the owner waits for */
    int failed;       /* 0, or why the stream is dead */
    bool ended, shut; /* the peer's sending side, ours */
    size_t appetite;  /* bytes to make room for in the next read */
};

static const struct stream_ops unix_ops;

static struct socket_stream *of(struct stream *s)
{
    return (struct socket_stream *)s;
}

static int io_err(int errnum)
{
    int err = beam_err_errno(errnum);
    switch (err) {
    case BEAM_ERESET:
    case BEAM_ETIMEOUT:
        return err;
    default:
        return BEAM_EIO;
    }
}

static int fail(struct socket_stream *k, int err)
{
    if (!k->failed)
        k->failed = err;
    return k->failed;
}

/* The socket's own pending error is taken, which makes it ours to remember. */
static bool has_failed(struct socket_stream *k)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (!k->failed && getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
        fail(k, io_err(error));
    return k->failed != 0;
}

static void on_edge(void *arg, unsigned ready)
{
    struct socket_stream *k = arg;
    unsigned call = 0;
    if (ready & LOOP_READ)
        call |= k->owed & STREAM_READABLE;
    if (ready & LOOP_WRITE)
        call |= k->owed & STREAM_WRITABLE;
    if (!call && !k->failed && has_failed(k))
        call = STREAM_READABLE | STREAM_WRITABLE;
    k->owed &= ~call;
    if (call && k->stream.fn)
        k->stream.fn(k->stream.arg, &k->stream, call); /* the last: it may free */
}

/* What read, readv or splice gave: a count, or the code that stands for it. */
static ssize_t have_read(struct socket_stream *k, ssize_t n)
{
    if (n > 0)
        return n;
    if (n < 0 && errno == EAGAIN && !k->failed) {
        k->owed |= STREAM_READABLE;
        return BEAM_EAGAIN;
    }
    if (k->failed)
        return k->failed; /* what had arrived before is read now */
    if (n < 0)
        return fail(k, io_err(errno));
    k->ended = true;
    return BEAM_ECLOSED;
}

/* What can be said without asking the kernel; 0: ask. */
static ssize_t cannot_read(const struct socket_stream *k, size_t max)
{
    if (k->fd < 0)
        return BEAM_ECLOSED;
    if (k->ended)
        return k->failed ? k->failed : BEAM_ECLOSED;
    return max == 0 ? BEAM_ELIMIT : 0;
}

/* Twice as much room after a read that filled it, half after one that left most of it. */
static void adapt(struct socket_stream *k, size_t got)
{
    if (got >= k->appetite && k->appetite < READ_MAX)
        k->appetite *= 2;
    else if (got < k->appetite / 4 && k->appetite > READ_MIN)
        k->appetite /= 2;
}

static ssize_t socket_read(struct stream *s, struct buf *into, size_t max)
{
    struct socket_stream *k = of(s);
    struct iovec iov[READ_IOV];
    int n = READ_IOV;
    size_t want = max < k->appetite ? max : k->appetite;
    ssize_t no = cannot_read(k, max < buf_room(into) ? max : buf_room(into));
    if (no < 0)
        return no;
    int err = buf_prepare(into, want, iov, &n);
    if (err < 0)
        return fail(k, err);
    ssize_t got = readv(k->fd, iov, n);
    int errnum = errno;
    buf_commit(into, got > 0 ? (size_t)got : 0);
    if (got > 0)
        adapt(k, (size_t)got);
    errno = errnum;
    return have_read(k, got);
}

static ssize_t cannot_write(const struct socket_stream *k)
{
    if (k->failed)
        return k->failed;
    return k->fd < 0 || k->shut ? BEAM_ECLOSED : 0;
}

/* The socket took n of the bytes that were offered, or none for errno's reason. */
static ssize_t have_written(struct socket_stream *k, ssize_t n, size_t offered)
{
    if (n < 0 && errno != EAGAIN)
        return fail(k, io_err(errno));
    if (n < (ssize_t)offered)
        k->owed |= STREAM_WRITABLE;
    return n < 0 ? BEAM_EAGAIN : n;
}

static ssize_t socket_write(struct stream *s, struct buf *from)
{
    struct socket_stream *k = of(s);
    struct iovec iov[WRITE_IOV];
    size_t offered, taken = 0;
    if (buf_len(from) == 0)
        return k->failed;
    ssize_t n = cannot_write(k);
    if (n < 0)
        return n;
    while (buf_len(from) > 0) {
        int count = buf_iov(from, iov, WRITE_IOV);
        offered = 0;
        for (int i = 0; i < count; i++)
            offered += iov[i].iov_len;
        n = have_written(k, writev(k->fd, iov, count), offered);
        if (n > 0) {
            buf_drain(from, (size_t)n);
            taken += (size_t)n;
        }
        if (n < (ssize_t)offered)
            break;
    }
    if (n < 0 && n != BEAM_EAGAIN)
        return n; /* no later call would tell of it */
    return taken > 0 ? (ssize_t)taken : n;
}

static ssize_t socket_to_pipe(struct stream *s, int pipe, size_t max)
{
    struct socket_stream *k = of(s);
    ssize_t no = cannot_read(k, max);
    if (no < 0)
        return no;
    ssize_t n = splice(k->fd, NULL, pipe, NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    /* A kernel, or a sandbox, that has no splice for this socket: nothing was read. */
    if (n < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == EOPNOTSUPP))
        return BEAM_EINVAL;
    return have_read(k, n);
}

static ssize_t socket_from_pipe(struct stream *s, int pipe, size_t len)
{
    struct socket_stream *k = of(s);
    ssize_t no = cannot_write(k);
    if (no < 0)
        return no;
    ssize_t n = splice(pipe, NULL, k->fd, NULL, len, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return have_written(k, n, len);
}

static int socket_shut(struct stream *s)
{
    struct socket_stream *k = of(s);
    if (k->shut || k->fd < 0)
        return 0;
    if (k->failed)
        return k->failed;
    /* ENOTCONN: the peer's reset got here first. */
    if (shutdown(k->fd, SHUT_WR) < 0)
        return fail(k, errno == ENOTCONN ? BEAM_ERESET : BEAM_EIO);
    k->shut = true;
    return 0;
}

static void socket_close(struct socket_stream *k)
{
    loop_watch_stop(&k->watch);
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

static void socket_reset(struct stream *s)
{
    struct socket_stream *k = of(s);
    struct linger hard = {.l_onoff = 1};
    if (k->fd < 0)
        return;
    /* A unix socket ignores it: its peer is told by the bytes that we leave unread, if any. */
    (void)setsockopt(k->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    socket_close(k);
    k->failed = BEAM_ECLOSED;
}

static void socket_free(struct stream *s)
{
    socket_close(of(s));
    free(s);
}

static size_t socket_unsent(const struct stream *s)
{
    const struct socket_stream *k = (const struct socket_stream *)s;
    int queued = 0;
    /* What was written to a unix socket is with its peer, whatever becomes of us. */
    if (k->fd < 0 || k->failed || s->ops == &unix_ops || ioctl(k->fd, SIOCOUTQ, &queued) < 0)
        return 0;
    return queued > 0 ? (size_t)queued : 0;
}

static bool socket_gone(const struct stream *s)
{
    const struct socket_stream *k = (const struct socket_stream *)s;
    struct pollfd fd = {.fd = k->fd};
    /* What we shut ourselves would count as well. */
    return s->ops == &unix_ops && k->fd >= 0 && !k->shut && poll(&fd, 1, 0) == 1 &&
           (fd.revents & POLLHUP) != 0;
}

#define SOCKET_OPS(kind_)                                                                          \
    {                                                                                              \
        .kind = (kind_), .read = socket_read, .write = socket_write, .shut = socket_shut,          \
        .reset = socket_reset, .free = socket_free, .unsent = socket_unsent, .gone = socket_gone,  \
        .to_pipe = socket_to_pipe, .from_pipe = socket_from_pipe                                   \
    }
static const struct stream_ops tcp_ops = SOCKET_OPS("tcp");
static const struct stream_ops unix_ops = SOCKET_OPS("unix");

int stream_socket(struct loop *l, int fd, struct stream **out)
{
    int domain = 0, err = BEAM_ENOMEM;
    socklen_t len = sizeof(domain);
    struct socket_stream *k = calloc(1, sizeof(*k));
    if (!k)
        goto out;
    k->appetite = READ_MIN;
    k->fd = fd;
    err = BEAM_EIO;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
        goto out;
    k->stream.ops = domain == AF_UNIX ? &unix_ops : &tcp_ops;
    err = loop_watch_start(l, &k->watch, fd, LOOP_READ | LOOP_WRITE | LOOP_EDGE, on_edge, k);
    if (err < 0)
        goto out;
    *out = &k->stream;
    return 0;
out:
    close(fd);
    free(k);
    return err;
}

struct stream_dial {
    struct loop *loop;
    struct egress *egress;
    stream_dial_fn *done;
    void *arg;
};

static void on_egress(void *arg, int err, int fd)
{
    struct stream_dial *d = arg;
    struct stream *s = NULL;
    stream_dial_fn *done = d->done;
    void *done_arg = d->arg;
    if (err == 0)
        err = stream_socket(d->loop, fd, &s);
    free(d);
    done(done_arg, err, s);
}

int stream_dial(struct loop *l, const struct permit *permit, const struct addr *to,
                enum permit_origin origin, uint64_t timeout_ms, stream_dial_fn *done, void *arg,
                struct stream_dial **out)
{
    struct stream_dial *d = malloc(sizeof(*d));
    if (!d)
        return BEAM_ENOMEM;
    *d = (struct stream_dial){.loop = l, .done = done, .arg = arg};
    int err = egress_dial(l, permit, to, origin, timeout_ms, on_egress, d, &d->egress);
    if (err < 0) {
        free(d);
        return err;
    }
    *out = d;
    return 0;
}

void stream_dial_cancel(struct stream_dial *d)
{
    if (!d)
        return;
    egress_cancel(d->egress);
    free(d);
}
