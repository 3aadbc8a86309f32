/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/router.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/gossip/kit.h"

static void set_up(struct kit *k)
{
    kit_init(k);
    kit_start(k);
    kit_join(k);
}

BEAM_TEST(router, a_newcomer_is_told_of_our_topics_and_all_of_a_new_one)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_add(&k, ROUTER_MESHSUB_1_1, true);
    cr_assert_eq(p->subs, 1);
    const struct router_topic other = {.name = "u"};
    cr_assert_eq(router_join(k.router, &other, k.now), 0);
    cr_assert_eq(p->subs, 2);
    cr_assert_eq(router_join(k.router, &other, k.now), BEAM_EEXIST);
    cr_assert_str_eq(router_topic_name(k.router, 1), "u");
    router_part(k.router, "u", k.now);
    cr_assert_eq(p->unsubs, 1);
    cr_assert_null(router_topic_name(k.router, 1));
    kit_end(&k);
}

BEAM_TEST(router, joining_grafts_who_is_there)
{
    struct kit k;
    kit_init(&k);
    kit_start(&k);
    for (int i = 0; i < 10; i++)
        (void)kit_member(&k, true);
    kit_join(&k);
    size_t grafts = 0;
    for (size_t i = 0; i < k.n; i++)
        grafts += k.peers[i].grafts;
    cr_assert_eq(grafts, k.params.d);
    cr_assert_eq(kit_mesh(&k), k.params.d);
    router_part(k.router, "t", k.now);
    size_t prunes = 0;
    for (size_t i = 0; i < k.n; i++)
        prunes += k.peers[i].prunes;
    cr_assert_eq(prunes, k.params.d);
    kit_end(&k);
}

BEAM_TEST(router, a_message_is_heard_once_and_goes_to_the_mesh_but_not_back)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *from = kit_member(&k, true), *in = kit_member(&k, true),
                    *out = kit_member(&k, true);
    kit_graft(&k, from);
    kit_graft(&k, in);
    struct post *post = kit_post(&k, 1, true);
    kit_publish(&k, from, post);
    kit_publish(&k, in, post);
    kit_publish(&k, from, post);
    cr_assert_eq(k.heard, 1);
    cr_assert_eq(in->posts, 1);
    cr_assert_eq(from->posts, 0);
    cr_assert_eq(out->posts, 0);
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router, who_knows_no_mesh_gets_everything)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *from = kit_member(&k, true);
    struct kit_peer *flood = kit_add(&k, ROUTER_FLOODSUB, true);
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_subscribe(&box, kit_text("t"), true), 0);
    cr_assert_eq(kit_say(&k, flood, &box), 0);
    kit_beats(&k, 3);
    cr_assert_not(kit_meshed(&k, flood));
    struct post *post = kit_post(&k, 1, true);
    kit_publish(&k, from, post);
    cr_assert_eq(flood->posts, 1);
    kit_beats(&k, 1);
    cr_assert_eq(flood->haves, 0);
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router, a_bad_signature_is_not_passed_on_and_keeps_no_good_message_away)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *from = kit_member(&k, true), *in = kit_member(&k, true);
    kit_graft(&k, in);
    struct post *bad = kit_post(&k, 1, false), *good = kit_post(&k, 1, true);
    kit_publish(&k, from, bad);
    cr_assert_eq(k.heard + in->posts, 0);
    cr_assert_lt(kit_score(&k, from), 0);
    kit_publish(&k, in, good);
    cr_assert_eq(k.heard, 1, "of the same number");
    for (int i = 0; i < 3; i++)
        kit_publish(&k, from, bad);
    cr_assert_eq(k.heard, 1);
    post_drop(bad);
    post_drop(good);
    kit_end(&k);
}

BEAM_TEST(router, verdicts_decide)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *from = kit_member(&k, true), *in = kit_member(&k, true),
                    *again = kit_member(&k, true);
    kit_graft(&k, in);
    struct post *ignored = kit_post(&k, 1, true), *rejected = kit_post(&k, 2, true);
    k.verdict = ROUTER_IGNORE;
    kit_publish(&k, from, ignored);
    cr_assert_eq(kit_score(&k, from), 0);
    k.verdict = ROUTER_REJECT;
    kit_publish(&k, from, rejected);
    cr_assert_lt(kit_score(&k, from), 0);
    kit_publish(&k, again, rejected);
    cr_assert_lt(kit_score(&k, again), 0, "who brings it again pays, too");
    cr_assert_eq(k.heard + in->posts, 0);
    post_drop(ignored);
    post_drop(rejected);
    kit_end(&k);
}

