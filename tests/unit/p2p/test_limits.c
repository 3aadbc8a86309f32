/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/limits.h"

#include "tests/unit/harness.h"

BEAM_TEST(limits, what_is_not_said_is_customary)
{
    struct limits l = {0};
    limits_default(&l);
    cr_assert_gt(l.connections, 0u);
    cr_assert_lt(l.inbound, l.connections, "room is left for those that are dialled");
    cr_assert_lt(l.per_address, l.inbound, "one address does not fill the pool");
    cr_assert_lt(l.half_open_per_address, l.half_open);
    cr_assert_lt(l.streams_per_peer, l.streams);
    cr_assert_gt(l.handshake_ms, 0u);
}

BEAM_TEST(limits, what_is_said_stays)
{
    struct limits l = {.connections = 8, .half_open = 1, .idle_ms = 5};
    limits_default(&l);
    cr_assert_eq(l.connections, 8u);
    cr_assert_eq(l.inbound, 6u);
    cr_assert_eq(l.half_open, 1u);
    cr_assert_eq(l.idle_ms, 5u);
}
