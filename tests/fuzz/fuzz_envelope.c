/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signed envelopes and the peer records in them. The input is opened as it is; then it is taken for
 * a record's payload and sealed, so that the fuzzer gets past the signature.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/envelope.h"
#include "identity/peer_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void record(const struct key_pair *pair, const uint8_t *data, size_t size)
{
    static struct peer_record record, again;
    static uint8_t sealed[ENVELOPE_MAX];
    struct key_public key;
    struct beam_why why;
    size_t len;
    if (peer_record_open(data, size, &record, &why) < 0)
        return;
    key_pair_public(pair, &key);
    if (record.n > PEER_RECORD_ADDRS_MAX)
        abort();
    if (!peer_id_is_of(&record.id, &key))
        return;
    if (peer_record_seal(pair, &record, sealed, sizeof(sealed), &len) < 0 ||
        peer_record_open(sealed, len, &again, &why) < 0 || again.seq != record.seq ||
        again.n != record.n)
        abort();
    for (size_t i = 0; i < record.n; i++)
        if (!multiaddr_equal(&record.addrs[i], &again.addrs[i]))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t type[] = {0x03, 0x01};
    static const struct envelope_kind kind = {"libp2p-peer-record", type, sizeof(type)};
    static uint8_t sealed[ENVELOPE_MAX];
    static struct key_pair *pair;
    struct envelope envelope;
    size_t len;
    uint8_t seed[KEY_SEED_SIZE];
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)i;
    if (sodium_init() < 0 || (!pair && key_pair_from_seed(seed, &pair) < 0))
        abort();
    record(pair, data, size);
    if (envelope_seal(pair, &kind, data, size, sealed, sizeof(sealed), &len) < 0)
        return 0;
    if (envelope_open(sealed, len, &kind, &envelope, NULL) < 0 || envelope.payload_len != size ||
        (size > 0 && memcmp(envelope.payload, data, size) != 0))
        abort();
    record(pair, sealed, len);
    return 0;
}
