/* SPDX-License-Identifier: BSD-3-Clause */
/* What an engine tells its owner of a request that is over. */
#ifndef BEAM_PROXY_RECORD_H
#define BEAM_PROXY_RECORD_H

#include "proxy/engine.h"
#include "proxy/exchange.h"
#include "proxy/switched.h"

/* It took `ms`. */
void record_exchange(const struct engine_events *events, const struct exchange *x, uint64_t ms);
/* What followed a 101, as a connection of its own; nothing where nothing did. */
void record_switched(const struct engine_events *events, const struct switched *s, uint64_t ms);

#endif
