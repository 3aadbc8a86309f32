/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tests/unit/gossip/kit.h"

static void set_up(struct kit *k)
{
    kit_init(k);
    kit_start(k);
    kit_join(k);
}

BEAM_TEST(router_beat, a_mesh_is_filled)
{
    struct kit k;
    set_up(&k);
    for (int i = 0; i < 20; i++)
        (void)kit_member(&k, true);
    kit_beats(&k, 1);
    cr_assert_eq(kit_mesh(&k), k.params.d);
    size_t left = kit_mesh(&k);
    for (size_t i = 0; i < k.n && left >= k.params.d_low; i++)
        if (kit_meshed(&k, &k.peers[i])) {
            kit_prune(&k, &k.peers[i], 60);
            left--;
        }
    kit_beats(&k, 1);
    cr_assert_eq(kit_mesh(&k), k.params.d);
    kit_end(&k);
}

BEAM_TEST(router_beat, a_mesh_that_is_too_large_keeps_the_best_and_some_outbound)
{
    struct kit k;
    set_up(&k);
    for (int i = 0; i < 3; i++)
        kit_graft(&k, kit_member(&k, true));
    for (int i = 0; i < 9; i++)
        kit_graft(&k, kit_member(&k, false));
    kit_graft(&k, kit_member(&k, true)); /* the thirteenth */
    cr_assert_eq(kit_mesh(&k), k.params.d_high + 1);
    for (uint64_t i = 0; i < 8; i++) { /* numbers 4 to 7 are the best */
        struct post *post = kit_post(&k, i, true);
        kit_publish(&k, &k.peers[4 + i % 4], post);
        post_drop(post);
    }
    kit_beats(&k, 1);
    cr_assert_eq(kit_mesh(&k), k.params.d);
    size_t outbound = 0, best = 0;
    for (size_t i = 0; i < k.n; i++) {
        bool in = kit_meshed(&k, &k.peers[i]);
        cr_assert_eq(k.peers[i].prunes, !in);
        outbound += in && (i < 3 || i == 12);
        best += in && i >= 4 && i < 8;
    }
    cr_assert_eq(best, k.params.d_score);
    cr_assert_geq(outbound, k.params.d_out);
    kit_end(&k);
}

BEAM_TEST(router_beat, outbound_ones_are_looked_for)
{
    struct kit k;
    set_up(&k);
    for (int i = 0; i < 8; i++)
        kit_graft(&k, kit_member(&k, false));
    for (int i = 0; i < 3; i++)
        (void)kit_member(&k, true);
    kit_beats(&k, 1);
    cr_assert_eq(kit_mesh(&k), 8 + k.params.d_out);
    kit_end(&k);
}

BEAM_TEST(router_beat, who_has_a_bad_name_is_pruned_and_not_taken_again)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    kit_beats(&k, 1);
    cr_assert(kit_meshed(&k, p));
    struct post *bad = kit_post(&k, 1, false);
    kit_publish(&k, p, bad);
    kit_publish(&k, p, bad);
    kit_beats(&k, 1);
    cr_assert_not(kit_meshed(&k, p));
    cr_assert_eq(p->prunes, 1);
    kit_beats(&k, 70);
    cr_assert_not(kit_meshed(&k, p), "its backoff is over, but not its score");
    post_drop(bad);
    kit_end(&k);
}

BEAM_TEST(router_beat, who_is_not_in_the_mesh_hears_what_there_is_three_times_at_most)
{
    struct kit k;
    set_up(&k);
    for (int i = 0; i < 40; i++)
        (void)kit_member(&k, true);
    kit_beats(&k, 1);
    struct post *post = kit_post(&k, 1, true);
    kit_publish(&k, &k.peers[0], post);
    size_t total = 0;
    for (int beat = 1; beat <= 6; beat++) {
        size_t now = 0;
        kit_beats(&k, 1);
        for (size_t i = 0; i < k.n; i++) {
            cr_assert(k.peers[i].haves == 0 || !kit_meshed(&k, &k.peers[i]));
            now += k.peers[i].haves;
        }
        cr_assert_eq(now - total, beat <= 3 ? 8 : 0, "a quarter of 34");
        total = now;
    }
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router_beat, a_mesh_of_little_use_takes_better_ones)
{
    struct kit k;
    kit_init(&k);
    k.params.opportunistic_beats = 5;
    k.params.opportunistic_threshold = 4;
    kit_start(&k);
    kit_join(&k);
    for (int i = 0; i < 6; i++)
        kit_graft(&k, kit_member(&k, true));
    for (int i = 0; i < 4; i++)
        (void)kit_member(&k, true);
    for (uint64_t i = 0; i < 12; i++) { /* numbers 6 to 9 bring something, the mesh nothing */
        struct post *post = kit_post(&k, i, true);
        kit_publish(&k, &k.peers[6 + i % 4], post);
        post_drop(post);
    }
    kit_beats(&k, 4);
    cr_assert_eq(kit_mesh(&k), 6);
    kit_beats(&k, 1);
    cr_assert_eq(kit_mesh(&k), 6 + k.params.opportunistic_peers);
    kit_end(&k);
}
