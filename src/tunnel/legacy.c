/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/legacy.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "tor/onion_key.h"

enum { NAMES_FILE_MAX = 1024 * 1024, HASH_LEN = 2 * LEGACY_CONTEXT_SIZE };

static const char suffix[] = ".key";

static int no_memory(const struct keystore *keys, struct beam_why *why)
{
    return beam_why(why, BEAM_ENOMEM, "%s: out of memory", keystore_dir(keys));
}

/* ---- onions/HASH.key ------------------------------------------------------------------------ */

/* Whether a file has the name of a key: what it is the key of, then. */
static bool read_name(const char *name, uint8_t context[LEGACY_CONTEXT_SIZE])
{
    return strlen(name) == HASH_LEN + strlen(suffix) && strcmp(name + HASH_LEN, suffix) == 0 &&
           text_hex_decode(name, HASH_LEN, context, LEGACY_CONTEXT_SIZE) == 0;
}

/* What is done with each key file. */
typedef int file_fn(struct keystore *keys, const char *path, const uint8_t *context,
                    const struct onion_key *key, struct beam_why *why);

static int add_key(struct keystore *keys, const char *path, const uint8_t *context,
                   const struct onion_key *key, struct beam_why *why)
{
    (void)path;
    int err = keystore_add(keys, DERIVE_ONION, context, LEGACY_CONTEXT_SIZE, onion_key_secret(key),
                           ONION_SECRET_SIZE, why);
    /* Moved before, and the file outlived that; or there is no room. It is seen to later. */
    return err == BEAM_EEXIST || err == BEAM_ELIMIT ? 0 : err;
}

/* Only what the store has on disk, to the byte, is removed. */
static int wipe_key(struct keystore *keys, const char *path, const uint8_t *context,
                    const struct onion_key *key, struct beam_why *why)
{
    const uint8_t *secret;
    size_t len;
    int err = keystore_entry(keys, DERIVE_ONION, context, LEGACY_CONTEXT_SIZE, &secret, &len, why);
    if (err < 0 && err != BEAM_ENOTFOUND)
        return err;
    if (err < 0 || len != ONION_SECRET_SIZE ||
        sodium_memcmp(secret, onion_key_secret(key), len) != 0) {
        log_warn("tunnel", "onion key %s: not moved into the key store", path);
        return 0;
    }
    err = file_wipe(path);
    return err < 0 ? beam_why(why, err, "onion key %s: it cannot be removed: %s", path,
                              beam_err_text(err))
                   : 0;
}

static int each_file(struct keystore *keys, const char *dir, const char *name, file_fn *fn,
                     struct beam_why *why)
{
    uint8_t context[LEGACY_CONTEXT_SIZE];
    struct onion_key *key;
    struct beam_why bad;
    if (!read_name(name, context))
        return 0;
    char *path = file_join(dir, name);
    if (!path)
        return no_memory(keys, why);
    int err = onion_key_load(path, &key, &bad);
    if (err == 0) {
        err = fn(keys, path, context, key, why);
        onion_key_free(key);
    } else if (err == BEAM_ENOMEM) {
        err = no_memory(keys, why);
    } else {
        log_warn("tunnel", "%s", bad.text);
        err = 0;
    }
    free(path);
    return err;
}

static int each(struct keystore *keys, const char *dir, file_fn *fn, struct beam_why *why)
{
    DIR *d = opendir(dir);
    if (!d)
        return beam_why(why, beam_err_errno(errno), "%s: cannot be read: %s", dir, strerror(errno));
    int err = 0;
    for (struct dirent *e = readdir(d); err == 0 && e; e = readdir(d))
        err = each_file(keys, dir, e->d_name, fn, why);
    closedir(d);
    return err;
}

