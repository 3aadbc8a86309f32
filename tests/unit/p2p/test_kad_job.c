/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_job.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

enum { PEERS = 3, OPEN_MAX = 64, PRIVATE = 192 };

static size_t checks;

static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    (void)arg;
    checks++;
    (void)key;
    (void)wall_ms;
    return value.len == 1 ? 0 : value.len == 4 ? BEAM_ETIMEOUT : BEAM_EINVAL;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    return b.at[0] - a.at[0];
}

static const struct kad_validator validator = {.name = "t", .check = check, .compare = compare};

/* A node that knows PEERS others, and the questions that it has open. */
struct scene {
    struct kad_table *table;
    struct kad_size size;
    struct kad_store *store;
    struct kad_jobs *jobs;
    struct peer_id peers[PEERS];
    size_t n;
    struct {
        struct kad_ask *ask;
        struct peer_id to;
        enum kad_type type;
        char value;
    } open[OPEN_MAX];
    size_t forgotten, done, votes, stored, provider_count;
    struct peer_id providers[KAD_PROVIDERS_MAX];
    struct repute *repute;
    unsigned offences[REPUTE_OFFENCES];
    struct peer_id blamed;
    int err;
    char value;
};

static int on_ask(void *arg, struct kad_ask *ask, const struct peer_id *to,
                  const struct kad_message *m)
{
    struct scene *sc = arg;
    BEAM_CHECK(sc->n < OPEN_MAX);
    sc->open[sc->n].ask = ask;
    sc->open[sc->n].to = *to;
    sc->open[sc->n].value = m->has_record ? (char)m->value.at[0] : 0;
    sc->open[sc->n++].type = m->type;
    return 0;
}

static void on_forget(void *arg, struct kad_ask *ask)
{
    (void)ask;
    ((struct scene *)arg)->forgotten++;
}

/* The second byte of its address is its network, of which PRIVATE is one that is none. */
static enum kad_heed on_learn(void *arg, const struct kad_contact *contact, kad_group *group)
{
    (void)arg;
    *group = contact->n > 0 && contact->addrs[0].len > 1 ? contact->addrs[0].at[1] : 0;
    return contact->n == 0 ? KAD_PASSED_OVER : *group == PRIVATE ? KAD_BOGUS : KAD_FOLLOWED;
}

static void on_blame(void *arg, const struct peer_id *peer, enum repute_offence what)
{
    struct scene *sc = arg;
    sc->offences[what]++;
    sc->blamed = *peer;
    (void)repute_blame(sc->repute, peer, what, 0);
}

static enum repute_standing on_standing(void *arg, const struct peer_id *peer)
{
    const struct scene *sc = arg;
    return repute_of(sc->repute, peer, 0);
}

static void on_describe(void *arg, struct kad_contact *contact)
{
    (void)arg;
    (void)contact;
}

static uint64_t on_wall(void *arg)
{
    (void)arg;
    return 0;
}

static void on_done(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct scene *sc = arg;
    (void)why;
    sc->done++;
    sc->err = err;
    sc->votes = r->votes;
    sc->stored = r->stored;
    sc->provider_count = r->provider_count;
    memcpy(sc->providers, r->providers, r->provider_count * sizeof(r->providers[0]));
    sc->value = r->value.len == 1 ? (char)r->value.at[0] : 0;
}

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static void set_up(struct scene *sc, size_t peers)
{
    static struct seed seed = {9};
    static const struct rng rng = {.fill = fill, .arg = &seed};
    static const struct kad_store_limits limits = {.values = 9, .providers = 9, .each = 9};
    memset(sc, 0, sizeof(*sc));
    struct kad_jobs_spec spec = {.self = kad_peer_no(0),
                                 .size = &sc->size,
                                 .ask = on_ask,
                                 .forget = on_forget,
                                 .learn = on_learn,
                                 .blame = on_blame,
                                 .standing = on_standing,
                                 .describe = on_describe,
                                 .wall_ms = on_wall,
                                 .arg = sc};
    cr_assert_eq(repute_new(&rng, 99, &sc->repute), 0);
    cr_assert_eq(kad_table_new(&spec.self, &sc->table), 0);
    cr_assert_eq(kad_store_new(&rng, kad_table_self(sc->table), &limits, &sc->store), 0);
    cr_assert_eq(kad_store_register(sc->store, &validator), 0);
    spec.table = sc->table;
    spec.store = sc->store;
    cr_assert_eq(kad_jobs_new(&spec, &sc->jobs), 0);
    for (size_t i = 0; i < peers; i++) {
        sc->peers[i] = kad_peer_no(i + 1);
        cr_assert_eq(kad_table_seen(sc->table, &sc->peers[i], 0, 1, NULL), 0);
    }
}

