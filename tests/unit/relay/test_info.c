/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/info.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

enum { NOW = 1000000000 };

static struct key_pair *key(uint8_t fill)
{
    uint8_t seed[KEY_SEED_SIZE];
    struct key_pair *pair = NULL;
    cr_assert_geq(sodium_init(), 0);
    memset(seed, fill, sizeof(seed));
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    return pair;
}

static struct relay_info *example(void)
{
    static const char addr[] = "/ip4/192.0.2.7/tcp/4001";
    struct relay_info *info = calloc(1, sizeof(*info));
    cr_assert_not_null(info);
    info->made = NOW;
    info->kinds = INFO_HTTP;
    info->reservations = 3;
    info->max_reservations = 100;
    info->addr_count = 1;
    cr_assert_eq(multiaddr_parse(addr, strlen(addr), &info->addrs[0], NULL), 0);
    (void)snprintf(info->url, sizeof(info->url), "http://relay.example");
    (void)snprintf(info->contact, sizeof(info->contact), "alice");
    return info;
}

/* Sealed with the key of `fill`, made at `made`. */
static struct kad_text seal(uint8_t fill, uint64_t made, uint8_t out[INFO_MAX])
{
    struct key_pair *pair = key(fill);
    struct relay_info *info = example();
    size_t len = 0;
    info->made = made;
    cr_assert_eq(info_seal(pair, info, out, INFO_MAX, &len), 0);
    free(info);
    key_pair_free(pair);
    return (struct kad_text){.at = out, .len = len};
}

static struct kad_text key_text(uint8_t fill, uint8_t out[INFO_KEY_MAX])
{
    struct key_pair *pair = key(fill);
    struct key_public public;
    struct peer_id id;
    key_pair_public(pair, &public);
    cr_assert_eq(peer_id_from_key(&public, &id), 0);
    key_pair_free(pair);
    return (struct kad_text){.at = out, .len = info_key(&id, out)};
}

BEAM_TEST(info, there_and_back)
{
    uint8_t bytes[INFO_MAX];
    struct relay_info *info = example(), *got = calloc(1, sizeof(*got));
    cr_assert_not_null(got);
    struct kad_text sealed = seal(1, NOW, bytes);
    cr_assert_eq(info_open(sealed.at, sealed.len, got), 0);
    cr_expect_eq(got->made, (uint64_t)NOW);
    cr_expect_eq(got->kinds, (unsigned)INFO_HTTP);
    cr_expect_eq(got->reservations, 3u);
    cr_expect_eq(got->max_reservations, 100u);
    cr_assert_eq(got->addr_count, 1u);
    cr_expect(multiaddr_equal(&got->addrs[0], &info->addrs[0]));
    cr_expect_str_eq(got->url, "http://relay.example");
    cr_expect_str_eq(got->contact, "alice");
    cr_expect_str_eq(got->version, "");
    bytes[sealed.len - 1] ^= 1;
    cr_expect_lt(info_open(sealed.at, sealed.len, got), 0, "a changed signature");
    cr_expect_lt(info_open(sealed.at, sealed.len - 1, got), 0);
    cr_expect_eq(info_open(bytes, INFO_MAX + 1, got), BEAM_ELIMIT);
    free(info);
    free(got);
}

BEAM_TEST(info, belongs_under_its_signers_key)
{
    uint8_t bytes[INFO_MAX], own[INFO_KEY_MAX], other[INFO_KEY_MAX];
    struct kad_text sealed = seal(1, NOW, bytes);
    cr_expect_eq(info_validator.check(NULL, key_text(1, own), sealed, NOW), 0);
    cr_expect_eq(info_validator.check(NULL, key_text(2, other), sealed, NOW), BEAM_EAUTH);
    cr_expect_eq(info_validator.check(NULL, key_text(1, own), sealed, NOW + INFO_LIFE_MS), 0);
    cr_expect_eq(info_validator.check(NULL, key_text(1, own), sealed, NOW + INFO_LIFE_MS + 1ull),
                 BEAM_ETIMEOUT, "too old");
    cr_expect_eq(info_validator.check(NULL, key_text(1, own), sealed, NOW - INFO_AHEAD_MS - 1ull),
                 BEAM_ETIMEOUT, "from the future");
    bytes[sealed.len - 1] ^= 1;
    cr_expect_eq(info_validator.check(NULL, key_text(1, own), sealed, NOW), BEAM_EAUTH,
                 "a changed signature");
}

BEAM_TEST(info, the_later_is_the_better)
{
    uint8_t a[INFO_MAX], b[INFO_MAX], own[INFO_KEY_MAX];
    struct kad_text k = key_text(1, own), early = seal(1, NOW, a), late = seal(1, NOW + 1, b);
    cr_expect_gt(info_validator.compare(NULL, k, early, late), 0);
    cr_expect_lt(info_validator.compare(NULL, k, late, early), 0);
    cr_expect_eq(info_validator.compare(NULL, k, early, early), 0);
}

/* SHA-256 of "beam community relay", as `printf 'beam community relay' | sha256sum` has it. */
BEAM_TEST(info, the_topic_is_a_multihash)
{
    uint8_t hash[32];
    struct kad_text topic = info_topic();
    crypto_hash_sha256(hash, (const uint8_t *)"beam community relay", 20);
    cr_assert_eq(topic.len, 34u);
    cr_expect_eq(topic.at[0], 0x12);
    cr_expect_eq(topic.at[1], 0x20);
    cr_expect_arr_eq(topic.at + 2, hash, sizeof(hash));
}
