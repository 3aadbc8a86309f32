/* SPDX-License-Identifier: BSD-3-Clause */
/* Jobs of the DHT whose questions a test answers. */
#ifndef BEAM_TESTS_UNIT_P2P_SCENE_H
#define BEAM_TESTS_UNIT_P2P_SCENE_H

#include "p2p/kad_job.h"

enum { SCENE_PEERS = 3, SCENE_OPEN_MAX = 64, SCENE_PRIVATE = 192 };

/* A node that knows some others, and the questions that it has open. */
struct scene {
    struct kad_table *table;
    struct kad_size size;
    struct kad_store *store;
    struct kad_validator validator; /* of "/t/": values of one character */
    size_t checks;
    struct kad_jobs *jobs;
    struct peer_id peers[SCENE_PEERS];
    size_t n;
    struct {
        struct kad_ask *ask;
        struct peer_id to;
        enum kad_type type;
        char value;
    } open[SCENE_OPEN_MAX];
    size_t forgotten, done, votes, stored, provider_count;
    struct peer_id providers[KAD_PROVIDERS_MAX];
    struct repute *repute;
    unsigned offences[REPUTE_OFFENCES];
    struct peer_id blamed;
    int err;
    char value;
};

/* It knows so many, SCENE_PEERS at most. */
void scene_set_up(struct scene *sc, size_t peers);
void scene_tear_down(struct scene *sc);
enum repute_standing scene_standing(const struct scene *sc, const struct peer_id *peer);
/* As kad_job_start: for "/t/key", or for a key and no value. */
int scene_start(struct scene *sc, enum kad_job_kind kind, const char *value);
int scene_look(struct scene *sc, enum kad_job_kind kind, struct kad_text key);

/* The question at the head of the line is answered: with a value unless that is 0; */
enum kad_type scene_answer(struct scene *sc, char value);
/* with `count` others, or with nothing; */
void scene_tell(struct scene *sc, const struct peer_id *told, size_t count);
/* with that. Gives who answered. */
struct peer_id scene_answer_with(struct scene *sc, const struct kad_message *m);

/* A whole look-up of "/t/key": each that is known tells of twenty of its own, `shared` bits near to
 * that, who are not there. */
void scene_among_the_dead(struct scene *sc, enum kad_job_kind kind, unsigned shared);

/* The second byte of its address is its network, of which SCENE_PRIVATE is one that is none. */
struct kad_contact scene_contact(uint64_t no, const uint8_t *addr, size_t len);

#endif