static void tear_down(struct scene *sc)
{
    kad_jobs_free(sc->jobs);
    kad_store_free(sc->store);
    kad_table_free(sc->table);
    repute_free(sc->repute);
}

static int start(struct scene *sc, enum kad_job_kind kind, const char *value)
{
    struct kad_job *j;
    return kad_job_start(sc->jobs, kind, kad_text_of("/t/key"), kad_text_of(value), on_done, sc,
                         &j);
}

/* Answers the question at the head of the line, with a value unless it is 0. */
static enum kad_type answer(struct scene *sc, char value)
{
    struct kad_message *m = calloc(1, sizeof(*m));
    cr_assert_not_null(m);
    BEAM_CHECK(sc->n > 0);
    struct kad_ask *ask = sc->open[0].ask;
    enum kad_type type = m->type = sc->open[0].type;
    m->has_record = value != 0;
    m->value = (struct kad_text){.at = (const uint8_t *)&value, .len = value != 0};
    memmove(&sc->open[0], &sc->open[1], --sc->n * sizeof(sc->open[0]));
    kad_ask_answered(ask, m);
    free(m);
    return type;
}

BEAM_TEST(kad_job, what_cannot_begin_says_so)
{
    struct scene sc;
    set_up(&sc, 0);
    cr_assert_eq(start(&sc, KAD_JOB_GET, ""), BEAM_EUNREACH);
    cr_assert_eq(start(&sc, KAD_JOB_PUT, "bad"), BEAM_EINVAL);
    cr_assert_eq(sc.done, 0u);
    tear_down(&sc);
}

BEAM_TEST(kad_job, puts_at_those_it_found)
{
    struct scene sc;
    set_up(&sc, PEERS);
    cr_assert_eq(start(&sc, KAD_JOB_PUT, "5"), 0);
    for (int i = 0; i < PEERS; i++)
        cr_assert_eq(answer(&sc, 0), KAD_FIND_NODE);
    cr_assert_eq(sc.n, (size_t)PEERS);
    cr_assert_eq(sc.open[0].value, '5');
    cr_assert_eq(answer(&sc, 0), KAD_PUT_VALUE);
    cr_assert_eq(sc.done, 0u);
    kad_ask_failed(sc.open[0].ask);
    kad_ask_failed(sc.open[1].ask);
    cr_assert_eq(sc.done, 1u);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.stored, 1u);
    cr_assert_eq(kad_jobs_count(sc.jobs), 0u);
    tear_down(&sc);
}

BEAM_TEST(kad_job, takes_the_best_and_gives_it_to_those_without)
{
    struct scene sc;
    set_up(&sc, PEERS);
    cr_assert_eq(start(&sc, KAD_JOB_GET, ""), 0);
    struct peer_id holder = sc.open[1].to;
    answer(&sc, '3');
    answer(&sc, '7');
    answer(&sc, 0);
    cr_assert_eq(sc.done, 1u);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.value, '7');
    cr_assert_eq(sc.votes, 1u);
    cr_assert_eq(sc.n, 2u, "one had a worse one, one had none");
    while (sc.n > 0) {
        cr_assert_not(peer_id_equal(&sc.open[0].to, &holder));
        cr_assert_eq(sc.open[0].value, '7');
        cr_assert_eq(answer(&sc, 0), KAD_PUT_VALUE);
    }
    cr_assert_eq(sc.done, 1u, "the caller has heard of it once");
    cr_assert_eq(kad_jobs_count(sc.jobs), 0u);
    tear_down(&sc);
}

