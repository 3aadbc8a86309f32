/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What precedes a visitor's bytes on a stream of /beam/visit/1.0.0 (docs/protocol/visit.md): for
 * whom it is and how the visitor came. Pure.
 */
#ifndef BEAM_RELAY_VISIT_HEAD_H
#define BEAM_RELAY_VISIT_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "relay/reservation.h"

#define VISIT_HEAD_PROTOCOL "/beam/visit/1.0.0"

enum {
    VISIT_HEAD_MAX = 256,         /* bytes of the message */
    VISIT_HEAD_VISITOR_SIZE = 46, /* an IP address as text, and a NUL */
    VISIT_HEAD_RULE_SIZE = 33,    /* letters and hyphens, and a NUL */
    VISIT_HEAD_SIZE = 2 + VISIT_HEAD_MAX
};

/* How the visitor came to the relay: as the kind of the reservation has it, with the number of
 * that. NOTICE: there is none, the relay tells what it refused. */
enum visit_head_via {
    VISIT_HEAD_HTTP = 1,
    VISIT_HEAD_TCP = 2, /* its bytes */
    VISIT_HEAD_UDP = 3, /* its datagrams (stream/datagram.h) */
    VISIT_HEAD_TLS = 4, /* its bytes, which only the owner opens */
    VISIT_HEAD_NOTICE = 100
};

struct visit_head {
    uint8_t id[RESERVATION_ID_SIZE];       /* of the reservation */
    uint64_t via;                          /* VISIT_HEAD_…, or one that we do not know */
    char visitor[VISIT_HEAD_VISITOR_SIZE]; /* its IP address; "" when the owner is not told */
    char rule[VISIT_HEAD_RULE_SIZE];       /* of a notice: by which visitors were refused */
    uint64_t count;                        /* and how many, since the last notice of it */
};

/* With the varint length in front. 0 or BEAM_ELIMIT. Sets *out_len. */
int visit_head_encode(const struct visit_head *h, void *out, size_t size, size_t *out_len);
/* Without it. 0 or BEAM_EINVAL. Fields that are not known are passed over. */
int visit_head_decode(const void *data, size_t len, struct visit_head *out);

/* An address as text without a port; "" for what has none, and for NULL. */
void visit_head_visitor(const struct addr *from, char out[VISIT_HEAD_VISITOR_SIZE]);

#endif
