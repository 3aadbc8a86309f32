/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/hop_message.h"

#include <string.h>

#include "base/pb.h"
#include "tests/unit/harness.h"

#define RELAY "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"

static struct peer_id peer(void)
{
    struct peer_id id = {0};
    cr_assert_eq(peer_id_parse(RELAY, strlen(RELAY), &id, NULL), 0);
    return id;
}

static void expect_bytes(enum hop_message_side side, const struct hop_message *m, const void *bytes,
                         size_t len)
{
    uint8_t out[HOP_MESSAGE_MAX];
    struct hop_message again;
    size_t n = 0;
    cr_assert_eq(hop_message_encode(side, m, out, sizeof(out), &n), 0);
    cr_expect_eq(n, len);
    cr_expect(n == len && memcmp(out, bytes, len) == 0);
    cr_assert_eq(hop_message_decode(side, out, n, &again), 0);
    cr_expect_eq(again.type, m->type);
    cr_expect_eq(again.status, m->status);
    cr_expect_eq(again.has_limit, m->has_limit);
    cr_expect_eq(again.limit.data, m->limit.data);
    cr_expect_eq(again.limit.duration, m->limit.duration);
}

/* The first two as js-libp2p writes them (@libp2p/circuit-relay-v2 4.2). */
BEAM_TEST(hop_message, has_the_bytes_of_the_specification)
{
    const struct hop_message reserve = {.type = HOP_RESERVE},
                             ok = {.type = HOP_STATUS, .status = HOP_OK},
                             limited = {.type = HOP_STATUS,
                                        .status = HOP_OK,
                                        .has_limit = true,
                                        .limit = {.duration = 120, .data = 131072}},
                             refused = {.type = HOP_STATUS, .status = HOP_CONNECTION_FAILED};
    expect_bytes(HOP_SIDE, &reserve, "\x08\x00", 2);
    expect_bytes(HOP_SIDE, &ok, "\x08\x02\x28\x64", 4);
    expect_bytes(HOP_SIDE, &limited, "\x08\x02\x22\x06\x08\x78\x10\x80\x80\x08\x28\x64", 12);
    expect_bytes(STOP_SIDE, &ok, "\x08\x01\x20\x64", 4);
    expect_bytes(STOP_SIDE, &refused, "\x08\x01\x20\xcb\x01", 5);
    expect_bytes(STOP_SIDE, &limited, "\x08\x01\x1a\x06\x08\x78\x10\x80\x80\x08\x20\x64", 12);
}

BEAM_TEST(hop_message, a_connect_names_a_peer)
{
    const struct hop_message m = {.type = HOP_CONNECT, .has_peer = true, .peer = peer()};
    uint8_t out[HOP_MESSAGE_MAX];
    struct hop_message again;
    size_t len = 0;
    for (int i = 0; i < 2; i++) {
        enum hop_message_side side = i == 0 ? HOP_SIDE : STOP_SIDE;
        cr_assert_eq(hop_message_encode(side, &m, out, sizeof(out), &len), 0);
        cr_expect_eq(len, 2u + 2u + 2u + 38u);
        cr_expect_eq(out[1], side == HOP_SIDE ? 1 : 0);
        cr_assert_eq(hop_message_decode(side, out, len, &again), 0);
        cr_expect_eq(again.type, HOP_CONNECT);
        cr_expect(again.has_peer && peer_id_equal(&again.peer, &m.peer));
        out[len - 1] = 0; /* still an id, of another key */
        out[6] = 0x13;    /* and now of no hash that there is */
        cr_expect_eq(hop_message_decode(side, out, len, &again), BEAM_EINVAL);
    }
}

static struct multiaddr address(const char *text)
{
    struct multiaddr a = {0};
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, NULL), 0);
    return a;
}

BEAM_TEST(hop_message, a_reservation_is_read_as_it_was_written)
{
    static const uint8_t voucher[] = {1, 2, 3};
    const struct hop_message m = {.type = HOP_STATUS,
                                  .status = HOP_OK,
                                  .has_reservation = true,
                                  .expire = UINT64_C(0xfedcba9876543210),
                                  .addrs = {address("/ip4/192.0.2.1/tcp/4001/p2p/" RELAY),
                                            address("/ip6/2001:db8::1/tcp/1/p2p/" RELAY)},
                                  .addr_count = 2,
                                  .voucher = voucher,
                                  .voucher_len = sizeof(voucher)};
    uint8_t out[HOP_MESSAGE_MAX];
    struct hop_message again;
    size_t len = 0;
    cr_assert_eq(hop_message_encode(HOP_SIDE, &m, out, sizeof(out), &len), 0);
    cr_assert_eq(hop_message_decode(HOP_SIDE, out, len, &again), 0);
    cr_expect(again.has_reservation);
    cr_expect_eq(again.expire, m.expire);
    cr_assert_eq(again.addr_count, 2u);
    cr_expect(multiaddr_equal(&again.addrs[0], &m.addrs[0]));
    cr_expect(multiaddr_equal(&again.addrs[1], &m.addrs[1]));
    cr_assert_eq(again.voucher_len, sizeof(voucher));
    cr_expect_eq(memcmp(again.voucher, voucher, sizeof(voucher)), 0);
    for (size_t n = 0; n < len; n++) {
        struct hop_message cut;
        cr_expect_lt(hop_message_encode(HOP_SIDE, &m, out, n, &len), 0, "%zu", n);
        (void)hop_message_decode(HOP_SIDE, out, n, &cut);
        len = len > n ? len : n + 1;
    }
}

