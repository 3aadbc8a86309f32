/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_providers.h"

#include "p2p/kad_store.h"
#include "tests/unit/p2p/kad_kit.h"

/* Peers number `first` and following, of the group, or each of its own. */
static void tell(struct kad_providers *p, uint64_t first, size_t n, kad_group group)
{
    struct kad_provider list[2 * KAD_PEERS_MAX];
    for (size_t i = 0; i < n; i++)
        list[i] = (struct kad_provider){.peer = kad_peer_no(first + i),
                                        .group = group ? group : (kad_group)(1000 + first + i)};
    cr_assert_eq(kad_providers_told(p, list, n), 0);
}

static bool has(const struct peer_id *list, size_t n, uint64_t no)
{
    struct peer_id peer = kad_peer_no(no);
    for (size_t i = 0; i < n; i++)
        if (peer_id_equal(&list[i], &peer))
            return true;
    return false;
}

BEAM_TEST(kad_providers, nobody_told)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    tell(&p, 1, 0, 0);
    cr_assert_eq(kad_providers_take(&p, out, KAD_PROVIDERS_MAX), 0u);
    kad_providers_clear(&p);
}

BEAM_TEST(kad_providers, each_once_and_no_more_than_wanted)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    for (int i = 0; i < 40; i++)
        tell(&p, 1, 3, 0);
    cr_assert_eq(kad_providers_take(&p, out, KAD_PROVIDERS_MAX), 3u);
    tell(&p, 10, 2 * KAD_PEERS_MAX, 0);
    cr_assert_eq(kad_providers_take(&p, out, KAD_PROVIDERS_MAX), (size_t)KAD_PROVIDERS_MAX);
    cr_assert_eq(kad_providers_take(&p, out, 2), 2u);
    kad_providers_clear(&p);
}

/* Ten liars answer first, each with twenty ids; ten honest nodes tell of the one who is there. */
BEAM_TEST(kad_providers, who_answers_first_displaces_nobody)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    for (uint64_t liar = 0; liar < 10; liar++)
        tell(&p, 100 + 20 * liar, 20, 0);
    for (int i = 0; i < 10; i++)
        tell(&p, 7, 2, 0);
    size_t n = kad_providers_take(&p, out, KAD_PROVIDERS_MAX);
    cr_assert_eq(n, (size_t)KAD_PROVIDERS_MAX);
    cr_assert(has(out, n, 7) && has(out, n, 8));
    kad_providers_clear(&p);
}

BEAM_TEST(kad_providers, two_of_a_network)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    for (int i = 0; i < 10; i++) /* all tell of the same */
        tell(&p, 100, 20, 5);
    tell(&p, 7, 1, 6);
    size_t n = kad_providers_take(&p, out, KAD_PROVIDERS_MAX);
    cr_assert_eq(n, 3u);
    cr_assert(has(out, n, 7));
    kad_providers_clear(&p);
}

/* A liar invents ids at the networks of those who are there. */
BEAM_TEST(kad_providers, a_word_of_networks_keeps_out_nobody_else)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    tell(&p, 100, 20, 5);
    tell(&p, 200, 20, 5);
    tell(&p, 7, 2, 5);
    size_t n = kad_providers_take(&p, out, KAD_PROVIDERS_MAX);
    cr_assert_eq(n, 6u);
    cr_assert(has(out, n, 7) && has(out, n, 8));
    kad_providers_clear(&p);
}

/* Of an onion no network is known. */
BEAM_TEST(kad_providers, no_network_is_no_group)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    struct kad_provider list[5];
    for (uint64_t i = 0; i < 5; i++)
        list[i] = (struct kad_provider){.peer = kad_peer_no(i + 1)};
    cr_assert_eq(kad_providers_told(&p, list, 5), 0);
    cr_assert_eq(kad_providers_take(&p, out, KAD_PROVIDERS_MAX), 5u);
    kad_providers_clear(&p);
}

/* Each of twenty tells of ten of its own from one network, and then of six of whom all tell. */
BEAM_TEST(kad_providers, a_flood_from_one_network_comes_last)
{
    struct kad_providers p = {.n = 0};
    struct peer_id out[KAD_PROVIDERS_MAX];
    struct kad_provider list[16];
    for (uint64_t i = 0; i < 20; i++) {
        for (uint64_t k = 0; k < 10; k++)
            list[k] = (struct kad_provider){.peer = kad_peer_no(100 + 10 * i + k), .group = 5};
        for (uint64_t k = 1; k <= 6; k++)
            list[9 + k] =
                (struct kad_provider){.peer = kad_peer_no(k), .group = (kad_group)(10 + k)};
        cr_assert_eq(kad_providers_told(&p, list, 16), 0);
    }
    size_t n = kad_providers_take(&p, out, KAD_PROVIDERS_MAX);
    cr_assert_eq(n, (size_t)KAD_PROVIDERS_MAX);
    for (uint64_t k = 1; k <= 6; k++)
        cr_expect(has(out, n, k), "no. %d", (int)k);
    kad_providers_clear(&p);
}
