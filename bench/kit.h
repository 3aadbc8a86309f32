/* SPDX-License-Identifier: BSD-3-Clause */
/* What every figure is taken with: arguments, clocks, children, sockets on loopback, and the line
 * that says how it compares with its yardstick. Whatever fails ends the program with status 1. */
#ifndef BEAM_BENCH_KIT_H
#define BEAM_BENCH_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

/* A number that may be given on the command line, from 1 to `max`; it holds its default. */
struct kit_argument {
    const char *name; /* "MEGABYTES" */
    uint64_t *value;
    uint64_t max;
};

/* To be called first. The arguments are given in this order, none of them need be. Sets what the
 * program is called in messages, and ends it after `seconds`: something hangs then. */
void kit_begin(int argc, char **argv, const struct kit_argument *arguments, size_t count,
               unsigned seconds);

/* Says what failed, and errno's reason. */
_Noreturn void kit_die(const char *what);

/* Seconds, of a clock that only goes forward. */
double kit_now(void);

struct addr kit_loopback(uint16_t port);
/* A listening socket on a port that was free. */
int kit_listening(uint16_t *port);
/* A connection to it, as soon as somebody listens. */
int kit_connected(uint16_t port);
/* Both ends of a TCP connection, without Nagle's delay; they block. */
void kit_tcp_pair(int fds[2]);

/* A child that goes when we do. 0 in the child. */
pid_t kit_child(void);
/* Waits for it to end with status 0. */
void kit_reap(pid_t pid);
/* Ends one that would not end by itself. */
void kit_stop(pid_t pid);

/* A figure and its yardstick, taken by turns, so that both of a round met the same load of the
 * machine. Named by its maker, filled by kit_fill. */
enum { KIT_ROUNDS_MAX = 100 };
struct kit_figure {
    const char *name, *unit, *yardstick;
    double wanted; /* of the ratio of the two */
    bool at_most;  /* wanted at most, not at least */
    size_t rounds;
    double beam[KIT_ROUNDS_MAX], other[KIT_ROUNDS_MAX], ratio[KIT_ROUNDS_MAX];
};
void kit_fill(struct kit_figure *f, double beam, double other);
/* Prints a line of the table: the median of each, and that of the ratios of the rounds. Returns
 * whether what was wanted was reached. */
bool kit_line(struct kit_figure *f);

#endif
