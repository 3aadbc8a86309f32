/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node of the DHT does for itself: it finds the nodes nearest to a key, and puts values and
 * providers there or gets them (libp2p/specs, kad-dht, "DHT operations"). Pure: whom it wants to
 * ask it says through a call, and what came of that it is told.
 */
#ifndef BEAM_P2P_KAD_JOB_H
#define BEAM_P2P_KAD_JOB_H

#include "base/err.h"
#include "p2p/kad_contact.h"
#include "p2p/kad_providers.h"
#include "p2p/kad_query.h"
#include "p2p/kad_size.h"
#include "p2p/kad_store.h"
#include "p2p/kad_table.h"
#include "p2p/repute.h"

enum {
    KAD_ALPHA = 10,
    KAD_PATHS = 4,
    KAD_REFRESH_K = 8, /* nodes that a refresh is content with */
    KAD_ASK_MAX = 200,
    KAD_JOBS_MAX = 1024,
    KAD_FOUND_MAX = 60
};

enum kad_job_kind {
    KAD_JOB_FIND,    /* of a key that is our own or chosen by chance, for it says the size */
    KAD_JOB_REFRESH, /* as FIND, but for fewer nodes: so that the table knows some there */
    KAD_JOB_GET,
    KAD_JOB_PUT,
    KAD_JOB_PROVIDE,
    KAD_JOB_PROVIDERS
};

struct kad_job;
struct kad_jobs;

/* One question that is under way. */
struct kad_ask;

struct kad_jobs_spec { /* what is pointed to is borrowed */
    struct peer_id self;
    struct kad_table *table;
    struct kad_size *size;
    const struct kad_store *store; /* for its validators */
    /* To ask `to`. 0: kad_ask_answered or kad_ask_failed must follow, later. BEAM_E…: it could not
     * be asked. */
    int (*ask)(void *arg, struct kad_ask *ask, const struct peer_id *to,
               const struct kad_message *m);
    /* The answer is not wanted any more: nothing follows. */
    void (*forget)(void *arg, struct kad_ask *ask);
    /* Somebody told of a peer; `group` gets the network of its addresses, 0 where there is none. */
    enum kad_heed (*learn)(void *arg, const struct kad_contact *contact, kad_group *group);
    /* A peer did what is held against it; and how it stands. */
    void (*blame)(void *arg, const struct peer_id *peer, enum repute_offence what);
    enum repute_standing (*standing)(void *arg, const struct peer_id *peer);
    /* Our own addresses, for ADD_PROVIDER. */
    void (*describe)(void *arg, struct kad_contact *contact);
    uint64_t (*wall_ms)(void *arg);
    void *arg;
};

struct kad_result {
    size_t n; /* nodes, the nearest first: found, or given what was to be put */
    struct kad_query_found nodes[KAD_FOUND_MAX];
    struct kad_text value; /* GET: the best; a view for the call */
    size_t votes;          /* GET: how many gave just that one */
    size_t provider_count;
    struct peer_id providers[KAD_PROVIDERS_MAX];
    struct kad_query_figures figures;
    size_t stored; /* PUT: how many took it; PROVIDE: how many were told */
    bool crowded;  /* many more nodes at that place, living or dead, than there should be */
};

/*
 * Over; the job is gone after this call. 0; BEAM_ENOTFOUND: no value or provider; BEAM_EAUTH: none,
 * and somebody may be hiding it: so many nodes, living or dead, are there, or the look-up took all
 * its questions; BEAM_EUNREACH: nobody answered, or nobody took the value. Words in `why`. Nodes
 * that lacked a value that was found are given it afterwards, without the caller. kad_jobs_free may
 * not be called in it.
 */
typedef void kad_job_fn(void *arg, int err, const struct beam_why *why, const struct kad_result *r);

/* 0 or BEAM_ENOMEM. */
int kad_jobs_new(const struct kad_jobs_spec *spec, struct kad_jobs **out);
/* What is under way is forgotten; no job's `done` is called. NULL allowed. */
void kad_jobs_free(struct kad_jobs *js);
size_t kad_jobs_count(const struct kad_jobs *js);

/*
 * Starts one. key is a record's key, a multihash, or of FIND and REFRESH any bytes; both texts are
 * copied. `done` comes once, from a kad_ask_… call, or from within this when none of those that are
 * known could be asked. At once, and then it never comes: BEAM_EUNREACH (the table is empty),
 * BEAM_EINVAL (not a value that belongs under the key), BEAM_ELIMIT (a length, or too many jobs),
 * BEAM_ENOMEM.
 */
int kad_job_start(struct kad_jobs *js, enum kad_job_kind kind, struct kad_text key,
                  struct kad_text value, kad_job_fn *done, void *arg, struct kad_job **out);
void kad_job_cancel(struct kad_job *j);

/* `m` is what came, and is looked at during the call only. NULL: an answer was not due, and the
 * question was sent. */
void kad_ask_answered(struct kad_ask *ask, const struct kad_message *m);
void kad_ask_failed(struct kad_ask *ask);
/* No answer yet, though it takes long: others are asked in its place. */
void kad_ask_slow(struct kad_ask *ask);

#endif
