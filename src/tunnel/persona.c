/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/persona.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { PERSONA_HASH_LEN = 16 };

static const char suffix[] = ".key";
enum { PERSONA_FILE_SIZE = TEXT_HEX_SIZE(PERSONA_HASH_LEN) + sizeof(suffix) - 1 };

/* A file name for any target and name: BLAKE2b-128 of both, the NUL between them included so that
 * no two pairs run together alike. */
static void file_name(const char *target, const char *name, char *out)
{
    crypto_generichash_state st;
    uint8_t hash[PERSONA_HASH_LEN];
    crypto_generichash_init(&st, NULL, 0, sizeof(hash));
    crypto_generichash_update(&st, (const uint8_t *)target, strlen(target) + 1);
    crypto_generichash_update(&st, (const uint8_t *)name, strlen(name));
    crypto_generichash_final(&st, hash, sizeof(hash));
    text_hex_encode(hash, sizeof(hash), out, PERSONA_FILE_SIZE);
    memcpy(out + TEXT_HEX_SIZE(PERSONA_HASH_LEN) - 1, suffix, sizeof(suffix));
}

static int make(const struct rng *rng, struct onion_key **out, struct beam_why *why)
{
    int err = onion_key_new(rng, out);
    return err < 0 ? beam_why(why, err, "onion key: out of locked memory") : 0;
}

static int load_or_make(const char *path, const struct rng *rng, struct onion_key **out,
                        struct beam_why *why)
{
    struct onion_key *key;
    int err = onion_key_load(path, out, why);
    if (err != BEAM_ENOTFOUND)
        return err;
    err = make(rng, &key, why);
    if (err < 0)
        return err;
    err = onion_key_save(key, path, why);
    if (err < 0) {
        onion_key_free(key);
        return err;
    }
    *out = key;
    return 0;
}

int persona_key(const char *data_dir, const struct rng *rng, const char *target, const char *name,
                bool ephemeral, struct onion_key **out, struct beam_why *why)
{
    char file[PERSONA_FILE_SIZE];
    if (ephemeral)
        return make(rng, out, why);

    char *path = NULL;
    char *dir = file_join(data_dir, "onions");
    int err = dir ? file_private_dir(dir, why)
                  : beam_why(why, BEAM_ENOMEM, "%s: out of memory", data_dir);
    if (err < 0)
        goto out;
    file_name(target, name, file);
    path = file_join(dir, file);
    err = path ? load_or_make(path, rng, out, why)
               : beam_why(why, BEAM_ENOMEM, "%s: out of memory", dir);
out:
    free(path);
    free(dir);
    return err;
}
