/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What it costs to pass on what comes by a yamux stream over Noise to a TCP connection, which is
 * what a relay and the owner of a tunnel do: the processor time of a forwarder, a process of its
 * own, against that of its parts: a byte is read and written by plain TCP, and opened once.
 *
 *     forward [MEGABYTES [ROUNDS]]
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/kit.h"
#include "bench/pump.h"
#include "bench/session.h"
#include "stream/socket.h"
#include "stream/splice.h"

enum { MEGABYTES = 1000, ROUNDS = 5, ALARM_S = 120, PIECE = 256 * 1024 };
#define WANTED 1.5 /* times its parts */

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

/* ---- the two forwarders --------------------------------------------------------------------- */

struct forwarder {
    struct loop *loop;
    struct session session;
    struct stream *target;
    struct splice *splice;
};

static void on_done(void *arg, int err)
{
    struct forwarder *f = arg;
    pump_must(err == 0, "a splice");
    loop_stop(f->loop);
}

static void on_stream(void *arg, struct stream *s)
{
    struct forwarder *f = arg;
    const struct splice_events events = {.done = on_done, .arg = f};
    const struct splice_options options = {.events = &events};
    pump_must(splice_start(f->loop, s, f->target, NULL, NULL, &options, &f->splice) == 0,
              "a splice");
}

static void forward_muxed(int from, int to)
{
    struct forwarder f = {.session.on_stream = on_stream};
    f.session.arg = &f;
    pump_must(loop_new(&f.loop) == 0 && fcntl(to, F_SETFL, O_NONBLOCK) == 0 &&
                  stream_socket(f.loop, to, &f.target) == 0,
              "a target");
    session_over(&f.session, f.loop, from, false);
    while (!f.session.idle)
        pump_must(loop_run(f.loop) == 0, "the loop");
}

static void forward_plain(int from, int to)
{
    static char piece[PIECE];
    for (ssize_t n; (n = read(from, piece, sizeof(piece))) > 0;)
        for (ssize_t at = 0, done; at < n; at += done)
            pump_must((done = write(to, piece + at, (size_t)(n - at))) > 0, "a write");
    pump_must(shutdown(to, SHUT_WR) == 0 && read(to, piece, sizeof(piece)) == 0, "the end");
}

/* ---- the comparison ------------------------------------------------------------------------- */

/* Processor seconds a GB of a forwarder between a sender that pumps and a receiver that reads. */
static double cost(void (*forward)(int from, int to), void (*send)(int fd, uint64_t bytes),
                   uint64_t bytes)
{
    int in[2], out[2], status;
    struct rusage used;
    kit_tcp_pair(in);
    kit_tcp_pair(out);
    pid_t receiver = kit_child();
    if (receiver == 0) {
        close(in[0]);
        close(in[1]);
        close(out[0]);
        pump_drain(out[1], bytes);
        _exit(0);
    }
    pid_t forwarder = kit_child();
    if (forwarder == 0) {
        close(in[0]);
        close(out[1]);
        forward(in[1], out[0]);
        _exit(0);
    }
    close(in[1]);
    close(out[0]);
    close(out[1]);
    pid_t sender = kit_child();
    if (sender == 0) {
        send(in[0], bytes);
        _exit(0);
    }
    close(in[0]);
    pump_must(wait4(forwarder, &status, 0, &used) == forwarder && status == 0, "the forwarder");
    kit_reap(receiver);
    kit_reap(sender);
    return (seconds(&used.ru_utime) + seconds(&used.ru_stime)) / ((double)bytes / 1e9);
}

static void send_muxed(int fd, uint64_t bytes)
{
    pump_send(fd, session_stream, bytes);
}

static void send_plain(int fd, uint64_t bytes)
{
    pump_send(fd, NULL, bytes);
}

int main(int argc, char **argv)
{
    static struct kit_figure f = {.name = "forwarding a yamux stream",
                                  .unit = "s/GB",
                                  .yardstick = "its parts",
                                  .wanted = WANTED,
                                  .at_most = true};
    uint64_t megabytes = MEGABYTES, rounds = ROUNDS;
    const struct kit_argument arguments[] = {{"MEGABYTES", &megabytes, 1000000},
                                             {"ROUNDS", &rounds, KIT_ROUNDS_MAX}};
    kit_begin(argc, argv, arguments, 2, ALARM_S);
    pump_must(sodium_init() >= 0, "libsodium");
    for (size_t n = 0; n < rounds; n++) {
        double muxed = cost(forward_muxed, send_muxed, megabytes * 1000000);
        double plain = cost(forward_plain, send_plain, megabytes * 1000000);
        kit_fill(&f, muxed, plain + pump_cipher_cost());
    }
    return kit_line(&f) ? 0 : 1;
}