BEAM_TEST(kad_job, what_many_have_is_checked_once)
{
    struct scene sc;
    set_up(&sc, PEERS);
    cr_assert_eq(start(&sc, KAD_JOB_GET, ""), 0);
    checks = 0;
    for (size_t i = 0; i < PEERS; i++)
        answer(&sc, '7');
    cr_expect_eq(sc.value, '7');
    cr_expect_eq(sc.votes, (size_t)PEERS);
    cr_expect_eq(checks, 1u);
    tear_down(&sc);
}

BEAM_TEST(kad_job, says_why_there_is_nothing)
{
    struct scene sc;
    set_up(&sc, PEERS);
    cr_assert_eq(start(&sc, KAD_JOB_GET, ""), 0);
    while (sc.n > 0)
        answer(&sc, 0);
    cr_assert_eq(sc.err, BEAM_ENOTFOUND);
    cr_assert_eq(start(&sc, KAD_JOB_GET, ""), 0);
    for (size_t n = sc.n, i = 0; i < n; i++)
        kad_ask_failed(sc.open[i].ask);
    cr_assert_eq(sc.err, BEAM_EUNREACH);
    cr_assert_eq(sc.done, 2u);
    tear_down(&sc);
}

/* The question at the head of the line is answered with `count` others, or with nothing. */
static void fail_or_tell(struct scene *sc, const struct peer_id *told, size_t count)
{
    static const uint8_t addr[8] = {4, 10, 0, 0, 1, 6, 0x0f, 0xa1};
    struct kad_message *m = calloc(1, sizeof(*m));
    cr_assert_not_null(m);
    struct kad_ask *ask = sc->open[0].ask;
    m->type = sc->open[0].type;
    m->closer_count = count;
    for (size_t i = 0; i < count; i++)
        m->closer[i] = (struct kad_contact){
            .peer = told[i], .n = 1, .addrs[0] = {.at = addr, .len = sizeof(addr)}};
    memmove(&sc->open[0], &sc->open[1], --sc->n * sizeof(sc->open[0]));
    if (count > 0)
        kad_ask_answered(ask, m);
    else
        kad_ask_failed(ask);
    free(m);
}

/* Each that is known tells of twenty of its own, `shared` bits near, who are not there. */
static void look_among_the_dead(struct scene *sc, enum kad_job_kind kind, unsigned shared)
{
    struct kad_id target;
    struct peer_id told[20];
    uint64_t no = 1000;
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    cr_assert_eq(start(sc, kind, ""), 0);
    for (size_t i = 0; i < PEERS; i++) {
        for (size_t k = 0; k < 20; k++)
            told[k] = kad_peer_near(&target, shared, &no);
        fail_or_tell(sc, told, 20);
    }
    while (sc->n > 0)
        fail_or_tell(sc, NULL, 0);
}

/* With the dead where it should be, the size is not known from it, and "not found" is not said. */
BEAM_TEST(kad_job, the_dead_are_not_silence)
{
    struct scene sc;
    set_up(&sc, PEERS);
    look_among_the_dead(&sc, KAD_JOB_GET, 8);
    cr_expect_eq(sc.done, 1u);
    cr_expect_eq(sc.err, BEAM_EAUTH, "while the size is unknown, all dead count");
    sc.size = (struct kad_size){.n = 1, .samples = {{.nodes = 200}}};
    look_among_the_dead(&sc, KAD_JOB_GET, 8);
    cr_expect_eq(sc.err, BEAM_EAUTH, "in the region");
    look_among_the_dead(&sc, KAD_JOB_GET, 1);
    cr_expect_eq(sc.err, BEAM_ENOTFOUND, "elsewhere they hide nothing");
    tear_down(&sc);
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
    struct kad_job *j;
    for (size_t i = 0; i < TOLD; i++)
        told[i] = kad_peer_no(500 + i);
    cr_assert_eq(kad_job_start(sc->jobs, kind, key, kad_text_of(""), on_done, sc, &j), 0);
    fail_or_tell(sc, told, TOLD);
    while (sc->n > 0)
        answer(sc, 0);
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
        set_up(&sc, PEERS);
        for (size_t k = 0; k < 3; k++)
            look_among_the_living(&sc, kinds[i], kad_text_of(keys[k]));
        cr_expect_eq(sc.done, 3u);
        cr_expect_eq(sc.size.n, 3 * samples[i], "kind %zu: %zu", i, sc.size.n);
        tear_down(&sc);
    }
}

