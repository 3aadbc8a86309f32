/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A relay of several processes (p2p/crew), as its operator sees it. The first alone has what there
 * is one of: the registrar and the leases' and the traffic's files, the onion, the network, the
 * control socket and the metrics. All take owners and visitors. The first tells the others which
 * lease has changed, when to read bans and configuration again, and what of the month is used up;
 * they tell it what they counted. The keys
 * of TLS tickets are the first's too (daemon/operator_tickets).
 */
#ifndef BEAM_DAEMON_OPERATOR_CREW_H
#define BEAM_DAEMON_OPERATOR_CREW_H

#include "daemon/operator_rules.h"
#include "p2p/crew.h"
#include "relay/front.h"
#include "relay/lease.h"
#include "relay/ports.h"
#include "relay/registrar.h"

struct operator_crew;

/* What one of `workers` may have of what all may: rounded up, and 0 stays "any". */
static inline uint64_t operator_crew_share(uint64_t whole, unsigned workers)
{
    return (whole + workers - 1) / workers;
}

/* How the process of an index listens. */
static inline enum listen_sharing operator_crew_sharing(unsigned index, unsigned workers)
{
    return workers == 1 ? LISTEN_ALONE : index == 0 ? LISTEN_FIRST : LISTEN_FURTHER;
}

struct operator_crew_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct conf *conf;
    const char *dir; /* for its sockets */
    const char *version;
    unsigned index, count;
    struct host *host;
    struct front *front;
    struct tls_tickets *tickets; /* of the front's TLS; NULL: it has none */
    struct lease_store *store;   /* of the first it is watched (lease_on_change) */
    struct operator_rules *rules;
    struct registrar *registrar; /* of the first, as the next */
    struct ports *ports;
    /* Of the further ones: it knows what the first knows, and may take visitors; the first has
     * gone; the bans, or all files (`all`), are to be read again. */
    void (*ready)(void *arg);
    void (*lost)(void *arg);
    void (*again)(void *arg, bool all);
    void *arg;
};

/* 0 or why not, with words. */
int operator_crew_new(const struct operator_crew_spec *spec, struct operator_crew **out,
                      struct beam_why *why);
/* Before what it was given. NULL allowed, as of the next, which then do nothing. */
void operator_crew_free(struct operator_crew *c);
/* The others are to read the bans, or all files, again. */
void operator_crew_again(struct operator_crew *c, bool all);
/* Adds what the others counted. */
void operator_crew_sum(const struct operator_crew *c, struct counts *counts,
                       struct counts_now *now);
/* The visitors that an endpoint has at the others, half a second ago at most. */
size_t operator_crew_visitors(const struct operator_crew *c, const uint8_t id[RESERVATION_ID_SIZE]);

#endif
