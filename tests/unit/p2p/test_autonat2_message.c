/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat2_message.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

static uint8_t out[AUTONAT2_MESSAGE_MAX];
static struct autonat2_message m;

static struct autonat_view view(const char *text)
{
    return (struct autonat_view){(const uint8_t *)text, strlen(text)};
}

static bool is(const struct autonat_view *v, const char *text)
{
    return v->at && v->len == strlen(text) && memcmp(v->at, text, v->len) == 0;
}

/* It is written as these bytes, and read back from them into m. */
static void goes_as(const struct autonat2_message *from, const char *bytes, size_t len)
{
    size_t n;
    cr_assert_eq(autonat2_message_write(from, out, &n), 0);
    cr_assert_eq(n, len);
    cr_expect_eq(memcmp(out, bytes, len), 0);
    cr_assert_eq(autonat2_message_read(out, n, &m), 0);
    cr_expect_eq(m.kind, from->kind);
}

/* As protobuf has them: a fixed64 is the lowest byte first. */
BEAM_TEST(autonat2_message, a_request)
{
    static const char want[] = "\012\020\012\001a\012\002bc\021\010\007\006\005\004\003\002\001";
    const struct autonat2_message request = {.kind = AUTONAT2_REQUEST,
                                             .n = 2,
                                             .addrs = {view("a"), view("bc")},
                                             .nonce = 0x0102030405060708};
    goes_as(&request, want, sizeof(want) - 1);
    cr_assert_eq(m.n, 2u);
    cr_expect(is(&m.addrs[0], "a") && is(&m.addrs[1], "bc"));
    cr_expect_eq(m.nonce, request.nonce);
}

BEAM_TEST(autonat2_message, a_response)
{
    static const char want[] = "\022\010\010\310\001\020\003\030\310\001";
    const struct autonat2_message response = {
        .kind = AUTONAT2_RESPONSE, .status = AUTONAT2_OK, .addr = 3, .dialled = AUTONAT2_DIALLED};
    goes_as(&response, want, sizeof(want) - 1);
    cr_expect_eq(m.status, (uint32_t)AUTONAT2_OK);
    cr_expect_eq(m.addr, 3u);
    cr_expect_eq(m.dialled, (uint32_t)AUTONAT2_DIALLED);
    /* What is 0 may be left away, and a number that is too large is none that is known. */
    cr_assert_eq(autonat2_message_read("\022\000", 2, &m), 0);
    cr_expect_eq(m.status, (uint32_t)AUTONAT2_INTERNAL_ERROR);
    cr_assert_eq(autonat2_message_read("\022\006\010\310\201\200\200\020", 8, &m), 0);
    cr_expect_eq(m.status, UINT32_MAX);
}

BEAM_TEST(autonat2_message, a_price_and_what_is_paid)
{
    static const char price[] = "\032\006\010\001\020\260\352\001", paid[] = "\042\005\012\003xyz";
    const struct autonat2_message request = {
        .kind = AUTONAT2_DATA_REQUEST, .addr = 1, .bytes = 30000};
    const struct autonat2_message response = {.kind = AUTONAT2_DATA_RESPONSE, .data = view("xyz")};
    goes_as(&request, price, sizeof(price) - 1);
    cr_expect_eq(m.addr, 1u);
    cr_expect_eq(m.bytes, 30000u);
    goes_as(&response, paid, sizeof(paid) - 1);
    cr_expect(is(&m.data, "xyz"));
}

BEAM_TEST(autonat2_message, of_several_the_last_one_holds)
{
    cr_assert_eq(autonat2_message_read("\012\003\012\001a\022\002\020\001", 9, &m), 0);
    cr_expect_eq(m.kind, AUTONAT2_RESPONSE);
    cr_expect_eq(m.n, 0u);
    cr_expect_eq(m.addr, 1u);
    cr_assert_eq(autonat2_message_read("\022\002\020\001\052\001x", 7, &m), 0, "an unknown field");
    cr_expect_eq(m.kind, AUTONAT2_RESPONSE);
}

BEAM_TEST(autonat2_message, what_is_none)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"", 0}, {"\052\001x", 3}, {"\010\001", 2}, {"\012\005\012", 3}, {"\022\001\010", 3}};
    static uint8_t data[AUTONAT2_MESSAGE_MAX] = {0};
    const struct autonat2_message much = {.kind = AUTONAT2_DATA_RESPONSE,
                                          .data = {data, AUTONAT2_DATA_MAX + 1}};
    size_t len;
    m.kind = AUTONAT2_DATA_REQUEST;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(autonat2_message_read(bad[i].bytes, bad[i].len, &m), BEAM_EINVAL, "%zu", i);
    cr_expect_eq(autonat2_message_read(out, sizeof(out) + 1, &m), BEAM_ELIMIT);
    cr_assert_eq(autonat2_message_write(&much, out, &len), 0);
    cr_expect_eq(autonat2_message_read(out, len, &m), BEAM_EINVAL, "more than one may bring");
    cr_expect_eq(m.kind, AUTONAT2_DATA_REQUEST);
}

BEAM_TEST(autonat2_message, no_more_addresses_than_there_is_room_for)
{
    uint8_t many[2 + 3 * (AUTONAT2_ADDRS_MAX + 5)] = {012, 3 * (AUTONAT2_ADDRS_MAX + 5)};
    for (size_t i = 2; i < sizeof(many); i += 3)
        memcpy(&many[i], "\012\001a", 3);
    cr_assert_eq(autonat2_message_read(many, sizeof(many), &m), 0);
    cr_expect_eq(m.n, (size_t)AUTONAT2_ADDRS_MAX);
}

BEAM_TEST(autonat2_message, a_dial_back)
{
    static const char want[] = "\011\010\007\006\005\004\003\002\001";
    uint8_t bytes[AUTONAT2_BACK_MAX];
    uint64_t nonce = 7;
    size_t len;
    cr_assert_eq(autonat2_back_write(0x0102030405060708, bytes, &len), 0);
    cr_assert_eq(len, sizeof(want) - 1);
    cr_expect_eq(memcmp(bytes, want, len), 0);
    cr_expect_eq(autonat2_back_read(bytes, len - 1, &nonce), BEAM_EINVAL);
    cr_expect_eq(autonat2_back_read(bytes, sizeof(bytes) + 1, &nonce), BEAM_ELIMIT);
    cr_expect_eq(nonce, 7u);
    cr_assert_eq(autonat2_back_read(bytes, len, &nonce), 0);
    cr_expect_eq(nonce, 0x0102030405060708u);
}

BEAM_TEST(autonat2_message, what_a_dial_back_is_told)
{
    uint8_t bytes[AUTONAT2_BACK_MAX];
    uint32_t status = 7;
    size_t len;
    cr_assert_eq(autonat2_back_answer_write(5, bytes, &len), 0);
    cr_assert_eq(len, 2u);
    cr_assert_eq(autonat2_back_answer_read(bytes, len, &status), 0);
    cr_expect_eq(status, 5u);
    cr_expect_eq(autonat2_back_answer_read(bytes, 1, &status), BEAM_EINVAL);
    cr_assert_eq(autonat2_back_answer_read("", 0, &status), 0, "no bytes are a 0");
    cr_expect_eq(status, 0u);
}
