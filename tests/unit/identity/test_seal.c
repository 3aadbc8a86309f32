/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/seal.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/keystore.h"

static const uint8_t key[SEAL_KEY_SIZE] = "the key of these tests, 32 bytes";
static const char text[] = "what is sealed";

enum { SEALED = sizeof(text) + SEAL_OVERHEAD };

/* Bytes that count up, so that a file comes out the same each time. */
static void count_up(void *arg, void *out, size_t len)
{
    (void)arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)i;
}

static const struct rng counting = {.fill = count_up};

static struct seal cheap(void)
{
    struct seal s;
    seal_init_passphrase(&s, &counting);
    s.passes = 1;
    s.memory = SEAL_MEMORY_MIN;
    return s;
}

static void sealed(const struct seal *s, uint8_t out[SEALED])
{
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(seal_close(s, key, &counting, text, sizeof(text), out, SEALED), 0);
}

BEAM_TEST(seal, what_is_sealed_can_be_opened)
{
    struct seal s, read = {0};
    uint8_t file[SEALED];
    char out[sizeof(text)] = "";
    seal_init_key(&s);
    sealed(&s, file);
    cr_assert_eq(seal_read(file, sizeof(file), &read), 0);
    cr_assert_eq(read.by, SEAL_BY_KEY);
    cr_assert_eq(seal_open(file, sizeof(file), key, out, sizeof(out)), 0);
    cr_assert_str_eq(out, text);
    cr_assert_eq(seal_close(&s, key, &counting, text, sizeof(text), file, SEALED - 1), BEAM_ELIMIT);
    cr_assert_eq(seal_open(file, sizeof(file), key, out, sizeof(out) - 1), BEAM_ELIMIT);
}

BEAM_TEST(seal, a_passphrase_makes_its_key)
{
    struct seal s = cheap(), read = {0};
    uint8_t file[SEALED], one[SEAL_KEY_SIZE], again[SEAL_KEY_SIZE], other[SEAL_KEY_SIZE];
    sealed(&s, file);
    cr_assert_eq(seal_read(file, sizeof(file), &read), 0);
    cr_assert_eq(read.by, SEAL_BY_PASSPHRASE);
    cr_assert_eq(read.passes, 1);
    cr_assert_eq(read.memory, SEAL_MEMORY_MIN);
    cr_assert_eq(memcmp(read.salt, s.salt, sizeof(s.salt)), 0);
    cr_assert_eq(seal_key(&s, "open", 4, one), 0);
    cr_assert_eq(seal_key(&read, "open", 4, again), 0);
    cr_assert_eq(seal_key(&read, "Open", 4, other), 0);
    cr_assert_eq(memcmp(one, again, sizeof(one)), 0);
    cr_assert_neq(memcmp(one, other, sizeof(one)), 0);
    read.salt[0] ^= 1;
    cr_assert_eq(seal_key(&read, "open", 4, other), 0);
    cr_assert_neq(memcmp(one, other, sizeof(one)), 0);
}

/* Worked out with another implementation: Argon2id of OpenSSL, HChaCha20 as the draft
 * draft-irtf-cfrg-xchacha-03 has it, ChaCha20-Poly1305 of OpenSSL. */
BEAM_TEST(seal, as_the_document_has_it)
{
    struct hex file = hex(KEYSTORE_FILE), plain = hex(KEYSTORE_PLAIN);
    struct hex first = hex("3bfa796a86260b73457e1290b51695931a17e266f601d0fb45563e282fb6865b"),
               second = hex("2cdfc6b7d9c2f719e4f1ec7697c38e6ad4b023e6d446602ac3d0dcb2571ca5fa");
    struct seal s;
    uint8_t made[SEAL_KEY_SIZE], out[256];
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(seal_read(file.bytes, file.len, &s), 0);
    cr_assert_eq(seal_key(&s, KEYSTORE_PASSPHRASE, strlen(KEYSTORE_PASSPHRASE), made), 0);
    cr_assert_eq(memcmp(made, first.bytes, sizeof(made)), 0);
    cr_assert_eq(seal_open(file.bytes, file.len, made, out, sizeof(out)), 0);
    cr_assert_eq(file.len - SEAL_OVERHEAD, plain.len);
    cr_assert_eq(memcmp(out, plain.bytes, plain.len), 0);
    cr_assert_eq(seal_close(&s, made, &counting, plain.bytes, plain.len, out, sizeof(out)), 0);
    cr_assert_eq(memcmp(out, file.bytes, file.len), 0, "and it is sealed alike");
    s.passes = 3;
    s.memory = 1024;
    cr_assert_eq(seal_key(&s, KEYSTORE_PASSPHRASE, strlen(KEYSTORE_PASSPHRASE), made), 0);
    cr_assert_eq(memcmp(made, second.bytes, sizeof(made)), 0);
}

BEAM_TEST(seal, refuses_to_make_a_key_of_what_it_cannot)
{
    struct seal s = cheap(), by_key;
    uint8_t out[SEAL_KEY_SIZE] = {7};
    static const char longest[SEAL_PASSPHRASE_MAX + 1];
    cr_assert_geq(sodium_init(), 0);
    seal_init_key(&by_key);
    cr_assert_eq(seal_key(&by_key, "open", 4, out), BEAM_ELIMIT);
    cr_assert_eq(seal_key(&s, longest, sizeof(longest), out), BEAM_ELIMIT);
    s.memory = SEAL_MEMORY_MAX + 1;
    cr_assert_eq(seal_key(&s, "open", 4, out), BEAM_ELIMIT);
    cr_assert_eq(out[0], 7);
    s.memory = SEAL_MEMORY_MIN;
    cr_assert_eq(seal_key(&s, longest, SEAL_PASSPHRASE_MAX, out), 0);
}

