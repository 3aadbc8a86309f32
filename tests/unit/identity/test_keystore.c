/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/keystore.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/unit/tunnel/folder.h"
#include "tests/vectors/keystore.h"

static const uint8_t secret[SEAL_KEY_SIZE] = "what a passphrase has been made ";
static const uint8_t wrong[SEAL_KEY_SIZE] = "what another passphrase made of ";

struct scene {
    struct folder folder;
    struct keystore *store;
    struct beam_why why;
    char path[4][96];
};

static struct scene begin(enum keystore_use use)
{
    struct scene s = {.folder = folder_make()};
    static const char *const names[] = {"keystore", "keystore.key", "backup", "keystore.lock"};
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < 4; i++)
        snprintf(s.path[i], sizeof(s.path[i]), "%s/%s", s.folder.path, names[i]);
    cr_assert_eq(keystore_new(s.folder.path, use, rng_system(), &s.store), 0);
    return s;
}

enum { STORE, KEY, BACKUP, LOCK };

static void end(struct scene *s)
{
    keystore_free(s->store);
    folder_remove(&s->folder);
}

/* Another one over the same folder. */
static struct keystore *another(const struct scene *s, enum keystore_use use)
{
    struct keystore *ks = NULL;
    cr_assert_eq(keystore_new(s->folder.path, use, rng_system(), &ks), 0);
    return ks;
}

static struct seal passphrase(void)
{
    struct seal s;
    seal_init_passphrase(&s, rng_system());
    return s;
}

struct id {
    uint8_t bytes[KEY_ED25519_SIZE];
};

/* Which store it is: the public key of its node. */
static struct id node_of(struct keystore *ks)
{
    struct id id = {{0}};
    struct key_pair *pair = NULL;
    struct key_public public;
    struct beam_why why = {.text = ""};
    int err = keystore_pair(ks, DERIVE_NODE, "", 0, &pair, &why);
    cr_assert_eq(err, 0, "%s", why.text);
    key_pair_public(pair, &public);
    memcpy(id.bytes, public.data, sizeof(id.bytes));
    key_pair_free(pair);
    return id;
}

