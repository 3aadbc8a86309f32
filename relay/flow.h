/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay knows of one source of datagrams, whose address may be forged: what it may be sent,
 * and until when. Pure.
 *
 * A source that has not shown that answers reach it is sent at most three times what it sent (as
 * RFC 9000, 8.1 has it). It has shown it when it sent something after an answer, three times over:
 * a conversation. Nothing shows it for certain, for those who forge may guess when; so what a
 * source costs others is bounded by its owner's bandwidth, which every byte of an answer passes
 * through first, and by the rates of the relay.
 *
 * A flow lasts as long as the source is heard: an owner's datagrams alone keep none alive, so that
 * nobody is sent anything for long who does not ask.
 */
#ifndef BEAM_RELAY_FLOW_H
#define BEAM_RELAY_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLOW_RATIO = 3,
    FLOW_ROUNDS = 3,
    FLOW_HEADERS = 28,      /* bytes that IPv4 and UDP add to each, counted with it */
    FLOW_SILENT_MS = 10000, /* how long one lasts that is not answered */
};

/* Private. */
struct flow {
    uint64_t heard, said; /* bytes */
    uint64_t last;        /* when the source was heard */
    unsigned rounds;      /* how often it was heard again after an answer */
    bool answered;        /* since it was heard last */
    bool ever;            /* or at all */
};

void flow_begin(struct flow *f, uint64_t now_ms);
/* The source sent so many bytes. */
void flow_hear(struct flow *f, size_t len, uint64_t now_ms);
/* The owner has so many for it. False: they are too many for a source that is not known to be
 * there. */
bool flow_say(struct flow *f, size_t len);
/* Whether the source takes part in a conversation. */
bool flow_is_mutual(const struct flow *f);
/* When it ends, if the source is not heard again. */
uint64_t flow_ends(const struct flow *f, uint64_t idle_ms);

#endif
