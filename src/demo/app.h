/* SPDX-License-Identifier: BSD-3-Clause */
/* The demo app: a web server on a loopback port, one request a connection. */
#ifndef BEAM_DEMO_APP_H
#define BEAM_DEMO_APP_H

#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

struct app;

enum {
    APP_GUESTS_MAX = 64,     /* connections at once; more wait */
    APP_GUEST_MS = 20 * 1000 /* for a request and its answer */
};

/* Listens on a port of 127.0.0.1 that it picks. 0, or BEAM_E… with words. */
int app_start(struct loop *l, struct app **out, struct beam_why *why);
uint16_t app_port(const struct app *a);
/* NULL allowed. */
void app_free(struct app *a);

#endif
