/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_job.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    SEEDS = 3 * KAD_K,
    BOGUS_LEAST = 3, /* of whom one tells before it is held against it */
    LIARS_MAX = 32   /* that are blamed for one look-up */
};

struct kad_ask {
    TAILQ_ENTRY(kad_ask) link;
    struct kad_job *job;
    struct peer_id peer;
    bool storing;
};
TAILQ_HEAD(asks, kad_ask);

/* Who is to be given something, in order. */
struct recipients {
    size_t n, next, taken;
    struct peer_id peers[KAD_FOUND_MAX];
};

struct kad_job {
    TAILQ_ENTRY(kad_job) link;
    struct kad_jobs *jobs;
    enum kad_job_kind kind;
    kad_job_fn *done; /* NULL once it was called */
    void *arg;
    struct kad_id target;
    struct kad_query *query;
    struct asks asks;
    size_t flying;
    bool storing;
    struct recipients to;
    size_t holder_count; /* GET: who gave the best */
    struct peer_id holders[KAD_FOUND_MAX];
    struct kad_providers providers; /* PROVIDERS: who is told of */
    struct kad_result result;
    size_t key_len, value_len;
    uint8_t key[KAD_KEY_MAX], value[KAD_VALUE_MAX]; /* to be put, or the best that was got */
};
TAILQ_HEAD(jobs, kad_job);

struct kad_jobs {
    struct kad_jobs_spec spec;
    struct jobs list;
    size_t count;
};

static void pump(struct kad_job *j);

/* ---- making and ending ---- */

int kad_jobs_new(const struct kad_jobs_spec *spec, struct kad_jobs **out)
{
    struct kad_jobs *js = calloc(1, sizeof(*js));
    if (!js)
        return BEAM_ENOMEM;
    js->spec = *spec;
    TAILQ_INIT(&js->list);
    *out = js;
    return 0;
}

void kad_jobs_free(struct kad_jobs *js)
{
    if (!js)
        return;
    while (!TAILQ_EMPTY(&js->list))
        kad_job_cancel(TAILQ_FIRST(&js->list));
    free(js);
}

size_t kad_jobs_count(const struct kad_jobs *js)
{
    return js->count;
}

static void drop_ask(struct kad_ask *ask)
{
    TAILQ_REMOVE(&ask->job->asks, ask, link);
    ask->job->flying--;
    free(ask);
}

static void forget_asks(struct kad_job *j)
{
    struct kad_ask *ask;
    while ((ask = TAILQ_FIRST(&j->asks))) {
        j->jobs->spec.forget(j->jobs->spec.arg, ask);
        drop_ask(ask);
    }
}

void kad_job_cancel(struct kad_job *j)
{
    forget_asks(j);
    TAILQ_REMOVE(&j->jobs->list, j, link);
    j->jobs->count--;
    kad_query_free(j->query);
    kad_providers_clear(&j->providers);
    free(j);
}

static enum repute_standing standing(const struct kad_job *j, const struct peer_id *peer)
{
    return j->jobs->spec.standing(j->jobs->spec.arg, peer);
}

/* More than the k nearest that we know, for these may all be one's who tells of nobody else. */
static int seed(struct kad_job *j)
{
    const struct kad_peer *near[SEEDS];
    const struct kad_jobs_spec *spec = &j->jobs->spec;
    bool light = j->kind == KAD_JOB_REFRESH;
    const struct kad_query_options options = {.k = light ? KAD_REFRESH_K : KAD_K,
                                              .alpha = KAD_ALPHA,
                                              .paths = KAD_PATHS,
                                              .region =
                                                  light ? 0 : kad_size_radius(spec->size, KAD_K),
                                              .ask_max = KAD_ASK_MAX};
    size_t n = kad_table_nearest(spec->table, &j->target, near, SEEDS);
    if (n == 0)
        return BEAM_EUNREACH;
    int err = kad_query_new(&j->target, &spec->self, &options, &j->query);
    for (size_t i = 0; err == 0 && i < n; i++) {
        kad_query_seed(j->query, &near[i]->peer);
        if (standing(j, &near[i]->peer) != REPUTE_GOOD)
            kad_query_doubt(j->query, &near[i]->peer);
    }
    return err;
}

static void blame(const struct kad_job *j, const struct peer_id *peer, enum repute_offence what)
{
    j->jobs->spec.blame(j->jobs->spec.arg, peer, what);
}

