/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/derive.h"

#include <sodium.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"

static const char master[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static void check(enum derive_purpose purpose, const void *context, size_t len, const char *want)
{
    struct hex seed = hex(master), expected = hex(want);
    uint8_t out[DERIVE_SEED_SIZE];
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(derive_seed(seed.bytes, purpose, context, len, out), 0);
    cr_assert_eq(memcmp(out, expected.bytes, sizeof(out)), 0, "%s", want);
}

/* Worked out with Python: hashlib.blake2b(b"beam-keystore 1\0node\0" + context, key=master,
 * digest_size=32). */
BEAM_TEST(derive, as_the_document_has_it)
{
    static const uint8_t zeros[16];
    check(DERIVE_NODE, "", 0, "f8bf547c4200106251618c1030d274a458d1d94392340bbf5d3582ef043bea15");
    check(DERIVE_NODE, NULL, 0, "f8bf547c4200106251618c1030d274a458d1d94392340bbf5d3582ef043bea15");
    check(DERIVE_PERSONA, "abc", 3,
          "cac1f3173aa7f987798297cf827e7f51cb91a892df28ae4be465918d42b72c45");
    check(DERIVE_ONION, zeros, sizeof(zeros),
          "62df97f375e75f5ca7abe3b980a6b819206efffa840f1fa60ae55791a8e868c8");
}

BEAM_TEST(derive, no_two_purposes_and_contexts_share_one)
{
    static const struct {
        enum derive_purpose purpose;
        const char *context;
        size_t len;
    } inputs[] = {{DERIVE_NODE, "", 0},   {DERIVE_PERSONA, "", 0}, {DERIVE_NAME, "", 0},
                  {DERIVE_ONION, "", 0},  {DERIVE_CA, "", 0},      {DERIVE_LABEL, "", 0},
                  {DERIVE_NODE, "a", 1},  {DERIVE_NODE, "a\0", 2}, {DERIVE_NODE, "b", 1},
                  {DERIVE_ONION, "a", 1}, {DERIVE_NODE, "\0a", 2}};
    enum { N = sizeof(inputs) / sizeof(inputs[0]) };
    struct hex seed = hex(master);
    uint8_t out[N][DERIVE_SEED_SIZE];
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(
            derive_seed(seed.bytes, inputs[i].purpose, inputs[i].context, inputs[i].len, out[i]),
            0);
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(memcmp(out[i], out[j], DERIVE_SEED_SIZE), 0, "%zu and %zu", i, j);
    }
}

BEAM_TEST(derive, refuses_what_is_no_purpose_and_too_long_a_context)
{
    static const uint8_t context[DERIVE_CONTEXT_MAX + 1];
    struct hex seed = hex(master);
    uint8_t out[DERIVE_SEED_SIZE] = {7}, before[DERIVE_SEED_SIZE] = {7};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_null(derive_purpose_name((enum derive_purpose)0));
    cr_assert_eq(derive_seed(seed.bytes, (enum derive_purpose)0, NULL, 0, out), BEAM_EINVAL);
    cr_assert_eq(derive_seed(seed.bytes, (enum derive_purpose)8, NULL, 0, out), BEAM_EINVAL);
    cr_assert_eq(derive_seed(seed.bytes, DERIVE_CA, context, sizeof(context), out), BEAM_ELIMIT);
    cr_assert_eq(memcmp(out, before, sizeof(out)), 0);
    cr_assert_eq(derive_seed(seed.bytes, DERIVE_CA, context, DERIVE_CONTEXT_MAX, out), 0);
    cr_assert_str_eq(derive_purpose_name(DERIVE_CA), "ca");
    cr_assert_str_eq(derive_purpose_name(DERIVE_NAME), "name");
}
