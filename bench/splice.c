/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What forwarding a TCP connection costs: splice_start against socat with its
 * own defaults, by turns, on loopback. One process sends, one receives, and the
 * forwarder between them is a process of its own, whose processor time is what
 * the kernel says it used.
 *
 *     splice [MEGABYTES [ROUNDS]]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "loop/listen.h"
#include "stream/socket.h"
#include "stream/splice.h"

enum {
    MEGABYTES = 1500,
    ROUNDS = 7,
    ROUNDS_MAX = 100,
    ENOUGH_S = 40, /* no further round after this */
    ALARM_S = 120, /* something hangs */
    PIECE = 256 * 1024,
    PATIENCE_MS = 5000
};
#define SPEED_WANTED 2.0 /* times socat's throughput */
#define COST_WANTED  0.5 /* times its processor time a byte */

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "splice: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct addr loopback(uint16_t port)
{
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr a = {.len = sizeof(v4)};
    memcpy(&a.ss, &v4, sizeof(v4));
    return a;
}

static int listening(uint16_t *port)
{
    struct addr at = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at.ss, at.len) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&at.ss, &at.len) < 0)
        die("a listener");
    *port = addr_port(&at);
    return fd;
}

/* A child that goes when we do. 0 in the child. */
static pid_t child(void)
{
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        _exit(1);
    return pid;
}

/* ---- the two forwarders --------------------------------------------------------------------- */

struct forwarder {
    struct loop *loop;
    struct permit *permit;
    struct listener *listener;
    struct addr to;
    struct stream *visitor;
    struct stream_dial *dial;
    struct splice *splice;
};

static void on_done(void *arg, int err)
{
    struct forwarder *f = arg;
    if (err < 0)
        exit(1);
    loop_stop(f->loop);
}

static void on_dialled(void *arg, int err, struct stream *target)
{
    struct forwarder *f = arg;
    const struct splice_events events = {.done = on_done, .arg = f};
    const struct splice_options options = {.events = &events};
    if (err < 0 || splice_start(f->loop, f->visitor, target, NULL, NULL, &options, &f->splice) < 0)
        exit(1);
}

static void on_visitor(void *arg, int fd)
{
    struct forwarder *f = arg;
    listen_pause(f->listener);
    if (stream_socket(f->loop, fd, &f->visitor) < 0 ||
        stream_dial(f->loop, f->permit, &f->to, PERMIT_TYPED, PATIENCE_MS, on_dialled, f,
                    &f->dial) < 0)
        exit(1);
}

static _Noreturn void forward_by_beam(uint16_t from, uint16_t to)
{
    struct forwarder f = {.to = loopback(to)};
    struct addr at = loopback(from);
    if (loop_new(&f.loop) < 0 || permit_new_local(&f.permit) < 0 ||
        listen_open(f.loop, &at, on_visitor, &f, &f.listener) < 0 || loop_run(f.loop) < 0)
        exit(1);
    exit(0);
}

static _Noreturn void forward_by_socat(uint16_t from, uint16_t to)
{
    char listen_on[64], connect_to[64];
    snprintf(listen_on, sizeof(listen_on), "TCP-LISTEN:%u,bind=127.0.0.1,reuseaddr", from);
    snprintf(connect_to, sizeof(connect_to), "TCP:127.0.0.1:%u", to);
    execlp("socat", "socat", listen_on, connect_to, (char *)NULL);
    die("socat");
}

/* ---- the load ------------------------------------------------------------------------------- */

/* Accepts one connection and reads it to its end, then exits: 0 when all came. */
static _Noreturn void receive(int listener, uint64_t bytes)
{
    static char piece[PIECE];
    uint64_t got = 0;
    ssize_t n;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        die("accept");
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        got += (uint64_t)n;
    exit(n == 0 && got == bytes ? 0 : 1);
}

/* Connects, as soon as somebody listens. */
static int connected(uint16_t port)
{
    struct addr to = loopback(port);
    for (double end = now() + PATIENCE_MS / 1e3; now() < end; usleep(2000)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            die("socket");
        if (connect(fd, (struct sockaddr *)&to.ss, to.len) == 0)
            return fd;
        close(fd);
    }
    die("nobody forwards");
}