static int check(const struct kad_jobs *js, enum kad_job_kind kind, struct kad_text key,
                 struct kad_text value)
{
    if (js->count >= KAD_JOBS_MAX || key.len > KAD_KEY_MAX || value.len > KAD_VALUE_MAX)
        return BEAM_ELIMIT;
    if (kind != KAD_JOB_GET && kind != KAD_JOB_PUT)
        return key.len > 0 ? 0 : BEAM_EINVAL;
    const struct kad_validator *v = kad_store_validator(js->spec.store, key);
    if (!v)
        return BEAM_EINVAL;
    return kind == KAD_JOB_GET ? 0 : v->check(v->arg, key, value, js->spec.wall_ms(js->spec.arg));
}

int kad_job_start(struct kad_jobs *js, enum kad_job_kind kind, struct kad_text key,
                  struct kad_text value, kad_job_fn *done, void *arg, struct kad_job **out)
{
    int err = check(js, kind, key, value);
    if (err < 0)
        return err;
    struct kad_job *j = malloc(sizeof(*j));
    if (!j)
        return BEAM_ENOMEM;
    memset(j, 0, offsetof(struct kad_job, key));
    j->jobs = js;
    j->kind = kind;
    j->done = done;
    j->arg = arg;
    TAILQ_INIT(&j->asks);
    kad_id_of(key.at, key.len, &j->target);
    memcpy(j->key, key.at, key.len);
    j->key_len = key.len;
    if (kind == KAD_JOB_PUT)
        memcpy(j->value, value.at, value.len);
    j->value_len = kind == KAD_JOB_PUT ? value.len : 0;
    err = seed(j);
    if (err < 0) {
        free(j);
        return err;
    }
    TAILQ_INSERT_TAIL(&js->list, j, link);
    js->count++;
    *out = j;
    pump(j);
    return 0;
}

/* ---- asking ---- */

static struct kad_text key_of(const struct kad_job *j)
{
    return (struct kad_text){.at = j->key, .len = j->key_len};
}

static void question(const struct kad_job *j, bool storing, struct kad_message *m)
{
    static const enum kad_type looking[] = {
        [KAD_JOB_FIND] = KAD_FIND_NODE,    [KAD_JOB_REFRESH] = KAD_FIND_NODE,
        [KAD_JOB_GET] = KAD_GET_VALUE,     [KAD_JOB_PUT] = KAD_FIND_NODE,
        [KAD_JOB_PROVIDE] = KAD_FIND_NODE, [KAD_JOB_PROVIDERS] = KAD_GET_PROVIDERS};
    memset(m, 0, offsetof(struct kad_message, closer));
    m->key = key_of(j);
    m->type = looking[j->kind];
    if (!storing)
        return;
    m->type = j->kind == KAD_JOB_PROVIDE ? KAD_ADD_PROVIDER : KAD_PUT_VALUE;
    if (m->type == KAD_ADD_PROVIDER) {
        m->provider_count = 1;
        m->providers[0] = (struct kad_contact){.peer = j->jobs->spec.self};
        j->jobs->spec.describe(j->jobs->spec.arg, &m->providers[0]);
    } else {
        m->has_record = true;
        m->record_key = m->key;
        m->value = (struct kad_text){.at = j->value, .len = j->value_len};
    }
}

static int send_to(struct kad_job *j, const struct peer_id *peer)
{
    struct kad_ask *ask = malloc(sizeof(*ask));
    struct kad_message *m = malloc(sizeof(*m)); /* 8 kB: not for the stack of a callback */
    if (!ask || !m) {
        free(ask);
        free(m);
        return BEAM_ENOMEM;
    }
    *ask = (struct kad_ask){.job = j, .peer = *peer, .storing = j->storing};
    TAILQ_INSERT_TAIL(&j->asks, ask, link);
    j->flying++;
    question(j, j->storing, m);
    int err = j->jobs->spec.ask(j->jobs->spec.arg, ask, peer, m);
    free(m);
    if (err < 0)
        drop_ask(ask);
    return err;
}

/* ---- the end of a look-up ---- */

/* Those to store at: all that answered in the region, and the k nearest at least. */
static void choose_recipients(struct kad_job *j)
{
    uint64_t region = kad_size_radius(j->jobs->spec.size, KAD_K);
    for (size_t i = 0; i < j->result.n; i++)
        if (i < KAD_K || kad_id_distance(&j->target, &j->result.nodes[i].id) < region)
            j->to.peers[j->to.n++] = j->result.nodes[i].peer;
}

/* Of the k nearest, those that did not give the value that was found. */
static void choose_lacking(struct kad_job *j)
{
    for (size_t i = 0; j->result.votes > 0 && i < j->result.n && i < KAD_K; i++) {
        bool has = false;
        for (size_t k = 0; k < j->holder_count; k++)
            has |= peer_id_equal(&j->holders[k], &j->result.nodes[i].peer);
        if (!has)
            j->to.peers[j->to.n++] = j->result.nodes[i].peer;
    }
}

