/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/p2p/scene.h"

#include <stdlib.h>

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    ((struct scene *)arg)->checks++;
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

static int on_ask(void *arg, struct kad_ask *ask, const struct peer_id *to,
                  const struct kad_message *m)
{
    struct scene *sc = arg;
    BEAM_CHECK(sc->n < SCENE_OPEN_MAX);
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

/* The second byte of its address is its network, of which SCENE_PRIVATE is one that is none. */
static enum kad_heed on_learn(void *arg, const struct kad_contact *contact, kad_group *group)
{
    (void)arg;
    *group = contact->n > 0 && contact->addrs[0].len > 1 ? contact->addrs[0].at[1] : 0;
    return contact->n == 0 ? KAD_PASSED_OVER : *group == SCENE_PRIVATE ? KAD_BOGUS : KAD_FOLLOWED;
}

static void on_blame(void *arg, const struct peer_id *peer, enum repute_offence what)
{
    struct scene *sc = arg;
    sc->offences[what]++;
    sc->blamed = *peer;
    (void)repute_blame(sc->repute, peer, what, 0);
}

enum repute_standing scene_standing(const struct scene *sc, const struct peer_id *peer)
{
    return repute_of(sc->repute, peer, 0);
}

static enum repute_standing on_standing(void *arg, const struct peer_id *peer)
{
    return scene_standing(arg, peer);
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

void scene_set_up(struct scene *sc, size_t peers)
{
    static struct seed seed = {9};
    static const struct rng rng = {.fill = fill, .arg = &seed};
    static const struct kad_store_limits limits = {.values = 9, .providers = 9, .each = 9};
    memset(sc, 0, sizeof(*sc));
    sc->validator =
        (struct kad_validator){.name = "t", .check = check, .compare = compare, .arg = sc};
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
    cr_assert_eq(kad_store_register(sc->store, &sc->validator), 0);
    spec.table = sc->table;
    spec.store = sc->store;
    cr_assert_eq(kad_jobs_new(&spec, &sc->jobs), 0);
    for (size_t i = 0; i < peers; i++) {
        sc->peers[i] = kad_peer_no(i + 1);
        cr_assert_eq(kad_table_seen(sc->table, &sc->peers[i], 0, 1, NULL), 0);
    }
}

void scene_tear_down(struct scene *sc)
{
    kad_jobs_free(sc->jobs);
    kad_store_free(sc->store);
    kad_table_free(sc->table);
    repute_free(sc->repute);
}

int scene_look(struct scene *sc, enum kad_job_kind kind, struct kad_text key)
{
    struct kad_job *j;
    return kad_job_start(sc->jobs, kind, key, kad_text_of(""), on_done, sc, &j);
}

int scene_start(struct scene *sc, enum kad_job_kind kind, const char *value)
{
    struct kad_job *j;
    return kad_job_start(sc->jobs, kind, kad_text_of("/t/key"), kad_text_of(value), on_done, sc,
                         &j);
}

enum kad_type scene_answer(struct scene *sc, char value)
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

void scene_tell(struct scene *sc, const struct peer_id *told, size_t count)
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

struct peer_id scene_answer_with(struct scene *sc, const struct kad_message *m)
{
    struct kad_ask *ask = sc->open[0].ask;
    struct peer_id to = sc->open[0].to;
    memmove(&sc->open[0], &sc->open[1], --sc->n * sizeof(sc->open[0]));
    kad_ask_answered(ask, m);
    return to;
}

struct kad_contact scene_contact(uint64_t no, const uint8_t *addr, size_t len)
{
    return (struct kad_contact){
        .peer = kad_peer_no(no), .n = len > 0, .addrs[0] = {.at = addr, .len = len}};
}

void scene_among_the_dead(struct scene *sc, enum kad_job_kind kind, unsigned shared)
{
    struct kad_id target;
    struct peer_id told[20];
    uint64_t no = 1000;
    kad_id_of((const uint8_t *)"/t/key", 6, &target);
    cr_assert_eq(scene_start(sc, kind, ""), 0);
    for (size_t i = 0; i < SCENE_PEERS; i++) {
        for (size_t k = 0; k < 20; k++)
            told[k] = kad_peer_near(&target, shared, &no);
        scene_tell(sc, told, 20);
    }
    while (sc->n > 0)
        scene_tell(sc, NULL, 0);
}
