/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The requests and replies of the control socket, docs/protocol/control.md. Pure. Every text
 * and number is bounded and of one type; unknown members are ignored.
 */
#ifndef BEAM_DAEMON_MESSAGE_H
#define BEAM_DAEMON_MESSAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/policy.h"

enum {
    MESSAGE_TEXT_MAX = 4096,   /* bytes of a path or an assignment */
    MESSAGE_WORD_MAX = 255,    /* bytes of a target, name or policy */
    MESSAGE_OPTIONS_MAX = 128, /* assignments of a request */
    MESSAGE_RELAYS_MAX = 8,    /* that a tunnel is published through */
    MESSAGE_PAGE = 256,        /* tunnels in one reply to `status` */
    MESSAGE_KEY_LEN = 64       /* of a key, in hex */
};
#define MESSAGE_ID_MAX UINT64_C(999999999999999) /* 15 digits: what cJSON writes exactly */

enum message_op {
    MESSAGE_PUBLISH,
    MESSAGE_STATUS,
    MESSAGE_STOP,
    MESSAGE_LOCK,
    MESSAGE_UNLOCK,
    MESSAGE_NETWORK
};

enum message_network {
    MESSAGE_NETWORK_STATUS,
    MESSAGE_NETWORK_PEERS,
    MESSAGE_NETWORK_BOOTSTRAP,
    MESSAGE_NETWORK_PING,
    MESSAGE_NETWORK_ROUTES,
    MESSAGE_NETWORK_RELAYS
};

/* A request. Texts are borrowed from the object it was read from; NULL when not given. */
struct message {
    uint64_t id;
    enum message_op op;
    const char *config;   /* the file that --config named, absolute */
    const cJSON *options; /* array of "section.key=value", or NULL */
    struct {
        const char *target, *name, *policy;
        const char *client_auth, *basic_auth; /* files, absolute */
        const char *proto;                    /* "http", "tcp" or "udp" */
        uint16_t relay_port;                  /* 0: any */
        bool tls_passthrough;
        const char *tls_certificate, *tls_key; /* files, absolute */
        bool allow;                            /* visitors by their addresses were asked for */
        unsigned paths;                        /* POLICY_… bits; 0: the policy's */
        const cJSON *relays;                   /* array of texts, or NULL */
        bool has_egress;
        enum policy_egress egress;
        bool ephemeral, detach;
    } publish;
    struct {
        uint64_t after; /* tunnels with a greater id, at most MESSAGE_PAGE */
    } status;
    struct {
        uint64_t id;        /* of a tunnel; 0: by what follows */
        const char *tunnel; /* a name, or an id in digits; NULL with id 0: all */
    } stop;
    struct {
        const char *key; /* MESSAGE_KEY_LEN hex digits, a secret: whoever used it wipes it */
    } unlock;
    struct {
        enum message_network what;
        const char *address; /* a peer id or multiaddr; NULL: not given */
    } network;
};

/* The "id" of a request of any kind, 0 when it has none that is valid. */
uint64_t message_id(const cJSON *object);
/* 0; BEAM_EUSAGE for what a user's command line can cause, BEAM_EINVAL for other faults of form,
 * both with words. */
int message_parse(const cJSON *object, struct message *out, struct beam_why *why);

/* Objects the caller deletes; NULL: out of memory. */
cJSON *message_greeting(const char *version, long pid);
cJSON *message_reply(uint64_t id);
cJSON *message_error(uint64_t id, const struct beam_why *why);

#endif
