/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_message.h"

#include <string.h>

#include "tests/unit/harness.h"

static uint8_t out[CREW_SMALL_MAX];

static struct peer_id peer(void)
{
    static const uint8_t bytes[38] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, 7};
    struct peer_id id;
    cr_assert_eq(peer_id_decode(bytes, sizeof(bytes), &id, NULL), 0);
    return id;
}

static struct crew_message pass(void)
{
    static const char text[] = "/ip4/192.0.2.1/tcp/4001";
    struct crew_message m = {.kind = CREW_PASS, .peer = peer(), .text = "/beam/relay/1.0.0"};
    cr_assert_eq(multiaddr_parse(text, strlen(text), &m.addr, NULL), 0);
    return m;
}

BEAM_TEST(crew_message, all_of_its_parts_are_read_again)
{
    struct crew_message m = pass(), again;
    const struct crew_message told = {
        .kind = CREW_TELL, .number = 3, .data = (const uint8_t *)"abc", .len = 3};
    size_t len;
    cr_assert_eq(crew_message_write(&m, out, sizeof(out), &len), 0);
    cr_assert_eq(crew_message_read(out, len, &again), 0);
    cr_expect_eq(again.kind, (unsigned)CREW_PASS);
    cr_expect(peer_id_equal(&again.peer, &m.peer));
    cr_expect(multiaddr_equal(&again.addr, &m.addr));
    cr_expect_str_eq(again.text, "/beam/relay/1.0.0");
    cr_assert_eq(crew_message_write(&told, out, sizeof(out), &len), 0);
    cr_assert_eq(crew_message_read(out, len, &again), 0);
    cr_expect_eq(again.number, 3u);
    cr_assert_eq(again.len, 3u);
    cr_expect_eq(memcmp(again.data, "abc", 3), 0);
}

BEAM_TEST(crew_message, what_lacks_a_part_is_none)
{
    struct crew_message m;
    size_t len;
    for (unsigned kind = CREW_HERE; kind <= CREW_KIND_LAST; kind++) {
        const struct crew_message bare = {.kind = kind};
        cr_assert_eq(crew_message_write(&bare, out, sizeof(out), &len), 0);
        cr_expect_eq(crew_message_read(out, len, &m), kind == CREW_TELL ? 0 : BEAM_EINVAL, "%u",
                     kind);
    }
    m = pass();
    m.text[0] = '\0';
    cr_assert_eq(crew_message_write(&m, out, sizeof(out), &len), 0);
    cr_expect_eq(crew_message_read(out, len, &m), BEAM_EINVAL);
    cr_expect_eq(crew_message_write(&m, out, 8, &len), BEAM_ELIMIT);
}

BEAM_TEST(crew_message, what_makes_no_sense_is_none)
{
    static const char *const bad[] = {"",
                                      "\010",
                                      "\010\011",
                                      "\010\006\012\001a",
                                      "\010\006\022\001a",
                                      "\010\006\032\001a",
                                      "\010\006\100\001"};
    struct crew_message m;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(crew_message_read(bad[i], strlen(bad[i]), &m), BEAM_EINVAL, "%zu", i);
    cr_expect_eq(crew_message_read("\010\006\042\002a\000", 6, &m), BEAM_EINVAL, "a NUL");
}
