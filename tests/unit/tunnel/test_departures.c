/* SPDX-License-Identifier: BSD-3-Clause */
/* Without relays: what they are told is tests/unit/relay/test_owner.c's. */
#include "tunnel/departures.h"

#include <sodium.h>

#include "tests/unit/harness.h"

BEAM_TEST(departures, whoever_has_nothing_to_tell_goes_at_once)
{
    const struct policy policy = {.egress = POLICY_EGRESS_TOR};
    struct departures *ds = NULL;
    struct permit *permit = NULL;
    struct agent *agent = NULL;
    struct loop *l = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(loop_new(&l), 0);
    cr_assert_eq(departures_new(l, &ds), 0);
    cr_assert_eq(permit_new(&policy, &permit), 0);
    struct agent_spec spec = {.loop = l,
                              .kind = RESERVATION_HTTP,
                              .rng = rng_system(),
                              .clock = clock_system(),
                              .permit = permit,
                              .max_streams = 1,
                              .dir = "/nowhere"};
    cr_assert_eq(key_pair_from_seed((uint8_t[KEY_SEED_SIZE]){1}, &spec.key), 0);
    cr_assert_eq(agent_new(&spec, &agent), 0);
    cr_expect_not(agent_is_leaving(agent));
    departures_add(ds, agent, permit);
    cr_expect(departures_empty(ds));
    departures_add(ds, NULL, NULL);
    departures_add(NULL, NULL, NULL);
    cr_expect(departures_empty(ds));
    departures_free(ds);
    departures_free(NULL);
    loop_free(l);
}
