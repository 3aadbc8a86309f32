/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "loop/tcp.h"

enum {
    ACCEPT_PER_TURN = 32, /* then others have their turn */
    REST_MS = 100,        /* out of descriptors or memory */
    DATAGRAMS_PER_TURN = 64
};

struct listener {
    struct loop *loop;
    int fd;
    struct addr at;
    dev_t dev; /* of the unix socket's file, to remove no other */
    ino_t ino;
    bool bound, paused;
    struct loop_watch watch;
    struct loop_timer rest;
    listen_fn *fn;
    void *arg;
    bool calling; /* in the callback: a close then leaves the free to us */
    bool closed;
};

static void on_ready(void *arg, unsigned ready);

static void watch(void *arg)
{
    struct listener *li = arg;
    if (loop_watch_start(li->loop, &li->watch, li->fd, LOOP_READ, on_ready, li) < 0)
        loop_timer_set(&li->rest, REST_MS);
}

static void take_rest(struct listener *li, int errnum)
{
    log_warn("loop", "accepting connections rests for %d ms: %s", REST_MS, strerror(errnum));
    loop_watch_stop(&li->watch);
    loop_timer_set(&li->rest, REST_MS);
}

/* Whether accept failed for one connection alone (it ended before it was
 * taken; accept(2) also passes on errors of the network). */
static bool passing(int errnum)
{
    switch (errnum) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
        return true;
    default:
        return false;
    }
}

static void on_ready(void *arg, unsigned ready)
{
    struct listener *li = arg;
    (void)ready;
    li->calling = true;
    for (int i = 0; i < ACCEPT_PER_TURN && !li->closed && !li->paused; i++) {
        int fd = accept4(li->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (li->at.ss.ss_family != AF_UNIX)
                (void)tcp_tune(fd);
            li->fn(li->arg, fd);
        } else if (!passing(errno)) {
            if (errno != EAGAIN)
                take_rest(li, errno);
            break;
        }
    }
    li->calling = false;
    if (li->closed)
        free(li);
}

/* Whether somebody answers at a unix path. */
static bool is_live(const struct addr *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)&at->ss, at->len) < 0 &&
                errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return !dead;
}

/* Takes a dead socket's file out of the way; anything else stays: BEAM_EEXIST. */
static int clear_stale(const struct addr *at)
{
    struct stat st;
    const char *path = addr_path(at);
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : BEAM_EIO;
    if (!S_ISSOCK(st.st_mode) || is_live(at))
        return BEAM_EEXIST;
    return unlink(path) < 0 && errno != ENOENT ? beam_err_errno(errno) : 0;
}

static int bind_err(int errnum)
{
    int err = beam_err_errno(errnum);
    return err == BEAM_EEXIST || err == BEAM_EPERM || err == BEAM_ENOMEM || err == BEAM_EUNREACH
               ? err
               : BEAM_EIO;
}

const char *listen_words(int err)
{
    switch (err) {
    case BEAM_EEXIST:
        return "something listens there already (end that, or take another port)";
    case BEAM_EPERM:
        return "this user may not (a port below 1024 takes root or CAP_NET_BIND_SERVICE)";
    case BEAM_EUNREACH:
        return "this machine has no such address (take one of its own, or 0.0.0.0 for all)";
    default:
        return beam_err_text(err);
    }
}

static int bind_unix(struct listener *li)
{
    struct stat st;
    const char *path = addr_path(&li->at);
    /* The file takes its mode from the socket, so it is at no time open to others. */
    if (fchmod(li->fd, 0600) < 0)
        return BEAM_EIO;
    int err = clear_stale(&li->at);
    if (err < 0)
        return err;
    if (bind(li->fd, (const struct sockaddr *)&li->at.ss, li->at.len) < 0)
        return bind_err(errno);
    if (lstat(path, &st) < 0)
        return BEAM_EIO;
    li->dev = st.st_dev;
    li->ino = st.st_ino;
    li->bound = true;
    return chmod(path, 0600) < 0 ? BEAM_EIO : 0; /* a umask can only have taken bits away */
}

