/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/keystore.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity/vault.h"

struct keystore {
    struct vault vault;
    enum keystore_use use;
    const struct rng *rng;
    int lock; /* the owner's descriptor, -1 without */
    /* While it is open, else NULL: */
    struct keyring *ring;
    struct keyring *added; /* what it will be, when something was added */
    uint8_t *key;          /* that it is sealed under, as `seal` says */
    struct seal seal;
};

const char *keystore_state_name(enum keystore_state state)
{
    static const char *const names[] = {"none", "locked", "open", "shut"};
    return names[state];
}

int keystore_new(const char *dir, enum keystore_use use, const struct rng *rng,
                 struct keystore **out)
{
    struct keystore *ks = calloc(1, sizeof(*ks));
    if (!ks)
        return BEAM_ENOMEM;
    int err = vault_init(&ks->vault, dir);
    if (err < 0) {
        free(ks);
        return err;
    }
    ks->use = use;
    ks->rng = rng;
    ks->lock = -1;
    *out = ks;
    return 0;
}

void keystore_free(struct keystore *ks)
{
    if (!ks)
        return;
    keystore_lock(ks);
    vault_clear(&ks->vault);
    free(ks);
}

const char *keystore_dir(const struct keystore *ks)
{
    return ks->vault.dir;
}

