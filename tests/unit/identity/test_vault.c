/* SPDX-License-Identifier: BSD-3-Clause */
/* The files by themselves; what they mean together is in test_keystore.c. */
#include "identity/vault.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/tunnel/folder.h"

struct scene {
    struct folder folder;
    struct vault vault;
    struct beam_why why;
};

static struct scene begin(void)
{
    struct scene s = {.folder = folder_make()};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(vault_init(&s.vault, s.folder.path), 0);
    return s;
}

static void end(struct scene *s)
{
    vault_clear(&s->vault);
    folder_remove(&s->folder);
}

BEAM_TEST(vault, its_key_is_made_once)
{
    struct scene s = begin();
    uint8_t *first = NULL, *again = NULL;
    struct stat st;
    cr_assert_eq(vault_key_read(&s.vault, &first, &s.why), BEAM_ENOTFOUND);
    cr_assert_eq(vault_key_make(&s.vault, rng_system(), &first, &s.why), 0, "%s", s.why.text);
    int err = vault_key_make(&s.vault, rng_system(), &again, &s.why);
    bool same = err == 0 && memcmp(first, again, SEAL_KEY_SIZE) == 0;
    sodium_free(first);
    sodium_free(again);
    cr_assert(same, "one that is there opens a store somewhere");
    cr_assert_eq(stat(s.vault.key, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    cr_assert_eq(st.st_size, 48);
    cr_assert_eq(vault_key_drop(&s.vault, &s.why), 0);
    cr_assert_eq(vault_key_drop(&s.vault, &s.why), 0);
    cr_assert_eq(vault_key_read(&s.vault, &first, &s.why), BEAM_ENOTFOUND);
    end(&s);
}

BEAM_TEST(vault, a_spoilt_key_opens_nothing_and_makes_room_for_another)
{
    struct scene s = begin();
    uint8_t *key = NULL, *again = NULL;
    struct stat st;
    static const char *const spoilt[] = {"", "BEAMSEAL\x01",
                                         "BEAMSEAL\x02.......the key of this store, 32 bytes"};
    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
        cr_assert_eq(file_write(s.vault.key, 0600, spoilt[i], strlen(spoilt[i])), 0);
        cr_assert_eq(vault_key_read(&s.vault, &key, &s.why), BEAM_EINVAL);
        cr_assert_eq(stat(s.vault.key, &st), 0);
        cr_assert_eq((size_t)st.st_size, strlen(spoilt[i]), "left alone");
        cr_assert_eq(vault_key_make(&s.vault, rng_system(), &key, &s.why), 0, "%s", s.why.text);
        cr_assert_eq(vault_key_read(&s.vault, &again, &s.why), 0, "%s", s.why.text);
        cr_assert(memcmp(key, again, SEAL_KEY_SIZE) == 0);
        sodium_free(key);
        sodium_free(again);
        key = again = NULL;
    }
    end(&s);
}

BEAM_TEST(vault, a_file_that_is_too_large_is_not_read)
{
    struct scene s = begin();
    struct vault_file f;
    cr_assert_eq(file_write(s.vault.store, 0600, "", 0), 0);
    cr_assert_eq(truncate(s.vault.store, KEYRING_MAX + SEAL_OVERHEAD + 1), 0);
    cr_assert_eq(vault_read(s.vault.store, false, &f, &s.why), BEAM_EINVAL);
    cr_assert_eq(vault_read(s.vault.store, true, &f, &s.why), BEAM_EINVAL);
    cr_assert_not_null(strstr(s.why.text, "too large"), "%s", s.why.text);
    end(&s);
}

BEAM_TEST(vault, only_where_nothing_is)
{
    struct scene s = begin();
    static const uint8_t key[SEAL_KEY_SIZE] = {1};
    struct keyring *ring = NULL;
    struct seal seal;
    seal_init_key(&seal);
    cr_assert_eq(keyring_new(rng_system(), &ring), 0);
    int first = vault_seal(s.vault.store, true, &seal, key, ring, rng_system(), &s.why);
    int again = vault_seal(s.vault.store, true, &seal, key, ring, rng_system(), &s.why);
    int over = vault_seal(s.vault.store, false, &seal, key, ring, rng_system(), NULL);
    keyring_free(ring);
    cr_assert_eq(first, 0);
    cr_assert_eq(again, BEAM_EEXIST);
    cr_assert_not_null(strstr(s.why.text, "left as it is"), "%s", s.why.text);
    cr_assert_eq(over, 0);
    end(&s);
}

BEAM_TEST(vault, the_lock_is_one_s)
{
    struct scene s = begin();
    int fd = vault_lock(&s.vault, &s.why);
    cr_assert_geq(fd, 0, "%s", s.why.text);
    cr_assert_eq(vault_lock(&s.vault, &s.why), BEAM_EEXIST);
    close(fd);
    end(&s);
}
