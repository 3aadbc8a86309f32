/* SPDX-License-Identifier: BSD-3-Clause */
/* What a request to publish comes to, once its target, name and policy are made out. */
#ifndef BEAM_DAEMON_WISH_H
#define BEAM_DAEMON_WISH_H

#include "conf/conf.h"
#include "daemon/message.h"
#include "relay/where.h"
#include "tunnel/names.h"
#include "tunnel/target.h"
#include "tunnel/tunnel.h"

struct wish {
    char name[NAMES_SIZE];
    struct target target;
    struct policy policy;
    struct where relays[MESSAGE_RELAYS_MAX]; /* of a policy with a relay: at least one */
    size_t relay_count;
    bool find_relay; /* none was named: one of the network's */
    bool rendezvous; /* it is looked for there even if nobody of the network is known */
    bool named;      /* by the user */
    bool ephemeral;
    const char *client_auth, *basic_auth; /* borrowed from the message; NULL: none */
    enum tunnel_protocol protocol;
    uint16_t relay_port; /* wanted; 0: any */
    bool tls_passthrough;
    const char *tls_certificate, *tls_key; /* borrowed from the message; NULL: none */
};

/* The target and the name (NULL: none) are well formed; `dir` is where a relative path is taken
 * from, and what is no socket there is refused. 0 or BEAM_EUSAGE with words. */
int wish_check(const char *target, const char *dir, const char *name, struct beam_why *why);

/* An address of a relay is well formed. 0 or BEAM_EUSAGE with words. */
int wish_check_relay(const char *relay, struct beam_why *why);

/*
 * Without a name, the key store's for the target is taken, or a fresh one when it is ephemeral.
 * BEAM_EUSAGE (a target or a name of no valid form, no such policy, a gate that no path of it can
 * have), or as keystore_open, with words.
 */
int wish_read(const struct message *m, const struct conf *conf, struct keystore *keys,
              const struct rng *rng, struct wish *out, struct beam_why *why);

#endif
