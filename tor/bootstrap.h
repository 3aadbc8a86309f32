/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far tor is on its way into its network, and what keeps it: status events
 * (control-spec section 4.1.10), its log, and a watchdog for when it says
 * nothing at all. Pure; time is passed in.
 */
#ifndef BEAM_TOR_BOOTSTRAP_H
#define BEAM_TOR_BOOTSTRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tor/logline.h"

enum { BOOTSTRAP_SUMMARY_SIZE = 128, BOOTSTRAP_TROUBLE_SIZE = 160 };

/* What a call found out, as bits. */
enum bootstrap_news {
    BOOTSTRAP_PROGRESS = 1, /* percent or summary changed */
    BOOTSTRAP_DONE = 2,     /* 100 %: once */
    BOOTSTRAP_TROUBLE = 4   /* `why` says what is wrong and what to do; once each time it begins */
};

/* Read by anyone, written here alone. */
struct bootstrap {
    int percent;
    char summary[BOOTSTRAP_SUMMARY_SIZE]; /* tor's words, escaped; "" before the first */
    struct beam_why why;
    bool done;
    unsigned said;              /* a bit a kind of trouble */
    unsigned bridge_failures;   /* since it last moved */
    uint64_t moved_at, timeout; /* ms */
    uint64_t old_at;            /* ms: what its guards are hidden by is not made for more */
    char trouble[BOOTSTRAP_TROUBLE_SIZE]; /* the last reason tor gave, however small; "" if none */
};

/* A tor was started now; `timeout` in ms. */
void bootstrap_init(struct bootstrap *b, uint64_t now, uint64_t timeout);
/* It had run for `uptime` ms before: one that is not ours. */
void bootstrap_age(struct bootstrap *b, uint64_t now, uint64_t uptime);
/* "NOTICE BOOTSTRAP PROGRESS=…", as STATUS_CLIENT and STATUS_GENERAL events
 * and GETINFO status/bootstrap-phase give it. Anything else is ignored. */
unsigned bootstrap_status(struct bootstrap *b, uint64_t now, const char *text);
unsigned bootstrap_log(struct bootstrap *b, const struct logline *l);
/* To be called at bootstrap_due. */
unsigned bootstrap_tick(struct bootstrap *b, uint64_t now);
/* When the watchdog wants to be woken; UINT64_MAX: never. */
uint64_t bootstrap_due(const struct bootstrap *b);

#endif
