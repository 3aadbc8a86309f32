/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/outbox.h"

#include <string.h>

#include "tests/unit/gossip/kit.h"

BEAM_TEST(outbox, an_empty_one_says_nothing)
{
    static uint8_t bytes[RPC_MAX];
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_take(&box, bytes), 0);
}

BEAM_TEST(outbox, a_full_one_is_taken_and_has_room_again)
{
    static uint8_t bytes[RPC_MAX];
    static struct rpc rpc;
    struct kit k;
    struct outbox box = {.plain = {.len = 0}};
    size_t taken = 0, put = 0;
    kit_init(&k);
    struct post *p = kit_post(&k, 1, true);
    cr_assert_eq(outbox_graft(&box, kit_text("t")), 0);
    while (put < 2000) {
        int err = outbox_post(&box, p);
        if (err == BEAM_ELIMIT) {
            size_t len = outbox_take(&box, bytes);
            cr_assert_leq(len, RPC_MAX);
            (void)rpc_decode(bytes, len, &rpc);
            taken += rpc.post_count + rpc.left_out;
            err = outbox_post(&box, p);
        }
        cr_assert_eq(err, 0);
        put++;
    }
    size_t len = outbox_take(&box, bytes);
    cr_assert_eq(rpc_decode(bytes, len, &rpc), 0);
    cr_assert_eq(taken + rpc.post_count + rpc.left_out, 2000);
    cr_assert_eq(outbox_take(&box, bytes), 0);
    post_drop(p);
    kit_end(&k);
}