/* More addresses than are kept, and such as we cannot read, are no reason to refuse the rest. */
BEAM_TEST(hop_message, addresses_beyond_what_is_kept_are_left_out)
{
    uint8_t inner[2048], out[HOP_MESSAGE_MAX];
    struct hop_message m;
    struct wire_writer w;
    size_t len = 0;
    const struct multiaddr a = address("/ip4/192.0.2.1/tcp/4001");
    wire_write_init(&w, inner, sizeof(inner));
    pb_write_number(&w, 1, 77);
    pb_write_bytes(&w, 2, "\xff\xff", 2);
    for (int i = 0; i < HOP_MESSAGE_ADDRS + 5; i++)
        pb_write_bytes(&w, 2, a.bytes, a.len);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    wire_write_init(&w, out, sizeof(out));
    pb_write_number(&w, 1, 2);
    pb_write_bytes(&w, 3, inner, len);
    pb_write_number(&w, 5, 100);
    pb_write_bytes(&w, 99, "later", 5);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(hop_message_decode(HOP_SIDE, out, len, &m), 0);
    cr_expect_eq(m.addr_count, (size_t)HOP_MESSAGE_ADDRS);
    cr_expect_eq(m.expire, 77u);
    cr_expect_null(m.voucher);
}

BEAM_TEST(hop_message, what_is_none_is_refused)
{
    static const struct {
        enum hop_message_side side;
        const char *bytes;
        size_t len;
    } bad[] = {
        {HOP_SIDE, "", 0},                                          /* no type */
        {HOP_SIDE, "\x28\x64", 2},                                  /* no type */
        {HOP_SIDE, "\x08\x03", 2},                                  /* a type that there is not */
        {STOP_SIDE, "\x08\x02", 2},                                 /* the same, there */
        {HOP_SIDE, "\x08\x02", 2},                                  /* a status without one */
        {HOP_SIDE, "\x08\x02\x28\x00", 4},                          /* the unused one */
        {HOP_SIDE, "\x08\x00\x08\x00", 4},                          /* a field twice */
        {HOP_SIDE, "\x0a\x00", 2},                                  /* a type of bytes */
        {HOP_SIDE, "\x08\x00\x10\x01", 4},                          /* a peer that is a number */
        {HOP_SIDE, "\x08\x01\x12\x02\x0a\x00", 6},                  /* an empty peer id */
        {HOP_SIDE, "\x08\x01\x12\x02\x08\x01", 6},                  /* one that is a number */
        {HOP_SIDE, "\x08\x02\x28\x64\x22\x02\x0a\x00", 8},          /* a duration of bytes */
        {HOP_SIDE, "\x08\x02\x28\x64\x22\x05\x08\x78", 8},          /* cut off */
        {HOP_SIDE, "\x08\x02\x28\x64\x22\x04\x08\x01\x08\x01", 10}, /* a duration twice */
        {HOP_SIDE, "\x08\x02\x28\x64\x22\x06\x08\x80\x80\x80\x80\x10", 12}, /* of 2^32 s */
        {HOP_SIDE, "\x08\x02\x28\x64\x1a\x02\x0a\x00", 8},                  /* an expiry of bytes */
        {HOP_SIDE, "\x08\x02\x28\x64\x1a\x02\x10\x01", 8}, /* an address that is a number */
        {HOP_SIDE, "\x08\x02\x28\x64\x1a\x02\x18\x01", 8}, /* a voucher that is one */
        {HOP_SIDE, "\x08\x02\x28\x80\x00", 5},             /* a number longer than it need be */
    };
    static const uint8_t large[HOP_MESSAGE_MAX + 1] = {0x08, 0x00};
    struct hop_message m;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(hop_message_decode(bad[i].side, bad[i].bytes, bad[i].len, &m), BEAM_EINVAL,
                     "number %zu", i);
    cr_expect_eq(hop_message_decode(HOP_SIDE, large, sizeof(large), &m), BEAM_EINVAL);
}

BEAM_TEST(hop_message, every_status_has_words_and_a_code)
{
    static const uint64_t all[] = {200, 201, 202, 203, 204, 400, 401, 999};
    cr_expect_eq(hop_status_err(HOP_OK), 0);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        cr_expect_lt(hop_status_err(all[i]), 0);
        cr_expect_gt(strlen(hop_status_text(all[i])), 10u);
        cr_expect(i == 0 || strcmp(hop_status_text(all[i]), hop_status_text(all[i - 1])) != 0);
    }
    cr_expect_str_eq(hop_status_text(HOP_OK), "granted");
}
