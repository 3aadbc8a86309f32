/* SPDX-License-Identifier: BSD-3-Clause */
/* How long an engine waits for what. Pure. */
#ifndef BEAM_PROXY_PATIENCE_H
#define BEAM_PROXY_PATIENCE_H

#include "proxy/carry.h"
#include "proxy/engine.h"

/* Puts the values that are named in engine.h where there is none. */
void patience_default(struct engine_limits *l);
/* When the exchange that has gone on since then must have moved on. */
uint64_t patience_due(const struct engine_limits *l, const struct carry *c, uint64_t since,
                      uint64_t now);

#endif
