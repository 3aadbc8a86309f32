/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/relaying.h"

#include "identity/multiaddr_list.h"

static const char at_key[] = "circuit.at";

enum { STREAMS_PER_CIRCUIT = 2 };

/* In whole seconds it is told on the wire, where 0 is any time: part of one is not that. */
struct hop_limit relaying_limit(const struct conf *c)
{
    const uint64_t ms = c->circuit_duration;
    return (struct hop_limit){.duration = (uint32_t)(ms / 1000 + (ms % 1000 > 0)),
                              .data = c->circuit_max_bytes};
}

int relaying_start(struct loop *l, struct host *h, const struct key_pair *key, const struct conf *c,
                   struct hop **out)
{
    const struct hop_spec spec = {.loop = l,
                                  .host = h,
                                  .rng = rng_system(),
                                  .clock = clock_system(),
                                  .key = key,
                                  .limits = {.reservations = c->circuit_max_reservations,
                                             .per_source = c->circuit_max_per_prefix,
                                             .circuits = c->circuit_max_circuits,
                                             .per_peer = c->circuit_max_per_peer,
                                             .reservation_ms = c->circuit_reservation},
                                  .limit = relaying_limit(c)};
    return hop_new(&spec, out);
}

size_t relaying_streams(const struct conf *c)
{
    return STREAMS_PER_CIRCUIT * c->circuit_max_circuits;
}

static int check(void *arg, const struct multiaddr *relay, struct beam_why *why)
{
    (void)arg;
    if (multiaddr_has(relay, MULTIADDR_P2P_CIRCUIT))
        return beam_why(why, BEAM_EINVAL,
                        "a relay is not reached by way of another one (give its own address, "
                        "without /p2p-circuit)");
    return way_dialable(relay, why);
}

static int reserve(void *arg, const struct multiaddr *relay, struct beam_why *why)
{
    int err = check(NULL, relay, why);
    if (err < 0)
        return err;
    err = relayed_reserve(arg, relay);
    if (err == BEAM_ELIMIT)
        return beam_why(why, err, "more than %d relays", RELAYED_MAX);
    return err < 0 ? beam_why(why, err, "%s", beam_err_text(err)) : 0;
}

int relaying_readable(const struct conf *c, struct beam_why *why)
{
    return multiaddr_list_each(at_key, c->circuit_at, NULL, check, NULL, why);
}

int relaying_reserve(struct relayed *r, const struct conf *c, struct beam_why *why)
{
    return multiaddr_list_each(at_key, c->circuit_at, NULL, reserve, r, why);
}
