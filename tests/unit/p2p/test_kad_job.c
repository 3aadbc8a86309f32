/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_job.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/scene.h"

BEAM_TEST(kad_job, what_cannot_begin_says_so)
{
    struct scene sc;
    scene_set_up(&sc, 0);
    cr_assert_eq(scene_start(&sc, KAD_JOB_GET, ""), BEAM_EUNREACH);
    cr_assert_eq(scene_start(&sc, KAD_JOB_PUT, "bad"), BEAM_EINVAL);
    cr_assert_eq(sc.done, 0u);
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job, puts_at_those_it_found)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    cr_assert_eq(scene_start(&sc, KAD_JOB_PUT, "5"), 0);
    for (int i = 0; i < SCENE_PEERS; i++)
        cr_assert_eq(scene_answer(&sc, 0), KAD_FIND_NODE);
    cr_assert_eq(sc.n, (size_t)SCENE_PEERS);
    cr_assert_eq(sc.open[0].value, '5');
    cr_assert_eq(scene_answer(&sc, 0), KAD_PUT_VALUE);
    cr_assert_eq(sc.done, 0u);
    kad_ask_failed(sc.open[0].ask);
    kad_ask_failed(sc.open[1].ask);
    cr_assert_eq(sc.done, 1u);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.stored, 1u);
    cr_assert_eq(kad_jobs_count(sc.jobs), 0u);
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job, takes_the_best_and_gives_it_to_those_without)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    cr_assert_eq(scene_start(&sc, KAD_JOB_GET, ""), 0);
    struct peer_id holder = sc.open[1].to;
    scene_answer(&sc, '3');
    scene_answer(&sc, '7');
    scene_answer(&sc, 0);
    cr_assert_eq(sc.done, 1u);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.value, '7');
    cr_assert_eq(sc.votes, 1u);
    cr_assert_eq(sc.n, 2u, "one had a worse one, one had none");
    while (sc.n > 0) {
        cr_assert_not(peer_id_equal(&sc.open[0].to, &holder));
        cr_assert_eq(sc.open[0].value, '7');
        cr_assert_eq(scene_answer(&sc, 0), KAD_PUT_VALUE);
    }
    cr_assert_eq(sc.done, 1u, "the caller has heard of it once");
    cr_assert_eq(kad_jobs_count(sc.jobs), 0u);
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job, what_many_have_is_checked_once)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    cr_assert_eq(scene_start(&sc, KAD_JOB_GET, ""), 0);
    sc.checks = 0;
    for (size_t i = 0; i < SCENE_PEERS; i++)
        scene_answer(&sc, '7');
    cr_expect_eq(sc.value, '7');
    cr_expect_eq(sc.votes, (size_t)SCENE_PEERS);
    cr_expect_eq(sc.checks, 1u);
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job, says_why_there_is_nothing)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    cr_assert_eq(scene_start(&sc, KAD_JOB_GET, ""), 0);
    while (sc.n > 0)
        scene_answer(&sc, 0);
    cr_assert_eq(sc.err, BEAM_ENOTFOUND);
    cr_assert_eq(scene_start(&sc, KAD_JOB_GET, ""), 0);
    for (size_t n = sc.n, i = 0; i < n; i++)
        kad_ask_failed(sc.open[i].ask);
    cr_assert_eq(sc.err, BEAM_EUNREACH);
    cr_assert_eq(sc.done, 2u);
    scene_tear_down(&sc);
}

/* With the dead where it should be, the size is not known from it, and "not found" is not said. */
BEAM_TEST(kad_job, the_dead_are_not_silence)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    scene_among_the_dead(&sc, KAD_JOB_GET, 8);
    cr_expect_eq(sc.done, 1u);
    cr_expect_eq(sc.err, BEAM_EAUTH, "while the size is unknown, all dead count");
    sc.size = (struct kad_size){.n = 1, .samples = {{.nodes = 200}}};
    scene_among_the_dead(&sc, KAD_JOB_GET, 8);
    cr_expect_eq(sc.err, BEAM_EAUTH, "in the region");
    scene_among_the_dead(&sc, KAD_JOB_GET, 1);
    cr_expect_eq(sc.err, BEAM_ENOTFOUND, "elsewhere they hide nothing");
    scene_tear_down(&sc);
}

static int ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Looks a key up; of those who are known the first tells of six others, and all answer. */
static void look_among_the_living(struct scene *sc, enum kad_job_kind kind, struct kad_text key)
{
    enum { TOLD = 6 };
    struct peer_id told[TOLD];
    for (size_t i = 0; i < TOLD; i++)
        told[i] = kad_peer_no(500 + i);
    cr_assert_eq(scene_look(sc, kind, key), 0);
    scene_tell(sc, told, TOLD);
    while (sc->n > 0)
        scene_answer(sc, 0);
}

/* Who chose where it lies, or where we look, says nothing of how many there are. */
BEAM_TEST(kad_job, keys_of_chance_say_the_size)
{
    static const char *const keys[] = {"/t/one", "/t/two", "/t/three"};
    static const enum kad_job_kind kinds[] = {KAD_JOB_GET, KAD_JOB_PROVIDERS, KAD_JOB_FIND,
                                              KAD_JOB_REFRESH};
    static const size_t samples[] = {0, 0, 1, 1};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct scene sc;
        scene_set_up(&sc, SCENE_PEERS);
        for (size_t k = 0; k < 3; k++)
            look_among_the_living(&sc, kinds[i], kad_text_of(keys[k]));
        cr_expect_eq(sc.done, 3u);
        cr_expect_eq(sc.size.n, 3 * samples[i], "kind %zu: %zu", i, sc.size.n);
        scene_tear_down(&sc);
    }
}

