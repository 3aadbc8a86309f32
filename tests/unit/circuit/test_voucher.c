/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/voucher.h"

#include <sodium.h>
#include <string.h>

#include "base/pb.h"
#include "identity/envelope.h"
#include "tests/unit/harness.h"

static struct key_pair *pair(uint8_t first)
{
    uint8_t seed[KEY_SEED_SIZE] = {first};
    struct key_pair *p = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_from_seed(seed, &p), 0);
    cr_assert_not_null(p);
    return p;
}

static struct peer_id id_of(const struct key_pair *p)
{
    struct key_public key;
    struct peer_id id = {0};
    key_pair_public(p, &key);
    cr_assert_eq(peer_id_from_key(&key, &id), 0);
    return id;
}

BEAM_TEST(voucher, is_read_as_it_was_sealed)
{
    struct key_pair *relay = pair(1), *peer = pair(2);
    const struct voucher v = {.peer = id_of(peer), .expires = 1700000000};
    const struct peer_id relay_id = id_of(relay);
    uint8_t bytes[VOUCHER_MAX];
    struct voucher again;
    struct beam_why why = {0};
    size_t len = 0;
    cr_assert_eq(voucher_seal(relay, &v, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(voucher_open(bytes, len, &again, &why), 0, "%s", why.text);
    cr_expect(peer_id_equal(&again.relay, &relay_id));
    cr_expect(peer_id_equal(&again.peer, &v.peer));
    cr_expect_eq(again.expires, v.expires);
    cr_expect_eq(voucher_seal(relay, &v, bytes, 20, &len), BEAM_ELIMIT);
    key_pair_free(relay);
    key_pair_free(peer);
}

BEAM_TEST(voucher, a_changed_byte_is_seen)
{
    struct key_pair *relay = pair(1), *peer = pair(2);
    const struct voucher v = {.peer = id_of(peer), .expires = 1700000000};
    uint8_t bytes[VOUCHER_MAX];
    struct voucher again;
    size_t len = 0;
    cr_assert_eq(voucher_seal(relay, &v, bytes, sizeof(bytes), &len), 0);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x40;
        cr_expect_lt(voucher_open(bytes, len, &again, NULL), 0, "byte %zu", i);
        bytes[i] ^= 0x40;
        cr_expect_lt(voucher_open(bytes, i, &again, NULL), 0, "%zu bytes", i);
    }
    key_pair_free(relay);
    key_pair_free(peer);
}

/* Payloads under a good signature that are no vouchers. */
BEAM_TEST(voucher, what_is_none_is_refused)
{
    static const uint8_t type[] = {0x03, 0x02}, other_type[] = {0x03, 0x01};
    const struct envelope_kind kind = {"libp2p-relay-rsvp", type, sizeof(type)},
                               other = {"libp2p-relay-rsvp", other_type, sizeof(other_type)};
    struct key_pair *relay = pair(1), *peer = pair(2);
    const struct peer_id relay_id = id_of(relay), peer_id = id_of(peer);
    const struct peer_id *const relays[] = {&relay_id, &relay_id, &relay_id, &peer_id, &relay_id};
    static const int codes[] = {0, BEAM_EINVAL, BEAM_EINVAL, BEAM_EAUTH, BEAM_EINVAL};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        uint8_t payload[256], bytes[VOUCHER_MAX];
        struct beam_why why = {0};
        struct voucher v;
        struct wire_writer w;
        size_t len = 0;
        wire_write_init(&w, payload, sizeof(payload));
        pb_write_bytes(&w, 1, relays[i]->bytes, relays[i]->len);
        pb_write_bytes(&w, 2, peer_id.bytes, peer_id.len);
        if (i != 1)
            pb_write_number(&w, 3, 77);
        if (i == 2)
            pb_write_number(&w, 3, 78);
        cr_assert_eq(wire_write_end(&w, &len), 0);
        cr_assert_eq(
            envelope_seal(relay, i == 4 ? &other : &kind, payload, len, bytes, sizeof(bytes), &len),
            0);
        cr_expect_eq(voucher_open(bytes, len, &v, &why), codes[i], "%zu: %s", i, why.text);
    }
    key_pair_free(relay);
    key_pair_free(peer);
}
