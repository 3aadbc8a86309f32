/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The events of a tunnel as JSON objects, docs/protocol/control.md. Pure. Each function gives an
 * object the caller deletes, or NULL when out of memory.
 */
#ifndef BEAM_DAEMON_EVENTS_H
#define BEAM_DAEMON_EVENTS_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "tunnel/tunnel.h"

/* What every event says: which tunnel, and when (milliseconds since 1970). */
struct events_head {
    uint64_t tunnel, wall_ms;
};

cJSON *events_starting(const struct events_head *h, const char *name, const char *target,
                       const char *policy);
cJSON *events_progress(const struct events_head *h, const char *path, int percent,
                       const char *summary);
/* `peer`: "" where there is none; `sealed`: it cannot read what it carries. */
cJSON *events_path_up(const struct events_head *h, const char *path, const char *url,
                      const char *peer, bool sealed, uint64_t ms);
/* The URLs of all paths of `t` that are up. */
cJSON *events_ready(const struct events_head *h, const struct tunnel *t);
cJSON *events_path_down(const struct events_head *h, const char *path, const char *reason,
                        uint64_t retry_ms);
cJSON *events_request(const struct events_head *h, const struct tunnel_request *r);
cJSON *events_warning(const struct events_head *h, const char *text);
cJSON *events_error(const struct events_head *h, const struct beam_why *why);
cJSON *events_stopped(const struct events_head *h);

#endif
