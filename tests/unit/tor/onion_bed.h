/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of onion services: some of them, and the tor that is none which has them. */
#ifndef BEAM_TESTS_UNIT_TOR_ONION_BED_H
#define BEAM_TESTS_UNIT_TOR_ONION_BED_H

#include "tests/unit/tor/kit.h"
#include "tor/onion.h"

enum { MANY = 40 };

struct service {
    struct onion_bed *bed;
    struct onion_key *key;
    struct onion *onion;
    enum onion_state state;
    unsigned heard[ONION_FAILED + 1], warnings;
    struct beam_why why;
    bool reason; /* `why` was given with the last state */
    uint64_t retry_ms;
    bool withdraw_when_up;
};

struct onion_bed {
    struct loop *loop;
    struct fake fake;
    struct ear ear;
    struct service s[MANY];
    size_t count;
    bool lost;   /* of tor: its introduction circuits */
    size_t anew; /* times that are waited for */
};

void onion_bed_open(struct onion_bed *b);
void onion_bed_close(struct onion_bed *b);
/* The service that an ADD_ONION line is for. */
struct service *onion_bed_asked_for(struct onion_bed *b, const char *line);
/* A fake's answer to an ADD_ONION; another line is left to the fake. */
bool onion_bed_answer(struct fake *f, const char *line);

struct service *service_publish_with(struct onion_bed *b, struct onion_spec spec);
struct service *service_publish(struct onion_bed *b);
void service_withdraw(struct service *s);
/* tor says what became of its descriptor. */
void service_say(struct onion_bed *b, const char *action, const struct service *s,
                 const char *more);

/* For until. */
bool service_is_publishing(void *arg);
bool service_is_up(void *arg);
bool service_is_failed(void *arg);
bool service_is_waiting_with_reason(void *arg);

#endif