static bool same(struct id a, struct id b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static int put(struct scene *s, enum derive_purpose purpose, const char *context, const char *value)
{
    int err =
        keystore_add(s->store, purpose, context, strlen(context), value, strlen(value), &s->why);
    return err < 0 ? err : keystore_commit(s->store, &s->why);
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- with a key of its own ------------------------------------------------------------------- */

BEAM_TEST(keystore, the_first_use_makes_one_that_lasts)
{
    struct scene s = begin(KEYSTORE_OWN);
    cr_assert_eq(folder_count(&s.folder), 0, "not before it is needed");
    cr_assert_eq(keystore_state(s.store), KEYSTORE_NONE);
    struct id first = node_of(s.store);
    cr_assert_eq(keystore_state(s.store), KEYSTORE_OPEN);
    cr_assert_eq(mode_of(s.path[STORE]), 0600);
    cr_assert_eq(mode_of(s.path[KEY]), 0600);
    keystore_lock(s.store);
    cr_assert_eq(keystore_state(s.store), KEYSTORE_SHUT);
    cr_assert(same(node_of(s.store), first));
    keystore_free(s.store);
    s.store = another(&s, KEYSTORE_READ);
    cr_assert(same(node_of(s.store), first));
    end(&s);
}

BEAM_TEST(keystore, purposes_and_contexts_have_keys_of_their_own)
{
    struct scene s = begin(KEYSTORE_OWN);
    uint8_t a[DERIVE_SEED_SIZE], b[DERIVE_SEED_SIZE], c[DERIVE_SEED_SIZE];
    cr_assert_eq(keystore_seed(s.store, DERIVE_ONION, "a", 1, a, &s.why), 0);
    cr_assert_eq(keystore_seed(s.store, DERIVE_ONION, "b", 1, b, &s.why), 0);
    cr_assert_eq(keystore_seed(s.store, DERIVE_PERSONA, "a", 1, c, &s.why), 0);
    cr_assert(memcmp(a, b, sizeof(a)) != 0 && memcmp(a, c, sizeof(a)) != 0);
    cr_assert_eq(keystore_seed(s.store, (enum derive_purpose)0, "a", 1, c, &s.why), BEAM_EINVAL);
    end(&s);
}

BEAM_TEST(keystore, entries_are_on_disk_at_once)
{
    struct scene s = begin(KEYSTORE_OWN);
    const uint8_t *found;
    size_t len;
    cr_assert_eq(keystore_entry(s.store, DERIVE_ONION, "a", 1, &found, &len, &s.why),
                 BEAM_ENOTFOUND);
    cr_assert_eq(put(&s, DERIVE_ONION, "a", "secret"), 0);
    cr_assert_eq(put(&s, DERIVE_ONION, "a", "other"), BEAM_EEXIST);
    cr_assert_eq(keystore_entries(s.store), 1);
    struct keystore *reader = another(&s, KEYSTORE_READ);
    int err = keystore_entry(reader, DERIVE_ONION, "a", 1, &found, &len, &s.why);
    bool whole = err == 0 && len == 6 && memcmp(found, "secret", 6) == 0;
    keystore_free(reader);
    cr_assert(whole, "%s", s.why.text);
    end(&s);
}

BEAM_TEST(keystore, what_is_added_counts_once_it_is_written)
{
    struct scene s = begin(KEYSTORE_OWN);
    const uint8_t *found;
    size_t len;
    cr_assert_eq(keystore_commit(s.store, &s.why), 0, "there is nothing to do");
    cr_assert_eq(folder_count(&s.folder), 0);
    cr_assert_eq(keystore_add(s.store, DERIVE_LABEL, "a", 1, "one", 3, &s.why), 0);
    cr_assert_eq(keystore_add(s.store, DERIVE_LABEL, "b", 1, "two", 3, &s.why), 0);
    cr_assert_eq(keystore_add(s.store, DERIVE_LABEL, "a", 1, "one", 3, &s.why), BEAM_EEXIST);
    cr_assert_eq(keystore_entry(s.store, DERIVE_LABEL, "a", 1, &found, &len, &s.why),
                 BEAM_ENOTFOUND);
    cr_assert_eq(keystore_commit(s.store, &s.why), 0, "%s", s.why.text);
    cr_assert_eq(keystore_entries(s.store), 2);
    cr_assert_eq(keystore_add(s.store, DERIVE_LABEL, "c", 1, "three", 5, &s.why), 0);
    keystore_lock(s.store);
    cr_assert_eq(keystore_commit(s.store, &s.why), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), 0);
    cr_assert_eq(keystore_entries(s.store), 2);
    cr_assert_str_eq(keystore_dir(s.store), s.folder.path);
    end(&s);
}

BEAM_TEST(keystore, a_reader_makes_nothing)
{
    struct scene s = begin(KEYSTORE_READ);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_ENOTFOUND);
    cr_assert_eq(folder_count(&s.folder), 0);
    end(&s);
}

BEAM_TEST(keystore, one_owner_at_a_time)
{
    struct scene s = begin(KEYSTORE_OWN);
    struct id first = node_of(s.store);
    struct keystore *other = another(&s, KEYSTORE_OWN), *reader = another(&s, KEYSTORE_READ);
    int refused = keystore_open(other, &s.why);
    bool read = same(node_of(reader), first);
    keystore_lock(s.store);
    bool taken = same(node_of(other), first);
    int back = keystore_open(s.store, NULL);
    keystore_free(reader);
    keystore_free(other);
    cr_assert_eq(refused, BEAM_EEXIST);
    cr_assert_not_null(strstr(s.why.text, "another beam has it in use"), "%s", s.why.text);
    cr_assert(read, "a reader needs no lock");
    cr_assert(taken);
    cr_assert_eq(back, BEAM_EEXIST);
    end(&s);
}

