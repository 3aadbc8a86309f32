/* SPDX-License-Identifier: BSD-3-Clause */
/* What is held against those who answer, and what is not. */
#include "p2p/kad_job.h"

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/scene.h"

static unsigned all_offences(const struct scene *sc)
{
    unsigned n = 0;
    for (size_t i = 0; i < REPUTE_OFFENCES; i++)
        n += sc->offences[i];
    return n;
}

static void expect_blame(const struct scene *sc, enum repute_offence what,
                         const struct peer_id *who)
{
    cr_expect_eq(all_offences(sc), 1u);
    cr_expect_eq(sc->offences[what], 1u);
    cr_expect(peer_id_equal(&sc->blamed, who));
}

BEAM_TEST(kad_job_blame, a_value_that_is_none_is_held_against_who_gave_it)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    struct kad_message m = {.type = KAD_GET_VALUE, .has_record = true};
    cr_assert_eq(scene_start(&sc, KAD_JOB_GET, ""), 0);
    m.value = kad_text_of("bad");
    struct peer_id liar = scene_answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BAD_VALUE, &liar);
    m.value = kad_text_of("late");
    scene_answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BAD_VALUE, &liar); /* clocks differ: that is nobody's fault */
    scene_answer(&sc, '7');
    cr_assert_eq(sc.value, '7');
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job_blame, private_addresses_are_not_followed_and_cost)
{
    static const uint8_t private[8] = {4, SCENE_PRIVATE}, public[8] = {4, 10};
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    struct kad_message m = {.type = KAD_FIND_NODE, .closer_count = 4};
    for (uint64_t i = 0; i < 4; i++)
        m.closer[i] = scene_contact(50 + i, i == 0 ? public : private, 8);
    cr_assert_eq(scene_start(&sc, KAD_JOB_FIND, ""), 0);
    size_t open = sc.n;
    struct peer_id liar = scene_answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BOGUS, &liar);
    cr_assert_eq(sc.n, open, "one answered, one is new");
    m.closer_count = 3; /* two that are private, and it may not be the teller's fault */
    scene_answer_with(&sc, &m);
    m.closer_count = 4;
    for (uint64_t i = 0; i < 4; i++)
        m.closer[i] =
            scene_contact(60 + i, NULL, 0); /* what this host may not dial is no offence */
    scene_answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BOGUS, &liar);
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job_blame, who_tells_of_itself_alone_pays)
{
    static const uint8_t public[8] = {4, 10};
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    struct kad_message m = {.type = KAD_FIND_NODE, .closer_count = 2};
    cr_assert_eq(scene_start(&sc, KAD_JOB_FIND, ""), 0);
    m.closer[0] = m.closer[1] = scene_contact(0, public, 8);
    m.closer[1].peer = sc.open[0].to;
    struct peer_id liar = scene_answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_ITSELF, &liar);
    m.closer[0].peer = kad_peer_no(77);
    m.closer[1].peer = sc.open[0].to;
    scene_answer_with(&sc, &m); /* and of another: nothing */
    m.closer_count = 0;
    scene_answer_with(&sc, &m); /* of nobody: nothing */
    expect_blame(&sc, REPUTE_ITSELF, &liar);
    scene_tear_down(&sc);
}

/* Of two who are known one tells of ten who do not answer, one of ten who do. Returns the first. */
static struct peer_id look_among_silent(struct scene *sc)
{
    struct kad_id target;
    struct peer_id silent[10], living[10], teller;
    uint64_t no = 1000;
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    for (size_t i = 0; i < 10; i++) {
        silent[i] = kad_peer_near(&target, 5, &no);
        living[i] = kad_peer_near(&target, 4, &no);
    }
    cr_assert_eq(scene_start(sc, KAD_JOB_FIND, ""), 0);
    cr_assert_eq(sc->n, 2u);
    teller = sc->open[0].to;
    scene_tell(sc, silent, 10);
    scene_tell(sc, living, 10);
    while (sc->n > 0) {
        bool there = false;
        for (size_t i = 0; i < 10; i++)
            there |= peer_id_equal(&sc->open[0].to, &living[i]);
        scene_tell(sc, living, there ? 10 : 0);
    }
    return teller;
}

