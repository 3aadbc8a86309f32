/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/rpc.h"

#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "tests/unit/gossip/kit.h"

static struct rpc rpc;

BEAM_TEST(rpc, js_libp2p_s_subscription_is_read)
{
    static const uint8_t bytes[] = {0x0a, 0x0a, 0x08, 0x01, 0x12, 0x06,
                                    'b',  'e',  'a',  'm',  '/',  't'};
    cr_assert_eq(rpc_decode(bytes, sizeof(bytes), &rpc), 0);
    cr_assert_eq(rpc.sub_count, 1);
    cr_assert(rpc.subs[0].on);
    cr_assert_eq(rpc.subs[0].topic.len, 6);
    cr_assert_eq(memcmp(rpc.subs[0].topic.at, "beam/t", 6), 0);
}

BEAM_TEST(rpc, what_the_outbox_writes_is_read)
{
    static uint8_t bytes[RPC_MAX];
    struct outbox box = {.plain = {.len = 0}};
    const struct rpc_text ids[2] = {kit_text("one"), kit_text("two")};
    const struct rpc_peer peers[2] = {{.id = kit_text("alice"), .record = kit_text("signed")},
                                      {.id = kit_text("bob")}};
    cr_assert_eq(outbox_subscribe(&box, kit_text("t"), false), 0);
    cr_assert_eq(outbox_graft(&box, kit_text("u")), 0);
    cr_assert_eq(outbox_prune(&box, kit_text("v"), 60, peers, 2), 0);
    cr_assert_eq(outbox_prune(&box, kit_text("w"), 0, peers, 2), 0);
    cr_assert_eq(outbox_have(&box, kit_text("x"), ids, 2), 0);
    cr_assert_eq(outbox_want(&box, ids, 1), 0);
    size_t len = outbox_take(&box, bytes);
    cr_assert_eq(rpc_decode(bytes, len, &rpc), 0);
    cr_assert_eq(rpc.left_out, 0);
    cr_assert_eq(rpc.sub_count, 1);
    cr_assert_not(rpc.subs[0].on);
    cr_assert_eq(rpc.graft_count, 1);
    cr_assert_eq(rpc.prune_count, 2);
    cr_assert_eq(rpc.prunes[0].backoff_s, 60);
    cr_assert_eq(rpc.prunes[0].n, 2);
    cr_assert_eq(rpc.peers[0].record.len, 6);
    cr_assert_eq(rpc.peers[1].record.len, 0);
    cr_assert_eq(rpc.prunes[1].backoff_s, 0);
    cr_assert_eq(rpc.prunes[1].n, 0, "v1.0 knows of no peers");
    cr_assert_eq(rpc.have_count, 1);
    cr_assert_eq(rpc.haves[0].n, 2);
    cr_assert_eq(rpc.had_count, 2);
    cr_assert_eq(rpc.want_count, 1);
    cr_assert_eq(memcmp(rpc.wanted[0].at, "one", 3), 0);
}

BEAM_TEST(rpc, what_is_too_much_is_left_out_and_counted)
{
    static uint8_t bytes[RPC_MAX];
    struct outbox box = {.plain = {.len = 0}};
    struct rpc_text ids[400];
    for (size_t i = 0; i < 400; i++)
        ids[i] = kit_text("id");
    for (size_t i = 0; i < RPC_SUBS_MAX + 3; i++)
        cr_assert_eq(outbox_subscribe(&box, kit_text("t"), true), 0);
    for (size_t i = 0; i < RPC_CONTROL_MAX + 2; i++)
        cr_assert_eq(outbox_graft(&box, kit_text("t")), 0);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(outbox_want(&box, ids, 400), 0);
    size_t len = outbox_take(&box, bytes);
    cr_assert_eq(rpc_decode(bytes, len, &rpc), 0);
    cr_assert_eq(rpc.sub_count, RPC_SUBS_MAX);
    cr_assert_eq(rpc.graft_count, RPC_CONTROL_MAX);
    cr_assert_eq(rpc.want_count, RPC_IDS_MAX);
    cr_assert_eq(rpc.left_out, 3 + 2 + (3 * 400 - RPC_IDS_MAX));
}

BEAM_TEST(rpc, a_list_with_more_fields_than_a_message_may_have_counts_by_its_beginning)
{
    static uint8_t ids[PB_FIELDS_MAX + 50][4], bytes[RPC_MAX];
    struct wire_writer w;
    size_t len = 0;
    for (size_t i = 0; i < PB_FIELDS_MAX + 50; i++)
        memcpy(ids[i], "\x0a\x02id", 4);
    wire_write_init(&w, bytes, sizeof(bytes));
    pb_write_head(&w, 3, pb_bytes_size(2, sizeof(ids)));
    pb_write_bytes(&w, 2, ids, sizeof(ids));
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(rpc_decode(bytes, len, &rpc), 0);
    cr_assert_eq(rpc.want_count, RPC_IDS_MAX);
    cr_assert_gt(rpc.left_out, 0);
}

BEAM_TEST(rpc, what_is_none_is_refused)
{
    static uint8_t large[RPC_MAX + 1];
    cr_assert_eq(rpc_decode("\xff\xff\xff", 3, &rpc), BEAM_EINVAL);
    cr_assert_eq(rpc_decode("\x1a\x05\x0a", 3, &rpc), BEAM_EINVAL);
    cr_assert_eq(rpc_decode("\x1a\x03\x0a\x05x", 5, &rpc), BEAM_EINVAL, "within a control message");
    cr_assert_eq(rpc_decode(large, sizeof(large), &rpc), BEAM_ELIMIT);
    cr_assert_eq(rpc_decode("", 0, &rpc), 0, "nothing is said");
    cr_assert_eq(rpc_decode("\x1a\x00", 2, &rpc), 0);
    cr_assert_eq(rpc_decode("\x7a\x01x", 3, &rpc), 0, "a field that nobody knows");
}
