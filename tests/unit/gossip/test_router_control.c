/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/err.h"
#include "tests/unit/gossip/kit.h"

static void set_up(struct kit *k)
{
    kit_init(k);
    k->params.exchange = true;
    kit_start(k);
    kit_join(k);
}

static void have(struct kit *k, struct kit_peer *p, const char *topic, const struct post_id *id)
{
    struct outbox box = {.plain = {.len = 0}};
    const struct rpc_text text = {.at = id->bytes, .len = id->len};
    cr_assert_eq(outbox_have(&box, kit_text(topic), &text, 1), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
}

static void want(struct kit *k, struct kit_peer *p, const struct post_id *id, size_t times)
{
    struct outbox box = {.plain = {.len = 0}};
    const struct rpc_text text = {.at = id->bytes, .len = id->len};
    for (size_t i = 0; i < times; i++)
        cr_assert_eq(outbox_want(&box, &text, 1), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
}

BEAM_TEST(router_control, what_is_not_seen_yet_is_asked_for)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    struct post *post = kit_post(&k, 1, true), *other = kit_post(&k, 2, true);
    have(&k, p, "u", &post->id);
    cr_assert_eq(p->wanted, 0, "not our topic");
    have(&k, p, "t", &post->id);
    cr_assert_eq(p->wanted, 1);
    cr_assert_arr_eq(p->last_wanted.bytes, post->id.bytes, post->id.len);
    kit_publish(&k, p, post);
    have(&k, p, "t", &post->id);
    cr_assert_eq(p->wanted, 1, "it is seen");
    kit_beats(&k, 10);
    cr_assert_geq(kit_score(&k, p), 0, "it kept its word");
    for (unsigned i = 0; i < k.params.haves + 5; i++)
        have(&k, p, "t", &other->id);
    cr_assert_leq(p->wanted, 1 + k.params.haves, "so many IHAVE in a heartbeat");
    post_drop(post);
    post_drop(other);
    kit_end(&k);
}

BEAM_TEST(router_control, who_promises_what_it_has_not_pays)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    for (uint64_t i = 0; i < 10; i++) {
        struct post *post = kit_post(&k, 100 + i, true);
        have(&k, p, "t", &post->id);
        post_drop(post);
        kit_beats(&k, 1);
    }
    kit_beats(&k, 6);
    cr_assert_lt(kit_score(&k, p), 0);
    kit_end(&k);
}

BEAM_TEST(router_control, what_is_wanted_is_given_and_not_for_ever)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true), *from = kit_member(&k, true);
    struct post *post = kit_post(&k, 1, true);
    kit_publish(&k, from, post);
    cr_assert_eq(p->posts, 0);
    want(&k, p, &post->id, 2);
    cr_assert_eq(p->posts, 2);
    want(&k, p, &post->id, 5);
    cr_assert_eq(p->posts, k.params.retransmissions);
    for (int i = 0; i < 4; i++) {
        kit_beats(&k, 1);
        want(&k, p, &post->id, 5);
    }
    cr_assert_eq(p->posts, k.params.retransmissions);
    cr_assert_lt(kit_score(&k, p), 0, "asking on and on counts");
    post_drop(post);
    kit_end(&k);
}

BEAM_TEST(router_control, a_graft_is_taken_or_answered)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p[30];
    for (size_t i = 0; i < 30; i++) {
        p[i] = kit_member(&k, false);
        kit_graft(&k, p[i]);
    }
    cr_assert_eq(kit_mesh(&k), k.params.d_high);
    cr_assert_eq(p[k.params.d_high]->prunes, 1);
    cr_assert_eq(p[k.params.d_high]->backoff_s, 60);
    cr_assert_eq(p[29]->named, k.params.px_peers, "others are named");
    struct kit_peer *out = kit_member(&k, true);
    kit_graft(&k, out);
    cr_assert(kit_meshed(&k, out), "one that we dialled");
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_graft(&box, kit_text("u")), 0);
    cr_assert_eq(kit_say(&k, out, &box), 0);
    cr_assert_eq(out->prunes, 0, "of topics that are not ours nothing is said");
    kit_end(&k);
}

