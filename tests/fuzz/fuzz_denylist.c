/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads of denylists, as they are and below the signature: the bytes are signed when the first is
 * odd, so that the payload's parser is reached. What is taken is bounded and within the file. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/denylist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key_pair *pair;
static struct peer_id signer;

static void begin_once(void)
{
    const uint8_t seed[KEY_SEED_SIZE] = {1};
    struct key_public key;
    if (pair)
        return;
    if (sodium_init() < 0 || key_pair_from_seed(seed, &pair) < 0)
        abort();
    key_pair_public(pair, &key);
    if (peer_id_from_key(&key, &signer) < 0)
        abort();
}

static void parse(const uint8_t *data, size_t size)
{
    struct denylist_head h;
    struct beam_why why = {.text = ""};
    if (denylist_head_parse(data, size, &signer, &h, &why) < 0) {
        if (!why.text[0])
            abort();
        return;
    }
    if (h.len > size || h.entries > DENYLIST_ENTRIES_MAX)
        abort();
}

static void parse_signed(const uint8_t *data, size_t size)
{
    static const uint8_t type[] = "/beam/denylist";
    static const struct envelope_kind kind = {
        .domain = "beam-denylist", .type = type, .type_len = sizeof(type) - 1};
    static uint8_t file[DENYLIST_HEAD_MAX];
    size_t len;
    memcpy(file, "BEAMDENY", 8);
    if (size > 8192 ||
        envelope_seal(pair, &kind, data, size, file + DENYLIST_PREFIX_SIZE, ENVELOPE_MAX, &len) < 0)
        return;
    for (size_t i = 0; i < 4; i++)
        file[8 + i] = (uint8_t)(len >> (24 - 8 * i));
    parse(file, DENYLIST_PREFIX_SIZE + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin_once();
    if (size == 0)
        return 0;
    if (data[0] & 1)
        parse_signed(data + 1, size - 1);
    else
        parse(data + 1, size - 1);
    return 0;
}
