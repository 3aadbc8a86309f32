/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/keyring.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/unit/seed.h"
#include "tests/vectors/keystore.h"

static struct keyring *fresh(void)
{
    struct keyring *k = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(keyring_new(rng_system(), &k), 0);
    return k;
}

/* With one more; the one before is gone. */
static struct keyring *with(struct keyring *k, enum derive_purpose purpose, const char *context,
                            const char *secret)
{
    struct keyring *more = NULL;
    int err = keyring_with(k, purpose, context, strlen(context), secret, strlen(secret), &more);
    keyring_free(k);
    cr_assert_eq(err, 0);
    return more;
}

static bool has(const struct keyring *k, enum derive_purpose purpose, const char *context,
                const char *secret)
{
    size_t len = 0;
    const uint8_t *found = keyring_find(k, purpose, context, strlen(context), &len);
    return found && len == strlen(secret) && memcmp(found, secret, len) == 0;
}

BEAM_TEST(keyring, keeps_what_it_is_given)
{
    struct keyring *k = fresh(), *again = NULL;
    size_t len;
    k = with(k, DERIVE_ONION, "b", "two");
    k = with(k, DERIVE_ONION, "a", "one");
    k = with(k, DERIVE_NODE, "b", "node");
    k = with(k, DERIVE_ONION, "ab", "between");
    k = with(k, DERIVE_LABEL, "", "no context");
    const uint8_t *bytes = keyring_bytes(k, &len);
    int err = keyring_decode(bytes, len, &again);
    size_t count = keyring_count(k);
    bool all = has(k, DERIVE_ONION, "a", "one") && has(k, DERIVE_ONION, "b", "two") &&
               has(k, DERIVE_NODE, "b", "node") && has(k, DERIVE_ONION, "ab", "between") &&
               has(k, DERIVE_LABEL, "", "no context");
    bool none =
        keyring_find(k, DERIVE_NODE, "a", 1, &len) || keyring_find(k, DERIVE_CA, "", 0, &len);
    bool same = err == 0 && keyring_count(again) == count && has(again, DERIVE_ONION, "b", "two") &&
                memcmp(keyring_master(k), keyring_master(again), DERIVE_SEED_SIZE) == 0;
    keyring_free(again);
    keyring_free(k);
    cr_assert_eq(err, 0);
    cr_assert_eq(count, 5);
    cr_assert(all);
    cr_assert(!none);
    cr_assert(same);
}

BEAM_TEST(keyring, two_have_two_seeds)
{
    struct keyring *a = fresh(), *b = NULL;
    int err = keyring_new(rng_system(), &b);
    bool differ = err == 0 && memcmp(keyring_master(a), keyring_master(b), DERIVE_SEED_SIZE) != 0;
    keyring_free(b);
    keyring_free(a);
    cr_assert_eq(err, 0);
    cr_assert(differ);
}

BEAM_TEST(keyring, as_the_document_has_it)
{
    struct hex plain = hex(KEYSTORE_PLAIN);
    struct keyring *k = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(keyring_decode(plain.bytes, plain.len, &k), 0);
    bool found = has(k, DERIVE_LABEL, "127.0.0.1:3000", "swift-beam-456");
    bool seed = memcmp(keyring_master(k), plain.bytes, DERIVE_SEED_SIZE) == 0;
    keyring_free(k);
    cr_assert(found);
    cr_assert(seed);
}

static int decode(const char *entries)
{
    struct hex h = hex(entries);
    uint8_t data[DERIVE_SEED_SIZE + 256] = {0};
    struct keyring *k = NULL;
    memcpy(data + DERIVE_SEED_SIZE, h.bytes, h.len);
    int err = keyring_decode(data, DERIVE_SEED_SIZE + h.len, &k);
    keyring_free(k);
    return err;
}

