/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who tor is, and that it lets us in: PROTOCOLINFO, then what it offers
 * (control-spec sections 3.5, 3.21, 3.24). With SAFECOOKIE both sides prove that
 * they can read the same cookie and neither shows it; a tor of ours is taken by
 * nothing else.
 */
#ifndef BEAM_TOR_AUTH_H
#define BEAM_TOR_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/rng.h"
#include "tor/control.h"
#include "tor/protocol_info.h"

enum { AUTH_COOKIE = 32, AUTH_NONCE = 32, AUTH_HASH = 32, AUTH_PASSWORD_MAX = 1024 };

/* Texts are borrowed until `done`. */
struct auth_spec {
    const struct rng *rng;
    /* A tor of ours: the absolute path of the only cookie file that is trusted. NULL: a tor that
     * runs already, which names its own. */
    const char *cookie;
    /* Of the latter: a file, ours and 0600, whose first line is its control port's password; ""
     * or NULL: none. */
    const char *password_file;
    /* Of the latter: nothing but SAFECOOKIE, with a cookie that root, a system account or we
     * own,
     * from a `listener` that is root, we or its owner. */
    bool proof;
    uid_t listener;
    /* Of the latter: how it let us in before; nothing weaker will do. 0: it has not. */
    enum protocol_method known;
    /* The control port is a TCP port, which anybody may have bound while tor was away: the cookie
     * itself is not shown there, only that we know it. */
    bool tcp;
};

/* 0, or an error with words. The control may be freed in it. */
typedef void auth_fn(void *arg, int err, const struct beam_why *why);

/* Its memory is the caller's; it is idle again before `done` is called. */
struct auth {
    struct control *control;
    struct auth_spec spec;
    struct protocol_info info;   /* once PROTOCOLINFO was answered */
    enum protocol_method method; /* that was chosen then */
    uint8_t nonce[AUTH_NONCE];
    uint8_t *cookie; /* sodium_malloc; NULL: none */
    auth_fn *done;
    void *arg;
};

/*
 * Authenticates on a fresh control connection. Errors at once: BEAM_ENOMEM, BEAM_ECLOSED.
 * Later: BEAM_EAUTH (refused, or tor does not know the cookie, or offers nothing that we can give),
 * BEAM_EPERM (another cookie file than a tor of ours has; a cookie that we may not read or not
 * trust), BEAM_EPROTO, BEAM_EINVAL (a version too old), BEAM_EIO (a cookie that is none).
 */
int auth_start(struct auth *a, struct control *c, const struct auth_spec *spec, auth_fn *done,
               void *arg);
/* Before its control is freed early, or after `done`: wipes. Zeroed is fine. */
void auth_clear(struct auth *a);

enum auth_side { AUTH_SERVER, AUTH_CLIENT };
/* The hash that a side proves itself by. Pure. */
void auth_hash(enum auth_side side, const uint8_t *cookie, const uint8_t *client_nonce,
               const uint8_t *server_nonce, uint8_t *out);

/*
 * What of those offered is no weaker than the method by which the same place let us in before (0:
 * it has not). By SAFECOOKIE alone tor proves itself, too; by NULL nobody proves anything. Pure.
 */
unsigned auth_no_weaker(unsigned offered, enum protocol_method known);

/*
 * The method to be used of those offered, best first: a password where one was given, SAFECOOKIE,
 * COOKIE; NULL, where no password was given. 0: none. Pure.
 */
enum protocol_method auth_choose(unsigned offered, bool password, bool cookie);

#endif
