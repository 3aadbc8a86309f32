/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of its stream ids a peer has used. They come nearly in order: two that
 * are opened at the same time may change places on their way, and one that is
 * given up is never seen. So the last YAMUX_IDS_WINDOW are told apart, and
 * what is older counts as used. Pure.
 */
#ifndef BEAM_STREAM_YAMUX_IDS_H
#define BEAM_STREAM_YAMUX_IDS_H

#include <stdbool.h>
#include <stdint.h>

enum { YAMUX_IDS_WINDOW = 512 };

/* Zeroed: none. */
struct yamux_ids {
    uint32_t
        next; /* after the highest id used, in halves: ids of one end are all odd or all even */
    uint64_t used[YAMUX_IDS_WINDOW / 64];
};

bool yamux_ids_used(const struct yamux_ids *ids, uint32_t id);
/* Marks it as used. False when it was. */
bool yamux_ids_use(struct yamux_ids *ids, uint32_t id);

#endif
