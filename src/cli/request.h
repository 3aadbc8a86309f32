/* SPDX-License-Identifier: BSD-3-Clause */
/* The requests to the daemon, docs/protocol/control.md. Pure. */
#ifndef BEAM_CLI_REQUEST_H
#define BEAM_CLI_REQUEST_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "cli/options.h"

/* What of the command line concerns the daemon, made absolute: whoever reads it has another
 * working directory. */
struct request_common {
    char *config;       /* NULL: not given */
    char **assignments; /* "section.key=value" */
    size_t count;
};

/* Checks the assignments and resolves what is relative against the working directory.
 * BEAM_EUSAGE, BEAM_ENOTFOUND (no such file), BEAM_ENOMEM, with words. */
int request_common(const struct options *o, struct request_common *out, struct beam_why *why);
void request_common_clear(struct request_common *c);

/* Objects the caller deletes; NULL: out of memory. */
cJSON *request_publish(uint64_t id, const struct request_common *c, const struct options *o);
cJSON *request_status(uint64_t id, const struct request_common *c, uint64_t after);
/* By name or id; NULL: all. */
cJSON *request_stop(uint64_t id, const struct request_common *c, const char *tunnel);
cJSON *request_lock(uint64_t id, const struct request_common *c);
/* `key` in hex, a secret that the object has a copy of. */
cJSON *request_unlock(uint64_t id, const struct request_common *c, const char *key);
cJSON *request_stop_id(uint64_t id, uint64_t tunnel);

/* what: "status", "peers", "bootstrap" or "ping"; address: NULL or a peer id or multiaddr. */
cJSON *request_network(uint64_t id, const struct request_common *c, const char *what,
                       const char *address);

/* Of a relay: "ban", "unban", "drop", "list" or "bans", about `what` (NULL: nothing). */
cJSON *request_relay(uint64_t id, const char *op, const char *what, const char *why,
                     uint64_t after);

/* A reply to request `id`: 0 when it went well, BEAM_EAGAIN when this is no reply to it, else the
 * code and words of its error. */
int request_outcome(const cJSON *message, uint64_t id, struct beam_why *why);
/* The code and words of an error object: {"code", "text"}. */
int request_error(const cJSON *error, struct beam_why *why);

#endif
