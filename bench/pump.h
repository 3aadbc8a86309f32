/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast bytes go one way from process to process over loopback TCP, and what that is held
 * against. GB a second, all of them. */
#ifndef BEAM_BENCH_PUMP_H
#define BEAM_BENCH_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "stream/stream.h"

/* Makes the stream to be measured of one end of a connection, which is its own from now on. Runs
 * the loop meanwhile. */
typedef struct stream *pump_make_fn(struct loop *l, struct stream *under, bool sends);

double pump_rate(pump_make_fn *make, uint64_t bytes);
/* By write and read alone. */
double pump_plain_rate(uint64_t bytes);
/* Of sealing, as `openssl speed -evp chacha20-poly1305` does it with its blocks of 16 kB. */
double pump_cipher_rate(void);
/* Processor seconds a GB of the same. */
double pump_cipher_cost(void);
/* A byte that goes through both, one after the other. */
double pump_bound(uint64_t bytes);

/* One end alone, in this process: sends so many bytes (`make` NULL: by write alone) and waits for
 * the far end's end; reads as many by read alone, and ends. */
void pump_send(int fd, pump_make_fn *make, uint64_t bytes);
void pump_drain(int fd, uint64_t bytes);

/* Ends the program when it does not hold. */
void pump_must(int ok, const char *what);

#endif
