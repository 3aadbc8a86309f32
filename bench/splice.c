/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What forwarding a TCP connection costs: splice_start against socat with its
 * own defaults, by turns, on loopback. One process sends, one receives, and the
 * forwarder between them is a process of its own, whose processor time is what
 * the kernel says it used.
 *
 *     splice [MEGABYTES [ROUNDS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/kit.h"
#include "loop/listen.h"
#include "stream/socket.h"
#include "stream/splice.h"

enum {
    MEGABYTES = 1500,
    ROUNDS = 7,
    ENOUGH_S = 40, /* no further round after this */
    ALARM_S = 120, /* something hangs */
    PIECE = 256 * 1024,
    PATIENCE_MS = 5000
};
#define SPEED_WANTED 2.0 /* times socat's throughput */
#define COST_WANTED  0.5 /* times its processor time a byte */

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
    struct forwarder f = {.to = kit_loopback(to)};
    struct addr at = kit_loopback(from);
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
    kit_die("socat");
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
        kit_die("accept");
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        got += (uint64_t)n;
    exit(n == 0 && got == bytes ? 0 : 1);
}

/* Sends all, shuts, and waits for the end that the receiver's exit brings back. */
static void send_all(int fd, uint64_t bytes)
{
    static char piece[PIECE];
    memset(piece, 'x', sizeof(piece));
    while (bytes > 0) {
        ssize_t n = write(fd, piece, bytes < sizeof(piece) ? (size_t)bytes : sizeof(piece));
        if (n <= 0)
            kit_die("write");
        bytes -= (uint64_t)n;
    }
    if (shutdown(fd, SHUT_WR) < 0 || read(fd, piece, sizeof(piece)) != 0)
        kit_die("the end");
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
    int status, spare = kit_listening(&from), listener = kit_listening(&to);
    close(spare);
    pid_t receiver = kit_child();
    if (receiver == 0)
        receive(listener, bytes);
    close(listener);
    pid_t forwarder = kit_child();
    if (forwarder == 0)
        forward(from, to);
    int fd = kit_connected(from);
    double start = kit_now();
    send_all(fd, bytes);
    double took = kit_now() - start;
    close(fd);
    if (waitpid(receiver, &status, 0) < 0 || status != 0)
        kit_die("not all arrived");
    if (wait4(forwarder, &status, 0, &used) < 0 || status != 0)
        kit_die("the forwarder failed");
    double gigabytes = (double)bytes / 1e9;
    return (struct figure){.rate = gigabytes / took,
                           .cost = (seconds(&used.ru_utime) + seconds(&used.ru_stime)) / gigabytes};
}

int main(int argc, char **argv)
{
    static struct kit_figure rate = {.name = "splice throughput",
                                     .unit = "GB/s",
                                     .yardstick = "socat",
                                     .wanted = SPEED_WANTED},
                             cost = {.name = "splice processor time",
                                     .unit = "s/GB",
                                     .yardstick = "socat",
                                     .wanted = COST_WANTED,
                                     .at_most = true};
    uint64_t megabytes = MEGABYTES, rounds = ROUNDS;
    const struct kit_argument arguments[] = {{"MEGABYTES", &megabytes, 1000000},
                                             {"ROUNDS", &rounds, KIT_ROUNDS_MAX}};
    kit_begin(argc, argv, arguments, 2, ALARM_S);
    double start = kit_now();
    for (size_t n = 0; n < rounds && kit_now() - start < ENOUGH_S; n++) {
        struct figure beam = measure(forward_by_beam, megabytes * 1000000);
        struct figure socat = measure(forward_by_socat, megabytes * 1000000);
        kit_fill(&rate, beam.rate, socat.rate);
        kit_fill(&cost, beam.cost, socat.cost);
    }
    bool fast = kit_line(&rate), cheap = kit_line(&cost);
    return fast && cheap ? 0 : 1;
}