BEAM_TEST(keystore, its_lost_key_is_not_replaced)
{
    struct scene s = begin(KEYSTORE_OWN);
    (void)node_of(s.store);
    keystore_lock(s.store);
    cr_assert_eq(unlink(s.path[KEY]), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EINVAL);
    cr_assert_not_null(strstr(s.why.text, "keystore.key"), "%s", s.why.text);
    cr_assert(!there(s.path[KEY]));
    cr_assert_eq(keystore_state(s.store), KEYSTORE_SHUT);
    end(&s);
}

BEAM_TEST(keystore, another_key_does_not_open_it)
{
    struct scene s = begin(KEYSTORE_OWN), t = begin(KEYSTORE_OWN);
    (void)node_of(s.store);
    (void)node_of(t.store);
    keystore_lock(s.store);
    cr_assert_eq(rename(t.path[KEY], s.path[KEY]), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EAUTH);
    cr_assert_not_null(strstr(s.why.text, "is not its key"), "%s", s.why.text);
    cr_assert_null(strstr(s.why.text, "passphrase"), "there is none: %s", s.why.text);
    end(&t);
    end(&s);
}

/* ---- with a passphrase ----------------------------------------------------------------------- */

BEAM_TEST(keystore, a_passphrase_locks_it)
{
    struct scene s = begin(KEYSTORE_OWN);
    struct seal seal = passphrase(), how;
    cr_assert_eq(keystore_make(s.store, &seal, secret, &s.why), 0, "%s", s.why.text);
    struct id first = node_of(s.store);
    cr_assert(!there(s.path[KEY]));
    cr_assert_eq(keystore_unlock(s.store, wrong, &s.why), BEAM_EAUTH, "though it is open");
    cr_assert_eq(keystore_unlock(s.store, secret, &s.why), 0);
    keystore_lock(s.store);
    cr_assert_eq(keystore_state(s.store), KEYSTORE_LOCKED);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EAUTH);
    cr_assert_str_eq(s.why.text, "key store: it is locked (run: beam keys unlock)");
    cr_assert_eq(keystore_how(s.store, &how, &s.why), 0);
    cr_assert_eq(memcmp(how.salt, seal.salt, sizeof(how.salt)), 0);
    cr_assert_eq(keystore_unlock(s.store, wrong, &s.why), BEAM_EAUTH);
    cr_assert_str_eq(s.why.text, "key store: wrong passphrase, or the file is damaged");
    cr_assert_eq(keystore_state(s.store), KEYSTORE_LOCKED);
    cr_assert_eq(keystore_unlock(s.store, secret, &s.why), 0);
    cr_assert(same(node_of(s.store), first));
    end(&s);
}

BEAM_TEST(keystore, a_passphrase_comes_and_goes)
{
    struct scene s = begin(KEYSTORE_OWN);
    struct seal seal = passphrase();
    struct id first = node_of(s.store);
    cr_assert_eq(put(&s, DERIVE_CA, "", "ca"), 0);
    cr_assert_eq(keystore_reseal(s.store, &seal, secret, &s.why), 0, "%s", s.why.text);
    cr_assert(!there(s.path[KEY]), "what opened it before is gone");
    keystore_lock(s.store);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EAUTH);
    cr_assert_eq(keystore_unlock(s.store, secret, &s.why), 0);
    cr_assert(same(node_of(s.store), first));
    cr_assert_eq(keystore_entries(s.store), 1);
    cr_assert_eq(keystore_reseal(s.store, NULL, NULL, &s.why), 0, "%s", s.why.text);
    keystore_lock(s.store);
    cr_assert(same(node_of(s.store), first), "with no passphrase");
    end(&s);
}