/* The keys of values are not chosen by chance, and may be where somebody has put himself. Who is
 * at the target itself gave it its place. */
static void measure(const struct kad_job *j)
{
    uint64_t distances[KAD_K];
    size_t most = j->kind == KAD_JOB_REFRESH ? KAD_REFRESH_K : KAD_K, n = 0;
    if (j->kind != KAD_JOB_FIND && j->kind != KAD_JOB_REFRESH)
        return;
    for (size_t i = 0; i < j->result.n && i < most; i++) {
        distances[n] = kad_id_distance(&j->target, &j->result.nodes[i].id);
        n += distances[n] > 0;
    }
    kad_size_add(j->jobs->spec.size, &j->target, distances, n);
}

static int judge(const struct kad_job *j, struct beam_why *why)
{
    const struct kad_result *r = &j->result;
    if (r->figures.answered == 0)
        return beam_why(why, BEAM_EUNREACH, "the network: none of %zu nodes answered",
                        r->figures.asked);
    if ((j->kind == KAD_JOB_PUT || j->kind == KAD_JOB_PROVIDE) && r->stored == 0)
        return beam_why(why, BEAM_EUNREACH, "the network: none of %zu nodes took it", j->to.n);
    bool missing = (j->kind == KAD_JOB_GET && r->votes == 0) ||
                   (j->kind == KAD_JOB_PROVIDERS && r->provider_count == 0);
    if (missing && r->crowded)
        return beam_why(why, BEAM_EAUTH,
                        "the network: not found, but %zu nodes are where %d are expected, and %zu "
                        "of them do not answer: somebody may be hiding it (try again later, and "
                        "from another place)",
                        r->figures.region + r->figures.dead, KAD_K, r->figures.dead);
    if (missing && r->figures.exhausted)
        return beam_why(why, BEAM_EAUTH,
                        "the network: not found, but the look-up was cut off after %zu questions: "
                        "somebody may be hiding it (try again later, and from another place)",
                        r->figures.asked);
    if (missing)
        return beam_why(why, BEAM_ENOTFOUND, "the network: none of %zu nodes has it",
                        r->figures.answered);
    return 0;
}

/* Tells the caller. The job lives on while there are nodes to be given what they lacked. */
static void tell(struct kad_job *j)
{
    struct beam_why why = {.text = ""};
    kad_job_fn *done = j->done;
    j->done = NULL;
    j->result.stored = j->to.taken;
    if (j->kind == KAD_JOB_GET)
        j->result.value = (struct kad_text){.at = j->value, .len = j->value_len};
    int err = judge(j, &why);
    if (done)
        done(j->arg, err, &why, &j->result);
}

static void blame_liars(const struct kad_job *j)
{
    struct peer_id liars[LIARS_MAX];
    for (size_t n = kad_query_liars(j->query, liars, LIARS_MAX); n > 0; n--)
        blame(j, &liars[n - 1], REPUTE_OF_DEAD);
}

/* Some may be slow still. */
static void lookup_ended(struct kad_job *j)
{
    forget_asks(j);
    j->result.n = kad_query_nearest(j->query, j->result.nodes, KAD_FOUND_MAX);
    kad_query_figures(j->query, &j->result.figures);
    j->result.crowded = kad_query_crowded(j->query);
    measure(j);
    blame_liars(j);
    j->result.provider_count =
        kad_providers_take(&j->providers, j->result.providers, KAD_PROVIDERS_MAX);
    j->storing = true;
    if (j->kind == KAD_JOB_PUT || j->kind == KAD_JOB_PROVIDE)
        choose_recipients(j);
    else
        tell(j);
    if (j->kind == KAD_JOB_GET)
        choose_lacking(j);
}

static void pump(struct kad_job *j)
{
    struct peer_id peer;
    while (!j->storing && kad_query_next(j->query, &peer))
        if (send_to(j, &peer) < 0)
            kad_query_failed(j->query, &peer);
    if (!j->storing && kad_query_done(j->query))
        lookup_ended(j);
    if (!j->storing)
        return;
    while (j->to.next < j->to.n && j->flying < KAD_ALPHA)
        (void)send_to(j, &j->to.peers[j->to.next++]); /* who cannot be asked goes without */
    if (j->flying > 0)
        return;
    if (j->done)
        tell(j);
    kad_job_cancel(j);
}

/* ---- answers ---- */

/* A value that came, beside the best so far: above zero when it is better, zero when the same,
 * below when it is worse or none. What another gave too was checked then. */
