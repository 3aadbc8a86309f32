/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/peer_record.h"

#include <sodium.h>
#include <string.h>

#include "identity/envelope.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"

static const uint8_t type[] = {0x03, 0x01};
static const struct envelope_kind kind = {"libp2p-peer-record", type, sizeof(type)};

static uint8_t sealed[ENVELOPE_MAX];
static struct peer_record record;

/* Seals a payload with the key of the vectors, and opens it as a record. */
static int open_payload(const void *payload, size_t payload_len, struct beam_why *why)
{
    struct hex seed = hex(LIBP2P_SEED);
    struct key_pair *pair = NULL;
    size_t len = 0;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_from_seed(seed.bytes, &pair), 0);
    int err = envelope_seal(pair, &kind, payload, payload_len, sealed, sizeof(sealed), &len);
    key_pair_free(pair);
    cr_assert_eq(err, 0);
    return peer_record_open(sealed, len, &record, why);
}

BEAM_TEST(peer_record, as_js_libp2p_has_it)
{
    struct hex seed = hex(LIBP2P_SEED), in = hex(LIBP2P_ENVELOPE);
    struct key_pair *pair = NULL;
    char text[MULTIADDR_TEXT_SIZE];
    size_t len = 0;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(peer_record_open(in.bytes, in.len, &record, NULL), 0);
    cr_assert_eq(record.seq, (uint64_t)LIBP2P_RECORD_SEQ);
    cr_assert_eq(record.n, 1u);
    multiaddr_text(&record.addrs[0], text);
    cr_assert_str_eq(text, LIBP2P_RECORD_ADDR);
    peer_id_text(&record.id, text);
    cr_assert_str_eq(text, LIBP2P_PEER_ID_BASE58);

    cr_assert_eq(key_pair_from_seed(seed.bytes, &pair), 0);
    int err = peer_record_seal(pair, &record, sealed, sizeof(sealed), &len);
    record.n = PEER_RECORD_ADDRS_MAX + 1;
    int many = peer_record_seal(pair, &record, sealed + len, sizeof(sealed) - len, &len);
    key_pair_free(pair);
    cr_assert_eq(err, 0);
    cr_assert_eq(many, BEAM_ELIMIT);
    cr_assert_eq(len, in.len);
    cr_assert_eq(memcmp(sealed, in.bytes, len), 0);
}

BEAM_TEST(peer_record, of_another_peer_is_refused)
{
    struct hex payload = hex(LIBP2P_RECORD);
    struct beam_why why;
    cr_assert_eq(open_payload(payload.bytes, payload.len, &why), 0);
    payload.bytes[20] ^= 1; /* within the peer id */
    cr_assert_eq(open_payload(payload.bytes, payload.len, &why), BEAM_EAUTH);
    cr_assert_str_eq(why.text, "peer record: of another peer than the one that signed");
    cr_assert_eq(open_payload("", 0, &why), BEAM_EAUTH, "no peer id");
    cr_assert_eq(open_payload("\x0a\x00", 2, &why), BEAM_EINVAL, "an empty one");
}

BEAM_TEST(peer_record, addresses_not_known_are_left_out)
{
    struct hex payload = hex(LIBP2P_RECORD);
    size_t n = payload.len;
    /* /sctp/1, then an empty one, then /tls with metadata that nobody knows; then a field more */
    static const char more[] = "\x1a\x06\x0a\x04\x84\x01\x00\x01"
                               "\x1a\x00"
                               "\x1a\x06\x0a\x02\xc0\x03\x10\x07"
                               "\x20\x01";
    memcpy(payload.bytes + n, more, sizeof(more) - 1);
    cr_assert_eq(open_payload(payload.bytes, n + sizeof(more) - 1, NULL), 0);
    cr_assert_eq(record.n, 2u);
    cr_assert(multiaddr_has(&record.addrs[1], MULTIADDR_TLS));
}

BEAM_TEST(peer_record, addresses_have_a_ceiling)
{
    struct hex payload = hex(LIBP2P_RECORD);
    for (int i = 0; i < 2 * PEER_RECORD_ADDRS_MAX; i++) {
        memcpy(payload.bytes + payload.len, "\x1a\x04\x0a\x02\xc0\x03", 6);
        payload.len += 6;
    }
    cr_assert_eq(open_payload(payload.bytes, payload.len, NULL), 0);
    cr_assert_eq(record.n, (size_t)PEER_RECORD_ADDRS_MAX);
}

BEAM_TEST(peer_record, refuses_other_fields)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } bad[] = {
        {"a second number", "\x10\x08", 2},
        {"a number as bytes", "\x12\x01\x08", 3},
        {"an address as a number", "\x18\x01", 2},
        {"an address twice", "\x1a\x08\x0a\x02\xc0\x03\x0a\x02\xc0\x03", 10},
        {"an address that is cut", "\x1a\x03\x0a\x02\xc0", 5},
        {"a field that is cut", "\x1a\x03\x0a", 3},
    };
    struct hex payload = hex(LIBP2P_RECORD);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(payload.bytes + payload.len, bad[i].bytes, bad[i].len);
        cr_assert_eq(open_payload(payload.bytes, payload.len + bad[i].len, NULL), BEAM_EINVAL, "%s",
                     bad[i].what);
    }
}
