/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/gossip.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/backoff.h"
#include "base/log.h"
#include "gossip/place.h"
#include "identity/peer_record.h"
#include "p2p/connect.h"
#include "p2p/open.h"
#include "p2p/standing.h"
#include "stream/frame.h"

enum {
    BEAT_MS = 1000,
    RETRY_MS = 2000, /* after a stream to a peer ended, which may be opened again */
    RETRY_MAX_MS = 120 * 1000,
    QUIET_MS = 45 * 1000, /* so long nothing is said; js-libp2p ends what is idle for 120 s */
    READ_MS = 24 * 60 * 60 * 1000,
    MEETINGS_MAX = 8, /* peers that were named by others and are being dialled */
    MET_MS = 10 * 60 * 1000,
    SEQNO_A_MS = 1000 * 1000 /* as others have it: nanoseconds since 1970, and then one by one */
};

static const char *const protocols[] = {GOSSIP_PROTOCOL, "/meshsub/1.0.0", "/floodsub/1.0.0"};
static const enum router_kind kinds[] = {ROUTER_MESHSUB_1_1, ROUTER_MESHSUB_1_0, ROUTER_FLOODSUB};
enum { PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

/* An RPC whose only field, the control messages, is empty. */
static const uint8_t nothing[] = {0x1a, 0x00};

/* A peer that gossips. */
struct talker {
    TAILQ_ENTRY(talker) link;
    struct gossip *gossip;
    struct peer_id id;
    bool inbound;    /* it dialled us */
    uint64_t serial; /* of the connection that `out` is on */
    struct open *open;
    struct frame *out, *in; /* what we opened and write to; what it opened and we read from */
    uint64_t since, said;   /* when `out` came, and when we last wrote */
    struct router_peer *peer;
    struct loop_timer retry;
    unsigned tries;
};
TAILQ_HEAD(talkers, talker);

/* A peer that another one named. */
struct meeting {
    struct gossip *gossip;
    struct connect *connect;
};

struct gossip {
    struct gossip_spec spec;
    struct router *router;
    struct talkers talkers;
    size_t count, inbound, handled; /* handled: protocols that are answered */
    struct host_watch watch;
    struct loop_timer beat;
    uint64_t seqno;
    struct meeting meetings[MEETINGS_MAX];
};

static uint64_t now_ms(const struct gossip *g)
{
    return loop_now(g->spec.loop);
}

/* ---- whom we speak with --------------------------------------------------------------------- */

static struct talker *find(const struct gossip *g, const struct peer_id *id)
{
    struct talker *t;
    TAILQ_FOREACH(t, &g->talkers, link)
    if (peer_id_equal(&t->id, id))
        return t;
    return NULL;
}

/* Nothing is written any more. What the peer said of its topics goes on to hold. */
static void fall_silent(struct talker *t)
{
    open_cancel(t->open);
    frame_free(t->out);
    t->open = NULL;
    t->out = NULL;
}

/* And the router forgets the peer. */
static void part(struct talker *t)
{
    fall_silent(t);
    frame_free(t->in);
    t->in = NULL;
    if (t->peer)
        router_leave(t->gossip->router, t->peer, now_ms(t->gossip));
    t->peer = NULL;
}

static void talker_free(struct talker *t)
{
    struct gossip *g = t->gossip;
    part(t);
    loop_timer_clear(&t->retry);
    TAILQ_REMOVE(&g->talkers, t, link);
    g->count--;
    g->inbound -= t->inbound;
    free(t);
}

static void reach(struct talker *t);

static void on_retry(void *arg)
{
    struct talker *t = arg;
    fall_silent(t);
    reach(t);
}

static void retry_later(struct talker *t)
{
    if (!loop_timer_pending(&t->retry))
        loop_timer_set(&t->retry, backoff_pause(t->tries++, RETRY_MS, RETRY_MAX_MS));
}

/* What it did elsewhere counts here, too. */
static void think(struct gossip *g, const struct peer_id *id)
{
    router_think(g->router, id, -(double)standing_doubt(g->spec.host, id));
}

/* NULL: there are enough, it is reached through a relay, which lets little pass, or it has too bad
 * a name. */
static struct talker *talker_new(struct gossip *g, const struct host_peer *peer)
{
    think(g, peer->id);
    if (peer->way == WAY_CIRCUIT || g->count >= g->spec.peers ||
        (peer->inbound && g->inbound >= g->spec.peers - g->spec.peers / 4) ||
        router_shuns(g->router, peer->id, now_ms(g)))
        return NULL;
    struct talker *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->gossip = g;
    t->id = *peer->id;
    t->inbound = peer->inbound;
    loop_timer_init(g->spec.loop, &t->retry, on_retry, t);
    TAILQ_INSERT_TAIL(&g->talkers, t, link);
    g->count++;
    g->inbound += peer->inbound;
    if (!loop_timer_pending(&g->beat))
        loop_timer_set(&g->beat, BEAT_MS);
    return t;
}

/* ---- hearing -------------------------------------------------------------------------------- */

/* Nothing of it is read any more, as long as its bad name lasts. Where that is its own doing, it
 * counts elsewhere, too. */
static void shun(struct talker *t)
{
    struct gossip *g = t->gossip;
    log_info("gossip", "a peer misbehaves, and is not listened to any more");
    if (router_condemns(g->router, &t->id, now_ms(g)))
        standing_blame(g->spec.host, &t->id, REPUTE_GOSSIP);
    talker_free(t);
}

/* A new stream of ours has the peer open one of its own again. */
static void stop_hearing(struct talker *t)
{
    frame_free(t->in);
    t->in = NULL;
    if (router_shuns(t->gossip->router, &t->id, now_ms(t->gossip)))
        shun(t);
    else if (t->out)
        retry_later(t);
}

static void on_in_ended(void *arg, int err)
{
    struct talker *t = arg;
    if (t->peer && (err == BEAM_ELIMIT || err == BEAM_EPROTO))
        router_blame(t->peer);
    stop_hearing(t);
}

static void on_in_message(void *arg, const uint8_t *data, size_t len)
{
    struct talker *t = arg;
    if (!t->peer)
        return;
    const struct gossip *g = t->gossip;
    int err = router_rpc(g->router, t->peer, data, len, now_ms(g));
    if (err < 0 || router_shuns(g->router, &t->id, now_ms(g)))
        stop_hearing(t);
    else
        frame_read(t->in, READ_MS);
}

static void listen_to(struct talker *t, struct stream *s)
{
    struct gossip *g = t->gossip;
    const struct frame_events events = {.message = on_in_message, .ended = on_in_ended, .arg = t};
    frame_free(t->in); /* the newer one counts */
    t->in = NULL;
    if (t->out)
        loop_timer_clear(&t->retry); /* nothing is missing any more */
    if (frame_new(g->spec.loop, s, RPC_MAX, &events, &t->in) == 0 && t->peer)
        frame_read(t->in, READ_MS);
}

static void on_stream(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct gossip *g = arg;
    struct talker *t = find(g, peer->id);
    if (!t)
        t = talker_new(g, peer);
    if (!t) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    listen_to(t, s);
    reach(t);
}

/* ---- speaking ------------------------------------------------------------------------------- */

static void on_out_ended(void *arg, int err)
{
    struct talker *t = arg;
    (void)err;
    fall_silent(t);
    retry_later(t);
}

/* Our own streams are for writing alone (pubsub, "Stream management"). */
static void on_out_message(void *arg, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    on_out_ended(arg, BEAM_EPROTO);
}

static int enter(struct talker *t, struct stream *s, const char *protocol,
                 const struct host_peer *peer)
{
    struct gossip *g = t->gossip;
    const struct frame_events events = {.message = on_out_message, .ended = on_out_ended, .arg = t};
    struct score_place place;
    size_t i = 0;
    place_score(peer, g->spec.allow_private, &place);
    while (i + 1 < PROTOCOLS && strcmp(protocols[i], protocol) != 0)
        i++;
    int err = frame_new(g->spec.loop, s, RPC_MAX, &events, &t->out);
    if (err < 0)
        return err;
    t->serial = peer->serial;
    t->since = t->said = now_ms(g);
    frame_read(t->out, READ_MS);
    if (t->peer) {
        router_greet(g->router, t->peer, t->since);
        return 0;
    }
    err = router_enter(g->router, &t->id, kinds[i], !peer->inbound, &place, t, now_ms(g), &t->peer);
    think(g, &t->id);
    return err;
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct talker *t = arg;
    t->open = NULL;
    if (err < 0)
        log_debug("gossip", "a stream to a peer: %s", log_scrub(why->text));
    else
        err = enter(t, s, protocol, peer);
    if (err < 0) {
        fall_silent(t);
        retry_later(t);
        return;
    }
    if (t->in)
        frame_read(t->in, READ_MS);
}

static void reach(struct talker *t)
{
    struct gossip *g = t->gossip;
    struct host_peer peer;
    const struct connect_spec spec = {.peer = &t->id};
    if (t->open || t->out || loop_timer_pending(&t->retry) ||
        !host_find(g->spec.host, &t->id, &peer))
        return;
    if (open_start(g->spec.host, &spec, protocols, PROTOCOLS, on_open, t, &t->open) < 0)
        retry_later(t);
}

static void on_send(void *arg, void *user, const uint8_t *rpc, size_t len)
{
    struct talker *t = user;
    (void)arg;
    /* A peer that is too slow misses it, and hears of it in gossip. */
    if (t->out && frame_send(t->out, rpc, len) == 0)
        t->said = now_ms(t->gossip);
}

/* ---- peers come and go ---------------------------------------------------------------------- */

static void on_identified(void *arg, const struct host_peer *peer)
{
    struct gossip *g = arg;
    bool speaks = false;
    for (size_t i = 0; i < PROTOCOLS; i++)
        speaks = speaks || host_speaks(g->spec.host, peer->id, protocols[i]);
    struct talker *t = find(g, peer->id);
    if (speaks && !t)
        t = talker_new(g, peer);
    if (speaks && t)
        reach(t);
}

static void on_down(void *arg, const struct peer_id *id)
{
    struct talker *t = find(arg, id);
    if (t)
        talker_free(t);
}

/* A peer tells those near it of addresses that mean something there alone: these stay there. */
static bool may_pass_on(const struct gossip *g, const struct multiaddr *a)
{
    enum multiaddr_code transport;
    struct addr addr;
    if (g->spec.allow_private || multiaddr_has(a, MULTIADDR_ONION3))
        return true;
    return multiaddr_to_addr(a, &addr, &transport) < 0 || addr_scope(&addr) == ADDR_GLOBAL;
}

static size_t on_record(void *arg, const struct peer_id *id, uint8_t *out, size_t size)
{
    const struct gossip *g = arg;
    size_t len = host_record(g->spec.host, id, out, size);
    struct peer_record *record = len > 0 ? malloc(sizeof(*record)) : NULL;
    bool good = record && peer_record_open(out, len, record, NULL) == 0;
    for (size_t i = 0; good && i < record->n; i++)
        good = may_pass_on(g, &record->addrs[i]);
    free(record);
    return good ? len : 0;
}

static void on_met(void *arg, int err, const struct beam_why *why, const struct host_peer *peer)
{
    struct meeting *m = arg;
    (void)peer;
    m->connect = NULL;
    if (err < 0)
        log_debug("gossip", "a peer that another one named: %s", log_scrub(why->text));
}

/* Another peer's word is followed only where that one's own signature says where it is. */
static void on_meet(void *arg, const struct peer_id *id, struct rpc_text sealed)
{
    struct gossip *g = arg;
    struct host_peer peer;
    struct meeting *m = g->meetings;
    while (m < g->meetings + MEETINGS_MAX && m->connect)
        m++;
    if (m == g->meetings + MEETINGS_MAX || host_find(g->spec.host, id, &peer))
        return;
    struct peer_record *record = malloc(sizeof(*record));
    if (record && peer_record_open(sealed.at, sealed.len, record, NULL) == 0 &&
        peer_id_equal(&record->id, id)) {
        const struct connect_spec spec = {.peer = id, .origin = PERMIT_LEARNED};
        host_learn(g->spec.host, id, record->addrs, record->n, ADDRESS_SIGNED, MET_MS);
        m->gossip = g;
        (void)connect_start(g->spec.host, &spec, on_met, m, &m->connect);
    }
    free(record);
}

/* ---- the heartbeat -------------------------------------------------------------------------- */

/* Streams move to the connection that is preferred, so that the other one can end; where there is
 * none for new streams, or one through a relay alone, the peer is let go. */
static void look_after(struct talker *t, uint64_t now)
{
    struct host_peer peer;
    if (!host_find(t->gossip->spec.host, &t->id, &peer) || peer.way == WAY_CIRCUIT) {
        talker_free(t);
        return;
    }
    think(t->gossip, &t->id);
    if (t->out && peer.serial != t->serial) {
        fall_silent(t);
        reach(t);
    }
    if (t->out && now - t->said >= QUIET_MS)
        on_send(t->gossip, t, nothing, sizeof(nothing));
    if (t->out && t->in && now - t->since >= QUIET_MS)
        t->tries = 0;
}

static void on_beat(void *arg)
{
    struct gossip *g = arg;
    struct talker *t, *next;
    uint64_t now = now_ms(g);
    for (t = TAILQ_FIRST(&g->talkers); t; t = next) {
        next = TAILQ_NEXT(t, link);
        look_after(t, now);
    }
    router_beat(g->router, now);
    if (g->count > 0)
        loop_timer_set(&g->beat, BEAT_MS);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int build(struct gossip *g)
{
    struct router_spec spec = {
        .rng = g->spec.rng,
        .self = *host_id(g->spec.host),
        .events = {.send = on_send, .record = on_record, .meet = on_meet, .arg = g}};
    router_params_default(&spec.params);
    spec.params.exchange = g->spec.exchange;
    int err = router_new(&spec, &g->router);
    while (err == 0 && g->handled < PROTOCOLS) {
        err = host_handle(g->spec.host, protocols[g->handled], on_stream, g);
        g->handled += err == 0;
    }
    return err;
}

int gossip_new(const struct gossip_spec *spec, struct gossip **out)
{
    struct gossip *g = calloc(1, sizeof(*g));
    if (!g)
        return BEAM_ENOMEM;
    g->spec = *spec;
    if (g->spec.peers == 0)
        g->spec.peers = GOSSIP_PEERS;
    if (g->spec.peers > ROUTER_PEERS_MAX)
        g->spec.peers = ROUTER_PEERS_MAX;
    g->seqno = spec->clock->wall_ms(spec->clock->arg) * SEQNO_A_MS;
    TAILQ_INIT(&g->talkers);
    loop_timer_init(spec->loop, &g->beat, on_beat, g);
    g->watch = (struct host_watch){.identified = on_identified, .down = on_down, .arg = g};
    host_watch(spec->host, &g->watch);
    int err = build(g);
    if (err < 0)
        gossip_free(g);
    else
        *out = g;
    return err;
}

void gossip_free(struct gossip *g)
{
    if (!g)
        return;
    loop_timer_clear(&g->beat);
    host_unwatch(&g->watch);
    while (g->handled > 0)
        host_unhandle(g->spec.host, protocols[--g->handled]);
    for (size_t i = 0; i < MEETINGS_MAX; i++)
        connect_cancel(g->meetings[i].connect);
    while (!TAILQ_EMPTY(&g->talkers))
        talker_free(TAILQ_FIRST(&g->talkers));
    router_free(g->router);
    free(g);
}

int gossip_join(struct gossip *g, const struct router_topic *topic)
{
    return router_join(g->router, topic, now_ms(g));
}

void gossip_part(struct gossip *g, const char *topic)
{
    router_part(g->router, topic, now_ms(g));
}

int gossip_publish(struct gossip *g, const char *topic, const void *data, size_t len)
{
    struct post *p;
    if (!g->spec.key)
        return BEAM_EPOLICY;
    int err = post_sign(g->spec.key, host_id(g->spec.host), topic, ++g->seqno, data, len, &p);
    if (err < 0)
        return err;
    err = router_publish(g->router, p, now_ms(g));
    post_drop(p);
    return err;
}

struct ration_share gossip_share(const struct gossip *g, const struct post *p,
                                 const struct peer_id *from)
{
    struct host_peer peer;
    struct census_source source;
    census_source(NULL, &source);
    if (host_find(g->spec.host, from, &peer))
        place_source(&peer, &source);
    return (struct ration_share){
        .peer = *from, .author = p->view.from, .network = census_network(&source)};
}

bool gossip_topic(const struct gossip *g, size_t i, struct gossip_topic *out)
{
    const char *name = router_topic_name(g->router, i);
    if (!name)
        return false;
    out->name = name;
    return router_count(g->router, name, &out->count);
}

size_t gossip_peers(const struct gossip *g)
{
    return router_peers(g->router);
}
