/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onion_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

/*
 * RFC 8032 section 7.1, TEST 1: this seed makes the public key d75a98…511a, whose v3 address
 * tor's own tests have (src/test/test_hs_common.c and hs_build_address.py).
 */
static const char seed_hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char seed_address[] = "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid";

static void fill_seed(void *arg, void *out, size_t len)
{
    const char *hex = arg;
    size_t got = 0;
    cr_assert_eq(len, 32);
    cr_assert_eq(sodium_hex2bin(out, len, hex, strlen(hex), NULL, &got, NULL), 0);
}

static struct onion_key *known_key(void)
{
    const struct rng rng = {.fill = fill_seed, .arg = (void *)(uintptr_t)seed_hex};
    struct onion_key *key = NULL;
    cr_assert_eq(onion_key_new(&rng, &key), 0);
    return key;
}

BEAM_TEST(onion_key, address_of_a_published_key)
{
    kit_init();
    struct onion_key *key = known_key();
    cr_assert_str_eq(onion_key_address(key), seed_address);
    onion_key_free(key);
}

BEAM_TEST(onion_key, fresh_ones_differ)
{
    kit_init();
    struct onion_key *a = NULL, *b = NULL;
    cr_assert_eq(onion_key_new(rng_system(), &a), 0);
    cr_assert_eq(onion_key_new(rng_system(), &b), 0);
    cr_assert_str_neq(onion_key_address(a), onion_key_address(b));
    cr_assert_eq(onion_address_check(onion_key_address(a)), 0);
    onion_key_free(a);
    onion_key_free(b);
}

BEAM_TEST(onion_key, blob_is_the_expanded_secret)
{
    /* SHA-512 of the seed, clamped, in base64: worked out by Python's hashlib. */
    static const char want[] =
        "ED25519-V3:MHyDhk8oM8tCei7xwAoBPP3/J2jZgMCjpSDwBpBN6U+bTwr+KAt0aneGhOdUQlAgV7dHOgPwj5b1"
        "o46Sh+Afjw==";
    kit_init();
    struct onion_key *key = known_key();
    char *blob = onion_key_blob(key);
    cr_assert_not_null(blob);
    cr_assert_str_eq(blob, want);
    sodium_free(blob);
    onion_key_free(key);
}

/* The example of docs/protocol/onion-key.md. */
static const char documented[] =
    "beam-onion-key 1 25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid\n"
    "MHyDhk8oM8tCei7xwAoBPP3/J2jZgMCjpSDwBpBN6U+bTwr+KAt0aneGhOdUQlAg"
    "V7dHOgPwj5b1o46Sh+Afjw==\n";

static bool same_secret(const struct onion_key *a, const struct onion_key *b)
{
    return memcmp(onion_key_secret(a), onion_key_secret(b), ONION_SECRET_SIZE) == 0;
}

BEAM_TEST(onion_key, the_documented_file_is_loaded)
{
    struct beam_why why;
    struct onion_key *again = NULL;
    kit_init();
    char *dir = kit_dir(), *path = file_join(dir, "onion.key");
    cr_assert_not_null(path);
    struct onion_key *key = known_key();
    cr_assert_eq(file_write(path, 0600, documented, strlen(documented)), 0);
    cr_assert_eq(onion_key_load(path, &again, &why), 0, "%s", why.text);
    cr_assert_str_eq(onion_key_address(again), seed_address);
    bool same = same_secret(key, again);
    onion_key_free(key);
    onion_key_free(again);
    free(path);
    kit_remove(dir);
    cr_assert(same);
}

