/* SPDX-License-Identifier: BSD-3-Clause */
/* Small requests, each on a stream of its own, over a session between two processes. */
#ifndef BEAM_BENCH_REQUESTS_H
#define BEAM_BENCH_REQUESTS_H

#include "bench/session.h"

/* Before the session is opened: it answers whatever comes. */
void requests_answer(struct session *s, struct loop *l);
/* One, to its end. */
void requests_ask(struct session *s);

/*
 * Makes `count` of them, `at_once` at a time: a stream is opened, its protocol named, 100 bytes go
 * there and come back, both ends end it. `seconds` (NULL allowed) gets how long each took. Returns
 * how long all of them did.
 */
double requests_make(size_t count, size_t at_once, double *seconds);

#endif
