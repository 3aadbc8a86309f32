/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of multistream-select 1.0.0 and what either end makes of them; the shell around it
 * is stream/negotiate, whose header tells the protocol. Pure.
 */
#ifndef BEAM_STREAM_MULTISTREAM_H
#define BEAM_STREAM_MULTISTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "stream/negotiate.h"

enum {
    /* A message with its length, and the most that is to be sent at a time. */
    MULTISTREAM_MESSAGE_MAX = 2 + NEGOTIATE_LINE_MAX,
    MULTISTREAM_OUT_MAX = 2 * MULTISTREAM_MESSAGE_MAX
};

/* Either end. Fields are private to multistream.c. */
struct multistream {
    const char *const *protocols; /* of the asking end */
    size_t count, proposals;      /* how many there are; were made, or were heard */
    negotiate_supports_fn *supports;
    void *arg;
    bool opened, agreed; /* the header was heard; a protocol was found */
    char heard[NEGOTIATE_LINE_MAX];
};

/* The asking end, and what it sends first. `protocols` is borrowed. 0, BEAM_EINVAL (see
 * negotiate_ask), BEAM_ENOMEM, BEAM_ELIMIT. */
int multistream_ask(struct multistream *m, const char *const *protocols, size_t count,
                    struct buf *out);
/* The answering end. */
void multistream_answer(struct multistream *m, negotiate_supports_fn *supports, void *arg);

/* How many bytes more, at least, beside those in `in`, belong to the next message; a reader that
 * takes no more than that leaves the protocol's own bytes alone. */
size_t multistream_need(const struct multistream *m, const struct buf *in);
/* Eats the messages at the head of `in`, and appends what is to be sent to `out`. 0: a protocol
 * was agreed on; BEAM_EAGAIN: more is needed; BEAM_ENOTFOUND: the peer speaks none of them;
 * BEAM_EPROTO; BEAM_ELIMIT: too many proposals; BEAM_ENOMEM. */
int multistream_input(struct multistream *m, struct buf *in, struct buf *out);
/* The protocol, once agreed on: one of the asking end's own, or a text in `m`. */
const char *multistream_protocol(const struct multistream *m);

#endif
