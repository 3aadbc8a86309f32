/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/relaying.h"

#include <string.h>

#include "tests/unit/harness.h"

#define RELAY "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"

BEAM_TEST(relaying, relays_are_named_by_their_own_addresses)
{
    static const struct {
        const char *at;
        int err;
    } all[] = {
        {"", 0},
        {"/ip4/192.0.2.1/tcp/4001" RELAY, 0},
        {"/ip4/192.0.2.1/tcp/4001", 0},
        {"/dns/relay.example.com/tcp/4001" RELAY "\n/ip4/192.0.2.1/tcp/1" RELAY, 0},
        {"relay.example.com:4001", BEAM_EINVAL},
        {RELAY, BEAM_EINVAL},
        {"/ip4/0.0.0.0/tcp/4001" RELAY, BEAM_EINVAL},
        {"/ip4/192.0.2.1/udp/4001/quic-v1" RELAY, BEAM_EINVAL},
        {"/ip4/192.0.2.1/tcp/1" RELAY "/p2p-circuit", BEAM_EINVAL},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct conf c = {.circuit_at = all[i].at};
        struct beam_why why = {.text = ""};
        cr_expect_eq(relaying_readable(&c, &why), all[i].err, "%s: %s", all[i].at, why.text);
        cr_expect(all[i].err == 0 || strncmp(why.text, "circuit.at", 10) == 0, "%s", why.text);
    }
}

BEAM_TEST(relaying, a_circuit_is_a_stream_from_either_side)
{
    const struct conf c = {.circuit_max_circuits = 21};
    cr_expect_eq(relaying_streams(&c), 42u);
}

BEAM_TEST(relaying, a_part_of_a_second_is_one_and_not_any_time)
{
    static const struct {
        uint64_t ms;
        uint32_t s;
    } all[] = {{0, 0}, {1, 1}, {999, 1}, {1000, 1}, {1001, 2}, {604800000, 604800}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const struct conf c = {.circuit_duration = all[i].ms, .circuit_max_bytes = 7};
        cr_expect_eq(relaying_limit(&c).duration, all[i].s);
        cr_expect_eq(relaying_limit(&c).data, 7u);
    }
}
