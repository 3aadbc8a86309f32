/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many bytes a relay carries: for each tunnel and for all, how fast and how many a month. Pure
 * but for its file. A month is one of the calendar, in UTC; when what it has is used up, the relay
 * sleeps (or the tunnel does) until the next one begins. What was used is kept in a file, so that a
 * restart gives nothing back; it is written once a minute, so that a crash gives back no more than
 * that.
 *
 *     month YEAR-MM
 *     all BYTES
 *     ID BYTES        a line for each tunnel that carried something
 */
#ifndef BEAM_RELAY_TRAFFIC_H
#define BEAM_RELAY_TRAFFIC_H

#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"
#include "relay/bucket.h"
#include "relay/reservation.h"

struct traffic_limits {   /* 0: no limit */
    uint64_t rate, month; /* of all: bytes a second, and a month */
    uint64_t tunnel_rate, tunnel_month;
    unsigned among; /* processes that have them together, and tell one another; 0: one */
};

struct traffic;

/* What a tunnel carried. Held by those who charge it. */
struct traffic_account;

enum {
    TRAFFIC_FILE_MAX = 64 * 1024 * 1024,
    TRAFFIC_SHARE_MS = 100 /* how often the processes of one relay tell what they used of a rate */
};

/* `path` is copied; a file that is not there is an empty one. NULL: there is none, for another
 * process has it. At most `tunnels` are told apart.
 * BEAM_EINVAL (a file that makes no sense), BEAM_EPERM, BEAM_EIO, BEAM_ENOMEM with words. */
int traffic_open(const char *path, size_t tunnels, const struct rng *rng,
                 const struct clock_source *clock, struct traffic **out, struct beam_why *why);
/* Writes what was used. NULL allowed. */
void traffic_close(struct traffic *t);
/* From now on, for whoever takes already too. */
void traffic_limit(struct traffic *t, const struct traffic_limits *limits);
/* Whether any limit is set; whether one of them is a rate. */
bool traffic_limited(const struct traffic *t);
bool traffic_paced(const struct traffic *t);
/* To be called now and then: a month may have begun, and what was used is written. 0 or BEAM_E…,
 * and then it is tried again. */
int traffic_turn(struct traffic *t);

/* NULL: out of memory, or more tunnels than are told apart: its bytes count for all alone. */
struct traffic_account *traffic_hold(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE]);
/* NULL allowed. */
void traffic_release(struct traffic *t, struct traffic_account *a);

/* Of `most` bytes, how many may pass now; they are used then. 0: none, for *wait_ms, or until the
 * next month (UINT64_MAX). `a` may be NULL. */
size_t traffic_take(struct traffic *t, struct traffic_account *a, size_t most, uint64_t *wait_ms);
/* Such as did not pass after all. */
void traffic_give_back(struct traffic *t, struct traffic_account *a, size_t n);

/* The month that is counted, as a number that grows. What processes tell one another is of one. */
unsigned traffic_month(struct traffic *t);
/* What is told is of this month, which begins here too, if it has not yet. False: it is over. */
bool traffic_follow(struct traffic *t, unsigned month);

/* Among several processes of one relay one has the file. It is told what was used elsewhere, and
 * tells the others what was used in all. What others used of a rate is gone here too, or owed: each
 * may have all of it, and together they have no more in the long run. `id` NULL: of all tunnels
 * together. False: it was not taken, and a later call tells it. */
typedef bool traffic_fn(void *arg, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes);
/* What was used here since the last call, of all first, if there is any. */
void traffic_report(struct traffic *t, traffic_fn *each, void *arg);
/* So much was used elsewhere. */
void traffic_add(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes);
/* What was used in all, of those where it is not what the last call told; `anew`: of each. */
void traffic_tell(struct traffic *t, bool anew, traffic_fn *each, void *arg);
/* So much was used in all, beside what was not reported yet. */
void traffic_set(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes);

/* Whether the month is used up: of all, of this tunnel. */
bool traffic_sleeps(const struct traffic *t);
bool traffic_tunnel_sleeps(const struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE]);
/* Bytes this month. */
uint64_t traffic_used(const struct traffic *t);
uint64_t traffic_tunnel_used(const struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE]);
/* Seconds until the next month. */
uint64_t traffic_rest(const struct traffic *t);

#endif