/* It is as if it were not there: the second nearest counts as the first. */
BEAM_TEST(kad_job, who_is_the_target_does_not_count)
{
    struct scene sc;
    struct peer_id peer = kad_peer_no(503);
    uint64_t d[PEERS + 5];
    struct kad_size expected = {.n = 0};
    struct kad_id target, id;
    size_t n = 0;
    set_up(&sc, PEERS);
    look_among_the_living(&sc, KAD_JOB_FIND, (struct kad_text){.at = peer.bytes, .len = peer.len});
    kad_id_of_peer(&peer, &target);
    for (uint64_t i = 500; i < 506; i++) {
        const struct peer_id one = kad_peer_no(i);
        kad_id_of_peer(&one, &id);
        if (i != 503)
            d[n++] = kad_id_distance(&target, &id);
    }
    for (size_t i = 0; i < PEERS; i++) {
        kad_id_of_peer(&sc.peers[i], &id);
        d[n++] = kad_id_distance(&target, &id);
    }
    qsort(d, n, sizeof(d[0]), ascending);
    kad_size_add(&expected, &target, d, n);
    cr_expect_float_eq(kad_size_nodes(&sc.size), kad_size_nodes(&expected), 1e-9);
    tear_down(&sc);
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
    cr_assert_eq(start(sc, kind, ""), 0);
    for (size_t asked = 0; sc->n > 0; asked++) {
        cr_assert_lt(asked * TOLD, (size_t)ALL);
        fail_or_tell(sc, &all[asked * TOLD], TOLD);
    }
    free(all);
}

BEAM_TEST(kad_job, a_look_up_that_was_cut_off_is_not_silence)
{
    struct scene sc;
    set_up(&sc, PEERS);
    look_without_end(&sc, KAD_JOB_GET);
    cr_expect_eq(sc.err, BEAM_EAUTH);
    cr_expect_eq(sc.size.n, 0u, "whoever chose the key would choose the size");
    look_without_end(&sc, KAD_JOB_FIND);
    cr_expect_eq(sc.err, 0);
    cr_expect_eq(sc.size.n, 1u, "a network that grew is measured by refreshing");
    tear_down(&sc);
}

BEAM_TEST(kad_job, only_whom_it_may_dial_is_asked)
{
    struct scene sc;
    struct kad_message *m = calloc(1, sizeof(*m));
    cr_assert_not_null(m);
    set_up(&sc, 1);
    cr_assert_eq(start(&sc, KAD_JOB_FIND, ""), 0);
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
    tear_down(&sc);
    cr_assert_eq(sc.forgotten, 1u, "what was open is forgotten");
}

/* ---- what is held against those who answer ---- */

/* The question at the head of the line is answered with that. */
static struct peer_id answer_with(struct scene *sc, const struct kad_message *m)
{
    struct kad_ask *ask = sc->open[0].ask;
    struct peer_id to = sc->open[0].to;
    memmove(&sc->open[0], &sc->open[1], --sc->n * sizeof(sc->open[0]));
    kad_ask_answered(ask, m);
    return to;
}

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

BEAM_TEST(kad_job, a_value_that_is_none_is_held_against_who_gave_it)
{
    struct scene sc;
    set_up(&sc, PEERS);
    struct kad_message m = {.type = KAD_GET_VALUE, .has_record = true};
    cr_assert_eq(start(&sc, KAD_JOB_GET, ""), 0);
    m.value = kad_text_of("bad");
    struct peer_id liar = answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BAD_VALUE, &liar);
    m.value = kad_text_of("late");
    answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BAD_VALUE, &liar); /* clocks differ: that is nobody's fault */
    answer(&sc, '7');
    cr_assert_eq(sc.value, '7');
    tear_down(&sc);
}

static struct kad_contact contact(uint64_t no, const uint8_t *addr, size_t len)
{
    return (struct kad_contact){
        .peer = kad_peer_no(no), .n = len > 0, .addrs[0] = {.at = addr, .len = len}};
}

