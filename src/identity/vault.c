/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/vault.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* The file of the key of its own is this and the key. */
static const uint8_t key_head[16] = "BEAMSEAL\x01";
enum { KEY_FILE_SIZE = sizeof(key_head) + SEAL_KEY_SIZE };

int vault_init(struct vault *v, const char *dir)
{
    struct vault made = {.dir = strdup(dir),
                         .store = file_join(dir, "keystore"),
                         .key = file_join(dir, "keystore.key"),
                         .lock = file_join(dir, "keystore.lock")};
    if (!made.dir || !made.store || !made.key || !made.lock) {
        vault_clear(&made);
        return BEAM_ENOMEM;
    }
    *v = made;
    return 0;
}

void vault_clear(struct vault *v)
{
    free(v->dir);
    free(v->store);
    free(v->key);
    free(v->lock);
    *v = (struct vault){0};
}

int vault_lock(const struct vault *v, struct beam_why *why)
{
    int fd = file_lock(v->lock);
    if (fd == BEAM_EEXIST)
        return beam_why(why, fd,
                        "key store %s: another beam has it in use (end the daemon; or lock the "
                        "store, if it has a passphrase: beam keys lock)",
                        v->store);
    if (fd < 0)
        return beam_why(why, fd, "%s: cannot be locked: %s", v->lock, strerror(errno));
    return fd;
}

int vault_check(const struct vault *v, struct beam_why *why)
{
    int err = file_check_mode(v->store, 0600, why);
    return err < 0 ? err : file_check_mode(v->key, 0600, why);
}

/* ---- words ---------------------------------------------------------------------------------- */

static int unreadable(const char *path, int err, struct beam_why *why)
{
    switch (err) {
    case BEAM_ENOTFOUND:
        return beam_why(why, err, "key store %s: there is none", path);
    case BEAM_EPERM:
        return beam_why(why, err, "key store %s: it is a link (put the file itself there)", path);
    case BEAM_EPROTO:
        return beam_why(why, BEAM_EINVAL,
                        "key store %s: of a version that this beam does not know (use the beam "
                        "that wrote it)",
                        path);
    case BEAM_ELIMIT:
        return beam_why(why, BEAM_EINVAL,
                        "key store %s: it is too large, or wants more memory or time than is "
                        "granted (it is damaged, or not to be trusted: put a backup back)",
                        path);
    case BEAM_EINVAL:
        return beam_why(why, err, "key store %s: not a whole key store (put a backup back)", path);
    case BEAM_EAUTH:
        return beam_why(why, err, "key store: wrong passphrase, or the file is damaged");
    default:
        return beam_why(why, err, "key store %s: %s", path, beam_err_text(err));
    }
}

static int unwritable(const char *path, int err, int errnum, struct beam_why *why)
{
    if (err == BEAM_EEXIST)
        return beam_why(why, err, "%s: it is there already, and is left as it is", path);
    return beam_why(why, err,
                    "%s: it cannot be written: %s (nothing was changed; make room or mend the "
                    "folder's rights)",
                    path, errnum ? strerror(errnum) : beam_err_text(err));
}

/* ---- sealed files --------------------------------------------------------------------------- */

/* A secret file, whole, in locked memory. */
static int read_secret(const char *path, size_t max, uint8_t **out, size_t *len,
                       struct beam_why *why)
{
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    err = file_read_secret(path, max, out, len);
    return err < 0 ? unreadable(path, err, why) : 0;
}

/* The same of one that is sealed, and may lie where modes mean nothing. */
static int read_loose(const char *path, size_t max, uint8_t **out, size_t *len,
                      struct beam_why *why)
{
    char *text = NULL;
    size_t got;
    int err = file_read(path, max, &text, &got);
    uint8_t *bytes = err == 0 ? sodium_malloc(got ? got : 1) : NULL;
    if (err == 0 && !bytes)
        err = BEAM_ENOMEM;
    if (err == 0) {
        memcpy(bytes, text, got);
        *out = bytes;
        *len = got;
    }
    free(text);
    return err < 0 ? unreadable(path, err, why) : 0;
}

