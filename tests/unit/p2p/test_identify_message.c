/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/identify_message.h"

#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "tests/unit/harness.h"

static struct identify_view view(const char *text)
{
    return (struct identify_view){(const uint8_t *)text, strlen(text)};
}

static bool is(const struct identify_view *v, const char *text)
{
    return v->at && v->len == strlen(text) && memcmp(v->at, text, v->len) == 0;
}

static struct identify_message in, out;
static uint8_t bytes[2 * IDENTIFY_MESSAGE_MAX];

BEAM_TEST(identify_message, what_is_written_is_read)
{
    size_t len = 0;
    in = (struct identify_message){.addr_count = 2, .protocol_count = 2};
    in.agent = view("beam");
    in.key = view("key");
    in.record = view("record");
    in.addrs[0] = view("one");
    in.addrs[1] = view("two");
    in.protocols[0] = view("/a");
    in.protocols[1] = view("/b");
    cr_assert_eq(identify_message_encode(&in, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(identify_message_decode(bytes, len, &out), 0);
    cr_expect(is(&out.agent, "beam"));
    cr_expect(is(&out.key, "key"));
    cr_expect(is(&out.record, "record"));
    cr_expect_eq(out.addr_count, 2u);
    cr_expect(is(&out.addrs[1], "two"));
    cr_expect_eq(out.protocol_count, 2u);
    cr_expect(is(&out.protocols[0], "/a"));
    cr_expect_null(out.observed.at, "what is not there is not written");
    cr_expect_null(out.version.at);
    for (size_t cut = 0; cut < len; cut++)
        cr_expect_lt(identify_message_decode(bytes, cut, &out), 0, "cut at %zu", cut);
}

BEAM_TEST(identify_message, the_bytes_are_the_specifications)
{
    /* Field numbers of libp2p/specs, identify: agentVersion 6, protocols 3. */
    static const uint8_t expected[] = {0x0a, 0x1a, 0x02, '/', 'a', 0x32, 0x04, 'b', 'e', 'a', 'm'};
    size_t len = 0;
    in = (struct identify_message){.protocol_count = 1};
    in.agent = view("beam");
    in.protocols[0] = view("/a");
    cr_assert_eq(identify_message_encode(&in, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(len, sizeof(expected));
    cr_expect_eq(memcmp(bytes, expected, len), 0);
}

BEAM_TEST(identify_message, several_add_up)
{
    size_t first = 0, second = 0;
    in = (struct identify_message){.addr_count = 1};
    in.agent = view("old");
    in.addrs[0] = view("one");
    cr_assert_eq(identify_message_encode(&in, bytes, sizeof(bytes), &first), 0);
    in.agent = view("new");
    in.addrs[0] = view("two");
    in.record = view("record");
    cr_assert_eq(identify_message_encode(&in, bytes + first, sizeof(bytes) - first, &second), 0);
    cr_assert_eq(identify_message_decode(bytes, first + second, &out), 0);
    cr_expect(is(&out.agent, "new"));
    cr_expect(is(&out.record, "record"));
    cr_expect_eq(out.addr_count, 2u);
    cr_expect(is(&out.addrs[0], "one"));
    cr_expect(is(&out.addrs[1], "two"));
}

BEAM_TEST(identify_message, is_bounded)
{
    struct wire_writer w;
    size_t len = 0, head = 0;
    static uint8_t body[IDENTIFY_MESSAGE_MAX];
    wire_write_init(&w, body, sizeof(body));
    for (unsigned i = 0; i < 2 * IDENTIFY_PROTOCOLS_MAX; i++)
        pb_write_bytes(&w, 3, "/p", 2);
    for (unsigned i = 0; i < 2 * IDENTIFY_ADDRS_MAX; i++)
        pb_write_bytes(&w, 2, "a", 1);
    pb_write_bytes(&w, 99, "of a later version", 18);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    wire_write_init(&w, bytes, sizeof(bytes));
    wire_write_varint(&w, len);
    wire_write_bytes(&w, body, len);
    cr_assert_eq(wire_write_end(&w, &head), 0);
    cr_assert_eq(identify_message_decode(bytes, head, &out), 0);
    cr_expect_eq(out.protocol_count, (size_t)IDENTIFY_PROTOCOLS_MAX);
    cr_expect_eq(out.addr_count, (size_t)IDENTIFY_ADDRS_MAX);

    wire_write_init(&w, bytes, sizeof(bytes));
    wire_write_varint(&w, IDENTIFY_MESSAGE_MAX + 1);
    cr_assert_eq(wire_write_end(&w, &head), 0);
    cr_expect_eq(identify_message_decode(bytes, sizeof(bytes), &out), BEAM_ELIMIT, "one too long");
    memset(bytes, 0, sizeof(bytes));
    cr_expect_eq(identify_message_decode(bytes, IDENTIFY_MESSAGES_MAX, &out), 0, "empty ones");
    cr_expect_eq(identify_message_decode(bytes, IDENTIFY_MESSAGES_MAX + 1, &out), BEAM_ELIMIT);
    cr_expect_eq(identify_message_decode(bytes, 0, &out), BEAM_EINVAL, "none at all");

    in = (struct identify_message){.agent = {body, sizeof(body)}};
    cr_expect_eq(identify_message_encode(&in, bytes, sizeof(bytes), &len), BEAM_ELIMIT);
}

BEAM_TEST(identify_message, a_field_of_another_kind_is_refused)
{
    static const uint8_t number[] = {0x02, 0x10, 0x01}; /* listenAddrs as a number */
    cr_expect_eq(identify_message_decode(number, sizeof(number), &out), BEAM_EINVAL);
}