BEAM_TEST(kad_job_blame, who_tells_of_the_dead_comes_last)
{
    struct scene sc;
    scene_set_up(&sc, 2);
    struct peer_id teller = look_among_silent(&sc);
    cr_assert_eq(sc.done, 1u);
    expect_blame(&sc, REPUTE_OF_DEAD, &teller);
    cr_expect_eq(scene_standing(&sc, &teller), REPUTE_IS_LAST);
    scene_tear_down(&sc);
    scene_set_up(&sc, SCENE_PEERS);
    for (uint64_t i = 0; i < 3 * KAD_PATHS; i++) {
        const struct peer_id more = kad_peer_no(50 + i);
        cr_assert_eq(kad_table_seen(sc.table, &more, 0, 1, NULL), 0);
    }
    cr_assert_eq(scene_start(&sc, KAD_JOB_FIND, ""), 0);
    teller = sc.open[0].to;
    (void)repute_blame(sc.repute, &teller, REPUTE_OF_DEAD, 0);
    while (sc.n > 0)
        scene_tell(&sc, NULL, 0);
    cr_assert_eq(scene_start(&sc, KAD_JOB_FIND, ""), 0);
    cr_expect_not(peer_id_equal(&sc.open[0].to, &teller), "who is known may be doubted, too");
    scene_tear_down(&sc);
}

/* The dead may be alive, and silent to this host alone: then all who are honest tell of them. */
BEAM_TEST(kad_job_blame, an_honest_teller_of_the_dead_is_never_shunned)
{
    enum { LOOKUPS = 40 };
    struct scene sc;
    scene_set_up(&sc, 2);
    for (unsigned i = 0; i < LOOKUPS; i++)
        (void)look_among_silent(&sc);
    cr_assert_eq(sc.done, (unsigned)LOOKUPS);
    cr_assert_eq(sc.offences[REPUTE_OF_DEAD], (unsigned)LOOKUPS);
    for (size_t i = 0; i < 2; i++)
        cr_expect_leq(scene_standing(&sc, &sc.peers[i]), REPUTE_IS_LAST);
    scene_tear_down(&sc);
}

/* When nobody answers any more it may be us who were cut off. */
BEAM_TEST(kad_job_blame, nobody_is_blamed_for_our_silence)
{
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    scene_among_the_dead(&sc, KAD_JOB_FIND, 8);
    cr_assert_eq(sc.done, 1u);
    cr_assert_eq(all_offences(&sc), 0u);
    scene_tear_down(&sc);
}

BEAM_TEST(kad_job_blame, who_is_shunned_is_not_followed_and_who_is_doubted_comes_last)
{
    struct scene sc;
    struct kad_id target;
    struct peer_id told[4];
    uint64_t no = 1000;
    scene_set_up(&sc, 1);
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    for (unsigned i = 0; i < 4; i++)
        told[i] = kad_peer_near(&target, 9 - i, &no); /* the nearest first */
    for (int i = 0; i < 3; i++)
        (void)repute_blame(sc.repute, &told[0], REPUTE_GARBLED, 0);
    (void)repute_blame(sc.repute, &told[1], REPUTE_GARBLED, 0);
    cr_assert_eq(scene_start(&sc, KAD_JOB_FIND, ""), 0);
    scene_tell(&sc, told, 4);
    cr_assert_eq(sc.n, 3u);
    cr_expect(peer_id_equal(&sc.open[2].to, &told[1]));
    for (size_t i = 0; i < sc.n; i++)
        cr_expect_not(peer_id_equal(&sc.open[i].to, &told[0]));
    scene_tear_down(&sc);
}

/* It said itself where it is, and who tells of it is not to blame. */
BEAM_TEST(kad_job_blame, a_provider_at_a_private_address_is_left_out)
{
    static const uint8_t private[8] = {4, SCENE_PRIVATE}, public[8] = {4, 10};
    struct scene sc;
    scene_set_up(&sc, SCENE_PEERS);
    struct kad_message m = {.type = KAD_GET_PROVIDERS, .provider_count = 4};
    for (uint64_t i = 0; i < 4; i++)
        m.providers[i] = scene_contact(100 + i, i == 2 ? public : private, 8);
    cr_assert_eq(scene_start(&sc, KAD_JOB_PROVIDERS, ""), 0);
    while (sc.n > 0)
        scene_answer_with(&sc, &m);
    struct peer_id expected = kad_peer_no(102);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.provider_count, 1u);
    cr_expect(peer_id_equal(&sc.providers[0], &expected));
    cr_expect_eq(all_offences(&sc), 0u);
    scene_tear_down(&sc);
}
