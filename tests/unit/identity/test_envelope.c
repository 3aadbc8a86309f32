/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/envelope.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"

static const uint8_t type[] = {0x03, 0x01};
static const struct envelope_kind kind = {"libp2p-peer-record", type, sizeof(type)};

static struct key_pair *pair_of_vectors(void)
{
    struct hex seed = hex(LIBP2P_SEED);
    struct key_pair *pair = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_from_seed(seed.bytes, &pair), 0);
    return pair;
}

BEAM_TEST(envelope, as_js_libp2p_seals_it)
{
    struct hex payload = hex(LIBP2P_RECORD), want = hex(LIBP2P_ENVELOPE);
    uint8_t out[512];
    size_t len = 0;
    struct key_pair *pair = pair_of_vectors();
    int err = envelope_seal(pair, &kind, payload.bytes, payload.len, out, sizeof(out), &len);
    int small =
        envelope_seal(pair, &kind, payload.bytes, payload.len, out + len, want.len - 1, &len);
    key_pair_free(pair);
    cr_assert_eq(err, 0);
    cr_assert_eq(small, BEAM_ELIMIT);
    cr_assert_eq(len, want.len);
    cr_assert_eq(memcmp(out, want.bytes, len), 0);

    struct envelope e;
    struct hex key = hex(LIBP2P_PUBLIC);
    cr_assert_eq(envelope_open(want.bytes, want.len, &kind, &e, NULL), 0);
    cr_assert_eq(e.payload_len, payload.len);
    cr_assert_eq(memcmp(e.payload, payload.bytes, payload.len), 0);
    cr_assert_eq(memcmp(e.key.data, key.bytes + 4, KEY_ED25519_SIZE), 0);
}

BEAM_TEST(envelope, opens_only_as_what_it_was_sealed_for)
{
    static const uint8_t other_type[] = {0x03, 0x02};
    const struct envelope_kind domain = {"libp2p-peer-recorD", type, sizeof(type)},
                               other = {"libp2p-peer-record", other_type, sizeof(other_type)},
                               shorter = {"libp2p-peer-record", type, 1};
    struct hex in = hex(LIBP2P_ENVELOPE);
    struct envelope e;
    struct beam_why why;
    cr_assert_eq(envelope_open(in.bytes, in.len, &domain, &e, &why), BEAM_EAUTH);
    cr_assert_str_eq(why.text, "envelope: the signature is not the key's for libp2p-peer-recorD");
    cr_assert_eq(envelope_open(in.bytes, in.len, &other, &e, &why), BEAM_EINVAL);
    cr_assert_str_eq(why.text, "envelope: holds another type of payload");
    cr_assert_eq(envelope_open(in.bytes, in.len, &shorter, &e, NULL), BEAM_EINVAL);
}

BEAM_TEST(envelope, one_bit_makes_another)
{
    struct hex good = hex(LIBP2P_ENVELOPE);
    struct envelope e;
    for (size_t i = 0; i < good.len; i++) {
        struct hex bad = good;
        bad.bytes[i] ^= 1;
        cr_assert_lt(envelope_open(bad.bytes, bad.len, &kind, &e, NULL), 0, "byte %zu", i);
        cr_assert_lt(envelope_open(good.bytes, i, &kind, &e, NULL), 0, "%zu bytes", i);
    }
    cr_assert_eq(envelope_open(good.bytes, good.len, &kind, &e, NULL), 0);
}

BEAM_TEST(envelope, unknown_fields_are_passed_over_and_repeated_ones_refused)
{
    struct hex in = hex(LIBP2P_ENVELOPE);
    struct envelope e;
    memcpy(in.bytes + in.len, "\x22\x01x\x30\x05", 5); /* fields 4 and 6 */
    cr_assert_eq(envelope_open(in.bytes, in.len + 5, &kind, &e, NULL), 0);
    memcpy(in.bytes + in.len, "\x12\x02\x03\x01", 4); /* the type, the same again */
    cr_assert_eq(envelope_open(in.bytes, in.len + 4, &kind, &e, NULL), BEAM_EINVAL);
    memcpy(in.bytes + in.len, "\x18\x01", 2); /* the payload as a number */
    cr_assert_eq(envelope_open(in.bytes, in.len + 2, &kind, &e, NULL), BEAM_EINVAL);
}

BEAM_TEST(envelope, a_peek_tells_what_is_claimed)
{
    struct hex good = hex(LIBP2P_ENVELOPE), bad = good, key = hex(LIBP2P_PUBLIC);
    struct envelope e;
    bad.bytes[bad.len - 1] ^= 1; /* of its signature */
    cr_assert_eq(envelope_open(bad.bytes, bad.len, &kind, &e, NULL), BEAM_EAUTH);
    cr_assert_eq(envelope_peek(bad.bytes, bad.len, &kind, &e, NULL), 0);
    cr_assert_eq(memcmp(e.key.data, key.bytes + 4, KEY_ED25519_SIZE), 0);
    good.bytes[0] ^= 1;
    cr_assert_eq(envelope_peek(good.bytes, good.len, &kind, &e, NULL), BEAM_EINVAL);
}

BEAM_TEST(envelope, has_a_ceiling)
{
    static uint8_t payload[ENVELOPE_MAX], out[2 * ENVELOPE_MAX];
    struct envelope e;
    struct key_pair *pair = pair_of_vectors();
    size_t len = 0, n = ENVELOPE_MAX - 111;
    /* 38 of key, 4 of type, 3 before the payload, 66 of signature */
    int fits = envelope_seal(pair, &kind, payload, n, out, sizeof(out), &len);
    int more = envelope_seal(pair, &kind, payload, n + 1, out + len, sizeof(out) - len, &len);
    int most = envelope_seal(pair, &kind, payload, sizeof(payload), out, sizeof(out), &len);
    key_pair_free(pair);
    cr_assert_eq(fits, 0);
    cr_assert_eq(len, (size_t)ENVELOPE_MAX);
    cr_assert_eq(more, BEAM_ELIMIT);
    cr_assert_eq(most, BEAM_ELIMIT);
    cr_assert_eq(envelope_open(out, len, &kind, &e, NULL), 0);
    cr_assert_eq(envelope_open(out, len + 1, &kind, &e, NULL), BEAM_ELIMIT);
}
