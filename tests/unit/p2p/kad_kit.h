/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers for the tests of the DHT: by number, and by how near they are to somebody. */
#ifndef BEAM_TESTS_UNIT_P2P_KAD_KIT_H
#define BEAM_TESTS_UNIT_P2P_KAD_KIT_H

#include <string.h>

#include "p2p/kad_id.h"
#include "p2p/kad_message.h"
#include "tests/unit/harness.h"

/* As the id of an Ed25519 key; the same number is the same peer. */
static inline struct peer_id kad_peer_no(uint64_t no)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    struct peer_id id = {.len = sizeof(head) + 32};
    memcpy(id.bytes, head, sizeof(head));
    memcpy(id.bytes + sizeof(head), &no, sizeof(no));
    return id;
}

/* The first from *no on whose id shares exactly `shared` bits with `with`; moves *no behind it. */
static inline struct peer_id kad_peer_near(const struct kad_id *with, unsigned shared, uint64_t *no)
{
    for (;;) {
        struct kad_id id;
        struct peer_id peer = kad_peer_no((*no)++);
        kad_id_of_peer(&peer, &id);
        if (kad_id_shared(with, &id) == shared)
            return peer;
    }
}

static inline struct kad_text kad_text_of(const char *text)
{
    return (struct kad_text){.at = (const uint8_t *)text, .len = strlen(text)};
}

#endif
