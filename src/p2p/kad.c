/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "p2p/connect.h"
#include "p2p/core.h"
#include "p2p/identify.h"
#include "p2p/kad_call.h"
#include "p2p/kad_pace.h"
#include "p2p/kad_repeat.h"
#include "p2p/kad_serve.h"
#include "p2p/standing.h"

enum {
    TICK_MS = 60 * 1000,
    KEEP_MS = 2 * TICK_MS,       /* how long the addresses of a peer in the table are, each time */
    LEARNED_MS = 30 * 60 * 1000, /* how long an address that was told in an answer is believed */
    ASK_MS = 15 * 1000,
    VALUES_MAX = 10000,
    PROVIDERS_MAX = 10000,
    EACH_MAX = 200,
    DESCRIBED_MAX = KAD_PEERS_MAX * 2 + 1
};

/* A question of a job, or whether somebody is there, and the call that carries it. */
struct question {
    TAILQ_ENTRY(question) link;
    struct kad *kad;
    struct kad_ask *ask; /* NULL: of no job, or of none any more */
    struct peer_id to;
    struct kad_call *call;
    uint64_t began;
    struct loop_timer slow;
};
TAILQ_HEAD(questions, question);

struct kad {
    struct kad_spec spec;
    struct kad_table *table;
    struct kad_store *store;
    struct kad_size size;
    struct kad_jobs *jobs;
    struct kad_answerer answerer;
    struct kad_serve *serve; /* of a server */
    struct kad_repeat *repeat;
    struct questions questions;
    struct kad_pace pace;
    struct host_watch watch;
    struct loop_timer tick, self, again; /* again: the repeat's */
    unsigned looked;                     /* how often we looked ourselves up */
    /* Addresses that the contacts of one message point to. */
    size_t described;
    struct address_book_row rows[DESCRIBED_MAX][ADDRESS_BOOK_PER_PEER];
};

static int put_question(struct kad *k, struct kad_ask *ask, const struct peer_id *to,
                        const struct kad_message *m);

static uint64_t now_ms(const struct kad *k)
{
    return k->spec.clock->monotonic_ms(k->spec.clock->arg);
}

/* ---- peers and the table ---- */

static void found_nothing(void *arg, int err, const struct beam_why *why,
                          const struct kad_result *r)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)r;
}

static void look_up(struct kad *k, enum kad_job_kind kind, const void *key, size_t len)
{
    struct kad_job *j;
    const struct kad_text text = {.at = key, .len = len};
    struct kad_id id;
    if (kad_job_start(k->jobs, kind, text, text, found_nothing, NULL, &j) == 0) {
        kad_id_of(key, len, &id);
        kad_table_looked(k->table, &id, now_ms(k));
    }
}

static void on_self(void *arg)
{
    struct kad *k = arg;
    const struct peer_id *self = host_id(k->spec.host);
    uint8_t any[KAD_ID_SIZE];
    const struct kad_table_turn turn = kad_table_turn(k->looked++);
    look_up(k, turn.whole ? KAD_JOB_FIND : KAD_JOB_REFRESH, self->bytes, self->len);
    k->spec.rng->fill(k->spec.rng->arg, any, sizeof(any));
    if (turn.chance)
        look_up(k, KAD_JOB_REFRESH, any, sizeof(any));
    loop_timer_set(&k->self, kad_table_turn(k->looked).after_ms);
}

/* Of one in whose place somebody else could be: one question, and none as long as it was heard of,
 * for in a full bucket each word of those who wait in line comes here. */
static void ask_whether_there(struct kad *k, const struct peer_id *peer)
{
    const struct kad_peer *known = kad_table_find(k->table, peer);
    const struct peer_id *self = host_id(k->spec.host);
    const struct question *q;
    if (!known || now_ms(k) < known->seen + KAD_SILENT_MS)
        return;
    TAILQ_FOREACH(q, &k->questions, link)
    if (!q->ask && peer_id_equal(&q->to, peer))
        return;
    struct kad_message *m = calloc(1, sizeof(*m));
    if (!m)
        return;
    m->type = KAD_FIND_NODE;
    m->key = (struct kad_text){.at = self->bytes, .len = self->len};
    (void)put_question(k, NULL, peer, m);
    free(m);
}

/* What others tell must not push out where those in the table are. */
static void keep(struct kad *k, const struct peer_id *peer)
{
    address_book_keep(k->spec.host->book, peer, loop_now(k->spec.loop) + KEEP_MS);
}

static void keep_all(struct kad *k)
{
    const struct kad_peer *peers[KAD_K];
    for (unsigned shared = 0; shared < KAD_ID_BITS; shared++)
        for (size_t n = kad_table_bucket(k->table, shared, peers); n > 0; n--)
            keep(k, &peers[n - 1]->peer);
}

