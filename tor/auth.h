/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who tor is, and that it is ours: PROTOCOLINFO, then SAFECOOKIE, by which
 * both sides prove that they can read the same cookie and neither shows it
 * (control-spec sections 3.5, 3.21, 3.24).
 */
#ifndef BEAM_TOR_AUTH_H
#define BEAM_TOR_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "tor/control.h"

enum { AUTH_COOKIE = 32, AUTH_NONCE = 32, AUTH_HASH = 32, AUTH_VERSION_SIZE = 48 };

/* 0 and the version, or an error with words. The control may be freed in it. */
typedef void auth_fn(void *arg, int err, const struct beam_why *why);

/* Its memory is the caller's; it is idle again before `done` is called. */
struct auth {
    struct control *control;
    char *cookie_path;               /* owned */
    char version[AUTH_VERSION_SIZE]; /* "0.4.9.11" once PROTOCOLINFO was answered */
    uint8_t nonce[AUTH_NONCE];
    auth_fn *done;
    void *arg;
};

/*
 * Authenticates on a fresh control connection. `cookie` is the absolute path
 * of the only cookie file we trust. Errors at once: BEAM_ENOMEM, BEAM_ECLOSED.
 * Later: BEAM_EAUTH (refused, or tor does not know the cookie), BEAM_EPERM (it names
 * another cookie file), BEAM_EPROTO, BEAM_EINVAL (a version too old), BEAM_EIO.
 */
int auth_start(struct auth *a, struct control *c, const struct rng *rng, const char *cookie,
               auth_fn *done, void *arg);
/* Before its control is freed early, or after `done`: wipes. Zeroed is fine. */
void auth_clear(struct auth *a);

/* Whether "0.4.8.16" is a tor that beam works with: 0.4.7 or later. Pure. */
bool auth_version_ok(const char *version);

enum auth_side { AUTH_SERVER, AUTH_CLIENT };
/* The hash that a side proves itself by. Pure. */
void auth_hash(enum auth_side side, const uint8_t *cookie, const uint8_t *client_nonce,
               const uint8_t *server_nonce, uint8_t *out);

#endif
