/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An onion service published through a struct tor, by ADD_ONION as a rule, for as long as
 * its handle lives: added when tor is ready to take it, added again when tor
 * came back from the dead, "up" once a descriptor of it was uploaded.
 */
#ifndef BEAM_TOR_ONION_H
#define BEAM_TOR_ONION_H

#include "tor/onion_key.h"
#include "tor/tor.h"

struct onion;

enum onion_state {
    ONION_WAITING,    /* for tor */
    ONION_PUBLISHING, /* added; no directory has its descriptor yet */
    ONION_UP,         /* HS_DESC UPLOADED was seen */
    ONION_FAILED      /* refused, or no tor can be started; tried again with the next tor */
};

enum {
    ONION_CLIENT_LEN = 32,   /* an x25519 public key */
    ONION_CLIENTS_MAX = 256, /* what a descriptor has room for, and some left */
    ONION_ANEW_MOST = 3
};

/* Who may enter: those who hold the secret halves of these keys. */
struct onion_clients {
    size_t count;                           /* 0: anybody */
    const uint8_t (*key)[ONION_CLIENT_LEN]; /* borrowed during the call it is given to */
};

/* What tor does against floods (control-spec, ADD_ONION). */
struct onion_limits {
    unsigned max_streams;         /* of a circuit at once; more are refused. 0: no limit */
    bool pow;                     /* ask for a proof of work when many come, where this tor can */
    unsigned pow_rate, pow_burst; /* introductions a second that are taken, and at once */
};

struct onion_spec {
    const struct onion_key *key; /* borrowed while the handle lives */
    /* Where tor brings visitors: an absolute path of a unix socket, without spaces or quotes; or a
     * port on loopback. */
    struct addr target;
    uint16_t port; /* the virtual port, 80 for HTTP */
    /* Of a tor that is ours alone; borrowed as the key is: a folder that is to be the service's,
     * which tor then has by its configuration, and tells each visitor's circuit
     * (tor/proxy_line.h). A path without quotes or spaces. NULL: it is added by ADD_ONION. */
    const char *folder;
    struct onion_limits limits;
    struct onion_clients clients;
};

struct onion_events {
    /* Both are called from the loop, and the handle may be withdrawn within.
     * `why` is given on FAILED, and on WAITING when it was up before (what
     * happened); retry_ms then is when tor is tried again, 0 if not known. */
    void (*state)(void *arg, enum onion_state state, const struct beam_why *why, uint64_t retry_ms);
    /* Trouble that may pass (every upload so far failed, …), said once each time it begins. */
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* Starts tor if it is off or had failed. The first event comes later. 0, BEAM_ENOMEM, BEAM_EEXIST
 * (that address is published already), BEAM_EINVAL (the path), BEAM_ELIMIT (clients). */
int onion_publish(struct tor *t, const struct onion_spec *spec, const struct onion_events *events,
                  struct onion **out);
/*
 * From now on others may enter: if it was published, it is taken down and published anew, with the
 * circuits of all who were let in before closed in between. `count` is not 0. BEAM_ENOMEM: it is as
 * it was.
 */
int onion_admit(struct onion *o, const struct onion_clients *clients);
/*
 * Nobody comes through to it. tor is asked whether it has an introduction circuit of it that
 * stands; one that has none, and lost too many of late, makes no new ones for five minutes. Then it
 * is taken down and published anew, for which tor begins to count anew; and so it is when a
 * directory has not taken its descriptor because it has one that counts more, which visitors then
 * get. Those inside stay (but for one with a folder). Of one tor ONION_ANEW_MOST times within half
 * an hour, so that who can bring it about gains no more than so many rounds of these circuits.
 */
void onion_doubt(struct onion *o);
/* DEL_ONION if it was added; nothing more is called. NULL allowed. */
void onion_withdraw(struct onion *o);
enum onion_state onion_state(const struct onion *o);

#endif