/* A server is there: it answered us, or says so of itself. */
static void seen(struct kad *k, const struct host_peer *peer)
{
    struct peer_id check;
    if (standing_of(k->spec.host, peer->id) >= REPUTE_IS_DOUBTED)
        return;
    int err = kad_table_seen(k->table, peer->id, kad_contact_group(peer->addr), now_ms(k), &check);
    if (err == 0)
        keep(k, peer->id);
    if (err == 0 && !loop_timer_pending(&k->self)) {
        k->looked = 0;
        loop_timer_set(&k->self, 0);
    }
    if (err == BEAM_EAGAIN)
        ask_whether_there(k, &check);
}

static void on_blame(void *arg, const struct peer_id *peer, enum repute_offence what)
{
    struct kad *k = arg;
    standing_blame(k->spec.host, peer, what);
    if (standing_of(k->spec.host, peer) >= REPUTE_IS_DOUBTED)
        kad_table_remove(k->table, peer);
}

static enum repute_standing on_standing(void *arg, const struct peer_id *peer)
{
    const struct kad *k = arg;
    return standing_of(k->spec.host, peer);
}

static void on_identified(void *arg, const struct host_peer *peer)
{
    struct kad *k = arg;
    if (host_speaks(k->spec.host, peer->id, k->spec.protocol))
        seen(k, peer);
    else
        kad_table_remove(k->table, peer->id);
}

/* ---- what the cores ask for ---- */

/* Views of rows[described]; the oldest are overwritten after a whole message's worth. */
static void describe(struct kad *k, struct kad_contact *contact)
{
    struct address_book_row *rows = k->rows[k->described++ % DESCRIBED_MAX];
    size_t n = address_book_get(k->spec.host->book, &contact->peer, loop_now(k->spec.loop), rows);
    for (size_t i = 0; i < n; i++)
        kad_contact_tell(contact, k->spec.permit, &rows[i].addr);
    if (host_find(k->spec.host, &contact->peer, &(struct host_peer){.id = NULL}))
        contact->connection = KAD_CONNECTED;
}

static void on_describe_self(void *arg, struct kad_contact *contact)
{
    struct kad *k = arg;
    const struct multiaddr *a;
    for (size_t i = 0; (a = host_addr(k->spec.host, i)); i++)
        kad_contact_tell(contact, k->spec.permit, a);
}

static void on_describe(void *arg, struct kad_contact *contact)
{
    struct kad *k = arg;
    if (peer_id_equal(&contact->peer, host_id(k->spec.host)))
        on_describe_self(k, contact);
    else
        describe(k, contact);
}

static bool is_known(struct kad *k, const struct peer_id *peer)
{
    return host_connected(k->spec.host, peer) || connect_known(k->spec.host, peer);
}

/* Only what may be dialled is remembered; what may not is not followed. */
static enum kad_heed on_learn(void *arg, const struct kad_contact *contact, kad_group *group)
{
    struct kad *k = arg;
    struct multiaddr addrs[KAD_ADDRS_MAX];
    size_t n;
    enum kad_heed heed =
        kad_contact_read(contact, k->spec.permit, k->spec.tor ? WAY_BY_TOR : 0, addrs, &n);
    *group = kad_contact_group(n > 0 ? &addrs[0] : NULL);
    host_learn(k->spec.host, &contact->peer, addrs, n, ADDRESS_TOLD, LEARNED_MS);
    return is_known(k, &contact->peer) ? KAD_FOLLOWED : heed;
}

static void on_learn_provider(void *arg, const struct kad_contact *contact)
{
    kad_group group;
    (void)on_learn(arg, contact, &group);
}

static kad_group on_whence(void *arg, const struct peer_id *peer)
{
    const struct kad *k = arg;
    struct host_peer is;
    return host_find(k->spec.host, peer, &is) ? kad_contact_group(is.addr) : KAD_NOWHERE;
}

static uint64_t on_wall(void *arg)
{
    const struct kad *k = arg;
    return k->spec.clock->wall_ms(k->spec.clock->arg);
}

static void question_free(struct question *q)
{
    TAILQ_REMOVE(&q->kad->questions, q, link);
    loop_timer_clear(&q->slow);
    kad_call_cancel(q->call);
    free(q);
}

/* Whether a failure says nothing of the peer: there is too much to do here, others have named its
 * address too often, or nobody at all is reached, so that it may be the network that is gone. */
static bool is_ours(const struct kad *k, int err)
{
    return err == BEAM_ELIMIT || err == BEAM_EAGAIN || err == BEAM_ENOMEM ||
           host_peers(k->spec.host) == 0;
}

