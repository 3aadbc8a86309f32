/* SPDX-License-Identifier: BSD-3-Clause */
/* How long an engine waits for what. Pure. */
#ifndef BEAM_PROXY_PATIENCE_H
#define BEAM_PROXY_PATIENCE_H

#include "proxy/carry.h"
#include "proxy/engine.h"

/* Puts the values that are named in engine.h where there is none. */
void patience_default(struct engine_limits *l);
/* A visitor who has not taken all that there is for it: since when, and what it had taken then. */
struct pace {
    uint64_t since; /* 0: it has */
    uint64_t taken;
};

/* Whether there is something that the visitor does not take; called at each event. */
void pace_note(struct pace *p, const struct carry *c, uint64_t now);
/* At its deadline: whether it took as much as it must, and has as long again. */
bool pace_kept(struct pace *p, const struct engine_limits *l, const struct carry *c, uint64_t now);

/* When the exchange that has gone on since then must have moved on. */
uint64_t patience_due(const struct engine_limits *l, const struct carry *c, const struct pace *p,
                      uint64_t since, uint64_t now);

#endif