BEAM_TEST(keystore, making_one_refuses_where_there_is_one)
{
    struct scene s = begin(KEYSTORE_OWN);
    struct seal seal = passphrase();
    struct id first = node_of(s.store);
    cr_assert_eq(keystore_make(s.store, &seal, secret, &s.why), BEAM_EEXIST);
    cr_assert(same(node_of(s.store), first));
    keystore_lock(s.store);
    int fd = open(s.path[STORE], O_WRONLY | O_TRUNC);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_eq(keystore_make(s.store, &seal, secret, &s.why), BEAM_EEXIST, "not even over that");
    end(&s);
}

/* ---- backups --------------------------------------------------------------------------------- */

BEAM_TEST(keystore, a_backup_brings_all_back)
{
    struct scene s = begin(KEYSTORE_OWN), t = begin(KEYSTORE_OWN);
    struct seal seal = passphrase(), how;
    const uint8_t *found;
    size_t len;
    struct id first = node_of(s.store);
    cr_assert_eq(put(&s, DERIVE_ONION, "a", "kept"), 0);
    cr_assert_eq(keystore_export(s.store, t.path[BACKUP], &seal, secret, &s.why), 0);
    cr_assert_eq(mode_of(t.path[BACKUP]), 0600);
    cr_assert_eq(keystore_export(s.store, t.path[BACKUP], &seal, secret, &s.why), BEAM_EEXIST);
    cr_assert_eq(chmod(t.path[BACKUP], 0755), 0, "as a stick without modes has it");
    cr_assert_eq(keystore_import_how(t.path[BACKUP], &how, &s.why), 0);
    cr_assert_eq(how.by, SEAL_BY_PASSPHRASE);
    cr_assert_eq(keystore_import(t.store, t.path[BACKUP], secret, false, NULL, NULL, &s.why), 0,
                 "%s", s.why.text);
    cr_assert(same(node_of(t.store), first));
    cr_assert_eq(keystore_entry(t.store, DERIVE_ONION, "a", 1, &found, &len, &s.why), 0);
    cr_assert(len == 4 && memcmp(found, "kept", 4) == 0);
    keystore_lock(t.store);
    cr_assert(same(node_of(t.store), first), "from disk");
    end(&t);
    end(&s);
}

BEAM_TEST(keystore, bad_backups_change_nothing)
{
    struct scene s = begin(KEYSTORE_OWN), t = begin(KEYSTORE_OWN);
    struct seal seal = passphrase(), how;
    struct id mine = node_of(t.store);
    (void)node_of(s.store);
    cr_assert_eq(keystore_export(s.store, t.path[BACKUP], &seal, secret, &s.why), 0);
    cr_assert_eq(keystore_import(t.store, t.path[BACKUP], secret, false, NULL, NULL, &s.why),
                 BEAM_EEXIST);
    cr_assert_eq(keystore_import(t.store, t.path[BACKUP], wrong, true, NULL, NULL, &s.why),
                 BEAM_EAUTH);
    cr_assert_eq(keystore_import(t.store, s.path[STORE], secret, true, NULL, NULL, &s.why),
                 BEAM_EINVAL, "it needs its keystore.key");
    cr_assert_eq(keystore_import_how(s.path[STORE], &how, &s.why), BEAM_EINVAL);
    cr_assert_eq(keystore_import_how(s.path[BACKUP], &how, &s.why), BEAM_ENOTFOUND);
    cr_assert_eq(truncate(t.path[BACKUP], 100), 0);
    cr_assert_eq(keystore_import(t.store, t.path[BACKUP], secret, true, NULL, NULL, &s.why),
                 BEAM_EINVAL);
    cr_assert(same(node_of(t.store), mine));
    cr_assert_eq(keystore_export(s.store, s.path[BACKUP], &seal, secret, &s.why), 0);
    cr_assert_eq(keystore_import(t.store, s.path[BACKUP], secret, true, &seal, secret, &s.why), 0);
    cr_assert(!same(node_of(t.store), mine), "when that is what is wanted");
    end(&t);
    end(&s);
}

/* ---- bad input ------------------------------------------------------------------------------- */

