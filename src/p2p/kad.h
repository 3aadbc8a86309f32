/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DHT over a host: libp2p's Kademlia (libp2p/specs, kad-dht) under a protocol id of its own.
 * The cores are in kad_table, kad_job and kad_answer; here questions become streams and streams
 * answers. A client asks and is asked nothing: it neither advertises the protocol nor gets into
 * anybody's table. A persona that must not be known is always one. It goes on from whoever the host
 * is connected to: whom to begin with is for p2p/keeper and p2p/recall.
 */
#ifndef BEAM_P2P_KAD_H
#define BEAM_P2P_KAD_H

#include "p2p/host.h"
#include "p2p/kad_job.h"

#define KAD_PROTOCOL "/beam/kad/1.0.0"

struct kad;

enum kad_mode { KAD_CLIENT, KAD_SERVER };

/* Borrowed, all of it, and outlives the kad; the struct is copied. */
struct kad_spec {
    struct host *host;
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    const struct permit *permit; /* the host's */
    bool tor;                    /* the host can dial through Tor */
    enum kad_mode mode;
    const char *protocol; /* whose DHT: its protocol id; NULL: KAD_PROTOCOL */
    uint64_t ask_ms;      /* for one question, with the connection that it may need; 0: 15 s */
};

/* "/pk/…" is a namespace from the start. A host may be a client of several DHTs. 0, BEAM_ENOMEM,
 * BEAM_EEXIST (it serves this one already). */
int kad_new(const struct kad_spec *spec, struct kad **out);
/* Nothing more is called. Before the host. NULL allowed. */
void kad_free(struct kad *k);

/* For kad_job_start; kad_store_register; what is known. Borrowed. */
struct kad_jobs *kad_jobs(struct kad *k);
struct kad_store *kad_store(struct kad *k);
const struct kad_table *kad_table(const struct kad *k);
/* Nobody is known, or nobody is connected: those who are known may all be gone. */
bool kad_alone(const struct kad *k);
double kad_nodes(const struct kad *k); /* about how many servers there are; 0: not known */
enum kad_mode kad_mode(const struct kad *k);
/* From now on; peers hear of it. 0 or BEAM_ENOMEM, BEAM_ELIMIT. */
int kad_set_mode(struct kad *k, enum kad_mode mode);

/* A server has what it puts and provides, too: it may be asked while it knows nobody yet. Of a
 * client nothing is kept. 0, or as kad_store_put and kad_store_provide. */
int kad_keep_value(struct kad *k, struct kad_text key, struct kad_text value);
int kad_keep_provider(struct kad *k, struct kad_text key);

/* "/pk/" and a peer id, under which its public key lies (libp2p). Pure; arg is not looked at. */
extern const struct kad_validator kad_pk;

#endif