int vault_read(const char *path, bool backup, struct vault_file *out, struct beam_why *why)
{
    struct vault_file f = {.path = path};
    int err = (backup ? read_loose : read_secret)(path, KEYRING_MAX + SEAL_OVERHEAD, &f.bytes,
                                                  &f.len, why);
    if (err < 0)
        return err;
    err = seal_read(f.bytes, f.len, &f.seal);
    if (err < 0)
        err = unreadable(path, err, why);
    else if (backup && f.seal.by != SEAL_BY_PASSPHRASE)
        err = beam_why(why, BEAM_EINVAL,
                       "%s: a key store that needs its keystore.key, not a backup (make one with: "
                       "beam keys export FILE)",
                       path);
    if (err < 0) {
        sodium_free(f.bytes);
        return err;
    }
    *out = f;
    return 0;
}

void vault_release(struct vault_file *f)
{
    sodium_free(f->bytes);
    f->bytes = NULL;
}

int vault_open(const struct vault_file *f, const uint8_t key[SEAL_KEY_SIZE], struct keyring **out,
               struct beam_why *why)
{
    size_t size = f->len - SEAL_OVERHEAD;
    uint8_t *plain = sodium_malloc(size ? size : 1);
    if (!plain)
        return unreadable(f->path, BEAM_ENOMEM, why);
    int err = seal_open(f->bytes, f->len, key, plain, size);
    if (err == BEAM_EAUTH && f->seal.by == SEAL_BY_KEY)
        beam_why(why, err,
                 "key store %s: keystore.key beside it is not its key, or one of them is damaged "
                 "(put a backup back)",
                 f->path);
    else if (err < 0 || (err = keyring_decode(plain, size, out)) < 0)
        err = unreadable(f->path, err, why);
    sodium_free(plain);
    return err;
}

int vault_seal(const char *path, bool fresh, const struct seal *s, const uint8_t key[SEAL_KEY_SIZE],
               const struct keyring *k, const struct rng *rng, struct beam_why *why)
{
    size_t len;
    const uint8_t *plain = keyring_bytes(k, &len);
    uint8_t *file = malloc(len + SEAL_OVERHEAD);
    int err = file ? seal_close(s, key, rng, plain, len, file, len + SEAL_OVERHEAD) : BEAM_ENOMEM;
    errno = 0;
    if (err == 0)
        err = (fresh ? file_write_new : file_write_alone)(path, 0600, file, len + SEAL_OVERHEAD);
    int errnum = errno;
    free(file);
    return err < 0 ? unwritable(path, err, errnum, why) : 0;
}

/* ---- the key of its own --------------------------------------------------------------------- */

int vault_key_read(const struct vault *v, uint8_t **out, struct beam_why *why)
{
    uint8_t *file = NULL;
    size_t len;
    int err = read_secret(v->key, KEY_FILE_SIZE, &file, &len, why);
    if (err < 0)
        return err;
    uint8_t *key = sodium_malloc(SEAL_KEY_SIZE);
    if (!key) {
        err = unreadable(v->key, BEAM_ENOMEM, why);
    } else if (len != KEY_FILE_SIZE || memcmp(file, key_head, sizeof(key_head)) != 0) {
        err = unreadable(v->key, BEAM_EINVAL, why);
        sodium_free(key);
    } else {
        memcpy(key, file + sizeof(key_head), SEAL_KEY_SIZE);
        *out = key;
    }
    sodium_free(file);
    return err;
}

int vault_key_make(const struct vault *v, const struct rng *rng, uint8_t **out,
                   struct beam_why *why)
{
    int err = vault_key_read(v, out, why);
    if (err != BEAM_ENOTFOUND && err != BEAM_EINVAL)
        return err;
    uint8_t *file = sodium_malloc(KEY_FILE_SIZE), *key = sodium_malloc(SEAL_KEY_SIZE);
    if (!file || !key) {
        err = unwritable(v->key, BEAM_ENOMEM, 0, why);
        goto out;
    }
    rng->fill(rng->arg, key, SEAL_KEY_SIZE);
    memcpy(file, key_head, sizeof(key_head));
    memcpy(file + sizeof(key_head), key, SEAL_KEY_SIZE);
    errno = 0;
    err = file_write_alone(v->key, 0600, file, KEY_FILE_SIZE);
    if (err < 0) {
        unwritable(v->key, err, errno, why);
        goto out;
    }
    *out = key;
    key = NULL;
out:
    sodium_free(file);
    sodium_free(key);
    return err;
}

int vault_key_drop(const struct vault *v, struct beam_why *why)
{
    int err = file_wipe(v->key);
    return err < 0 ? beam_why(why, err,
                              "%s: it cannot be wiped: %s (the key store no longer needs it: "
                              "remove it)",
                              v->key, beam_err_text(err))
                   : 0;
}
