/* SPDX-License-Identifier: BSD-3-Clause */
/* The protocols that a host speaks, and who speaks them. Pure. */
#ifndef BEAM_P2P_HANDLERS_H
#define BEAM_P2P_HANDLERS_H

#include <stdbool.h>
#include <stddef.h>

#include "p2p/host.h"

enum { HANDLERS_MAX = 64, HANDLERS_NAME_MAX = 127 };

struct handler {
    char protocol[HANDLERS_NAME_MAX + 1];
    host_stream_fn *fn;
    void *arg;
};

/* Zeroed at first; handlers_clear at the end. */
struct handlers {
    struct handler *list;
    size_t n;
};

/* 0, BEAM_EEXIST, BEAM_EINVAL (empty, too long, or with a newline), BEAM_ELIMIT, BEAM_ENOMEM. */
int handlers_add(struct handlers *h, const char *protocol, host_stream_fn *fn, void *arg);
/* False: there was none. */
bool handlers_remove(struct handlers *h, const char *protocol);
/* NULL: none. Borrowed, until the next change. */
const struct handler *handlers_find(const struct handlers *h, const char *protocol, size_t len);
void handlers_clear(struct handlers *h);

#endif