/* Every bit of the file counts. */
BEAM_TEST(seal, a_bit_that_flipped_is_found)
{
    struct seal s = cheap();
    uint8_t file[SEALED];
    char out[sizeof(text)];
    sealed(&s, file);
    for (size_t i = 0; i < 8 * sizeof(file); i++) {
        memset(out, 'x', sizeof(out));
        file[i / 8] = (uint8_t)(file[i / 8] ^ (1u << (i % 8)));
        int err = seal_open(file, sizeof(file), key, out, sizeof(out));
        cr_assert(err == BEAM_EAUTH || err == BEAM_EINVAL || err == BEAM_EPROTO ||
                      err == BEAM_ELIMIT,
                  "bit %zu: %d", i, err);
        cr_assert_neq(memcmp(out, text, sizeof(text)), 0);
        file[i / 8] = (uint8_t)(file[i / 8] ^ (1u << (i % 8)));
    }
    cr_assert_eq(seal_open(file, sizeof(file), key, out, sizeof(out)), 0);
}

BEAM_TEST(seal, a_file_that_is_short_or_long_is_found)
{
    struct seal s = cheap(), read;
    uint8_t file[SEALED + 1] = {0};
    char out[sizeof(text) + 1];
    sealed(&s, file);
    for (size_t len = 0; len <= sizeof(file); len++) {
        int err = len == SEALED ? 0 : BEAM_EINVAL;
        cr_assert_eq(seal_read(file, len, &read), err, "%zu bytes", len);
        cr_assert_eq(seal_open(file, len, key, out, sizeof(out)), err, "%zu bytes", len);
    }
}

BEAM_TEST(seal, a_wrong_key_opens_nothing)
{
    struct seal s = cheap();
    uint8_t file[SEALED], wrong[SEAL_KEY_SIZE], zeros[sizeof(text)] = {0};
    char out[sizeof(text)];
    sealed(&s, file);
    memcpy(wrong, key, sizeof(wrong));
    wrong[31] ^= 0x80;
    cr_assert_eq(seal_open(file, sizeof(file), wrong, out, sizeof(out)), BEAM_EAUTH);
    cr_assert_eq(memcmp(out, zeros, sizeof(out)), 0, "what did not open is not there");
}

/* Offsets as docs/protocol/keystore.md has them. */
enum { AT_VERSION = 8, AT_BY = 9, AT_ZERO = 10, AT_PASSES = 12, AT_MEMORY = 16, AT_SALT = 20 };

static int read_with(const uint8_t *file, size_t at, uint32_t value)
{
    uint8_t copy[SEALED];
    struct seal read;
    memcpy(copy, file, sizeof(copy));
    for (size_t i = 0; i < 4; i++)
        copy[at + i] = (uint8_t)(value >> (24 - 8 * i));
    return seal_read(copy, sizeof(copy), &read);
}

BEAM_TEST(seal, argon2_is_granted_so_much_and_no_more)
{
    struct seal s = cheap();
    uint8_t file[SEALED];
    sealed(&s, file);
    static const struct {
        size_t at;
        uint32_t value;
        int err;
    } cases[] = {{AT_PASSES, 0, BEAM_ELIMIT},
                 {AT_PASSES, SEAL_PASSES_MAX, 0},
                 {AT_PASSES, SEAL_PASSES_MAX + 1, BEAM_ELIMIT},
                 {AT_PASSES, UINT32_MAX, BEAM_ELIMIT},
                 {AT_MEMORY, 0, BEAM_ELIMIT},
                 {AT_MEMORY, SEAL_MEMORY_MIN - 1, BEAM_ELIMIT},
                 {AT_MEMORY, SEAL_MEMORY_MAX, 0},
                 {AT_MEMORY, SEAL_MEMORY_MAX + 1, BEAM_ELIMIT},
                 {AT_MEMORY, UINT32_MAX, BEAM_ELIMIT}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_assert_eq(read_with(file, cases[i].at, cases[i].value), cases[i].err, "case %zu", i);
}

BEAM_TEST(seal, other_versions_and_kinds_are_refused)
{
    struct seal s, read;
    uint8_t file[SEALED];
    seal_init_key(&s);
    sealed(&s, file);
    file[AT_VERSION] = 2;
    cr_assert_eq(seal_read(file, sizeof(file), &read), BEAM_EPROTO);
    file[AT_VERSION] = 1;
    file[AT_BY] = 3;
    cr_assert_eq(seal_read(file, sizeof(file), &read), BEAM_EINVAL);
    file[AT_BY] = 1;
    file[AT_ZERO] = 1;
    cr_assert_eq(seal_read(file, sizeof(file), &read), BEAM_EINVAL);
    file[AT_ZERO] = 0;
    file[AT_SALT] = 1;
    cr_assert_eq(seal_read(file, sizeof(file), &read), BEAM_EINVAL, "a salt with no passphrase");
    file[AT_SALT] = 0;
    cr_assert_eq(seal_read(file, sizeof(file), &read), 0);
}