/* Sends all, shuts, and waits for the end that the receiver's exit brings back. */
static void send_all(int fd, uint64_t bytes)
{
    static char piece[PIECE];
    memset(piece, 'x', sizeof(piece));
    while (bytes > 0) {
        ssize_t n = write(fd, piece, bytes < sizeof(piece) ? (size_t)bytes : sizeof(piece));
        if (n <= 0)
            die("write");
        bytes -= (uint64_t)n;
    }
    if (shutdown(fd, SHUT_WR) < 0 || read(fd, piece, sizeof(piece)) != 0)
        die("the end");
}

/* ---- the comparison ------------------------------------------------------------------------- */

struct figure {
    double rate; /* GB a second */
    double cost; /* seconds of processor time a GB */
};

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static struct figure measure(void (*forward)(uint16_t from, uint16_t to), uint64_t bytes)
{
    uint16_t from, to;
    struct rusage used;
    int status, spare = listening(&from), listener = listening(&to);
    close(spare);
    pid_t receiver = child();
    if (receiver == 0)
        receive(listener, bytes);
    close(listener);
    pid_t forwarder = child();
    if (forwarder == 0)
        forward(from, to);
    int fd = connected(from);
    double start = now();
    send_all(fd, bytes);
    double took = now() - start;
    close(fd);
    if (waitpid(receiver, &status, 0) < 0 || status != 0)
        die("not all arrived");
    if (wait4(forwarder, &status, 0, &used) < 0 || status != 0)
        die("the forwarder failed");
    double gigabytes = (double)bytes / 1e9;
    return (struct figure){.rate = gigabytes / took,
                           .cost = (seconds(&used.ru_utime) + seconds(&used.ru_stime)) / gigabytes};
}

/* The median of each column is printed, and that of the ratios of the rounds: both forwarders of a
 * round met the same load of the machine. */
struct column {
    double beam[ROUNDS_MAX], socat[ROUNDS_MAX], ratio[ROUNDS_MAX];
};

static void fill(struct column *c, size_t round, double beam, double socat)
{
    c->beam[round] = beam;
    c->socat[round] = socat;
    c->ratio[round] = beam / socat;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Prints a line of the table and returns the ratio. */
static double line(const char *name, const char *unit, struct column *c, size_t n)
{
    double ratio = median(c->ratio, n);
    printf("%-24s beam %.3f %s, socat %.3f %s: ratio %.2f", name, median(c->beam, n), unit,
           median(c->socat, n), unit, ratio);
    return ratio;
}

int main(int argc, char **argv)
{
    static struct column rate, cost;
    uint64_t megabytes = MEGABYTES, rounds = ROUNDS, bytes;
    size_t n = 0;
    if ((argc > 1 && text_number(argv[1], strlen(argv[1]), 1000000, &megabytes) < 0) ||
        (argc > 2 && text_number(argv[2], strlen(argv[2]), ROUNDS_MAX, &rounds) < 0) || argc > 3 ||
        megabytes == 0 || rounds == 0) {
        fprintf(stderr, "usage: splice [MEGABYTES [ROUNDS]]\n");
        return 2;
    }
    bytes = megabytes * 1000000;
    alarm(ALARM_S);
    for (double start = now(); n < rounds && now() - start < ENOUGH_S; n++) {
        struct figure beam = measure(forward_by_beam, bytes);
        struct figure socat = measure(forward_by_socat, bytes);
        fill(&rate, n, beam.rate, socat.rate);
        fill(&cost, n, beam.cost, socat.cost);
    }
    bool fast = line("splice throughput", "GB/s", &rate, n) >= SPEED_WANTED;
    printf(" (wanted: at least %.1f)%s\n", SPEED_WANTED, fast ? "" : " MISSED");
    bool cheap = line("splice processor time", "s/GB", &cost, n) <= COST_WANTED;
    printf(" (wanted: at most %.1f)%s\n", COST_WANTED, cheap ? "" : " MISSED");
    return fast && cheap ? 0 : 1;
}