/* It is as if it were not there: the second nearest counts as the first. */
BEAM_TEST(kad_job, who_is_the_target_does_not_count)
{
    struct scene sc;
    struct peer_id peer = kad_peer_no(503);
    uint64_t d[SCENE_PEERS + 5];
    struct kad_size expected = {.n = 0};
    struct kad_id target, id;
    size_t n = 0;
    scene_set_up(&sc, SCENE_PEERS);
    look_among_the_living(&sc, KAD_JOB_FIND, (struct kad_text){.at = peer.bytes, .len = peer.len});
    kad_id_of_peer(&peer, &target);
    for (uint64_t i = 500; i < 506; i++) {
        const struct peer_id one = kad_peer_no(i);
        kad_id_of_peer(&one, &id);
        if (i != 503)
            d[n++] = kad_id_distance(&target, &id);
    }
    for (size_t i = 0; i < SCENE_PEERS; i++) {
        kad_id_of_peer(&sc.peers[i], &id);
        d[n++] = kad_id_distance(&target, &id);
    }
    qsort(d, n, sizeof(d[0]), ascending);
    kad_size_add(&expected, &target, d, n);
    cr_expect_float_eq(kad_size_nodes(&sc.size), kad_size_nodes(&expected), 1e-9);
    scene_tear_down(&sc);
}

static int farther(const void *a, const void *b, void *target)
{
    struct kad_id one, two;
    kad_id_of_peer(a, &one);
    kad_id_of_peer(b, &two);
    return kad_id_nearer(target, &two, &one);
}

/* Each answer tells of ten who are nearer than all before: the questions end before they do. */
static void look_without_end(struct scene *sc, enum kad_job_kind kind)
{
    enum { TOLD = 10, ALL = (KAD_ASK_MAX + KAD_ALPHA) * TOLD };
    struct kad_id target;
    struct peer_id *all = calloc(ALL, sizeof(*all));
    cr_assert_not_null(all);
    for (size_t i = 0; i < ALL; i++)
        all[i] = kad_peer_no(1000 + i);
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    qsort_r(all, ALL, sizeof(*all), farther, &target);
    cr_assert_eq(scene_start(sc, kind, ""), 0);
    for (size_t asked = 0; sc->n > 0; asked++) {
        cr_assert_lt(asked * TOLD, (size_t)ALL);
        scene_tell(sc, &all[asked * TOLD], TOLD);
    }
    free(all);
}

BEAM_TEST(kad_job, a_look_up_that_was_cut_off_is_not_silence)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    look_without_end(&sc, KAD_JOB_GET);
    cr_expect_eq(sc.err, BEAM_EAUTH);
    cr_expect_eq(sc.size.n, 0u, "whoever chose the key would choose the size");
    look_without_end(&sc, KAD_JOB_FIND);
    cr_expect_eq(sc.err, 0);
    cr_expect_eq(sc.size.n, 1u, "a network that grew is measured by refreshing");
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job, only_whom_it_may_dial_is_asked)
{
    struct scene sc;
    struct kad_message *m = calloc(1, sizeof(*m));
    cr_assert_not_null(m);
    scene_set_up(&sc, 1);
    cr_assert_eq(scene_start(&sc, KAD_JOB_FIND, ""), 0);
    m->type = KAD_FIND_NODE;
    m->closer_count = 2;
    m->closer[0] = (struct kad_contact){.peer = kad_peer_no(50), .n = 1};
    m->closer[1] = (struct kad_contact){.peer = kad_peer_no(51)};
    struct kad_ask *ask = sc.open[0].ask;
    sc.n = 0;
    kad_ask_answered(ask, m);
    cr_assert_eq(sc.n, 1u);
    struct peer_id expected = kad_peer_no(50);
    cr_assert(peer_id_equal(&sc.open[0].to, &expected));
    free(m);
    scene_tear_down(&sc);
    cr_assert_eq(sc.forgotten, 1u, "what was open is forgotten");
}

/* The first to answer tells of twenty; the one who is true is heard of from the others. */
BEAM_TEST(kad_job, providers_are_of_all_who_answered)
{
    static const uint8_t here[8] = {4, 10}, there[8] = {4, 11};
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    struct kad_message m = {.type = KAD_GET_PROVIDERS, .provider_count = 20};
    for (uint64_t i = 0; i < 20; i++)
        m.providers[i] = scene_contact(100 + i, here, 8);
    cr_assert_eq(scene_start(&sc, KAD_JOB_PROVIDERS, ""), 0);
    scene_answer_with(&sc, &m);
    m.provider_count = 1;
    m.providers[0] = scene_contact(7, there, 8);
    scene_answer_with(&sc, &m);
    scene_answer_with(&sc, &m);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.provider_count, 3u, "two of the one network, and the one of the other");
    struct peer_id expected = kad_peer_no(7);
    bool found = false;
    for (size_t i = 0; i < sc.provider_count; i++)
        found |= peer_id_equal(&sc.providers[i], &expected);
    cr_assert(found);
    scene_tear_down(&sc);
}
