/* SPDX-License-Identifier: BSD-3-Clause */
#include "names/binding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "base/text.h"
#include "identity/envelope.h"
#include "tests/unit/names/kit.h"

static int check(struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    return binding_validator.check(binding_validator.arg, key, value, wall_ms);
}

static int compare(struct kad_text a, struct kad_text b)
{
    const struct kad_text no_key = {.at = NULL};
    return binding_validator.compare(binding_validator.arg, no_key, a, b);
}

static int opens(struct kad_text value)
{
    struct binding *b = malloc(sizeof(*b));
    cr_assert_not_null(b);
    int err = binding_open(value.at, value.len, b);
    free(b);
    return err;
}

/* What somebody writes by hand, signed by name 1. */
static int opens_payload(const void *payload, size_t len)
{
    static const uint8_t type[] = "/beam/name-binding";
    static const struct envelope_kind kind = {"beam-name-binding", type, sizeof(type) - 1};
    uint8_t sealed[BINDING_MAX];
    size_t sealed_len = 0;
    struct key_pair *pair = kit_key(1);
    cr_assert_eq(envelope_seal(pair, &kind, payload, len, sealed, sizeof(sealed), &sealed_len), 0);
    key_pair_free(pair);
    return opens((struct kad_text){.at = sealed, .len = sealed_len});
}

BEAM_TEST(binding, what_is_sealed_is_what_is_opened)
{
    uint8_t bytes[BINDING_MAX], place[BINDING_KEY_SIZE];
    struct binding *b = kit_binding(7), *again = calloc(1, sizeof(*again));
    struct kad_text sealed = kit_seal(1, b, bytes), key = kit_place(1, place);
    cr_assert_not_null(again);
    cr_assert_eq(binding_open(sealed.at, sealed.len, again), 0);
    memcpy(b->key, key.at + key.len - KEY_ED25519_SIZE, KEY_ED25519_SIZE);
    cr_expect_eq(memcmp(b->key, again->key, sizeof(b->key)), 0);
    cr_expect(peer_id_equal(&b->tunnel, &again->tunnel));
    cr_expect(multiaddr_equal(&b->addrs[0], &again->addrs[0]));
    cr_expect_str_eq(b->urls[0], again->urls[0]);
    cr_expect(b->seq == again->seq && b->ttl == again->ttl && b->made == again->made &&
              b->not_after == again->not_after && again->addr_count == 1 && again->url_count == 1);
    cr_expect_eq(check(key, sealed, KIT_MADE), 0);
    free(b);
    free(again);
}

/* docs/protocol/names.md has these bytes. */
BEAM_TEST(binding, byte_for_byte)
{
    static const char golden[] =
        "0a2408011220cecc1507dc1ddd7295951c290888f095adb9044d1b73d696e6df065d683bd4fc"
        "12122f6265616d2f6e616d652d62696e64696e67"
        "1a6008071226002408011220bfab178affb9dbf65d615365f63eea2fc0aec582e6c1d89d221a22a54b220dca"
        "1a0804c0000207060fa1221b68747470733a2f2f616c6963652e72656c61792e6578616d706c65"
        "28ac02308094ebdc0338809c9dfd05"
        "2a4063a6f4f40b4270452b47cd204116f610a46745938b523ac4495c40c82652e178"
        "e4105bc7af3639c94573ac7b3ebf8feddda023f12c86b68f27c3ad2eae0dea0b";
    uint8_t bytes[BINDING_MAX];
    char hex[2 * BINDING_MAX + 1];
    struct kad_text sealed = kit_say(1, 7, bytes);
    cr_assert_eq(text_hex_encode(sealed.at, sealed.len, hex, sizeof(hex)), 0);
    cr_expect_str_eq(hex, golden);
}

BEAM_TEST(binding, none_but_its_name_and_in_its_time)
{
    uint8_t bytes[BINDING_MAX], place[BINDING_KEY_SIZE];
    struct kad_text sealed = kit_say(1, 7, bytes), key = kit_place(1, place);
    cr_expect_eq(check(key, sealed, KIT_MADE - BINDING_AHEAD_MS), 0);
    cr_expect_eq(check(key, sealed, KIT_MADE - BINDING_AHEAD_MS - 1), BEAM_ETIMEOUT, "too early");
    cr_expect_eq(check(key, sealed, KIT_MADE + BINDING_LIFE_MS - 1), 0);
    cr_expect_eq(check(key, sealed, KIT_MADE + BINDING_LIFE_MS), BEAM_ETIMEOUT, "it is over");
    key = kit_place(2, place);
    cr_expect_eq(check(key, sealed, KIT_MADE), BEAM_EAUTH, "another's name");
    key = kit_place(1, place);
    key.len--;
    cr_expect_eq(check(key, sealed, KIT_MADE), BEAM_EAUTH);
    key = (struct kad_text){.at = (const uint8_t *)"/beam-name/", .len = 11};
    cr_expect_eq(check(key, sealed, KIT_MADE), BEAM_EAUTH);
}

BEAM_TEST(binding, each_flipped_bit_is_noticed)
{
    uint8_t bytes[BINDING_MAX];
    struct kad_text sealed = kit_say(1, 7, bytes);
    for (size_t i = 0; i < sealed.len; i++) {
        bytes[i] ^= 0x10;
        if (opens(sealed) == 0)
            cr_assert_fail("byte %zu", i);
        bytes[i] ^= 0x10;
    }
    cr_expect_eq(opens(sealed), 0);
    for (size_t len = 0; len < sealed.len; len++)
        if (opens((struct kad_text){.at = bytes, .len = len}) == 0)
            cr_assert_fail("%zu bytes", len);
}

