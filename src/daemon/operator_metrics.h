/* SPDX-License-Identifier: BSD-3-Clause */
/* A relay's counts over HTTP, on loopback alone, for a Prometheus of this machine: GET /metrics. */
#ifndef BEAM_DAEMON_OPERATOR_METRICS_H
#define BEAM_DAEMON_OPERATOR_METRICS_H

#include "loop/loop.h"
#include "relay/counts.h"

struct operator_metrics;

/* All of it is borrowed. */
struct operator_metrics_spec {
    struct loop *loop;
    const char *listen; /* ADDRESS:PORT */
    const struct counts *counts;
    void (*now)(void *arg, struct counts_now *out);
    void *arg;
};

/* 0; BEAM_EUSAGE (no such address), BEAM_EPOLICY (beyond this machine), BEAM_EEXIST … with
 * words. */
int operator_metrics_new(const struct operator_metrics_spec *spec, struct operator_metrics **out,
                         struct beam_why *why);
/* NULL allowed. */
void operator_metrics_free(struct operator_metrics *m);

#endif