static void put_file(const char *path, const void *data, size_t len)
{
    cr_assert_eq(file_write(path, 0600, data, len), 0);
}

BEAM_TEST(keystore, damaged_files_are_refused_and_left_alone)
{
    struct scene s = begin(KEYSTORE_OWN);
    struct hex file = hex(KEYSTORE_FILE);
    uint8_t key[SEAL_KEY_SIZE];
    struct seal how;
    put_file(s.path[STORE], file.bytes, file.len);
    cr_assert_eq(keystore_how(s.store, &how, &s.why), 0);
    cr_assert_eq(seal_key(&how, KEYSTORE_PASSPHRASE, strlen(KEYSTORE_PASSPHRASE), key), 0);
    cr_assert_eq(keystore_unlock(s.store, key, &s.why), 0, "%s", s.why.text);
    keystore_lock(s.store);
    static const struct {
        size_t len, at;
        uint8_t bit;
        int err;
        const char *words;
    } cases[] = {
        {0, 0, 0, BEAM_EINVAL, "not a whole key store"},
        {142, 0, 0, BEAM_EINVAL, "not a whole key store"},
        {140, 0, 0, BEAM_EINVAL, "not a whole key store"},
        {63, 0, 0, BEAM_EINVAL, "not a whole key store"},
        {SIZE_MAX, 0, 1, BEAM_EINVAL, "not a whole key store"},
        {SIZE_MAX, 8, 2, BEAM_EINVAL, "of a version that this beam does not know"},
        {SIZE_MAX, 12, 0x80, BEAM_EINVAL, "more memory or time than is granted"},
        {SIZE_MAX, 16, 0x80, BEAM_EINVAL, "more memory or time than is granted"},
        {SIZE_MAX, 40, 1, BEAM_EAUTH, "wrong passphrase, or the file is damaged"},
        {SIZE_MAX, 100, 1, BEAM_EAUTH, "wrong passphrase, or the file is damaged"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hex bad = file;
        char *left = NULL;
        size_t len = cases[i].len < bad.len ? cases[i].len : bad.len, left_len = 0;
        bad.bytes[cases[i].at] ^= cases[i].bit;
        put_file(s.path[STORE], bad.bytes, len);
        cr_assert_eq(keystore_unlock(s.store, key, &s.why), cases[i].err, "case %zu", i);
        cr_assert_not_null(strstr(s.why.text, cases[i].words), "case %zu: %s", i, s.why.text);
        cr_assert_eq(file_read(s.path[STORE], 4096, &left, &left_len), 0);
        bool kept = left_len == len && memcmp(left, bad.bytes, len) == 0;
        free(left);
        cr_assert(kept, "case %zu", i);
    }
    end(&s);
}

BEAM_TEST(keystore, a_backup_mends_one_whose_key_is_cut)
{
    enum { KEY_FILE = 16 + SEAL_KEY_SIZE };
    struct scene s = begin(KEYSTORE_OWN);
    const struct seal seal = passphrase();
    struct id first = node_of(s.store);
    cr_assert_eq(keystore_export(s.store, s.path[BACKUP], &seal, secret, &s.why), 0);
    keystore_lock(s.store);
    for (off_t len = KEY_FILE - 1; len >= 0; len--) {
        struct stat st = {.st_size = -1};
        cr_assert_eq(truncate(s.path[KEY], len), 0);
        cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EINVAL, "cut at %d", (int)len);
        cr_assert_not_null(strstr(s.why.text, "put a backup back"), "%s", s.why.text);
        cr_assert(stat(s.path[KEY], &st) == 0 && st.st_size == len, "it is left alone");
    }
    cr_assert_eq(keystore_import(s.store, s.path[BACKUP], secret, true, NULL, NULL, &s.why), 0,
                 "%s", s.why.text);
    keystore_lock(s.store);
    cr_assert(same(node_of(s.store), first));
    end(&s);
}

