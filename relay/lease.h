/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has which public endpoint, and until when. A lease is found by its id and by its name in
 * constant time, from memory; each change is on disk before it is answered (relay/lease_db). One
 * that was renewed within the last eighth of its time is not renewed once more, so that owners
 * cannot make the disk busy.
 *
 * A lease that ran out serves nobody, but is held for its owner a while longer: the same key,
 * with the token it was given, takes it back, and nobody else gets its name or its port. The
 * number of leases is bounded, and so is that of ports; room is made by forgetting those that ran
 * out longest ago.
 */
#ifndef BEAM_RELAY_LEASE_H
#define BEAM_RELAY_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "identity/peer_id.h"
#include "relay/port_pool.h"
#include "relay/reservation.h"

enum { LEASE_TOKEN_HASH_SIZE = 32 };

struct lease_holder;

/* Only the functions below change one. */
struct lease {
    uint8_t id[RESERVATION_ID_SIZE];
    struct peer_id owner;
    char name[RESERVATION_NAME_SIZE]; /* "" for none */
    uint8_t token_hash[LEASE_TOKEN_HASH_SIZE];
    uint64_t kind;
    uint16_t port;        /* of one of TCP or UDP; 0: none */
    bool visitor_address; /* the owner asked for its visitors' addresses */
    uint64_t expires;     /* wall clock, ms */

    bool lapsed;                /* private, and all below */
    struct lease *next, **link; /* among all that have lapsed, or have not */
    struct lease *sibling;      /* the next of the same owner */
    struct lease_holder *holder;
};

struct lease_limits {
    size_t total, each_owner;   /* leases, those that ran out and are held included */
    uint64_t lease_ms;          /* how long one lasts */
    uint64_t hold_ms;           /* how long it is held after that */
    struct port_range tcp, udp; /* for leases of these kinds */
    size_t each_ports;          /* leases with a port, those that are held included, of an owner */
};

struct lease_store;

/* `rng` is borrowed. As lease_db_open. */
int lease_store_open(const char *path, const struct lease_limits *limits, const struct rng *rng,
                     uint64_t now, struct lease_store **out, struct beam_why *why);
/* The same leases in another process, which only looks at them: what it knows holds until
 * lease_refresh, and what it does not know is sought in the file while there was a change that it
 * has not heard of. What it removes goes from memory alone. */
int lease_store_follow(const char *path, const struct lease_limits *limits, const struct rng *rng,
                       uint64_t now, struct lease_store **out, struct beam_why *why);
/* One was changed or dropped, by the process that may: as the file has it now. Whether it still is
 * there. */
bool lease_refresh(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE]);
/* How many changes there were so far, on either side; 0: none, or that cannot be said. */
uint64_t lease_changes(const struct lease_store *s);
/* What was change number `change` is known now. False: that was not the next, and lease_catch_up is
 * needed. */
bool lease_keep_up(struct lease_store *s, uint64_t change);
/* Takes in all that it does not know; those that it knows are refreshed one by one, before. 0 or
 * BEAM_E…: what it does not know is sought in the file then. `changes`: lease_changes before. */
int lease_catch_up(struct lease_store *s, uint64_t changes);
/* Who hears of each that is changed or dropped, after it is on disk; within, the store may not be
 * used. NULL: nobody. */
typedef void lease_changed_fn(void *arg, const uint8_t id[RESERVATION_ID_SIZE]);
void lease_on_change(struct lease_store *s, lease_changed_fn *fn, void *arg);
/* NULL allowed. */
void lease_store_close(struct lease_store *s);

/*
 * What `owner` asked for, by its verb: the status to answer with. After RESERVATION_OK to a RESERVE
 * or a RENEW *out is the lease, borrowed until the store changes, and token what it is taken back
 * with. `named`: whether this relay gives names; one that does not passes over the wanted one.
 */
enum reservation_status lease_ask(struct lease_store *s, const struct peer_id *owner,
                                  const struct reservation_request *r, bool named, uint64_t now,
                                  uint8_t token[RESERVATION_TOKEN_SIZE], const struct lease **out);

/* One that has not run out, or NULL. Borrowed until the store changes. */
const struct lease *lease_by_id(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE],
                                uint64_t now);
const struct lease *lease_by_name(struct lease_store *s, const char *name, uint64_t now);
/* Another port for one of these, whose own cannot be had: 0; BEAM_ELIMIT: none is left; BEAM_EIO.
 * */
int lease_move_port(struct lease_store *s, const struct lease *lease);
/* Walks all, those that ran out too, in no order: start with *at = 0; NULL at the end. The store
 * must not change meanwhile. */
const struct lease *lease_next(const struct lease_store *s, size_t *at);
/* One of this key's, or NULL. */
const struct lease *lease_by_owner(const struct lease_store *s, const struct peer_id *owner);
/* Forgets one, whether it has run out or not. 0, BEAM_ENOTFOUND, BEAM_EIO. */
int lease_remove(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE]);
size_t lease_count(const struct lease_store *s);
/* Forgets some of those that are no longer held; to be called now and then. */
void lease_sweep(struct lease_store *s, uint64_t now);

#endif
