/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_message.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

static uint8_t out[AUTONAT_MESSAGE_MAX];
static struct autonat_message m;

static struct autonat_view view(const char *text)
{
    return (struct autonat_view){(const uint8_t *)text, strlen(text)};
}

static bool is(const struct autonat_view *v, const char *text)
{
    return v->at && v->len == strlen(text) && memcmp(v->at, text, v->len) == 0;
}

BEAM_TEST(autonat_message, a_dial)
{
    /* As protobuf has it. */
    static const uint8_t want[] = "\010\000\022\015\012\013\012\002id\022\001a\022\002bc";
    const struct autonat_message dial = {
        .type = AUTONAT_DIAL, .peer = view("id"), .n = 2, .addrs = {view("a"), view("bc")}};
    size_t len;
    cr_assert_eq(autonat_message_write(&dial, out, &len), 0);
    cr_assert_eq(len, sizeof(want) - 1);
    cr_expect_eq(memcmp(out, want, len), 0);
    cr_assert_eq(autonat_message_read(out, len, &m), 0);
    cr_expect_eq(m.type, AUTONAT_DIAL);
    cr_expect(is(&m.peer, "id"));
    cr_assert_eq(m.n, 2u);
    cr_expect(is(&m.addrs[1], "bc"));
}

BEAM_TEST(autonat_message, a_response)
{
    const struct autonat_message ok = {
        .type = AUTONAT_DIAL_RESPONSE, .status = AUTONAT_OK, .addr = view("a")};
    const struct autonat_message refused = {.type = AUTONAT_DIAL_RESPONSE,
                                            .status = AUTONAT_INTERNAL_ERROR};
    size_t len;
    cr_assert_eq(autonat_message_write(&ok, out, &len), 0);
    cr_assert_eq(autonat_message_read(out, len, &m), 0);
    cr_expect_eq(m.type, AUTONAT_DIAL_RESPONSE);
    cr_expect_eq(m.status, (uint32_t)AUTONAT_OK);
    cr_expect(is(&m.addr, "a"));
    cr_assert_eq(autonat_message_write(&refused, out, &len), 0);
    cr_assert_eq(autonat_message_read(out, len, &m), 0);
    cr_expect_eq(m.status, (uint32_t)AUTONAT_INTERNAL_ERROR);
    cr_expect_null(m.addr.at);
}

BEAM_TEST(autonat_message, what_is_none)
{
    static const char *const bad[] = {"\010", "\010\002", "\022\005\012",
                                      "\022\004\012\003\012\005", "\032\002\010"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(autonat_message_read(bad[i], strlen(bad[i]), &m), BEAM_EINVAL, "%zu", i);
    cr_expect_eq(autonat_message_read(out, sizeof(out) + 1, &m), BEAM_ELIMIT);
    cr_expect_eq(autonat_message_read("", 0, &m), 0);
    cr_expect_null(m.peer.at);
}

BEAM_TEST(autonat_message, no_more_addresses_than_there_is_room_for)
{
    struct autonat_message dial = {.type = AUTONAT_DIAL, .peer = view("id")};
    uint8_t twice[2 * AUTONAT_MESSAGE_MAX];
    size_t len;
    for (dial.n = 0; dial.n < AUTONAT_ADDRS_MAX; dial.n++)
        dial.addrs[dial.n] = view("a");
    cr_assert_eq(autonat_message_write(&dial, out, &len), 0);
    memcpy(twice, out, len);
    memcpy(twice + len, out, len); /* fields may come again */
    cr_assert_eq(autonat_message_read(twice, 2 * len, &m), 0);
    cr_expect_eq(m.n, (size_t)AUTONAT_ADDRS_MAX);
}