void keystore_lock(struct keystore *ks)
{
    keyring_free(ks->added);
    keyring_free(ks->ring);
    sodium_free(ks->key);
    ks->added = ks->ring = NULL;
    ks->key = NULL;
    if (ks->lock >= 0)
        close(ks->lock);
    ks->lock = -1;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* It is open with these from now on: takes ring and key over. */
static void hold(struct keystore *ks, struct keyring *ring, const struct seal *seal, uint8_t *key)
{
    if (ring != ks->ring)
        keyring_free(ks->ring);
    if (key != ks->key)
        sodium_free(ks->key);
    ks->ring = ring;
    ks->key = key;
    ks->seal = *seal;
}

static int copy_key(const uint8_t *key, uint8_t **out, struct beam_why *why)
{
    uint8_t *copy = sodium_malloc(SEAL_KEY_SIZE);
    if (!copy)
        return beam_why(why, BEAM_ENOMEM, "key store: out of locked memory");
    memcpy(copy, key, SEAL_KEY_SIZE);
    *out = copy;
    return 0;
}

/* Writes the store with this ring, sealed as given, and holds it. The ring stays the caller's on
 * failure. */
static int write_ring(struct keystore *ks, struct keyring *ring, const struct seal *seal,
                      const uint8_t *key, struct beam_why *why)
{
    struct seal s;
    uint8_t *kept = NULL;
    int err;
    if (seal) {
        s = *seal;
        err = copy_key(key, &kept, why);
    } else {
        seal_init_key(&s);
        err = vault_key_make(&ks->vault, ks->rng, &kept, why);
    }
    if (err == 0)
        err = vault_seal(ks->vault.store, false, &s, kept, ring, ks->rng, why);
    if (err < 0) {
        sodium_free(kept);
        return err;
    }
    hold(ks, ring, &s, kept);
    return 0;
}

/* The key of its own is of no use once a passphrase seals the store, and opens older copies. */
static int drop_own_key(struct keystore *ks, struct beam_why *why)
{
    return ks->seal.by == SEAL_BY_PASSPHRASE ? vault_key_drop(&ks->vault, why) : 0;
}

/* Makes the owner's lock sure. */
static int take_lock(struct keystore *ks, struct beam_why *why)
{
    if (ks->use != KEYSTORE_OWN || ks->lock >= 0)
        return 0;
    int fd = vault_lock(&ks->vault, why);
    if (fd < 0)
        return fd;
    ks->lock = fd;
    return 0;
}

/* With the lock in hand. */
static int make(struct keystore *ks, const struct seal *seal, const uint8_t *key,
                struct beam_why *why)
{
    struct keyring *ring;
    int err = keyring_new(ks->rng, &ring);
    if (err < 0)
        return beam_why(why, err, "key store: out of locked memory");
    err = write_ring(ks, ring, seal, key, why);
    if (err < 0)
        keyring_free(ring);
    return err;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int open_with(struct keystore *ks, const struct vault_file *f, const uint8_t *key,
                     struct beam_why *why)
{
    struct keyring *ring;
    uint8_t *kept = NULL;
    int err = copy_key(key, &kept, why);
    if (err == 0)
        err = vault_open(f, key, &ring, why);
    if (err < 0) {
        sodium_free(kept);
        return err;
    }
    hold(ks, ring, &f->seal, kept);
    return 0;
}

static int open_with_own(struct keystore *ks, const struct vault_file *f, struct beam_why *why)
{
    uint8_t *key;
    int err = vault_key_read(&ks->vault, &key, why);
    if (err == BEAM_ENOTFOUND)
        return beam_why(why, BEAM_EINVAL,
                        "key store %s: its key, keystore.key beside it, is not there (put it or a "
                        "backup back)",
                        f->path);
    if (err < 0)
        return err;
    err = open_with(ks, f, key, why);
    sodium_free(key);
    return err;
}

/* `key`: what the passphrase makes, or NULL. */
static int open_file(struct keystore *ks, const uint8_t *key, struct beam_why *why)
{
    struct vault_file f;
    int err = vault_read(ks->vault.store, false, &f, why);
    if (err == BEAM_ENOTFOUND && ks->use == KEYSTORE_OWN)
        return make(ks, NULL, NULL, why);
    if (err < 0)
        return err;
    if (f.seal.by == SEAL_BY_KEY)
        err = open_with_own(ks, &f, why);
    else if (key)
        err = open_with(ks, &f, key, why);
    else
        err = beam_why(why, BEAM_EAUTH, "key store: it is locked (run: beam keys unlock)");
    vault_release(&f);
    return err;
}

static int open_or_let_go(struct keystore *ks, const uint8_t *key, struct beam_why *why)
{
    int err = take_lock(ks, why);
    if (err == 0)
        err = open_file(ks, key, why);
    if (err < 0)
        keystore_lock(ks);
    return err;
}

int keystore_open(struct keystore *ks, struct beam_why *why)
{
    return ks->ring ? vault_check(&ks->vault, why) : open_or_let_go(ks, NULL, why);
}

int keystore_unlock(struct keystore *ks, const uint8_t key[SEAL_KEY_SIZE], struct beam_why *why)
{
    if (!ks->ring)
        return open_or_let_go(ks, key, why);
    if (ks->seal.by == SEAL_BY_PASSPHRASE && sodium_memcmp(ks->key, key, SEAL_KEY_SIZE) != 0)
        return beam_why(why, BEAM_EAUTH, "key store: wrong passphrase, or the file is damaged");
    return 0;
}

int keystore_how(const struct keystore *ks, struct seal *out, struct beam_why *why)
{
    struct vault_file f;
    int err = vault_read(ks->vault.store, false, &f, why);
    if (err < 0)
        return err;
    *out = f.seal;
    vault_release(&f);
    return 0;
}

enum keystore_state keystore_state(const struct keystore *ks)
{
    struct seal seal;
    if (ks->ring)
        return KEYSTORE_OPEN;
    int err = keystore_how(ks, &seal, NULL);
    if (err == BEAM_ENOTFOUND)
        return KEYSTORE_NONE;
    return err == 0 && seal.by == SEAL_BY_PASSPHRASE ? KEYSTORE_LOCKED : KEYSTORE_SHUT;
}

/* ---- keys ----------------------------------------------------------------------------------- */

int keystore_seed(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                  uint8_t out[DERIVE_SEED_SIZE], struct beam_why *why)
{
    int err = keystore_open(ks, why);
    if (err < 0)
        return err;
    err = derive_seed(keyring_master(ks->ring), purpose, context, len, out);
    return err < 0 ? beam_why(why, err, "key store: %s", beam_err_text(err)) : 0;
}

int keystore_pair(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                  struct key_pair **out, struct beam_why *why)
{
    uint8_t seed[DERIVE_SEED_SIZE];
    int err = keystore_seed(ks, purpose, context, len, seed, why);
    if (err < 0)
        return err;
    err = key_pair_from_seed(seed, out);
    sodium_memzero(seed, sizeof(seed));
    return err < 0 ? beam_why(why, err, "key store: out of locked memory") : 0;
}

int keystore_entry(struct keystore *ks, enum derive_purpose purpose, const void *context,
                   size_t len, const uint8_t **secret, size_t *secret_len, struct beam_why *why)
{
    int err = keystore_open(ks, why);
    if (err < 0)
        return err;
    size_t n;
    const uint8_t *found = keyring_find(ks->ring, purpose, context, len, &n);
    if (!found)
        return BEAM_ENOTFOUND;
    *secret = found;
    *secret_len = n;
    return 0;
}

static int refuse_entry(int err, struct beam_why *why)
{
    return beam_why(why, err, "key store: %s",
                    err == BEAM_EEXIST   ? "it has this key already"
                    : err == BEAM_ELIMIT ? "there is no room for more keys that it did not make"
                                         : beam_err_text(err));
}

int keystore_add(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                 const void *secret, size_t secret_len, struct beam_why *why)
{
    struct keyring *more;
    int err = keystore_open(ks, why);
    if (err < 0)
        return err;
    err = keyring_with(ks->added ? ks->added : ks->ring, purpose, context, len, secret, secret_len,
                       &more);
    if (err < 0)
        return refuse_entry(err, why);
    keyring_free(ks->added);
    ks->added = more;
    return 0;
}

int keystore_commit(struct keystore *ks, struct beam_why *why)
{
    struct keyring *added = ks->added;
    ks->added = NULL;
    if (!added)
        return 0;
    int err = vault_seal(ks->vault.store, false, &ks->seal, ks->key, added, ks->rng, why);
    if (err < 0)
        keyring_free(added);
    else
        hold(ks, added, &ks->seal, ks->key);
    return err;
}

size_t keystore_entries(const struct keystore *ks)
{
    return ks->ring ? keyring_count(ks->ring) : 0;
}

/* ---- for the commands ----------------------------------------------------------------------- */

/* BEAM_EEXIST when there is a file, whatever is in it. */
static int check_none(const struct keystore *ks, const char *todo, struct beam_why *why)
{
    struct seal seal;
    if (keystore_how(ks, &seal, NULL) == BEAM_ENOTFOUND)
        return 0;
    return beam_why(why, BEAM_EEXIST, "key store %s: there is one already (%s)", ks->vault.store,
                    todo);
}

int keystore_make(struct keystore *ks, const struct seal *seal, const uint8_t *key,
                  struct beam_why *why)
{
    int err = take_lock(ks, why);
    if (err == 0)
        err = check_none(ks, "see it with: beam keys show", why);
    if (err == 0)
        err = make(ks, seal, key, why);
    if (err == 0)
        err = drop_own_key(ks, why);
    if (err < 0)
        keystore_lock(ks);
    return err;
}

int keystore_reseal(struct keystore *ks, const struct seal *seal, const uint8_t *key,
                    struct beam_why *why)
{
    int err = keystore_open(ks, why);
    if (err == 0)
        err = write_ring(ks, ks->ring, seal, key, why);
    return err < 0 ? err : drop_own_key(ks, why);
}

int keystore_export(struct keystore *ks, const char *path, const struct seal *seal,
                    const uint8_t *key, struct beam_why *why)
{
    int err = keystore_open(ks, why);
    return err < 0 ? err : vault_seal(path, true, seal, key, ks->ring, ks->rng, why);
}

int keystore_import_how(const char *path, struct seal *out, struct beam_why *why)
{
    struct vault_file f;
    int err = vault_read(path, true, &f, why);
    if (err < 0)
        return err;
    *out = f.seal;
    vault_release(&f);
    return 0;
}

static int read_backup(const char *path, const uint8_t *key, struct keyring **out,
                       struct beam_why *why)
{
    struct vault_file f;
    int err = vault_read(path, true, &f, why);
    if (err < 0)
        return err;
    err = vault_open(&f, key, out, why);
    vault_release(&f);
    return err;
}

int keystore_import(struct keystore *ks, const char *path, const uint8_t backup_key[SEAL_KEY_SIZE],
                    bool replace, const struct seal *seal, const uint8_t *key, struct beam_why *why)
{
    struct keyring *ring = NULL;
    int err = take_lock(ks, why);
    if (err == 0 && !replace)
        err = check_none(ks, "--replace puts the backup in its place: export it first", why);
    if (err == 0)
        err = read_backup(path, backup_key, &ring, why);
    if (err == 0)
        err = write_ring(ks, ring, seal, key, why);
    if (err < 0) {
        keyring_free(ring);
        keystore_lock(ks);
        return err;
    }
    return drop_own_key(ks, why);
}
