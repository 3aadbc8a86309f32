/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key store's file. The input is opened as it is, with a key that does not fit; then it is
 * taken for what is in a file and sealed, so that the fuzzer gets past the seal: a ring that is
 * taken comes out as it went in, and one more entry is found in it. No key is made of a passphrase:
 * that would take all the time there is.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "identity/keyring.h"
#include "identity/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096 };

static const uint8_t key[SEAL_KEY_SIZE] = {1, 2, 3};

static void sealed(const uint8_t *data, size_t size)
{
    static uint8_t out[INPUT_MAX];
    struct seal s;
    int err = seal_read(data, size, &s);
    if (err == 0 &&
        (size < SEAL_OVERHEAD || s.passes > SEAL_PASSES_MAX || s.memory > SEAL_MEMORY_MAX))
        abort();
    if (seal_open(data, size, key, out, sizeof(out)) != (err < 0 ? err : BEAM_EAUTH))
        abort();
}

/* `size` bytes were taken: they come back through a seal. */
static void reseal(const struct keyring *ring, const uint8_t *data, size_t size)
{
    static uint8_t file[INPUT_MAX + SEAL_OVERHEAD], out[INPUT_MAX];
    struct seal s;
    size_t len;
    const uint8_t *bytes = keyring_bytes(ring, &len);
    seal_init_key(&s);
    if (len != size || memcmp(bytes, data, len) != 0 ||
        seal_close(&s, key, rng_system(), bytes, len, file, sizeof(file)) < 0 ||
        seal_open(file, len + SEAL_OVERHEAD, key, out, sizeof(out)) < 0 ||
        memcmp(out, data, len) != 0)
        abort();
}

/* One more entry, whose context is from the input. */
static void extend(const struct keyring *ring, const uint8_t *data)
{
    struct keyring *more, *again;
    size_t len, secret_len = 0, context = data[0] % DERIVE_SEED_SIZE;
    enum derive_purpose purpose = 1 + data[1] % DERIVE_LABEL;
    if (keyring_with(ring, purpose, data, context, "secret", 6, &more) < 0)
        return;
    const uint8_t *found = keyring_find(more, purpose, data, context, &secret_len);
    if (!found || secret_len != 6 || memcmp(found, "secret", 6) != 0 ||
        keyring_find(ring, purpose, data, context, &secret_len))
        abort();
    const uint8_t *bytes = keyring_bytes(more, &len);
    if (keyring_decode(bytes, len, &again) < 0 || keyring_count(again) != keyring_count(ring) + 1)
        abort();
    keyring_free(again);
    keyring_free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyring *ring;
    if (sodium_init() < 0)
        abort();
    if (size > INPUT_MAX)
        return 0;
    sealed(data, size);
    if (keyring_decode(data, size, &ring) < 0)
        return 0;
    reseal(ring, data, size);
    extend(ring, data);
    keyring_free(ring);
    return 0;
}
