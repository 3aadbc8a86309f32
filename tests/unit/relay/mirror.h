/* SPDX-License-Identifier: BSD-3-Clause */
/* A web server on the test's own loop that gives one answer to whoever asks. */
#ifndef BEAM_TESTS_UNIT_RELAY_MIRROR_H
#define BEAM_TESTS_UNIT_RELAY_MIRROR_H

#include "base/buf.h"
#include "loop/listen.h"
#include "relay/where.h"
#include "stream/stream.h"

enum { MIRROR_GUESTS = 8 };

struct mirror_guest {
    struct mirror *mirror;
    struct stream *s;
    struct buf in, out;
    bool answered;
};

struct mirror {
    struct loop *loop;
    struct listener *listener;
    struct mirror_guest guests[MIRROR_GUESTS]; /* the last of them */
    unsigned asked;
    char heard[1024]; /* of the last request */
    const char *head; /* of the answer; NULL: none comes */
    const void *body;
    size_t len;
    char url[64];
};

void mirror_open(struct mirror *m, struct loop *l);
void mirror_close(struct mirror *m);

#endif
