/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/rendezvous.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "p2p/connect.h"
#include "p2p/core.h"
#include "p2p/dht.h"
#include "p2p/rendezvous_conf.h"

enum {
    REST_MS = 5000,          /* between two looks at what is due */
    POLL_MS = 100,           /* while nobody of the DHT of IPFS has answered */
    JOIN_MS = 3 * 60 * 1000, /* how long that may take: it may be tor's first minute */
    LOOK_MS = 60 * 1000,     /* from one look-up in vain to the next, then ever longer */
    LOOK_MAX_MS = 30 * 60 * 1000,
    PROVIDE_RETRY_MS = 5 * 60 * 1000,
    MET_MAX = 8 /* providers that are dialled at once */
};

enum state { RESTING, JOINING, ASKING, ENDING };

struct rendezvous {
    struct rendezvous_spec spec;
    size_t node_count;
    struct multiaddr nodes[RENDEZVOUS_CONF_NODES_MAX];
    enum state state;
    struct loop_timer timer;
    uint64_t look_due, provide_due, patience; /* loop_now */
    unsigned looks;                           /* in vain, in a row */
    bool providing;                           /* what the round at hand is for */
    struct key_pair *key;                     /* of a look-up's host */
    struct host *stranger;
    struct dht *ipfs;
    struct kad_job *job;
    struct connect *meetings[MET_MAX]; /* providers that are being dialled */
};

/* SHA-256 of "beam network rendezvous", as a multihash. */
struct kad_text rendezvous_key(void)
{
    static const uint8_t key[] = {0x12, 0x20, 0xba, 0xeb, 0x2f, 0xc4, 0x95, 0xeb, 0xf8,
                                  0x49, 0x89, 0xb6, 0x9c, 0xbd, 0x93, 0x4d, 0x35, 0xe2,
                                  0x44, 0x0d, 0x36, 0x7d, 0x77, 0xe2, 0xce, 0xf7, 0x6d,
                                  0x12, 0x9a, 0x6c, 0x9e, 0xab, 0xec, 0xae};
    return (struct kad_text){.at = key, .len = sizeof(key)};
}

static uint64_t now(const struct rendezvous *r)
{
    return loop_now(r->spec.loop);
}

/* Entering a state sets its timer. */
static void enter(struct rendezvous *r, enum state state)
{
    static const uint64_t pause[] = {[RESTING] = REST_MS, [JOINING] = POLL_MS};
    r->state = state;
    if (state == ASKING)
        loop_timer_clear(&r->timer); /* the answer sets it */
    else
        loop_timer_set(&r->timer, state == ENDING ? 0 : pause[state]);
}

static void leave(struct rendezvous *r)
{
    dht_free(r->ipfs);
    host_free(r->stranger);
    key_pair_free(r->key);
    r->ipfs = NULL;
    r->stranger = NULL;
    r->key = NULL;
    r->job = NULL;
}

/* When the same is due once more. */
static void schedule(struct rendezvous *r, bool done)
{
    uint64_t provide = r->spec.provide_ms ? r->spec.provide_ms : RENDEZVOUS_PROVIDE_MS;
    if (r->providing)
        r->provide_due = now(r) + (done ? provide : PROVIDE_RETRY_MS);
    else
        r->look_due = now(r) + backoff_pause(r->looks++, LOOK_MS, LOOK_MAX_MS);
}

/* ---- meeting who was found ---- */

static void on_met(void *arg, int err, const struct beam_why *why, const struct host_peer *peer)
{
    struct connect **meeting = arg;
    (void)peer; /* that it speaks our protocol is for identify to say */
    *meeting = NULL;
    if (err < 0)
        log_info("p2p", "rendezvous: a node that was found: %s", log_scrub(why->text));
}

static struct connect **free_meeting(struct rendezvous *r)
{
    for (size_t i = 0; i < MET_MAX; i++)
        if (!r->meetings[i])
            return &r->meetings[i];
    return NULL;
}

/* Its addresses are a stranger's word: what the permit lets be dialled of such is. */
static void meet(struct rendezvous *r, const struct peer_id *peer)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    struct multiaddr addrs[ADDRESS_BOOK_PER_PEER];
    struct connect **meeting = free_meeting(r);
    size_t n = address_book_get(r->stranger->book, peer, now(r), rows);
    for (size_t i = 0; i < n; i++)
        addrs[i] = rows[i].addr;
    const struct connect_spec spec = {
        .peer = peer, .addrs = addrs, .n = n, .origin = PERMIT_LEARNED};
    if (n > 0 && meeting && !peer_id_equal(peer, host_id(r->spec.host)))
        (void)connect_start(r->spec.host, &spec, on_met, meeting, meeting);
}

static void on_found(void *arg, int err, const struct beam_why *why, const struct kad_result *res)
{
    struct rendezvous *r = arg;
    r->job = NULL;
    if (err < 0)
        log_info("p2p", "rendezvous: %s", log_scrub(why->text));
    else
        log_info("p2p", "rendezvous: %zu nodes were found", res->provider_count);
    /* From where, chance decides: not all newcomers go to the same ones. */
    size_t first = err == 0 ? rng_below(r->spec.rng, (uint32_t)res->provider_count) : 0;
    for (size_t i = 0; err == 0 && i < res->provider_count; i++)
        meet(r, &res->providers[(first + i) % res->provider_count]);
    schedule(r, err == 0);
    enter(r, ENDING);
}

