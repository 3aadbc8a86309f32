/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/visit_head.h"

#include <string.h>

#include "base/text.h"
#include "tests/unit/harness.h"

/* The bytes of docs/protocol/visit.md, behind the length. */
#define ID "0a10000102030405060708090a0b0c0d0e0f"
#define HEAD                                                                                       \
    ID "1001"                                                                                      \
       "1a09"                                                                                      \
       "3139322e302e322e37"

static uint8_t bytes[VISIT_HEAD_SIZE];

static int decode(const char *hex, struct visit_head *out)
{
    size_t len = strlen(hex) / 2;
    cr_assert_eq(text_hex_decode(hex, strlen(hex), bytes, len), 0);
    return visit_head_decode(bytes, len, out);
}

BEAM_TEST(visit_head, is_as_documented)
{
    struct visit_head h = {.via = VISIT_HEAD_HTTP, .visitor = "192.0.2.7"}, again;
    char text[TEXT_HEX_SIZE(VISIT_HEAD_SIZE)];
    size_t len;
    for (uint8_t i = 0; i < sizeof(h.id); i++)
        h.id[i] = i;
    cr_assert_eq(visit_head_encode(&h, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(text_hex_encode(bytes, len, text, sizeof(text)), 0);
    cr_assert_str_eq(text, "1f" HEAD);
    cr_assert_eq(visit_head_decode(bytes + 1, len - 1, &again), 0);
    cr_assert_eq(memcmp(&h, &again, sizeof(h)), 0);
    cr_assert_eq(visit_head_encode(&h, bytes, 8, &len), BEAM_ELIMIT);
}

BEAM_TEST(visit_head, has_all_its_parts_once)
{
    struct visit_head h;
    cr_assert_eq(decode(ID "1001", &h), 0);
    cr_assert_str_eq(h.visitor, "");
    cr_assert_eq(decode(ID "1009"
                           "78ff01",
                        &h),
                 0, "what nobody knows is passed over");
    cr_assert_eq(h.via, 9u);
    cr_assert_eq(decode(ID, &h), BEAM_EINVAL, "no way");
    cr_assert_eq(decode("1001", &h), BEAM_EINVAL, "no id");
    cr_assert_eq(decode(ID "1000", &h), BEAM_EINVAL, "a way of 0");
    cr_assert_eq(decode(ID ID "1001", &h), BEAM_EINVAL, "twice an id");
    cr_assert_eq(decode("0a0f000102030405060708090a0b0c0d0e"
                        "1001",
                        &h),
                 BEAM_EINVAL, "short");
}

BEAM_TEST(visit_head, a_visitor_is_an_address_and_nothing_else)
{
    struct visit_head h;
    cr_assert_eq(decode(ID "1001"
                           "1a03"
                           "3a3a31",
                        &h),
                 0);
    cr_assert_str_eq(h.visitor, "::1");
    cr_assert_eq(decode(ID "1001"
                           "1a00",
                        &h),
                 BEAM_EINVAL, "empty");
    cr_assert_eq(decode(ID "1001"
                           "1a03"
                           "3a3a0a",
                        &h),
                 BEAM_EINVAL, "a line's end in it");
    cr_assert_eq(decode(ID "1001"
                           "1a03"
                           "3a3a00",
                        &h),
                 BEAM_EINVAL, "a NUL in it");
    cr_assert_eq(decode(ID "1001"
                           "1801",
                        &h),
                 BEAM_EINVAL, "a number");
}

BEAM_TEST(visit_head, a_notice_has_a_rule_and_nothing_else_has)
{
    struct visit_head h = {.via = VISIT_HEAD_NOTICE, .rule = "content-type", .count = 3}, again;
    size_t len;
    cr_assert_eq(visit_head_encode(&h, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(visit_head_decode(bytes + 1, len - 1, &again), 0);
    cr_assert_eq(memcmp(&h, &again, sizeof(h)), 0);
    cr_assert_eq(decode(ID "1064", &h), BEAM_EINVAL, "no rule");
    cr_assert_eq(decode(ID "1001"
                           "220161",
                        &h),
                 BEAM_EINVAL, "a visit with a rule");
    cr_assert_eq(decode(ID "1064"
                           "22016128"
                           "05",
                        &h),
                 0);
    cr_assert_str_eq(h.rule, "a");
    cr_assert_eq(h.count, 5u);
    cr_assert_eq(decode(ID "1064"
                           "220141",
                        &h),
                 BEAM_EINVAL, "a capital");
    cr_assert_eq(decode(ID "1064"
                           "2200",
                        &h),
                 BEAM_EINVAL, "empty");
}

BEAM_TEST(visit_head, a_visitor_is_its_address_without_a_port)
{
    static const struct {
        const char *ip, *text;
    } cases[] = {{"192.0.2.7", "192.0.2.7"}, {"2001:db8::1", "2001:db8::1"}, {"::1", "::1"}};
    char text[VISIT_HEAD_VISITOR_SIZE] = "x";
    struct addr a;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(addr_ip(cases[i].ip, strlen(cases[i].ip), 4001, &a), 0);
        visit_head_visitor(&a, text);
        cr_assert_str_eq(text, cases[i].text);
    }
    visit_head_visitor(NULL, text);
    cr_assert_str_eq(text, "");
    cr_assert_eq(addr_unix("/run/s", &a), 0);
    visit_head_visitor(&a, text);
    cr_assert_str_eq(text, "");
}