BEAM_TEST(kad_job, private_addresses_are_not_followed_and_cost)
{
    static const uint8_t private[8] = {4, PRIVATE}, public[8] = {4, 10};
    struct scene sc;
    set_up(&sc, PEERS);
    struct kad_message m = {.type = KAD_FIND_NODE, .closer_count = 4};
    for (uint64_t i = 0; i < 4; i++)
        m.closer[i] = contact(50 + i, i == 0 ? public : private, 8);
    cr_assert_eq(start(&sc, KAD_JOB_FIND, ""), 0);
    size_t open = sc.n;
    struct peer_id liar = answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BOGUS, &liar);
    cr_assert_eq(sc.n, open, "one answered, one is new");
    m.closer_count = 3; /* two that are private, and it may not be the teller's fault */
    answer_with(&sc, &m);
    m.closer_count = 4;
    for (uint64_t i = 0; i < 4; i++)
        m.closer[i] = contact(60 + i, NULL, 0); /* what this host may not dial is no offence */
    answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_BOGUS, &liar);
    tear_down(&sc);
}

BEAM_TEST(kad_job, who_tells_of_itself_alone_pays)
{
    static const uint8_t public[8] = {4, 10};
    struct scene sc;
    set_up(&sc, PEERS);
    struct kad_message m = {.type = KAD_FIND_NODE, .closer_count = 2};
    cr_assert_eq(start(&sc, KAD_JOB_FIND, ""), 0);
    m.closer[0] = m.closer[1] = contact(0, public, 8);
    m.closer[1].peer = sc.open[0].to;
    struct peer_id liar = answer_with(&sc, &m);
    expect_blame(&sc, REPUTE_ITSELF, &liar);
    m.closer[0].peer = kad_peer_no(77);
    m.closer[1].peer = sc.open[0].to;
    answer_with(&sc, &m); /* and of another: nothing */
    m.closer_count = 0;
    answer_with(&sc, &m); /* of nobody: nothing */
    expect_blame(&sc, REPUTE_ITSELF, &liar);
    tear_down(&sc);
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
    cr_assert_eq(start(sc, KAD_JOB_FIND, ""), 0);
    cr_assert_eq(sc->n, 2u);
    teller = sc->open[0].to;
    fail_or_tell(sc, silent, 10);
    fail_or_tell(sc, living, 10);
    while (sc->n > 0) {
        bool there = false;
        for (size_t i = 0; i < 10; i++)
            there |= peer_id_equal(&sc->open[0].to, &living[i]);
        fail_or_tell(sc, living, there ? 10 : 0);
    }
    return teller;
}

BEAM_TEST(kad_job, who_tells_of_the_dead_comes_last)
{
    struct scene sc;
    set_up(&sc, 2);
    struct peer_id teller = look_among_silent(&sc);
    cr_assert_eq(sc.done, 1u);
    expect_blame(&sc, REPUTE_OF_DEAD, &teller);
    cr_expect_eq(on_standing(&sc, &teller), REPUTE_IS_LAST);
    tear_down(&sc);
    set_up(&sc, PEERS);
    for (uint64_t i = 0; i < 3 * KAD_PATHS; i++) {
        const struct peer_id more = kad_peer_no(50 + i);
        cr_assert_eq(kad_table_seen(sc.table, &more, 0, 1, NULL), 0);
    }
    cr_assert_eq(start(&sc, KAD_JOB_FIND, ""), 0);
    teller = sc.open[0].to;
    on_blame(&sc, &teller, REPUTE_OF_DEAD);
    while (sc.n > 0)
        fail_or_tell(&sc, NULL, 0);
    cr_assert_eq(start(&sc, KAD_JOB_FIND, ""), 0);
    cr_expect_not(peer_id_equal(&sc.open[0].to, &teller), "who is known may be doubted, too");
    tear_down(&sc);
}

