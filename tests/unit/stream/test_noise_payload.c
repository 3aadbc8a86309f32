/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/noise_payload.h"

#include <sodium.h>
#include <string.h>

#include "base/pb.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"

static const char *const yamux[] = {"/yamux/1.0.0"};

static struct key_pair *pair_of_vectors(void)
{
    struct hex seed = hex(LIBP2P_SEED);
    struct key_pair *pair = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_from_seed(seed.bytes, &pair), 0);
    return pair;
}

BEAM_TEST(noise_payload, as_js_libp2p_writes_it)
{
    struct hex want = hex(LIBP2P_NOISE_PAYLOAD), own = hex(LIBP2P_NOISE_STATIC);
    uint8_t out[NOISE_PAYLOAD_MAX];
    size_t len = 0;
    struct key_pair *pair = pair_of_vectors();
    int err = noise_payload_write(pair, own.bytes, yamux, 1, out, sizeof(out), &len);
    int small = noise_payload_write(pair, own.bytes, yamux, 1, out, want.len - 1, &len);
    key_pair_free(pair);
    cr_assert(err == 0 && small == BEAM_ELIMIT);
    cr_assert(len == want.len && memcmp(out, want.bytes, len) == 0);
}

BEAM_TEST(noise_payload, is_read)
{
    struct hex in = hex(LIBP2P_NOISE_PAYLOAD), key = hex(LIBP2P_PUBLIC);
    struct hex peer = hex(LIBP2P_NOISE_STATIC);
    struct noise_payload p;
    cr_assert_eq(noise_payload_read(in.bytes, in.len, peer.bytes, &p, NULL), 0);
    cr_assert_eq(memcmp(p.key.data, key.bytes + 4, KEY_ED25519_SIZE), 0);
    cr_assert(p.muxer_count == 1 && p.muxers[0].len == strlen(yamux[0]));
    cr_assert_eq(memcmp(p.muxers[0].at, yamux[0], p.muxers[0].len), 0);
    /* Without extensions nothing is said about multiplexers. */
    cr_assert_eq(noise_payload_read(in.bytes, in.len - 16, peer.bytes, &p, NULL), 0);
    cr_assert_eq(p.muxer_count, 0u);
}

/* Every bit of the static key, of the signature and of the identity key counts. */
BEAM_TEST(noise_payload, a_liar_is_found_out)
{
    struct hex in = hex(LIBP2P_NOISE_PAYLOAD), peer = hex(LIBP2P_NOISE_STATIC);
    struct noise_payload p;
    struct beam_why why;
    for (size_t i = 0; i < NOISE_KEY_SIZE; i++) {
        peer.bytes[i] ^= 1;
        cr_assert_eq(noise_payload_read(in.bytes, in.len, peer.bytes, &p, &why), BEAM_EAUTH);
        peer.bytes[i] ^= 1;
    }
    cr_assert_not_null(strstr(why.text, "not who it says"));
    for (size_t i = 2; i < 2 + 36 + 2 + KEY_SIGNATURE_SIZE; i++) {
        in.bytes[i] ^= 0x80;
        cr_assert_lt(noise_payload_read(in.bytes, in.len, peer.bytes, &p, NULL), 0);
        in.bytes[i] ^= 0x80;
    }
    cr_assert_eq(noise_payload_read(NULL, 0, peer.bytes, &p, &why), BEAM_EAUTH);
    cr_assert_eq(noise_payload_read(in.bytes, 38, peer.bytes, &p, &why), BEAM_EAUTH);
    for (size_t len = 39; len < 38 + 66; len++)
        cr_assert_eq(noise_payload_read(in.bytes, len, peer.bytes, &p, &why), BEAM_EPROTO);
}

/* Unknown fields are passed over, a key that comes again replaces the first, lists are joined. */
BEAM_TEST(noise_payload, repeated_and_unknown_fields)
{
    struct hex in = hex(LIBP2P_NOISE_PAYLOAD), peer = hex(LIBP2P_NOISE_STATIC);
    uint8_t out[512];
    size_t len;
    struct wire_writer w;
    struct noise_payload p;
    wire_write_init(&w, out, sizeof(out));
    pb_write_bytes(&w, 1, "not a key", 9);
    pb_write_number(&w, 3, 7);
    pb_write_bytes(&w, 1000, "?", 1);
    pb_write_bytes(&w, 4, "\x0a\x01x\x12\x02/a", 7);
    wire_write_bytes(&w, in.bytes, in.len);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(noise_payload_read(out, len, peer.bytes, &p, NULL), 0);
    cr_assert_eq(p.muxer_count, 2u);
    cr_assert(p.muxers[0].len == 2 && memcmp(p.muxers[0].at, "/a", 2) == 0);
}

BEAM_TEST(noise_payload, no_more_multiplexers_than_there_is_room_for)
{
    struct hex in = hex(LIBP2P_NOISE_PAYLOAD), peer = hex(LIBP2P_NOISE_STATIC);
    for (size_t extra = NOISE_MUXERS_MAX - 1; extra <= NOISE_MUXERS_MAX; extra++) {
        uint8_t out[NOISE_PAYLOAD_MAX];
        size_t len;
        struct wire_writer w;
        struct noise_payload p;
        wire_write_init(&w, out, sizeof(out));
        wire_write_bytes(&w, in.bytes, in.len);
        for (size_t i = 0; i < extra; i++)
            pb_write_bytes(&w, 4, "\x12\x02/b", 4);
        cr_assert_eq(wire_write_end(&w, &len), 0);
        cr_assert_eq(noise_payload_read(out, len, peer.bytes, &p, NULL),
                     extra < NOISE_MUXERS_MAX ? 0 : BEAM_EPROTO);
    }
}

static const char *chosen(const char *their_first, const char *their_second, bool we_initiated)
{
    static const char *const ours[] = {"/a", "/b"};
    struct noise_payload p = {.muxer_count = 2};
    p.muxers[0].at = (const uint8_t *)their_first;
    p.muxers[0].len = strlen(their_first);
    p.muxers[1].at = (const uint8_t *)their_second;
    p.muxers[1].len = strlen(their_second);
    return noise_payload_muxer(&p, ours, 2, we_initiated);
}

BEAM_TEST(noise_payload, the_initiators_preference_counts)
{
    cr_assert_str_eq(chosen("/b", "/a", true), "/a");
    cr_assert_str_eq(chosen("/b", "/a", false), "/b");
    cr_assert_str_eq(chosen("/c", "/b", true), "/b");
    cr_assert_str_eq(chosen("/c", "/b", false), "/b");
    cr_assert_null(chosen("/c", "/ab", true));
    cr_assert_null(chosen("/c", "/", false));
}
