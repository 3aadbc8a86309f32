/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a yamux session over Noise costs, between two processes over loopback TCP: the rate of one
 * stream, against what plain TCP and ChaCha20-Poly1305 come to when a byte goes through one after
 * the other; and how long the slowest small requests over a warm connection take, against the
 * middle one, which is where timers that wait for one another would show.
 *
 *     yamux [MEGABYTES [ROUNDS]]
 */
#include <sodium.h>
#include <stdlib.h>

#include "bench/kit.h"
#include "bench/pump.h"
#include "bench/requests.h"

enum { MEGABYTES = 2000, ROUNDS = 5, ALARM_S = 180, REQUESTS = 5000 };
#define RATE_WANTED 0.8
#define TAIL_WANTED 3.0

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Microseconds. */
static void tail(struct kit_figure *f)
{
    static double seconds[REQUESTS];
    (void)requests_make(REQUESTS, 1, seconds);
    qsort(seconds, REQUESTS, sizeof(*seconds), by_size);
    kit_fill(f, seconds[REQUESTS * 99 / 100] * 1e6, seconds[REQUESTS / 2] * 1e6);
}

int main(int argc, char **argv)
{
    static struct kit_figure bulk = {.name = "yamux rate",
                                     .unit = "GB/s",
                                     .yardstick = "TCP, then ChaCha20",
                                     .wanted = RATE_WANTED},
                             slow = {.name = "yamux request, p99",
                                     .unit = "us",
                                     .yardstick = "its median",
                                     .wanted = TAIL_WANTED,
                                     .at_most = true};
    uint64_t megabytes = MEGABYTES, rounds = ROUNDS;
    const struct kit_argument arguments[] = {{"MEGABYTES", &megabytes, 1000000},
                                             {"ROUNDS", &rounds, KIT_ROUNDS_MAX}};
    kit_begin(argc, argv, arguments, 2, ALARM_S);
    pump_must(sodium_init() >= 0, "libsodium");
    for (size_t n = 0; n < rounds; n++) {
        kit_fill(&bulk, pump_rate(session_stream, megabytes * 1000000),
                 pump_bound(megabytes * 1000000));
        tail(&slow);
    }
    bool fast = kit_line(&bulk), even = kit_line(&slow);
    return fast && even ? 0 : 1;
}