BEAM_TEST(binding, the_later_one_is_the_better_and_then_the_lesser_hash)
{
    uint8_t one[BINDING_MAX], two[BINDING_MAX], three[BINDING_MAX];
    struct binding *b = kit_binding(7);
    struct kad_text first = kit_seal(1, b, one);
    b->ttl++;
    struct kad_text other = kit_seal(1, b, two);
    struct kad_text later = kit_say(1, 8, three);
    free(b);
    cr_expect_eq(compare(first, first), 0);
    cr_expect_gt(compare(first, later), 0);
    cr_expect_lt(compare(later, first), 0);
    cr_expect_neq(compare(first, other), 0, "one of the two stays");
    cr_expect((compare(first, other) < 0) == (compare(other, first) > 0));
    first.len--;
    cr_expect_gt(compare(first, other), 0, "what is none is never the better");
}

BEAM_TEST(binding, a_signature_is_looked_at_once_and_last)
{
    uint8_t one[BINDING_MAX], two[BINDING_MAX], place[BINDING_KEY_SIZE];
    const struct kad_text key = kit_place(1, place);
    struct kad_text first = kit_say(1, 7, one), forged = kit_say(1, 8, two);
    two[forged.len - 1] ^= 1;
    cr_expect_eq(check(key, forged, KIT_MADE), BEAM_EAUTH);
    cr_expect_eq(check(key, forged, KIT_MADE + BINDING_LIFE_MS), BEAM_ETIMEOUT, "not even then");
    cr_expect_gt(compare(first, forged), 0, "of two that were checked");
    cr_expect_eq(binding_validator.until(NULL, key, forged), KIT_MADE + BINDING_LIFE_MS);
}

BEAM_TEST(binding, what_is_not_sound_is_neither_sealed_nor_opened)
{
    uint8_t bytes[BINDING_MAX];
    size_t len = 0;
    struct key_pair *pair = kit_key(1);
    struct binding *good = kit_binding(1), bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = *good;
    bad[0].seq = 0;
    bad[1].ttl = 0;
    bad[2].ttl = BINDING_TTL_MAX + 1;
    bad[3].not_after = bad[3].made;
    bad[4].not_after++;
    bad[5].tunnel.len = 0;
    (void)snprintf(bad[6].urls[0], sizeof(bad[6].urls[0]), "ftp://alice.example");
    (void)snprintf(bad[7].urls[0], sizeof(bad[7].urls[0]), "http://alice example");
    (void)snprintf(bad[8].urls[0], sizeof(bad[8].urls[0]), "https://");
    for (size_t i = 0; i < 9; i++)
        cr_expect_eq(binding_seal(pair, &bad[i], bytes, sizeof(bytes), &len), BEAM_EINVAL, "%zu",
                     i);
    good->url_count = BINDING_URLS_MAX;
    for (size_t i = 0; i < BINDING_URLS_MAX; i++) {
        memset(good->urls[i], 'a', BINDING_URL_SIZE - 1);
        memcpy(good->urls[i], "http://", 7);
    }
    cr_expect_eq(binding_seal(pair, good, bytes, sizeof(bytes), &len), BEAM_ELIMIT, "too long");
    free(good);
    key_pair_free(pair);
}

/* A field that is there twice, of another wire type, too long a list. */
BEAM_TEST(binding, what_could_be_read_in_two_ways_is_none)
{
    struct wire_writer w;
    uint8_t bytes[BINDING_MAX];
    size_t len = 0;
    struct binding *b = kit_binding(7);
    for (int fault = 0; fault < 6; fault++) {
        wire_write_init(&w, bytes, sizeof(bytes));
        pb_write_number(&w, 1, b->seq);
        pb_write_bytes(&w, 2, b->tunnel.bytes, b->tunnel.len);
        pb_write_number(&w, 5, b->ttl);
        pb_write_number(&w, 6, b->made);
        pb_write_number(&w, 7, b->not_after);
        pb_write_number(&w, 99, 1); /* nobody knows it: passed over */
        if (fault == 1)
            pb_write_number(&w, 1, b->seq);
        else if (fault == 2)
            pb_write_bytes(&w, 6, "x", 1);
        else if (fault == 3)
            pb_write_number(&w, 3, 1);
        for (int i = 0; fault == 4 && i <= BINDING_ADDRS_MAX; i++)
            pb_write_bytes(&w, 3, b->addrs[0].bytes, b->addrs[0].len);
        for (int i = 0; fault == 5 && i <= BINDING_URLS_MAX; i++)
            pb_write_bytes(&w, 4, "http://a", 8);
        cr_assert_eq(wire_write_end(&w, &len), 0);
        cr_expect_eq(opens_payload(bytes, len) == 0, fault == 0, "fault %d", fault);
    }
    free(b);
}

BEAM_TEST(binding, only_as_long_as_it_may_be)
{
    static uint8_t bytes[BINDING_MAX + 1];
    cr_expect_eq(opens((struct kad_text){.at = bytes, .len = sizeof(bytes)}), BEAM_ELIMIT);
}