static void on_answer(void *arg, const struct kad_call_end *end)
{
    struct question *q = arg;
    struct kad *k = q->kad;
    struct kad_ask *ask = q->ask;
    struct peer_id to = q->to;
    int err = end->err;
    if (err == 0)
        kad_pace_took(&k->pace, loop_now(k->spec.loop) - q->began);
    q->call = NULL;
    question_free(q);
    if (err == 0 && end->peer)
        seen(k, end->peer);
    else if (err == BEAM_ENOTFOUND && !is_ours(k, err))
        kad_table_remove(k->table, &to); /* it does not speak it, or nobody knows where it is */
    else if (err < 0 && !is_ours(k, err))
        kad_table_failed(k->table, &to);
    if (end->garbled)
        on_blame(k, &to, REPUTE_GARBLED);
    if (ask && err == 0)
        kad_ask_answered(ask, end->answer);
    else if (ask)
        kad_ask_failed(ask);
}

static void on_slow(void *arg)
{
    struct question *q = arg;
    if (q->ask)
        kad_ask_slow(q->ask);
}

static int put_question(struct kad *k, struct kad_ask *ask, const struct peer_id *to,
                        const struct kad_message *m)
{
    struct question *q = calloc(1, sizeof(*q));
    if (!q)
        return BEAM_ENOMEM;
    *q = (struct question){.kad = k, .ask = ask, .to = *to, .began = loop_now(k->spec.loop)};
    loop_timer_init(k->spec.loop, &q->slow, on_slow, q);
    loop_timer_set(&q->slow, kad_pace_slow(&k->pace));
    TAILQ_INSERT_TAIL(&k->questions, q, link);
    const struct kad_call_spec call = {.host = k->spec.host,
                                       .loop = k->spec.loop,
                                       .to = to,
                                       .protocol = k->spec.protocol,
                                       .timeout_ms = k->spec.ask_ms ? k->spec.ask_ms : ASK_MS};
    int err = kad_call_start(&call, m, on_answer, q, &q->call);
    if (err < 0)
        question_free(q);
    return err;
}

static int on_ask(void *arg, struct kad_ask *ask, const struct peer_id *to,
                  const struct kad_message *m)
{
    return put_question(arg, ask, to, m);
}

/* It goes on: whether that node is there is of use to the table. */
static void on_forget(void *arg, struct kad_ask *ask)
{
    struct kad *k = arg;
    struct question *q;
    TAILQ_FOREACH(q, &k->questions, link)
    if (q->ask == ask) {
        q->ask = NULL;
        return;
    }
}

/* ---- staying in ---- */

static void on_tick(void *arg)
{
    struct kad *k = arg;
    struct kad_table_key key;
    struct peer_id silent;
    loop_timer_set(&k->tick, TICK_MS);
    keep_all(k);
    if (host_peers(k->spec.host) > 0 && kad_table_silent(k->table, now_ms(k), &silent))
        ask_whether_there(k, &silent);
    if (kad_table_count(k->table) == 0)
        loop_timer_clear(&k->self); /* begins anew with the first who is there */
    else if (host_peers(k->spec.host) == 0)
        on_self(k); /* the network may be back */
    else if (kad_table_refresh(k->table, now_ms(k), k->spec.rng, &key))
        look_up(k, key.self ? KAD_JOB_FIND : KAD_JOB_REFRESH, key.bytes, key.len);
}

static struct kad_now both_clocks(const struct kad *k)
{
    return (struct kad_now){.ms = now_ms(k), .wall_ms = k->spec.clock->wall_ms(k->spec.clock->arg)};
}

static struct kad_now on_now(void *arg)
{
    return both_clocks(arg);
}

static void on_again(void *arg, uint64_t ms)
{
    struct kad *k = arg;
    loop_timer_set(&k->again, ms);
}

static void on_repeat(void *arg)
{
    struct kad *k = arg;
    kad_repeat_look(k->repeat);
}

/* ---- the whole ---- */

static int serve(struct kad *k)
{
    const struct kad_serve_spec spec = {.host = k->spec.host,
                                        .loop = k->spec.loop,
                                        .protocol = k->spec.protocol,
                                        .clock = k->spec.clock,
                                        .answerer = &k->answerer};
    return kad_serve_start(&spec, &k->serve);
}