static void on_provided(void *arg, int err, const struct beam_why *why,
                        const struct kad_result *res)
{
    struct rendezvous *r = arg;
    r->job = NULL;
    if (err < 0)
        log_info("p2p", "rendezvous: this node is not listed: %s", log_scrub(why->text));
    else
        log_info("p2p", "rendezvous: this node is listed at %zu nodes", res->stored);
    schedule(r, err == 0);
    enter(r, ENDING);
}

/* ---- a round: into the DHT of IPFS, one question, and out again ---- */

static int make_stranger(struct rendezvous *r)
{
    int err = key_pair_new(r->spec.rng, &r->key);
    const struct host_spec host = {.loop = r->spec.loop,
                                   .rng = r->spec.rng,
                                   .clock = r->spec.clock,
                                   .key = r->key,
                                   .permit = r->spec.permit,
                                   .kind = HOST_ANONYMOUS,
                                   .tor = r->spec.tor};
    return err < 0 ? err : host_new(&host, &r->stranger);
}

static int join(struct rendezvous *r)
{
    int err = r->providing ? 0 : make_stranger(r);
    const struct dht_spec ipfs = {.kad = {.host = r->providing ? r->spec.host : r->stranger,
                                          .loop = r->spec.loop,
                                          .rng = r->spec.rng,
                                          .clock = r->spec.clock,
                                          .permit = r->spec.permit,
                                          .tor = r->spec.tor.dial != NULL,
                                          .mode = KAD_CLIENT,
                                          .protocol = RENDEZVOUS_PROTOCOL,
                                          .ask_ms = r->spec.ask_ms}};
    if (err == 0)
        err = dht_new(&ipfs, &r->ipfs);
    for (size_t i = 0; err == 0 && i < r->node_count; i++)
        err = dht_begin_at(r->ipfs, &r->nodes[i]);
    return err;
}

static void start(struct rendezvous *r, bool providing)
{
    r->providing = providing;
    r->patience = now(r) + JOIN_MS;
    int err = join(r);
    if (err < 0) {
        log_warn("p2p", "rendezvous: %s", beam_err_text(err));
        schedule(r, false);
    }
    enter(r, err < 0 ? ENDING : JOINING);
}

/* The answer is there at once when nobody could be asked. */
static void ask(struct rendezvous *r)
{
    const struct kad_text key = rendezvous_key();
    enter(r, ASKING);
    int err = kad_job_start(kad_jobs(dht_kad(r->ipfs)),
                            r->providing ? KAD_JOB_PROVIDE : KAD_JOB_PROVIDERS, key, key,
                            r->providing ? on_provided : on_found, r, &r->job);
    if (err == 0)
        return;
    schedule(r, false);
    enter(r, ENDING);
}

static void look_at_join(struct rendezvous *r)
{
    if (kad_table_count(kad_table(dht_kad(r->ipfs))) > 0) {
        ask(r);
    } else if (now(r) >= r->patience) {
        log_info("p2p", "rendezvous: no node of the DHT of IPFS answers "
                        "(see network.rendezvous_bootstrap)");
        schedule(r, false);
        enter(r, ENDING);
    } else {
        enter(r, JOINING);
    }
}

/* ---- what is due ---- */

/* A server that others can reach, as far as it knows. */
static bool provides(const struct rendezvous *r)
{
    const struct multiaddr *a;
    if (kad_mode(r->spec.kad) != KAD_SERVER)
        return false;
    for (size_t i = 0; (a = host_addr(r->spec.host, i)); i++)
        if (way_public(a, r->spec.allow_private))
            return true;
    return false;
}

static void look_at_due(struct rendezvous *r)
{
    bool alone = kad_alone(r->spec.kad);
    if (!alone) {
        r->looks = 0;
        r->look_due = now(r) + RENDEZVOUS_PATIENCE_MS;
    }
    if (alone && now(r) >= r->look_due)
        start(r, false);
    else if (now(r) >= r->provide_due && provides(r))
        start(r, true);
    else
        enter(r, RESTING);
}

static void on_timer(void *arg)
{
    struct rendezvous *r = arg;
    switch (r->state) {
    case RESTING:
        look_at_due(r);
        break;
    case JOINING:
        look_at_join(r);
        break;
    case ENDING:
        leave(r);
        enter(r, RESTING);
        break;
    case ASKING:
        break;
    }
}

/* ---- the whole ---- */

int rendezvous_new(const struct rendezvous_spec *spec, struct rendezvous **out)
{
    struct rendezvous *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    r->node_count = rendezvous_conf_nodes(spec->nodes, r->nodes);
    r->look_due = r->provide_due = now(r);
    if (!spec->alone)
        r->look_due += RENDEZVOUS_PATIENCE_MS;
    loop_timer_init(spec->loop, &r->timer, on_timer, r);
    loop_timer_set(&r->timer, 0);
    *out = r;
    return 0;
}

void rendezvous_free(struct rendezvous *r)
{
    if (!r)
        return;
    loop_timer_clear(&r->timer);
    for (size_t i = 0; i < MET_MAX; i++)
        connect_cancel(r->meetings[i]);
    leave(r);
    free(r);
}
