/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public keys in protobuf: whatever is taken is written the same way again, makes a peer id, and
 * verifies nothing that it did not sign.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/peer_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void public_key(const uint8_t *data, size_t size)
{
    static struct key_public key, again;
    static uint8_t out[KEY_ENCODED_MAX], sig[KEY_SIGNATURE_SIZE];
    struct peer_id id;
    size_t len = 0;
    if (key_public_decode(data, size, &key) < 0)
        return;
    if (key_public_encode(&key, out, sizeof(out), &len) < 0 || len != size ||
        memcmp(out, data, len) != 0)
        abort();
    if (peer_id_from_key(&key, &id) < 0 || !peer_id_is_of(&id, &key) ||
        (peer_id_key(&id, &again) == 0 &&
         (again.len != key.len || memcmp(again.data, key.data, key.len) != 0)))
        abort();
    if (key_public_verify(&key, "data", 4, sig, sizeof(sig)) == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (sodium_init() < 0)
        abort();
    public_key(data, size);
    return 0;
}