static int build(struct kad *k)
{
    static const struct kad_store_limits limits = {
        .values = VALUES_MAX, .providers = PROVIDERS_MAX, .each = EACH_MAX};
    const struct peer_id *self = host_id(k->spec.host);
    int err = kad_table_new(self, &k->table);
    if (err == 0)
        err = kad_store_new(k->spec.rng, kad_table_self(k->table), &limits, &k->store);
    if (err == 0)
        err = kad_store_register(k->store, &kad_pk);
    const struct kad_jobs_spec jobs = {.self = *self,
                                       .table = k->table,
                                       .size = &k->size,
                                       .store = k->store,
                                       .ask = on_ask,
                                       .forget = on_forget,
                                       .learn = on_learn,
                                       .blame = on_blame,
                                       .standing = on_standing,
                                       .describe = on_describe_self,
                                       .wall_ms = on_wall,
                                       .arg = k};
    if (err == 0)
        err = kad_jobs_new(&jobs, &k->jobs);
    k->answerer = (struct kad_answerer){.table = k->table,
                                        .store = k->store,
                                        .describe = on_describe,
                                        .blame = on_blame,
                                        .learn = on_learn_provider,
                                        .whence = on_whence,
                                        .arg = k};
    const struct kad_repeat_spec repeat = {
        .store = k->store, .jobs = k->jobs, .now = on_now, .again = on_again, .arg = k};
    if (err == 0)
        err = kad_repeat_new(&repeat, &k->repeat);
    return err == 0 && k->spec.mode == KAD_SERVER ? serve(k) : err;
}

/* Of those that are connected identify says nothing a second time. */
static void greet(struct kad *k)
{
    struct host_peer peer;
    for (const struct conn *at = NULL; host_next(k->spec.host, &at, &peer);)
        if (host_speaks(k->spec.host, peer.id, k->spec.protocol))
            seen(k, &peer);
}

int kad_new(const struct kad_spec *spec, struct kad **out)
{
    struct kad *k = calloc(1, sizeof(*k));
    if (!k)
        return BEAM_ENOMEM;
    k->spec = *spec;
    if (!k->spec.protocol)
        k->spec.protocol = KAD_PROTOCOL;
    TAILQ_INIT(&k->questions);
    loop_timer_init(spec->loop, &k->tick, on_tick, k);
    loop_timer_init(spec->loop, &k->self, on_self, k);
    loop_timer_init(spec->loop, &k->again, on_repeat, k);
    k->watch = (struct host_watch){.identified = on_identified, .arg = k};
    host_watch(spec->host, &k->watch);
    int err = build(k);
    if (err < 0) {
        kad_free(k);
        return err;
    }
    greet(k);
    loop_timer_set(&k->tick, TICK_MS);
    *out = k;
    return 0;
}

void kad_free(struct kad *k)
{
    if (!k)
        return;
    loop_timer_clear(&k->tick);
    loop_timer_clear(&k->self);
    loop_timer_clear(&k->again);
    host_unwatch(&k->watch);
    kad_serve_stop(k->serve);
    kad_repeat_free(k->repeat);
    kad_jobs_free(k->jobs);
    while (!TAILQ_EMPTY(&k->questions))
        question_free(TAILQ_FIRST(&k->questions));
    kad_store_free(k->store);
    kad_table_free(k->table);
    free(k);
}

struct kad_jobs *kad_jobs(struct kad *k)
{
    return k->jobs;
}

struct kad_store *kad_store(struct kad *k)
{
    return k->store;
}

const struct kad_table *kad_table(const struct kad *k)
{
    return k->table;
}

bool kad_alone(const struct kad *k)
{
    return kad_table_count(k->table) == 0 || host_peers(k->spec.host) == 0;
}

double kad_nodes(const struct kad *k)
{
    return kad_size_nodes(&k->size);
}

enum kad_mode kad_mode(const struct kad *k)
{
    return k->spec.mode;
}

int kad_set_mode(struct kad *k, enum kad_mode mode)
{
    int err = 0;
    if (mode == k->spec.mode)
        return 0;
    if (mode == KAD_SERVER) {
        err = serve(k);
    } else {
        kad_serve_stop(k->serve);
        k->serve = NULL;
    }
    if (err < 0)
        return err;
    k->spec.mode = mode;
    identify_push(k->spec.host);
    return 0;
}

int kad_keep_value(struct kad *k, struct kad_text key, struct kad_text value)
{
    const struct peer_id *self = host_id(k->spec.host);
    return k->spec.mode == KAD_SERVER ? kad_store_put(k->store, key, value, self, both_clocks(k))
                                      : 0;
}

int kad_keep_provider(struct kad *k, struct kad_text key)
{
    const struct peer_id *self = host_id(k->spec.host);
    return k->spec.mode == KAD_SERVER
               ? kad_store_provide(k->store, key, self, KAD_NOWHERE, both_clocks(k))
               : 0;
}
