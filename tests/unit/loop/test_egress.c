/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/egress.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/unit/loop/until.h"

struct answer {
    bool came;
    int calls, err, fd;
};

static void on_answer(void *arg, int err, int fd)
{
    struct answer *a = arg;
    a->came = true;
    a->calls++;
    a->err = err;
    a->fd = fd;
}

struct place {
    struct loop *loop;
    struct permit *permit;
    char dir[32];
    char path[64];
    struct addr at;
    int fd; /* a listening socket, or -1 */
};

static void place_new(struct place *p, bool tcp, int backlog)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(p, 0, sizeof(*p));
    p->loop = until_loop_new();
    cr_assert_eq(permit_new_local(&p->permit), 0);
    snprintf(p->dir, sizeof(p->dir), "/tmp/beam-egress-XXXXXX");
    cr_assert_not_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof(p->path), "%s/s", p->dir);
    cr_assert_eq(addr_unix(p->path, &p->at), 0);
    if (tcp) {
        memcpy(&p->at.ss, &any, sizeof(any));
        p->at.len = sizeof(any);
    }
    p->fd = socket(p->at.ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(p->fd >= 0);
    cr_assert_eq(bind(p->fd, (struct sockaddr *)&p->at.ss, p->at.len), 0);
    if (backlog >= 0)
        cr_assert_eq(listen(p->fd, backlog), 0);
    if (tcp) {
        p->at.len = sizeof(p->at.ss);
        cr_assert_eq(getsockname(p->fd, (struct sockaddr *)&p->at.ss, &p->at.len), 0);
    }
}

static void place_free(struct place *p)
{
    if (p->fd >= 0)
        close(p->fd);
    unlink(p->path);
    rmdir(p->dir);
    permit_free(p->permit);
    loop_free(p->loop);
}

static struct answer dial(struct place *p, uint64_t timeout_ms)
{
    struct answer a = {.fd = -2};
    struct egress *e = NULL;
    cr_assert_eq(
        egress_dial(p->loop, p->permit, &p->at, PERMIT_TYPED, timeout_ms, on_answer, &a, &e), 0);
    cr_assert(!a.came, "the answer comes from the loop");
    cr_assert(until_flag(p->loop, &a.came));
    cr_assert_eq(loop_turn(p->loop), 0);
    cr_assert_eq(a.calls, 1);
    cr_assert(a.err == 0 || a.fd == -1);
    return a;
}

BEAM_TEST(egress, connects_tcp)
{
    struct place p;
    int on = 0;
    socklen_t len = sizeof(on);
    place_new(&p, true, 1);
    struct answer a = dial(&p, 5000);
    cr_assert(a.err == 0 && a.fd >= 0);
    cr_assert(getsockopt(a.fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on);
    char c;
    cr_assert(read(a.fd, &c, 1) < 0 && errno == EAGAIN, "non-blocking");
    close(a.fd);
    place_free(&p);
}

BEAM_TEST(egress, connects_unix)
{
    struct place p;
    place_new(&p, false, 1);
    struct answer a = dial(&p, 5000);
    cr_assert(a.err == 0 && a.fd >= 0);
    close(a.fd);
    place_free(&p);
}

BEAM_TEST(egress, says_why_not)
{
    struct place p;
    place_new(&p, true, -1); /* bound, not listening */
    cr_assert_eq(dial(&p, 5000).err, BEAM_EREFUSED);
    place_free(&p);
    place_new(&p, false, -1);
    cr_assert_eq(dial(&p, 5000).err, BEAM_EREFUSED);
    unlink(p.path);
    cr_assert_eq(dial(&p, 5000).err, BEAM_ENOTFOUND);
    place_free(&p);
}

/* A unix listener that takes nobody: its backlog fills up, and empties later. */
BEAM_TEST(egress, waits_for_room_in_a_unix_backlog)
{
    struct place p;
    struct answer first, last = {.fd = -2};
    struct egress *e = NULL;
    place_new(&p, false, 0);
    first = dial(&p, 5000);
    cr_assert_eq(first.err, 0);
    cr_assert_eq(dial(&p, 60).err, BEAM_ETIMEOUT);
    cr_assert_eq(egress_dial(p.loop, p.permit, &p.at, PERMIT_TYPED, 5000, on_answer, &last, &e), 0);
    cr_assert_eq(loop_turn(p.loop), 0);
    cr_assert(!last.came);
    int taken = accept(p.fd, NULL, NULL);
    cr_assert(taken >= 0);
    cr_assert(until_flag(p.loop, &last.came));
    cr_assert(last.err == 0 && last.fd >= 0);
    close(taken);
    close(first.fd);
    close(last.fd);
    place_free(&p);
}

/* In a network namespace of its own whose few ports make it certain. False: not allowed here. */
static bool few_ports(void)
{
    static const char range[] = "/proc/sys/net/ipv4/ip_local_port_range";
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), f = open(range, O_WRONLY | O_CLOEXEC);
    bool done =
        s >= 0 && f >= 0 && ioctl(s, SIOCSIFFLAGS, &lo) == 0 && write(f, "40000 40003", 11) == 11;
    close(s);
    close(f);
    return done;
}

/* The kernel's own connect meets itself there; a dial says what it is: nobody listens. */
BEAM_TEST(egress, a_dial_that_meets_itself_is_refused)
{
    struct place p;
    int met = 0;
    if (!few_ports())
        cr_skip_test("no network namespace may be made here");
    place_new(&p, false, -1);
    cr_assert_eq(addr_ip("127.0.0.1", 9, 40000, &p.at), 0);
    for (int i = 0; i < 50; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct linger hard = {.l_onoff = 1};
        cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
        met += connect(fd, (struct sockaddr *)&p.at.ss, p.at.len) == 0;
        close(fd);
    }
    cr_assert_gt(met, 0);
    for (int i = 0; i < 50; i++)
        cr_assert_eq(dial(&p, 5000).err, BEAM_EREFUSED);
    place_free(&p);
}

static int open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    cr_assert_not_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

BEAM_TEST(egress, cancelled_it_never_answers)
{
    struct place p;
    struct answer a = {0};
    struct egress *e = NULL;
    place_new(&p, false, 1);
    int before = open_descriptors();
    cr_assert_eq(egress_dial(p.loop, p.permit, &p.at, PERMIT_TYPED, 0, on_answer, &a, &e), 0);
    egress_cancel(e); /* connected already, the answer is on its way */
    egress_cancel(NULL);
    cr_assert_eq(loop_turn(p.loop), 0);
    cr_assert(!a.came);
    cr_assert_eq(open_descriptors(), before);
    place_free(&p);
}

/* What no permit covers is refused before a socket is made. */
BEAM_TEST(egress, no_permit_no_socket)
{
    struct place p;
    struct addr far;
    struct answer a = {0};
    struct egress *e = NULL;
    place_new(&p, true, 1);
    cr_assert_eq(addr_ip("192.0.2.1", 9, 80, &far), 0);
    int before = dup(0); /* the lowest free descriptor */
    close(before);
    cr_assert_eq(egress_dial(p.loop, p.permit, &far, PERMIT_TYPED, 10, on_answer, &a, &e),
                 BEAM_EPOLICY);
    cr_assert_eq(egress_dial(p.loop, p.permit, &p.at, PERMIT_LEARNED, 10, on_answer, &a, &e),
                 BEAM_EPOLICY);
    int after = dup(0);
    close(after);
    cr_assert_eq(before, after);
    cr_assert_null(e);
    cr_assert_eq(loop_turn(p.loop), 0);
    cr_assert(!a.came);
    place_free(&p);
}