/* Who brings others' messages first, beyond its share, keeps them from nobody. */
BEAM_TEST(router, what_one_may_not_bring_another_may)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *from = kit_member(&k, true), *in = kit_member(&k, true),
                    *again = kit_member(&k, true);
    kit_graft(&k, in);
    struct post *post = kit_post(&k, 1, true);
    k.verdict = ROUTER_DECLINE;
    kit_publish(&k, from, post);
    cr_assert_eq(k.heard + in->posts, 0);
    cr_assert_eq(kit_score(&k, from), 0, "it costs nothing");
    k.verdict = ROUTER_ACCEPT;
    kit_publish(&k, again, post);
    cr_assert_eq(k.heard, 1);
    cr_assert_eq(in->posts, 1);
    cr_assert_gt(kit_score(&k, again), 0);
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router, what_the_program_thinks_counts_but_condemns_nobody)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    router_think(k.router, &p->id, -50);
    cr_assert(router_shuns(k.router, &p->id, k.now));
    cr_assert(!router_condemns(k.router, &p->id, k.now));
    router_think(k.router, &p->id, 0);
    cr_assert(!router_shuns(k.router, &p->id, k.now));
    for (int i = 0; i < 6; i++)
        router_blame(p->peer);
    cr_assert(router_condemns(k.router, &p->id, k.now));
    kit_end(&k);
}

BEAM_TEST(router, our_own_go_to_everybody_of_the_topic)
{
    struct kit k;
    set_up(&k);
    for (int i = 0; i < 20; i++)
        (void)kit_member(&k, true);
    struct kit_peer *none = kit_add(&k, ROUTER_MESHSUB_1_1, true);
    struct post *post = kit_post(&k, 1, true);
    cr_assert_eq(router_publish(k.router, post, k.now), 0);
    for (size_t i = 0; i < 20; i++)
        cr_assert_eq(k.peers[i].posts, 1);
    cr_assert_eq(none->posts, 0);
    kit_publish(&k, &k.peers[0], post);
    cr_assert_eq(k.heard, 0, "it is ours");
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router, what_is_no_rpc_counts_and_so_does_too_much)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *a = kit_member(&k, true), *b = kit_member(&k, true);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(router_rpc(k.router, a->peer, "\xff\xff", 2, k.now), BEAM_EINVAL);
    cr_assert_lt(kit_score(&k, a), 0);
    struct post *post = kit_post(&k, 1, true);
    for (int beat = 0; beat < 4; beat++) {
        for (int i = 0; i < 210; i++)
            kit_publish(&k, b, post);
        kit_beats(&k, 1);
    }
    cr_assert_lt(kit_score(&k, b), 0, "the same message hundreds of times");
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router, who_is_below_the_graylist_is_not_heard)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    struct post *good = kit_post(&k, 1, true), *bad = kit_post(&k, 2, false);
    for (int i = 0; i < 5; i++)
        kit_publish(&k, p, bad);
    cr_assert(router_shuns(k.router, &p->id, k.now));
    kit_publish(&k, p, good);
    cr_assert_eq(k.heard, 0);
    cr_assert_eq(router_rpc(k.router, p->peer, "\xff\xff", 2, k.now), 0, "not even looked at");
    post_drop(good);
    post_drop(bad);
    kit_end(&k);
}

BEAM_TEST(router, topics_of_a_peer_are_bounded)
{
    struct kit k;
    set_up(&k);
    for (int i = 0; i < 20; i++) {
        struct kit_peer *p = kit_add(&k, ROUTER_MESHSUB_1_1, false);
        struct outbox box = {.plain = {.len = 0}};
        for (int n = 0; n < 60; n++) {
            char name[16];
            snprintf(name, sizeof(name), "%d of %d", n, i);
            cr_assert_eq(outbox_subscribe(&box, kit_text(name), true), 0);
        }
        cr_assert_eq(kit_say(&k, p, &box), 0);
    }
    struct kit_peer *last = kit_member(&k, true);
    kit_graft(&k, last);
    cr_assert(kit_meshed(&k, last), "our own topic is known in any case");
    const struct router_topic another = {.name = "another"};
    cr_assert_eq(router_join(k.router, &another, k.now), 0, "there is room for ours");
    while (k.n > 0)
        router_leave(k.router, k.peers[--k.n].peer, k.now);
    cr_assert_eq(router_peers(k.router), 0);
    struct router_count count;
    cr_assert(router_count(k.router, "t", &count));
    cr_assert_eq(count.peers, 0);
    kit_end(&k);
}
