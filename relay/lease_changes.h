/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many changes of the leases there were, in a small file beside theirs: a process that follows
 * sees by it, far cheaper than by asking the database, whether there was one that it has not heard
 * of. For relay/lease alone.
 */
#ifndef BEAM_RELAY_LEASE_CHANGES_H
#define BEAM_RELAY_LEASE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct lease_changes { /* private */
    int fd;            /* -1: it is not open */
    uint64_t made;     /* as the one that makes them counts */
};

/* `path` is that of the leases; the file is made (0600) where there is none. 0 or why not, with
 * words; lease_changes_close in either case. */
int lease_changes_open(struct lease_changes *c, const char *path, struct beam_why *why);
void lease_changes_close(struct lease_changes *c);
/* One is on disk, and nobody was told or answered yet. By one process alone. */
void lease_changes_add(struct lease_changes *c);
/* Of any process. False: that cannot be said. */
bool lease_changes_count(const struct lease_changes *c, uint64_t *out);

#endif