BEAM_TEST(onion_key, comes_back_from_its_secret)
{
    kit_init();
    struct onion_key *key = known_key(), *again = NULL, *none = NULL;
    uint8_t secret[ONION_SECRET_SIZE];
    memcpy(secret, onion_key_secret(key), sizeof(secret));
    int err = onion_key_from_secret(secret, &again);
    bool same = err == 0 && same_secret(key, again) &&
                strcmp(onion_key_address(key), onion_key_address(again)) == 0;
    secret[0] |= 1;
    int first = onion_key_from_secret(secret, &none);
    secret[0] &= 0xf8;
    secret[31] |= 0x80;
    int last = onion_key_from_secret(secret, &none);
    onion_key_free(key);
    onion_key_free(again);
    cr_assert_eq(err, 0);
    cr_assert(same);
    cr_assert_eq(first, BEAM_EINVAL);
    cr_assert_eq(last, BEAM_EINVAL);
    cr_assert_null(none);
}

/* Writes `text` to a key file of `mode`; what loading it gives. */
static int load_of(const char *text, size_t len, mode_t mode, struct beam_why *why)
{
    struct onion_key *key = NULL;
    char *dir = kit_dir(), *path = file_join(dir, "k");
    cr_assert_not_null(path);
    cr_assert_eq(file_write(path, mode, text, len), 0);
    int err = onion_key_load(path, &key, why);
    onion_key_free(key);
    free(path);
    kit_remove(dir);
    return err;
}

BEAM_TEST(onion_key, files_that_are_not_one)
{
    struct beam_why why = {.text = ""};
    struct onion_key *none = NULL;
    char text[sizeof(documented)];
    size_t len = strlen(documented);
    kit_init();
    memcpy(text, documented, sizeof(text));
    char *dir = kit_dir(), *path = file_join(dir, "k");
    cr_assert_not_null(path);
    cr_assert_eq(onion_key_load(path, &none, &why), BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(why.text, path));

    cr_assert_eq(load_of(text, len, 0600, &why), 0);
    cr_assert_eq(load_of(text, len, 0640, &why), BEAM_EPERM);
    cr_assert_not_null(strstr(why.text, "chmod 600"));
    cr_assert_eq(load_of("", 0, 0600, &why), BEAM_EINVAL);
    cr_assert_eq(load_of(text, len - 1, 0600, &why), BEAM_EINVAL);
    char longer[512];
    cr_assert_lt(len, sizeof(longer) - 1);
    memcpy(longer, text, len);
    longer[len] = '\n';
    cr_assert_eq(load_of(longer, len + 1, 0600, &why), BEAM_EINVAL);
    /* A byte changed before the secret's second half, on which no address depends: it is no
     * key, or not the key of its address. */
    for (size_t i = 0; i < len - 46; i++) {
        char was = text[i];
        text[i] = was == 'b' ? 'c' : 'b';
        cr_assert_eq(load_of(text, len, 0600, &why), BEAM_EINVAL, "byte %zu", i);
        text[i] = was;
    }
    free(path);
    kit_remove(dir);
}

BEAM_TEST(onion_key, addresses)
{
    /* The examples of rend-spec-v3 section 6, and that of tor's src/test/test_hs_common.c. */
    static const char *const right[] = {
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd",
        "sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd.onion",
        "xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd.ONION",
        "25NJQAMCWEFLPVKL73J4SZAHHIHOC4XT3KTCGJNPAINGR5YHKENL5SID",
    };
    static const char *const wrong[] = {
        "",
        "a",
        ".onion",
        /* Of test_hs_common.c: too long, wrong checksums, no base32. */
        "p3xnclpu4mu22dwaurjtsybyqk4xfjmcfz6z62yl24uwmhjatiwnlnadb",
        "l5satjgud6gucryazcyvyvhuxhr74u6ygigiuyixe3a6ysis67ororad",
        "btojiu7nu5y5iwut64eufevogqdw4wmqzugnoluw232r4t3ecsfv37ad",
        "????????????????????????????????????????????????????????",
        /* One character of the first example changed: key, version; and about it. */
        "qg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrye",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion.",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.example",
        "www.pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
    };
    kit_init();
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        cr_assert_eq(onion_address_check(right[i]), 0, "%s", right[i]);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_eq(onion_address_check(wrong[i]), BEAM_EINVAL, "%s", wrong[i]);
}