BEAM_TEST(keyring, takes_one_form_only)
{
    uint8_t seed[DERIVE_SEED_SIZE] = {0};
    struct keyring *k = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(decode(""), 0);
    cr_assert_eq(decode("01016101ff"), 0);
    cr_assert_eq(decode("01016101ff01016201ff"), 0);
    cr_assert_eq(decode("01016101ff0101610101"), BEAM_EINVAL, "twice");
    cr_assert_eq(decode("01016201ff01016101ff"), BEAM_EINVAL, "not in order");
    cr_assert_eq(decode("0102616101ff01016101ff"), BEAM_EINVAL, "the longer first");
    cr_assert_eq(decode("02016101ff01016101ff"), BEAM_EINVAL, "purposes not in order");
    cr_assert_eq(decode("00016101ff"), BEAM_EINVAL, "no such purpose");
    cr_assert_eq(decode("08016101ff"), BEAM_EINVAL, "no such purpose");
    cr_assert_eq(decode("01016100"), BEAM_EINVAL, "no secret");
    cr_assert_eq(decode("01"), BEAM_EINVAL);
    cr_assert_eq(decode("0101"), BEAM_EINVAL);
    cr_assert_eq(decode("010161"), BEAM_EINVAL);
    cr_assert_eq(decode("01016101"), BEAM_EINVAL);
    cr_assert_eq(decode("01016101ff00"), BEAM_EINVAL);
    cr_assert_eq(keyring_decode(seed, sizeof(seed) - 1, &k), BEAM_EINVAL);
    cr_assert_eq(keyring_decode(seed, 0, &k), BEAM_EINVAL);
    cr_assert_null(k);
}

BEAM_TEST(keyring, refuses_what_does_not_fit)
{
    static const char much[KEYRING_SECRET_MAX + 1];
    struct keyring *k = with(fresh(), DERIVE_CA, "", "ca"), *none = NULL;
    int again = keyring_with(k, DERIVE_CA, "", 0, "other", 5, &none);
    int empty = keyring_with(k, DERIVE_CA, "a", 1, "", 0, &none);
    int secret = keyring_with(k, DERIVE_CA, "a", 1, much, sizeof(much), &none);
    int context = keyring_with(k, DERIVE_CA, much, sizeof(much), "a", 1, &none);
    int purpose = keyring_with(k, (enum derive_purpose)9, "a", 1, "a", 1, &none);
    bool kept = has(k, DERIVE_CA, "", "ca") && keyring_count(k) == 1;
    keyring_free(k);
    cr_assert_eq(again, BEAM_EEXIST);
    cr_assert_eq(empty, BEAM_ELIMIT);
    cr_assert_eq(secret, BEAM_ELIMIT);
    cr_assert_eq(context, BEAM_ELIMIT);
    cr_assert_eq(purpose, BEAM_EINVAL);
    cr_assert_null(none);
    cr_assert(kept);
}

/* Up to KEYRING_MAX and not a byte beyond. */
BEAM_TEST(keyring, is_bounded)
{
    static const uint8_t secret[KEYRING_SECRET_MAX] = {1};
    static uint8_t large[KEYRING_MAX + 1];
    struct keyring *k = fresh(), *more = NULL;
    size_t len = 0;
    int err = 0;
    for (uint32_t i = 0; err == 0; i++) {
        err = keyring_with(k, DERIVE_ONION, &i, sizeof(i), secret, sizeof(secret), &more);
        if (err == 0) {
            keyring_free(k);
            k = more;
        }
    }
    (void)keyring_bytes(k, &len);
    keyring_free(k);
    cr_assert_eq(err, BEAM_ELIMIT);
    cr_assert_leq(len, KEYRING_MAX);
    cr_assert_gt(len + 3 + sizeof(uint32_t) + sizeof(secret), KEYRING_MAX);
    cr_assert_eq(keyring_decode(large, sizeof(large), &more), BEAM_ELIMIT);
}

/* In whatever order they come, the ring is the same. */
BEAM_TEST(keyring, order_does_not_matter)
{
    static const char *const contexts[] = {"", "a", "aa", "ab", "b", "\x7f", "\xff", "zz"};
    enum { N = sizeof(contexts) / sizeof(contexts[0]) };
    struct seed seed = seed_start("keyring");
    static uint8_t master[DERIVE_SEED_SIZE];
    uint8_t first[512];
    size_t first_len = 0;
    cr_assert_geq(sodium_init(), 0);
    for (int round = 0; round < 20; round++) {
        size_t order[N], len;
        for (size_t i = 0; i < N; i++) {
            size_t j = seed_below(&seed, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        struct keyring *k = NULL;
        cr_assert_eq(keyring_decode(master, sizeof(master), &k), 0);
        for (size_t i = 0; i < N; i++)
            k = with(k, DERIVE_PERSONA, contexts[order[i]], "secret");
        const uint8_t *bytes = keyring_bytes(k, &len);
        if (round == 0)
            memcpy(first, bytes, first_len = len);
        bool same = len == first_len && memcmp(bytes, first, len) == 0;
        keyring_free(k);
        cr_assert(same);
    }
}
