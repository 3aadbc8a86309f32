/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/promises.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct rpc_text text(const char *s)
{
    return (struct rpc_text){.at = (const uint8_t *)s, .len = strlen(s)};
}

static struct peer_id peer_no(uint32_t no)
{
    struct peer_id id = {.len = 38};
    memcpy(id.bytes, &no, sizeof(no));
    return id;
}

BEAM_TEST(promises, are_kept_by_anybody_and_broken_with_time)
{
    static struct promises p;
    const struct peer_id a = peer_no(1), b = peer_no(2);
    struct peer_id by;
    promises_add(&p, &a, text("one"), 100);
    promises_add(&p, &b, text("one"), 100);
    promises_add(&p, &b, text("two"), 200);
    promises_kept(&p, "one", 3);
    cr_assert_eq(p.n, 1);
    cr_assert_not(promises_broken(&p, 199, &by));
    cr_assert(promises_broken(&p, 200, &by));
    cr_assert(peer_id_equal(&by, &b));
    cr_assert_not(promises_broken(&p, 1000, &by), "each once");
}

BEAM_TEST(promises, are_bounded_and_end_with_their_peer)
{
    static struct promises p;
    const struct peer_id a = peer_no(1);
    char name[8];
    for (int i = 0; i < 2 * PROMISES_PER_PEER; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        promises_add(&p, &a, text(name), 100);
        promises_add(&p, &a, text(name), 100);
    }
    cr_assert_eq(p.n, PROMISES_PER_PEER);
    for (uint32_t i = 0; i < 2 * PROMISES_MAX; i++) {
        const struct peer_id other = peer_no(10 + i);
        promises_add(&p, &other, text("m"), 100);
    }
    cr_assert_eq(p.n, PROMISES_MAX);
    promises_forget(&p, &a);
    cr_assert_eq(p.n, PROMISES_MAX - PROMISES_PER_PEER);
}
