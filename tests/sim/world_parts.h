/* SPDX-License-Identifier: BSD-3-Clause */
/* What a world consists of, for the files of tests/sim that are its parts. */
#ifndef BEAM_TESTS_SIM_WORLD_PARTS_H
#define BEAM_TESTS_SIM_WORLD_PARTS_H

#include <sys/queue.h>

#include "p2p/hearsay.h"
#include "p2p/kad_answer.h"
#include "p2p/kad_pace.h"
#include "p2p/kad_repeat.h"
#include "tests/sim/dice.h"
#include "tests/sim/events.h"
#include "tests/sim/world.h"

enum {
    WORLD_VALUES_MAX = 4096,
    WORLD_TOLD = 20, /* in one answer of a liar */
    WORLD_ADDRESS_SIZE = 8,
    WORLD_DESCRIBED_MAX = 2 * KAD_PEERS_MAX + 1 /* peers in one message */
};

TAILQ_HEAD(letters, letter);

struct node {
    struct world *world;
    struct peer_id peer;
    uint32_t index;
    bool up, server, liar;
    enum world_lie lie;
    uint32_t tells_of;      /* a liar: the first of those it tells of */
    size_t gets;            /* under way */
    struct letters letters; /* whose ask matters */
    double x, y, mile;      /* ms */
    unsigned looked;        /* how often it looked itself up, */
    uint64_t self_due;      /* and when it will again */
    struct kad_table *table;
    struct kad_store *store;
    struct kad_size size;
    struct kad_pace pace;
    struct kad_jobs *jobs;
    struct kad_repeat *repeat; /* a server's, */
    uint64_t repeat_due;       /* which looks again then */
    struct repute *repute;
    struct address_book *book; /* NULL: it knows all addresses, and dials them */
    struct hearsay *hearsay;   /* of one that has a book */
};

struct value {
    uint8_t key[16], bytes[8];
    uint32_t owner;
    bool put; /* by its owner, and that is over */
};

struct world {
    struct world_spec spec;
    struct events events;
    double churn;
    struct dice dice;
    struct rng rng;
    size_t n, room;
    struct node **nodes;
    kad_group *groups; /* of each node: together, for each contact of each message has one */
    kad_group networks[WORLD_LIARS]; /* of the liars that came last */
    struct kad_store *clients;       /* of all clients, who keep nothing: for its validators */
    uint8_t multihash[34];           /* that is provided */
    struct world_provided provided;
    struct get *gets; /* all that there ever were */
    size_t value_count;
    struct value values[WORLD_VALUES_MAX];
    struct world_figures figures;
    size_t described;
    uint8_t addresses[WORLD_DESCRIBED_MAX][WORLD_ADDRESS_SIZE];
    uint8_t bytes[KAD_MESSAGE_MAX];
};

struct letter;

/* ---- world.c ---- */

/* Ends the program when it is not so. */
void world_must(bool ok, const char *what);
struct kad_now world_now(const struct world *w);
/* Of the node with that id. */
uint32_t world_index_of(const struct peer_id *peer);
struct node *world_random_up(struct world *w, bool server); /* honest; NULL: there is none */

/* ---- world_mail.c: questions and answers on their way ---- */

/* For a node's jobs; arg is the node. */
int world_ask(void *arg, struct kad_ask *ask, const struct peer_id *to,
              const struct kad_message *m);
/* As p2p/kad does of one in whose place another could be, and of who is silent. */
void world_ask_whether_there(struct node *n, const struct peer_id *peer);
void world_forget(void *arg, struct kad_ask *ask);
/* Nothing is waited for any more. */
void world_forget_all(struct node *n);
enum kad_heed world_learn(void *arg, const struct kad_contact *contact, kad_group *group);
void world_blame(void *arg, const struct peer_id *peer, enum repute_offence what);
enum repute_standing world_standing(void *arg, const struct peer_id *peer);
void world_describe(void *arg, struct kad_contact *contact);
/* It is there. It is freed, or goes on. */
void world_deliver(struct world *w, struct letter *l);

/* ---- world_node.c: how one comes, stays and goes ---- */

struct kad_store *world_make_store(struct world *w, const struct peer_id *peer);
/* One more, with an id of its own, which is up and knows nobody. */
struct node *world_add(struct world *w, bool server);
void world_set_up(struct node *n); /* once more, that was taken down */
void world_join(struct node *n);   /* it gets to know some, and is known */
void world_take_down(struct node *n);
/* What a node does by itself once a minute. */
void world_tick(struct node *n);

/* ---- world_net.c ---- */

/* One, as chance has it; and one that an honest server may be in, which may be none. */
kad_group world_network(struct world *w);
kad_group world_some_network(struct world *w);
void world_address(const struct world *w, uint32_t index, uint8_t out[WORLD_ADDRESS_SIZE]);

/* ---- world_warm.c: all get to know each other, as if they had been there for hours ---- */

void world_warm_up(struct world *w);

/* ---- world_siege.c ---- */

/* What a liar, whose answerer it is, says: as kad_answer; BEAM_EUNREACH: nothing at all. */
int world_lie(const struct kad_answerer *a, const struct node *asker,
              const struct kad_message *question, struct kad_message *reply);

/* ---- world_values.c ---- */

extern const struct kad_validator world_validator;
struct kad_text world_key(const struct value *v);
/* A node left: what it had not put to the end another puts. */
void world_put_for(struct world *w, const struct node *gone);
void world_free_gets(struct world *w);

#endif