static int weigh(const struct kad_job *j, const struct peer_id *from, struct kad_text value)
{
    const struct kad_jobs_spec *spec = &j->jobs->spec;
    struct kad_text key = key_of(j), best = {.at = j->value, .len = j->value_len};
    const struct kad_validator *v = kad_store_validator(spec->store, key);
    bool first = j->result.votes == 0;
    if (!v)
        return -1;
    if (!first && best.len == value.len && memcmp(best.at, value.at, best.len) == 0)
        return 0;
    int err = v->check(v->arg, key, value, spec->wall_ms(spec->arg));
    if (kad_store_forged(err))
        blame(j, from, REPUTE_BAD_VALUE);
    if (err < 0 || kad_store_outdated(spec->store, key, value, spec->wall_ms(spec->arg)))
        return -1;
    return first ? 1 : v->compare(v->arg, key, best, value);
}

static void take_value(struct kad_job *j, const struct peer_id *from, const struct kad_message *m)
{
    int order = m->has_record ? weigh(j, from, m->value) : -1;
    if (order < 0)
        return;
    if (order > 0) {
        memcpy(j->value, m->value.at, m->value.len);
        j->value_len = m->value.len;
        j->result.votes = j->holder_count = 0;
    }
    j->result.votes++;
    if (j->holder_count < KAD_FOUND_MAX)
        j->holders[j->holder_count++] = *from;
}

/* Where a provider is it says itself, and who tells of it may not have looked: a bogus one is left
 * out, and is not held against who told. */
static void take_providers(struct kad_job *j, const struct kad_message *m)
{
    struct kad_provider list[KAD_PEERS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < m->provider_count; i++) {
        list[n] = (struct kad_provider){.peer = m->providers[i].peer};
        n += j->jobs->spec.learn(j->jobs->spec.arg, &m->providers[i], &list[n].group) != KAD_BOGUS;
    }
    (void)kad_providers_told(&j->providers, list, n); /* else it told of none */
}

/* Whether it is asked, and when. */
static void follow(struct kad_job *j, const struct peer_id *from, const struct peer_id *peer)
{
    enum repute_standing its = standing(j, peer);
    if (its == REPUTE_IS_SHUNNED)
        return;
    kad_query_told(j->query, from, peer);
    if (its != REPUTE_GOOD)
        kad_query_doubt(j->query, peer);
}

/* Nobody but itself and us, though it was not itself that was looked for. */
static bool tells_of_itself(const struct kad_job *j, const struct peer_id *from,
                            const struct kad_message *m)
{
    struct kad_id id;
    size_t itself = 0;
    for (size_t i = 0; i < m->closer_count; i++) {
        if (peer_id_equal(&m->closer[i].peer, from))
            itself++;
        else if (!peer_id_equal(&m->closer[i].peer, &j->jobs->spec.self))
            return false;
    }
    kad_id_of_peer(from, &id);
    return itself > 0 && kad_id_shared(&id, &j->target) != KAD_ID_BITS;
}

static void take_closer(struct kad_job *j, const struct peer_id *from, const struct kad_message *m)
{
    kad_group group;
    size_t bogus = 0;
    for (size_t i = 0; i < m->closer_count; i++) {
        enum kad_heed heed = j->jobs->spec.learn(j->jobs->spec.arg, &m->closer[i], &group);
        if (heed == KAD_FOLLOWED)
            follow(j, from, &m->closer[i].peer);
        bogus += heed == KAD_BOGUS;
    }
    if (bogus >= BOGUS_LEAST && 2 * bogus > m->closer_count)
        blame(j, from, REPUTE_BOGUS);
    if (tells_of_itself(j, from, m))
        blame(j, from, REPUTE_ITSELF);
}

static void take_answer(struct kad_job *j, const struct peer_id *from, const struct kad_message *m)
{
    take_closer(j, from, m);
    if (j->kind == KAD_JOB_GET)
        take_value(j, from, m);
    else if (j->kind == KAD_JOB_PROVIDERS)
        take_providers(j, m);
    kad_query_answered(j->query, from);
}

void kad_ask_answered(struct kad_ask *ask, const struct kad_message *m)
{
    struct kad_job *j = ask->job;
    if (ask->storing)
        j->to.taken++;
    else if (m)
        take_answer(j, &ask->peer, m);
    else
        kad_query_failed(j->query, &ask->peer);
    drop_ask(ask);
    pump(j);
}

void kad_ask_failed(struct kad_ask *ask)
{
    struct kad_job *j = ask->job;
    if (!ask->storing)
        kad_query_failed(j->query, &ask->peer);
    drop_ask(ask);
    pump(j);
}

void kad_ask_slow(struct kad_ask *ask)
{
    struct kad_job *j = ask->job;
    if (ask->storing)
        return;
    kad_query_slow(j->query, &ask->peer);
    pump(j);
}