static int set_up_ip(int fd, const struct addr *at)
{
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
        return BEAM_EIO;
    /* An IPv6 address is one of IPv6 alone, :: too, whatever the system's habit. */
    if (at->ss.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
        return BEAM_EIO;
    return 0;
}

/* Fills in the port that was picked. */
static int bind_at(int fd, struct addr *at)
{
    struct addr bound = {.len = sizeof(bound.ss)};
    if (bind(fd, (const struct sockaddr *)&at->ss, at->len) < 0)
        return bind_err(errno);
    if (getsockname(fd, (struct sockaddr *)&bound.ss, &bound.len) < 0)
        return BEAM_EIO;
    *at = bound;
    return 0;
}

/* A place that is shared would be shared with whoever is there already: so that is found out by a
 * socket that shares with nobody. */
static int find_free(struct addr *at)
{
    int fd = socket(at->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return BEAM_EIO;
    int err = set_up_ip(fd, at);
    if (err == 0)
        err = bind_at(fd, at);
    close(fd);
    return err;
}

static int bind_ip(struct listener *li, enum listen_sharing sharing)
{
    int one = 1, err = sharing == LISTEN_FIRST ? find_free(&li->at) : 0;
    if (err == 0)
        err = set_up_ip(li->fd, &li->at);
    if (err == 0 && sharing != LISTEN_ALONE &&
        setsockopt(li->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0)
        err = BEAM_EIO;
    return err < 0 ? err : bind_at(li->fd, &li->at);
}

static int permitted(const struct addr *at)
{
    enum addr_scope scope = addr_scope(at);
    if (scope == ADDR_UNIX)
        return addr_path(at)[0] ? 0 : BEAM_EPOLICY; /* no abstract and no nameless ones */
    return scope == ADDR_LOOPBACK ? 0 : BEAM_EPOLICY;
}

/* At an address that was found permitted. */
static int open_at(struct loop *l, const struct addr *at, enum listen_sharing sharing,
                   listen_fn *fn, void *arg, struct listener **out)
{
    struct listener *li = calloc(1, sizeof(*li));
    if (!li)
        return BEAM_ENOMEM;
    *li = (struct listener){.loop = l, .at = *at, .fn = fn, .arg = arg};
    loop_timer_init(l, &li->rest, watch, li);
    li->fd = socket(at->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err = BEAM_EIO;
    if (li->fd < 0)
        goto out;
    err = at->ss.ss_family == AF_UNIX ? bind_unix(li) : bind_ip(li, sharing);
    if (err < 0)
        goto out;
    if (listen(li->fd, SOMAXCONN) < 0) {
        err = bind_err(errno);
        goto out;
    }
    err = loop_watch_start(l, &li->watch, li->fd, LOOP_READ, on_ready, li);
    if (err < 0)
        goto out;
    *out = li;
    return 0;
out:
    listen_close(li);
    return err;
}

int listen_open(struct loop *l, const struct addr *at, listen_fn *fn, void *arg,
                struct listener **out)
{
    int err = permitted(at);
    return err < 0 ? err : open_at(l, at, LISTEN_ALONE, fn, arg, out);
}

int listen_beyond(struct loop *l, const struct permit *permit, const struct addr *at, listen_fn *fn,
                  void *arg, struct listener **out)
{
    int err = permit_check_listen(permit, at, NULL);
    return err < 0 ? err : open_at(l, at, LISTEN_ALONE, fn, arg, out);
}

int listen_shared(struct loop *l, const struct permit *permit, const struct addr *at,
                  enum listen_sharing sharing, listen_fn *fn, void *arg, struct listener **out)
{
    int err = permit_check_listen(permit, at, NULL);
    return err < 0 ? err : open_at(l, at, sharing, fn, arg, out);
}

const struct addr *listen_addr(const struct listener *li)
{
    return &li->at;
}

void listen_pause(struct listener *li)
{
    li->paused = true;
    loop_watch_stop(&li->watch);
    loop_timer_clear(&li->rest);
}

void listen_resume(struct listener *li)
{
    if (!li->paused)
        return;
    li->paused = false;
    watch(li);
}

void listen_close(struct listener *li)
{
    struct stat st;
    if (!li)
        return;
    loop_watch_stop(&li->watch);
    loop_timer_clear(&li->rest);
    const char *path = li->bound ? addr_path(&li->at) : NULL;
    if (path && lstat(path, &st) == 0 && st.st_dev == li->dev && st.st_ino == li->ino)
        (void)unlink(path);
    if (li->fd >= 0)
        close(li->fd);
    li->closed = true;
    if (!li->calling)
        free(li);
}

/* ---- multicast ------------------------------------------------------------------------------ */

/* What other sockets of this machine have joined elsewhere does not come here. */
static int join(int fd, const struct lan *on, const struct addr *group)
{
    const struct ip_mreqn where = {.imr_multiaddr =
                                       ((const struct sockaddr_in *)&group->ss)->sin_addr,
                                   .imr_ifindex = (int)on->index};
    int none = 0;
    return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &none, sizeof(none)) < 0 ||
                   setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &where, sizeof(where)) < 0
               ? BEAM_EIO
               : 0;
}

int listen_group(const struct permit *permit, const struct lan *on, const struct addr *group,
                 int *out)
{
    int err = permit_check_nearby(permit, &on->at, NULL);
    if (err < 0)
        return err;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return BEAM_EIO;
    int one = 1;
    err = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ? BEAM_EIO : 0;
    if (err == 0 && bind(fd, (const struct sockaddr *)&group->ss, group->len) < 0)
        err = bind_err(errno);
    if (err == 0)
        err = join(fd, on, group);
    if (err < 0)
        close(fd);
    else
        *out = fd;
    return err;
}

/* ---- datagrams ------------------------------------------------------------------------------ */

struct datagram_listener {
    struct loop *loop;
    int fd;
    struct addr at;
    struct loop_watch watch;
    listen_datagram_fn *fn;
    void *arg;
    bool calling; /* in the callback: a close then leaves the free to us */
    bool closed;
};

/* Room for a control message that says at which of our addresses one came, or is to go from. */
union control {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void read_way(struct msghdr *m, struct listen_way *way)
{
    memset(way->to, 0, sizeof(way->to));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct in_pktinfo four;
        struct in6_pktinfo six;
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(&four, CMSG_DATA(c), sizeof(four));
            memcpy(way->to, &four.ipi_addr, sizeof(four.ipi_addr));
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(&six, CMSG_DATA(c), sizeof(six));
            memcpy(way->to, &six.ipi6_addr, sizeof(six.ipi6_addr));
        }
    }
}

static void on_datagrams(void *arg, unsigned ready)
{
    struct datagram_listener *dl = arg;
    uint8_t data[UINT16_MAX];
    (void)ready;
    dl->calling = true;
    for (int i = 0; i < DATAGRAMS_PER_TURN && !dl->closed; i++) {
        struct listen_way way = {.from = {.len = 0}};
        union control control;
        struct iovec iov = {data, sizeof(data)};
        struct msghdr m = {.msg_name = &way.from.ss,
                           .msg_namelen = sizeof(way.from.ss),
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(dl->fd, &m, 0);
        if (n < 0)
            break;
        way.from.len = m.msg_namelen;
        read_way(&m, &way);
        dl->fn(dl->arg, &way, data, (size_t)n);
    }
    dl->calling = false;
    if (dl->closed)
        free(dl);
}

/* An address of this machine's that one was sent to is that which the answer comes from. */
static void write_way(const struct listen_way *way, struct msghdr *m, union control *control)
{
    bool four = way->from.ss.ss_family == AF_INET;
    memset(control, 0, sizeof(*control));
    m->msg_control = control;
    m->msg_controllen =
        four ? CMSG_SPACE(sizeof(struct in_pktinfo)) : CMSG_SPACE(sizeof(struct in6_pktinfo));
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = four ? IPPROTO_IP : IPPROTO_IPV6;
    c->cmsg_type = four ? IP_PKTINFO : IPV6_PKTINFO;
    if (four) {
        struct in_pktinfo from = {.ipi_ifindex = 0};
        memcpy(&from.ipi_spec_dst, way->to, sizeof(from.ipi_spec_dst));
        c->cmsg_len = CMSG_LEN(sizeof(from));
        memcpy(CMSG_DATA(c), &from, sizeof(from));
    } else {
        struct in6_pktinfo from = {.ipi6_ifindex = 0};
        memcpy(&from.ipi6_addr, way->to, sizeof(from.ipi6_addr));
        c->cmsg_len = CMSG_LEN(sizeof(from));
        memcpy(CMSG_DATA(c), &from, sizeof(from));
    }
}

int listen_answer(struct datagram_listener *dl, const struct listen_way *way, const void *data,
                  size_t len)
{
    union control control;
    struct sockaddr_storage to = way->from.ss;
    struct iovec iov = {(void *)data, len};
    struct msghdr m = {
        .msg_name = &to, .msg_namelen = way->from.len, .msg_iov = &iov, .msg_iovlen = 1};
    write_way(way, &m, &control);
    if (sendmsg(dl->fd, &m, MSG_DONTWAIT) >= 0)
        return 0;
    return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? BEAM_EAGAIN : BEAM_EIO;
}

static int bind_datagrams(struct datagram_listener *dl)
{
    int one = 1, level = IPPROTO_IP, name = IP_PKTINFO;
    if (dl->at.ss.ss_family == AF_INET6) {
        level = IPPROTO_IPV6;
        name = IPV6_RECVPKTINFO;
        if (setsockopt(dl->fd, level, IPV6_V6ONLY, &one, sizeof(one)) < 0)
            return BEAM_EIO;
    }
    if (setsockopt(dl->fd, level, name, &one, sizeof(one)) < 0)
        return BEAM_EIO;
    if (bind(dl->fd, (const struct sockaddr *)&dl->at.ss, dl->at.len) < 0)
        return bind_err(errno);
    dl->at.len = sizeof(dl->at.ss);
    return getsockname(dl->fd, (struct sockaddr *)&dl->at.ss, &dl->at.len) < 0 ? BEAM_EIO : 0;
}

int listen_datagrams(struct loop *l, const struct permit *permit, const struct addr *at,
                     listen_datagram_fn *fn, void *arg, struct datagram_listener **out)
{
    int err = at->ss.ss_family == AF_UNIX ? BEAM_EPOLICY : permit_check_listen(permit, at, NULL);
    if (err < 0)
        return err;
    struct datagram_listener *dl = calloc(1, sizeof(*dl));
    if (!dl)
        return BEAM_ENOMEM;
    *dl = (struct datagram_listener){.loop = l, .at = *at, .fn = fn, .arg = arg};
    dl->fd = socket(at->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    err = dl->fd < 0 ? BEAM_EIO : bind_datagrams(dl);
    if (err == 0)
        err = loop_watch_start(l, &dl->watch, dl->fd, LOOP_READ, on_datagrams, dl);
    if (err < 0)
        listen_datagrams_close(dl);
    else
        *out = dl;
    return err;
}

const struct addr *listen_datagrams_addr(const struct datagram_listener *dl)
{
    return &dl->at;
}

void listen_datagrams_close(struct datagram_listener *dl)
{
    if (!dl)
        return;
    loop_watch_stop(&dl->watch);
    if (dl->fd >= 0)
        close(dl->fd);
    dl->closed = true;
    if (!dl->calling)
        free(dl);
}

/* ---- who is there --------------------------------------------------------------------------- */

int listen_from(int fd, struct addr *out)
{
    struct addr from = {.len = sizeof(from.ss)};
    if (getpeername(fd, (struct sockaddr *)&from.ss, &from.len) < 0)
        return BEAM_EIO;
    *out = from;
    return 0;
}

int listen_peer(int fd, uid_t *uid, pid_t *pid)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || len != sizeof(peer))
        return BEAM_EIO;
    *uid = peer.uid;
    *pid = peer.pid;
    return 0;
}
