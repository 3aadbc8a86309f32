/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/work.h"

#include "base/text.h"
#include "tests/unit/relay/owners.h"

enum { BITS = 8 };

static struct work *make(void)
{
    struct work *w = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(work_new(rng_system(), &w), 0);
    return w;
}

static void solve_it(const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE],
                     uint8_t nonce[WORK_NONCE_SIZE])
{
    uint64_t next = 0;
    cr_assert(work_try(owner, seed, seed[0], &next, 1 << 20, nonce));
}

BEAM_TEST(work, is_taken_once_from_whom_it_was_asked)
{
    struct work *w = make();
    struct peer_id alice = owner(1), bob = owner(2);
    uint8_t seed[WORK_SEED_SIZE], nonce[WORK_NONCE_SIZE], other[WORK_SEED_SIZE];
    uint64_t now = 10 * (uint64_t)WORK_EPOCH_MS;
    work_seed(w, &alice, BITS, now, seed);
    cr_expect_eq(seed[0], BITS);
    solve_it(&alice, seed, nonce);
    cr_expect_eq(work_check(w, &bob, seed, nonce, now), BEAM_EAUTH, "another's");
    cr_expect_eq(work_check(w, &alice, seed, nonce, now), 0);
    cr_expect_eq(work_check(w, &alice, seed, nonce, now), BEAM_EEXIST);
    nonce[7] ^= 1;
    cr_expect_eq(work_check(w, &alice, seed, nonce, now), BEAM_EAUTH, "wrong");
    memcpy(other, seed, sizeof(other));
    other[0] = 0;
    cr_expect_eq(work_check(w, &alice, other, nonce, now), BEAM_EAUTH, "less than was asked");
    work_free(w);
}

BEAM_TEST(work, is_good_for_some_minutes)
{
    struct work *w = make();
    struct peer_id alice = owner(1);
    uint8_t seed[WORK_SEED_SIZE], nonce[WORK_NONCE_SIZE];
    uint64_t now = 10 * (uint64_t)WORK_EPOCH_MS + 5;
    work_seed(w, &alice, BITS, now, seed);
    solve_it(&alice, seed, nonce);
    cr_expect_eq(work_check(w, &alice, seed, nonce, now + 2 * (uint64_t)WORK_EPOCH_MS), BEAM_EAUTH);
    cr_expect_eq(work_check(w, &alice, seed, nonce, now + WORK_EPOCH_MS), 0);
    cr_expect_eq(work_check(w, &alice, seed, nonce, now + WORK_EPOCH_MS), BEAM_EEXIST);
    work_free(w);
    w = make();
    cr_expect_eq(work_check(w, &alice, seed, nonce, now), BEAM_EAUTH, "of another relay");
    work_free(w);
}

BEAM_TEST(work, grows_with_the_load)
{
    cr_expect_eq(work_bits(0, 0), 0u);
    cr_expect_eq(work_bits(49, 99), 0u);
    cr_expect_eq(work_bits(50, 0), 14u);
    cr_expect_eq(work_bits(100, 0), 22u);
    cr_expect_eq(work_bits(0, 100), 18u, "somebody else's has to go");
    cr_expect_eq(work_bits(100, 100), 22u);
    for (unsigned load = 1; load <= 100; load++)
        cr_expect_geq(work_bits(load, 0), work_bits(load - 1, 0));
}

/* The example of docs/protocol/relay.md. */
BEAM_TEST(work, is_as_documented)
{
    struct peer_id who = {.len = 4, .bytes = {0x00, 0x02, 0x08, 0x01}};
    uint8_t seed[WORK_SEED_SIZE] = {8}, nonce[WORK_NONCE_SIZE];
    char text[TEXT_HEX_SIZE(WORK_NONCE_SIZE)];
    uint64_t next = 0;
    for (uint8_t i = 1; i < sizeof(seed); i++)
        seed[i] = i;
    cr_assert_geq(sodium_init(), 0);
    cr_assert(work_try(&who, seed, 8, &next, 100000, nonce));
    cr_assert_eq(text_hex_encode(nonce, sizeof(nonce), text, sizeof(text)), 0);
    cr_expect_str_eq(text, "000000000000009c");
}