BEAM_TEST(keystore, loose_files_and_links_are_refused)
{
    struct scene s = begin(KEYSTORE_OWN);
    (void)node_of(s.store);
    keystore_lock(s.store);
    cr_assert_eq(chmod(s.path[STORE], 0640), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EPERM);
    cr_assert_not_null(strstr(s.why.text, "chmod 600"), "%s", s.why.text);
    cr_assert_eq(chmod(s.path[STORE], 0600), 0);
    cr_assert_eq(chmod(s.path[KEY], 0604), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EPERM);
    cr_assert_not_null(strstr(s.why.text, "keystore.key"), "%s", s.why.text);
    cr_assert_eq(chmod(s.path[KEY], 0600), 0);
    (void)node_of(s.store);
    cr_assert_eq(chmod(s.path[KEY], 0644), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EPERM, "though it is open");
    cr_assert_eq(keystore_state(s.store), KEYSTORE_OPEN);
    cr_assert_eq(chmod(s.path[KEY], 0600), 0);
    (void)node_of(s.store);
    keystore_lock(s.store);
    cr_assert_eq(rename(s.path[STORE], s.path[BACKUP]), 0);
    cr_assert_eq(symlink(s.path[BACKUP], s.path[STORE]), 0);
    cr_assert_eq(keystore_open(s.store, &s.why), BEAM_EPERM);
    end(&s);
}

/* Writes that fail part of the way, as on a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit lim;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &lim), 0);
    lim.rlim_cur = bytes < lim.rlim_max ? bytes : lim.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &lim), 0);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    cr_assert_eq(sigaction(SIGXFSZ, &ignore, NULL), 0);
}

BEAM_TEST(keystore, a_full_disk_loses_nothing)
{
    struct scene s = begin(KEYSTORE_OWN);
    struct seal seal = passphrase();
    struct id first = node_of(s.store);
    cr_assert_eq(put(&s, DERIVE_ONION, "a", "kept"), 0);
    limit_files(20);
    int added = put(&s, DERIVE_ONION, "b", "lost");
    int reseal = keystore_reseal(s.store, &seal, secret, &s.why);
    int export = keystore_export(s.store, s.path[BACKUP], &seal, secret, &s.why);
    limit_files(RLIM_INFINITY);
    cr_assert_eq(added, BEAM_EIO);
    cr_assert_eq(reseal, BEAM_EIO);
    cr_assert_eq(export, BEAM_EIO);
    cr_assert_not_null(strstr(s.why.text, "nothing was changed"), "%s", s.why.text);
    cr_assert(!there(s.path[BACKUP]), "half a backup is none");
    cr_assert_eq(keystore_entries(s.store), 1, "in memory as on disk");
    cr_assert(there(s.path[KEY]));
    cr_assert_eq(folder_count(&s.folder), 3, "store, key, lock, and nothing half there");
    keystore_lock(s.store);
    cr_assert(same(node_of(s.store), first));
    cr_assert_eq(keystore_entries(s.store), 1);
    end(&s);
}

BEAM_TEST(keystore, a_full_disk_at_the_first_use_leaves_no_store)
{
    struct scene s = begin(KEYSTORE_OWN);
    limit_files(60); /* the key fits, the store does not */
    int err = keystore_open(s.store, &s.why);
    limit_files(RLIM_INFINITY);
    cr_assert_eq(err, BEAM_EIO);
    cr_assert(!there(s.path[STORE]));
    struct id first = node_of(s.store);
    keystore_lock(s.store);
    cr_assert(same(node_of(s.store), first), "and the next use makes a whole one");
    end(&s);
}

BEAM_TEST(keystore, states_have_names)
{
    cr_assert_str_eq(keystore_state_name(KEYSTORE_NONE), "none");
    cr_assert_str_eq(keystore_state_name(KEYSTORE_LOCKED), "locked");
    cr_assert_str_eq(keystore_state_name(KEYSTORE_OPEN), "open");
    cr_assert_str_eq(keystore_state_name(KEYSTORE_SHUT), "shut");
}
