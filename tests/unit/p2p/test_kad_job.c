/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_job.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

enum { PEERS = 3, OPEN_MAX = 64 };

static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    (void)arg;
    (void)key;
    (void)wall_ms;
    return value.len == 1 ? 0 : BEAM_EINVAL;
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
    size_t forgotten, done, votes, stored;
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

static bool on_learn(void *arg, const struct kad_contact *contact)
{
    (void)arg;
    return contact->n > 0;
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
                                 .describe = on_describe,
                                 .wall_ms = on_wall,
                                 .arg = sc};
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
    sc.size = (struct kad_size){.n = 1, .next = 1, .samples = {200}};
    look_among_the_dead(&sc, KAD_JOB_GET, 8);
    cr_expect_eq(sc.err, BEAM_EAUTH, "in the region");
    look_among_the_dead(&sc, KAD_JOB_GET, 1);
    cr_expect_eq(sc.err, BEAM_ENOTFOUND, "elsewhere they hide nothing");
    tear_down(&sc);
}

/* Those who answer are ever more, so that the questions end before they do. */
static void look_without_end(struct scene *sc, enum kad_job_kind kind)
{
    struct kad_id target;
    struct peer_id told[10];
    uint64_t no = 1000;
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    cr_assert_eq(start(sc, kind, ""), 0);
    for (unsigned asked = 0; sc->n > 0; asked++) {
        for (size_t k = 0; k < 10; k++)
            told[k] = kad_peer_near(&target, 2 + asked / 20, &no);
        fail_or_tell(sc, told, 10);
    }
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