static int move_keys(struct keystore *keys, const char *dir, struct beam_why *why)
{
    if (access(dir, F_OK) != 0)
        return 0;
    int err = file_check_mode(dir, 0700, why);
    if (err == 0)
        err = each(keys, dir, add_key, why);
    if (err == 0)
        err = keystore_commit(keys, why);
    if (err == 0)
        err = each(keys, dir, wipe_key, why);
    if (err == 0)
        (void)rmdir(dir); /* stays where something is in it still */
    return err;
}

int legacy_check(const struct keystore *keys, const uint8_t context[LEGACY_CONTEXT_SIZE],
                 struct beam_why *why)
{
    char name[sizeof("onions/") - 1 + HASH_LEN + sizeof(suffix)] = "onions/";
    char *hash = name + strlen(name);
    text_hex_encode(context, LEGACY_CONTEXT_SIZE, hash, HASH_LEN + 1);
    memcpy(hash + HASH_LEN, suffix, sizeof(suffix));
    char *path = file_join(keystore_dir(keys), name);
    if (!path)
        return no_memory(keys, why);
    struct onion_key *key;
    int err = onion_key_load(path, &key, why);
    if (err == 0) {
        onion_key_free(key);
        err = beam_why(why, BEAM_EEXIST,
                       "onion key %s: not moved into the key store, which has another key for this "
                       "tunnel, or no room (move the file away, and the tunnel gets the store's)",
                       path);
    }
    free(path);
    return err == BEAM_ENOTFOUND ? 0 : err;
}

/* ---- names.json ----------------------------------------------------------------------------- */

/* A whole map from target to name, every name one of ours: else the file is not what we wrote. */
static bool well_formed(const cJSON *map)
{
    const cJSON *item;
    if (!cJSON_IsObject(map))
        return false;
    cJSON_ArrayForEach(item, map)
    {
        if (!cJSON_IsString(item) || !text_label_valid(item->valuestring))
            return false;
    }
    return true;
}

static int parse_names(const char *path, const char *text, size_t len, cJSON **out,
                       struct beam_why *why)
{
    const char *end = NULL;
    cJSON *map = cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);
    if (well_formed(map)) {
        *out = map;
        return 0;
    }
    cJSON_Delete(map);
    return beam_why(why, BEAM_EINVAL,
                    "%s: not the list of names that beam wrote (mend it, or move it away and new "
                    "names are made)",
                    path);
}

static int add_names(struct keystore *keys, const cJSON *map, struct beam_why *why)
{
    const cJSON *item;
    int err = 0;
    cJSON_ArrayForEach(item, map)
    {
        err = keystore_add(keys, DERIVE_LABEL, item->string, strlen(item->string),
                           item->valuestring, strlen(item->valuestring), why);
        if (err < 0 && err != BEAM_EEXIST)
            return err;
    }
    return keystore_commit(keys, why);
}

static int move_names(struct keystore *keys, const char *path, struct beam_why *why)
{
    char *text = NULL;
    size_t len = 0;
    cJSON *map = NULL;
    int err = file_read(path, NAMES_FILE_MAX, &text, &len);
    if (err < 0)
        return err == BEAM_ENOTFOUND
                   ? 0
                   : beam_why(why, err, "%s: cannot be read: %s", path, beam_err_text(err));
    err = parse_names(path, text, len, &map, why);
    free(text);
    if (err < 0)
        return err;
    err = add_names(keys, map, why);
    cJSON_Delete(map);
    if (err == 0 && (err = file_remove(path)) < 0)
        beam_why(why, err, "%s: it cannot be removed: %s", path, beam_err_text(err));
    return err;
}

int legacy_move(struct keystore *keys, struct beam_why *why)
{
    char *onions = file_join(keystore_dir(keys), "onions");
    char *names = file_join(keystore_dir(keys), "names.json");
    int err = onions && names ? move_keys(keys, onions, why) : no_memory(keys, why);
    if (err == 0)
        err = move_names(keys, names, why);
    free(onions);
    free(names);
    return err;
}