BEAM_TEST(router_control, a_graft_before_its_time_counts)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true), *later = kit_member(&k, true);
    kit_prune(&k, p, 60);
    kit_prune(&k, later, 60);
    for (int i = 0; i < 2; i++)
        kit_graft(&k, p);
    cr_assert_not(kit_meshed(&k, p));
    cr_assert_eq(p->prunes, 2);
    cr_assert_lt(kit_score(&k, p), 0, "twice as much at once");
    k.now += 61000;
    kit_graft(&k, later);
    cr_assert(kit_meshed(&k, later));
    kit_end(&k);
}

BEAM_TEST(router_control, a_graft_flood_of_one_who_is_in_the_mesh_counts)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    for (int beat = 0; beat < 5; beat++) {
        for (int i = 0; i < 5; i++)
            kit_graft(&k, p);
        k.now += 1000;
        router_beat(k.router, k.now);
    }
    cr_assert_lt(kit_score(&k, p), 0);
    cr_assert_not(kit_meshed(&k, p));
    kit_end(&k);
}

BEAM_TEST(router_control, a_prune_holds_for_as_long_as_it_says)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *p = kit_member(&k, true);
    kit_beats(&k, 1);
    cr_assert(kit_meshed(&k, p));
    kit_prune(&k, p, 3);
    cr_assert_not(kit_meshed(&k, p));
    kit_beats(&k, 2);
    cr_assert_not(kit_meshed(&k, p));
    kit_beats(&k, 2);
    cr_assert(kit_meshed(&k, p));
    kit_prune(&k, p, UINT64_MAX);
    kit_beats(&k, 3);
    cr_assert_not(kit_meshed(&k, p));
    k.now += 3600 * 1000;
    kit_beats(&k, 1);
    cr_assert(kit_meshed(&k, p), "no backoff is longer than an hour");
    kit_end(&k);
}

/* PRUNE that names a peer. */
static void exchange(struct kit *k, struct kit_peer *p)
{
    struct outbox box = {.plain = {.len = 0}};
    const struct peer_id id = k->peers[0].id;
    const struct rpc_peer other = {.id = {.at = id.bytes, .len = id.len}};
    cr_assert_eq(outbox_prune(&box, kit_text("t"), 60, &other, 1), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
}

BEAM_TEST(router_control, only_who_has_a_name_is_followed_to_others)
{
    struct kit k;
    set_up(&k);
    struct kit_peer *stranger = kit_member(&k, true), *known = kit_member(&k, true);
    for (uint64_t i = 0; i < 6; i++) {
        struct post *post = kit_post(&k, i, true);
        kit_publish(&k, known, post);
        post_drop(post);
    }
    exchange(&k, stranger);
    cr_assert_eq(k.met, 0);
    exchange(&k, known);
    cr_assert_eq(k.met, 1);
    cr_assert(peer_id_equal(&k.met_id, &k.peers[0].id));
    kit_end(&k);
}

BEAM_TEST(router_control, without_exchange_nobody_is_named_or_followed)
{
    struct kit k;
    kit_init(&k);
    kit_start(&k);
    kit_join(&k);
    for (size_t i = 0; i < 20; i++)
        kit_graft(&k, kit_member(&k, false));
    cr_assert_eq(k.peers[19].prunes, 1);
    cr_assert_eq(k.peers[19].named, 0);
    for (uint64_t i = 0; i < 6; i++) {
        struct post *post = kit_post(&k, i, true);
        kit_publish(&k, &k.peers[0], post);
        post_drop(post);
    }
    exchange(&k, &k.peers[0]);
    cr_assert_eq(k.met, 0);
    kit_end(&k);
}
