/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/p2p/kads.h"

static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    (void)arg;
    (void)key;
    (void)wall_ms;
    return value.len == 1 ? 0 : BEAM_EINVAL;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    return b.at[0] - a.at[0];
}

static uint64_t good_until(void *arg, struct kad_text key, struct kad_text value)
{
    (void)arg;
    (void)key;
    (void)value;
    return UINT64_MAX - 1;
}

void kads_begin(struct world *w, struct kad **kads, size_t n)
{
    static const struct kad_validator validator = {
        .name = "t", .check = check, .compare = compare, .until = good_until, .repeated = true};
    world_init(w);
    for (size_t i = 0; i < n; i++) {
        struct node *node = world_add(w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
        const struct kad_spec spec = {.host = node->host,
                                      .loop = w->loop,
                                      .rng = &w->rng,
                                      .clock = clock_system(),
                                      .permit = node->permit,
                                      .mode = KAD_SERVER};
        cr_assert_eq(kad_new(&spec, &kads[i]), 0);
        cr_assert_eq(kad_store_register(kad_store(kads[i]), &validator), 0);
    }
}

void kads_end(struct world *w, struct kad **kads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        kad_free(kads[i]);
    world_clear(w);
}