/* The dead may be alive, and silent to this host alone: then all who are honest tell of them. */
BEAM_TEST(kad_job, an_honest_teller_of_the_dead_is_never_shunned)
{
    enum { LOOKUPS = 40 };
    struct scene sc;
    set_up(&sc, 2);
    for (unsigned i = 0; i < LOOKUPS; i++)
        (void)look_among_silent(&sc);
    cr_assert_eq(sc.done, (unsigned)LOOKUPS);
    cr_assert_eq(sc.offences[REPUTE_OF_DEAD], (unsigned)LOOKUPS);
    for (size_t i = 0; i < 2; i++)
        cr_expect_leq(on_standing(&sc, &sc.peers[i]), REPUTE_IS_LAST);
    tear_down(&sc);
}

/* When nobody answers any more it may be us who were cut off. */
BEAM_TEST(kad_job, nobody_is_blamed_for_our_silence)
{
    struct scene sc;
    set_up(&sc, PEERS);
    look_among_the_dead(&sc, KAD_JOB_FIND, 8);
    cr_assert_eq(sc.done, 1u);
    cr_assert_eq(all_offences(&sc), 0u);
    tear_down(&sc);
}

BEAM_TEST(kad_job, who_is_shunned_is_not_followed_and_who_is_doubted_comes_last)
{
    struct scene sc;
    struct kad_id target;
    struct peer_id told[4];
    uint64_t no = 1000;
    set_up(&sc, 1);
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    for (unsigned i = 0; i < 4; i++)
        told[i] = kad_peer_near(&target, 9 - i, &no); /* the nearest first */
    for (int i = 0; i < 3; i++)
        (void)repute_blame(sc.repute, &told[0], REPUTE_GARBLED, 0);
    (void)repute_blame(sc.repute, &told[1], REPUTE_GARBLED, 0);
    cr_assert_eq(start(&sc, KAD_JOB_FIND, ""), 0);
    fail_or_tell(&sc, told, 4);
    cr_assert_eq(sc.n, 3u);
    cr_expect(peer_id_equal(&sc.open[2].to, &told[1]));
    for (size_t i = 0; i < sc.n; i++)
        cr_expect_not(peer_id_equal(&sc.open[i].to, &told[0]));
    tear_down(&sc);
}

/* It said itself where it is, and who tells of it is not to blame. */
BEAM_TEST(kad_job, a_provider_at_a_private_address_is_left_out)
{
    static const uint8_t private[8] = {4, PRIVATE}, public[8] = {4, 10};
    struct scene sc;
    set_up(&sc, PEERS);
    struct kad_message m = {.type = KAD_GET_PROVIDERS, .provider_count = 4};
    for (uint64_t i = 0; i < 4; i++)
        m.providers[i] = contact(100 + i, i == 2 ? public : private, 8);
    cr_assert_eq(start(&sc, KAD_JOB_PROVIDERS, ""), 0);
    while (sc.n > 0)
        answer_with(&sc, &m);
    struct peer_id expected = kad_peer_no(102);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.provider_count, 1u);
    cr_expect(peer_id_equal(&sc.providers[0], &expected));
    cr_expect_eq(all_offences(&sc), 0u);
    tear_down(&sc);
}

/* The first to answer tells of twenty; the one who is true is heard of from the others. */
BEAM_TEST(kad_job, providers_are_of_all_who_answered)
{
    static const uint8_t here[8] = {4, 10}, there[8] = {4, 11};
    struct scene sc;
    set_up(&sc, PEERS);
    struct kad_message m = {.type = KAD_GET_PROVIDERS, .provider_count = 20};
    for (uint64_t i = 0; i < 20; i++)
        m.providers[i] = contact(100 + i, here, 8);
    cr_assert_eq(start(&sc, KAD_JOB_PROVIDERS, ""), 0);
    answer_with(&sc, &m);
    m.provider_count = 1;
    m.providers[0] = contact(7, there, 8);
    answer_with(&sc, &m);
    answer_with(&sc, &m);
    cr_assert_eq(sc.err, 0);
    cr_assert_eq(sc.provider_count, 3u, "two of the one network, and the one of the other");
    struct peer_id expected = kad_peer_no(7);
    bool found = false;
    for (size_t i = 0; i < sc.provider_count; i++)
        found |= peer_id_equal(&sc.providers[i], &expected);
    cr_assert(found);
    tear_down(&sc);
}
