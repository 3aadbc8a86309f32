/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/names.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"
#include "tests/unit/tunnel/keys.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

BEAM_TEST(names, a_target_keeps_its_name)
{
    struct keys s = keys_begin();
    char first[NAMES_SIZE], other[NAMES_SIZE], again[NAMES_SIZE];
    cr_assert_eq(names_for(s.keys, "127.0.0.1:3000", first, &s.why), 0, "%s", s.why.text);
    cr_assert_eq(names_for(s.keys, "unix:/run/\"a\".sock", other, &s.why), 0);
    keystore_lock(s.keys);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:3000", again, &s.why), 0);
    cr_assert_str_eq(first, again);
    cr_assert_str_neq(first, other);
    cr_assert(text_label_valid(first) && text_label_valid(other));
    keys_end(&s);
}

/* A store whose key is known, so that what is derived from it can be compared. */
BEAM_TEST(names, as_the_document_has_it)
{
    struct keys s = keys_begin();
    static const uint8_t store_key[SEAL_KEY_SIZE] = {1};
    uint8_t plain[DERIVE_SEED_SIZE], file[sizeof(plain) + SEAL_OVERHEAD];
    struct seal seal;
    char *path = file_join(s.folder.path, "keystore"), name[NAMES_SIZE] = "";
    cr_assert_not_null(path);
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)i;
    seal_init_passphrase(&seal, rng_system());
    cr_assert_eq(
        seal_close(&seal, store_key, rng_system(), plain, sizeof(plain), file, sizeof(file)), 0);
    int err = file_write(path, 0600, file, sizeof(file));
    free(path);
    cr_assert_eq(err, 0);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:3000", name, &s.why), BEAM_EAUTH, "it is locked");
    cr_assert_eq(keystore_unlock(s.keys, store_key, &s.why), 0);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:3000", name, &s.why), 0);
    cr_assert_str_eq(name, "happy-summit-400");
    keys_end(&s);
}

BEAM_TEST(names, one_that_was_brought_in_comes_first)
{
    struct keys s = keys_begin();
    char name[NAMES_SIZE] = "untouched";
    cr_assert_eq(keystore_add(s.keys, DERIVE_LABEL, "127.0.0.1:1", 11, "my-app", 6, &s.why), 0);
    cr_assert_eq(keystore_add(s.keys, DERIVE_LABEL, "127.0.0.1:2", 11, "My App", 6, &s.why), 0);
    cr_assert_eq(keystore_commit(s.keys, &s.why), 0);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:2", name, &s.why), BEAM_EINVAL, "it is no name");
    cr_assert_str_eq(name, "untouched");
    cr_assert_eq(names_for(s.keys, "127.0.0.1:1", name, &s.why), 0);
    cr_assert_str_eq(name, "my-app");
    keys_end(&s);
}

BEAM_TEST(names, a_folder_that_is_missing_is_an_error)
{
    struct keystore *keys = NULL;
    struct beam_why why = {0};
    char name[NAMES_SIZE];
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(keystore_new("/nonexistent/beam", KEYSTORE_OWN, rng_system(), &keys), 0);
    int err = names_for(keys, "127.0.0.1:1", name, &why);
    keystore_free(keys);
    cr_assert_lt(err, 0);
    cr_assert_not_null(strstr(why.text, "/nonexistent/beam"));
}

BEAM_TEST(names, every_random_name_is_a_label)
{
    struct seed seed = seed_start("names/every_random_name_is_a_label");
    struct rng rng = {fill, &seed};
    char name[NAMES_SIZE], last[NAMES_SIZE] = "";
    int same = 0;
    for (int i = 0; i < 5000; i++) {
        names_make(&rng, name);
        cr_assert(text_label_valid(name), "%s", name);
        size_t len = strlen(name);
        cr_assert_not_null(strchr(name, '-'));
        cr_assert(name[len - 4] == '-' && name[len - 3] >= '1', "%s", name);
        same += strcmp(name, last) == 0;
        memcpy(last, name, sizeof(last));
    }
    cr_expect_leq(same, 2, "there are millions: two in a row are the same once in a long while");
}

static void check_refuses(const char *name, const char *words)
{
    struct beam_why why = {0};
    cr_assert_eq(names_check(name, &why), BEAM_EINVAL, "%s", name);
    cr_assert_not_null(strstr(why.text, "1 to 63 of the characters a-z, 0-9 and -"));
    cr_assert_not_null(strstr(why.text, words), "%s", why.text);
    cr_assert_eq(names_check(name, NULL), BEAM_EINVAL);
}

BEAM_TEST(names, check_says_what_a_name_may_be)
{
    char long_name[301];
    memset(long_name, 'a', 300);
    long_name[300] = '\0';
    check_refuses("", "name \"\":");
    check_refuses("MyApp", "name MyApp:");
    check_refuses("my.app", "name my.app:");
    check_refuses("my app", "name my app:");
    check_refuses("-app", "name -app:");
    check_refuses("app-", "name app-:");
    check_refuses("\xf0\x9f\x90\x8c", "name \xf0\x9f\x90\x8c:");
    check_refuses("a\x1b[2J", "name a\\x1b[2J:");
    check_refuses(long_name, "aaa...:");
    long_name[64] = '\0';
    check_refuses(long_name, "aaa:");
    long_name[63] = '\0';
    cr_assert_eq(names_check(long_name, NULL), 0);
    cr_assert_eq(names_check("a", NULL), 0);
    cr_assert_eq(names_check("swift-beam-456", NULL), 0);
    cr_assert_eq(names_check("0", NULL), 0);
}
