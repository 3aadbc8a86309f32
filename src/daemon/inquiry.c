/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/inquiry.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "daemon/whom.h"
#include "p2p/ping.h"
#include "relay/finder.h"

enum { RELAYS_MS = 90 * 1000 };

/* One that waits for its answer. */
struct inquiry {
    struct inquiry *next, **link;
    struct inquiries *all;
    uint64_t id; /* of the request */
    bool keeps;  /* the address is one to stay connected to */
    struct whom whom;
    struct connect *connect;
    struct ping *ping;
    struct finder *finder; /* of relays */
    char *history;
    inquiry_fn *fn;
    void *arg;
};

struct inquiries {
    struct network *network;
    const char *relays_dir;
    struct inquiry *first;
    size_t n;
};

int inquiries_new(struct network *network, const char *relays_dir, struct inquiries **out)
{
    struct inquiries *all = calloc(1, sizeof(*all));
    if (!all)
        return BEAM_ENOMEM;
    all->network = network;
    all->relays_dir = relays_dir;
    *out = all;
    return 0;
}

static void inquiry_free(struct inquiry *q)
{
    connect_cancel(q->connect);
    ping_stop(q->ping);
    finder_free(q->finder);
    free(q->history);
    *q->link = q->next;
    if (q->next)
        q->next->link = q->link;
    q->all->n--;
    free(q);
}

void inquiries_free(struct inquiries *all)
{
    if (!all)
        return;
    while (all->first)
        inquiry_free(all->first);
    free(all);
}

void inquiries_leave(struct inquiries *all, const void *arg)
{
    for (struct inquiry *q = all ? all->first : NULL, *next; q; q = next) {
        next = q->next;
        if (q->arg == arg)
            inquiry_free(q);
    }
}

void inquiries_unlocked(struct inquiries *all)
{
    if (all)
        network_resume(all->network);
}

/* ---- replies -------------------------------------------------------------------------------- */

static bool add_peer_id(cJSON *o, const char *key, const struct peer_id *id)
{
    char text[PEER_ID_TEXT_SIZE];
    peer_id_text(id, text);
    return cJSON_AddStringToObject(o, key, text) != NULL;
}

static bool add_address(cJSON *o, const struct multiaddr *a)
{
    char text[MULTIADDR_TEXT_SIZE] = "";
    if (a->len > 0)
        multiaddr_text(a, text);
    return cJSON_AddStringToObject(o, "address", text) != NULL;
}

static bool add_whom(cJSON *o, const struct host_peer *peer)
{
    return add_peer_id(o, "peer", peer->id) && add_address(o, peer->addr) &&
           cJSON_AddStringToObject(o, "path", way_name(peer->way));
}

static double ms_of(uint64_t us)
{
    return (double)us / 1000;
}

static bool add_listen(cJSON *o, const struct host *h)
{
    cJSON *list = cJSON_AddArrayToObject(o, "listen");
    bool whole = list != NULL;
    const struct multiaddr *a;
    for (size_t i = 0; whole && (a = host_addr(h, i)); i++) {
        char text[MULTIADDR_TEXT_SIZE];
        struct multiaddr own;
        if (multiaddr_with_peer(a, host_id(h), &own) < 0)
            continue;
        multiaddr_text(&own, text);
        cJSON *item = cJSON_CreateString(text);
        whole = cJSON_AddItemToArray(list, item);
        if (!whole)
            cJSON_Delete(item);
    }
    return whole;
}

/* The words of the command line's contract. */
static const char *tor_word(enum tor_state state)
{
    switch (state) {
    case TOR_READY:
        return "ready";
    case TOR_OFF:
        return "off";
    case TOR_FAILED:
        return "failed";
    default:
        return "bootstrapping";
    }
}

static const char *dht_word(const struct kad *k)
{
    if (!k)
        return "off";
    return kad_mode(k) == KAD_SERVER ? "server" : "client";
}

/* The topics that it is of. */
static bool add_gossip(cJSON *o, const struct network *n)
{
    const struct gossip *g = network_gossip(n);
    struct gossip_topic topic;
    cJSON *list = cJSON_AddArrayToObject(o, "gossip");
    bool whole = list != NULL;
    for (size_t i = 0; whole && g && gossip_topic(g, i, &topic); i++) {
        cJSON *row = cJSON_CreateObject();
        whole = cJSON_AddStringToObject(row, "topic", topic.name) &&
                cJSON_AddNumberToObject(row, "peers", (double)topic.count.peers) &&
                cJSON_AddNumberToObject(row, "mesh", (double)topic.count.mesh);
        if (!cJSON_AddItemToArray(list, row)) {
            cJSON_Delete(row);
            whole = false;
        }
    }
    return whole;
}

static size_t count_news(const struct network *n)
{
    const struct news *news = network_news(n);
    size_t count = 0;
    while (news && news_known(news, count))
        count++;
    return count;
}

static cJSON *status_of(const struct network *n, uint64_t id)
{
    const struct host *h = network_host(n);
    cJSON *o = message_reply(id);
    return json_whole(
        o, add_peer_id(o, "peer_id", host_id(h)) && add_listen(o, h) &&
               cJSON_AddNumberToObject(o, "peers", (double)host_peers(h)) &&
               cJSON_AddStringToObject(o, "dht", dht_word(network_kad(n))) && add_gossip(o, n) &&
               cJSON_AddNumberToObject(o, "relays_heard", (double)count_news(n)) &&
               cJSON_AddStringToObject(o, "nat", autonat_state_name(network_nat(n))) &&
               cJSON_AddStringToObject(o, "tor", tor_word(tor_state(network_spec(n)->tor))));
}

static bool add_peer(cJSON *o, const struct host_peer *peer, uint64_t since)
{
    char text[CLOCK_TEXT_SIZE];
    clock_text(since, text);
    return add_whom(o, peer) &&
           cJSON_AddStringToObject(o, "direction", peer->inbound ? "in" : "out") &&
           cJSON_AddStringToObject(o, "agent", peer->agent) &&
           cJSON_AddStringToObject(o, "since", text) &&
           cJSON_AddNumberToObject(o, "streams", (double)peer->streams) &&
           (peer->rtt_us == 0 || cJSON_AddNumberToObject(o, "ms", ms_of(peer->rtt_us)));
}

static cJSON *peers_of(const struct network *n, uint64_t id)
{
    const struct network_spec *spec = network_spec(n);
    uint64_t wall = spec->clock->wall_ms(spec->clock->arg), now = loop_now(spec->loop);
    cJSON *o = message_reply(id), *list = cJSON_AddArrayToObject(o, "peers");
    bool whole = list != NULL;
    struct host_peer peer;
    const struct conn *at = NULL;
    while (whole && host_next(network_host(n), &at, &peer)) {
        cJSON *row = cJSON_CreateObject();
        whole = cJSON_AddItemToArray(list, row);
        if (whole)
            whole = add_peer(row, &peer, wall - (now - peer.since));
        else
            cJSON_Delete(row);
    }
    return json_whole(o, whole);
}

static bool add_route(cJSON *list, const struct kad_peer *p, uint64_t now)
{
    cJSON *row = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(list, row)) {
        cJSON_Delete(row);
        return false;
    }
    return add_peer_id(row, "peer", &p->peer) &&
           cJSON_AddNumberToObject(row, "seen_s", (double)(now - p->seen) / 1000) &&
           cJSON_AddNumberToObject(row, "failures", p->failures);
}

/* One bucket, named by how many bits its peers share with us. */
static bool add_bucket(cJSON *list, const struct kad_table *t, unsigned shared, uint64_t now)
{
    const struct kad_peer *peers[KAD_K];
    size_t n = kad_table_bucket(t, shared, peers);
    if (n == 0)
        return true;
    cJSON *row = cJSON_CreateObject(), *rows;
    if (!cJSON_AddItemToArray(list, row)) {
        cJSON_Delete(row);
        return false;
    }
    bool whole = cJSON_AddNumberToObject(row, "shared", shared) &&
                 (rows = cJSON_AddArrayToObject(row, "peers"));
    for (size_t i = 0; whole && i < n; i++)
        whole = add_route(rows, peers[i], now);
    return whole;
}

static cJSON *routes_of(const struct network *n, uint64_t id)
{
    const struct clock_source *clock = network_spec(n)->clock;
    const struct kad *k = network_kad(n);
    uint64_t now = clock->monotonic_ms(clock->arg);
    cJSON *o = message_reply(id);
    cJSON *list = cJSON_AddArrayToObject(o, "buckets");
    bool whole =
        list && cJSON_AddStringToObject(o, "dht", dht_word(k)) &&
        cJSON_AddNumberToObject(o, "count", k ? (double)kad_table_count(kad_table(k)) : 0) &&
        cJSON_AddNumberToObject(o, "servers", k ? (double)(uint64_t)kad_nodes(k) : 0);
    for (unsigned i = 0; k && whole && i < KAD_ID_BITS; i++)
        whole = add_bucket(list, kad_table(k), i, now);
    return json_whole(o, whole);
}

/* ---- what takes a while --------------------------------------------------------------------- */

static void answer(struct inquiry *q, int err, const struct beam_why *given,
                   const struct host_peer *peer, uint64_t us)
{
    inquiry_fn *fn = q->fn;
    void *arg = q->arg;
    cJSON *o;
    if (err < 0) {
        /* What an address is not good for, its author typed. */
        struct beam_why why = *given;
        if (err == BEAM_EINVAL)
            why.code = BEAM_EUSAGE;
        o = message_error(q->id, &why);
    } else {
        o = message_reply(q->id);
        o = json_whole(o, add_whom(o, peer) &&
                              (us == 0 || cJSON_AddNumberToObject(o, "ms", ms_of(us))));
    }
    inquiry_free(q);
    fn(arg, o);
}

static void on_ping(void *arg, int err, const struct beam_why *why, uint64_t us,
                    const struct host_peer *peer)
{
    struct inquiry *q = arg;
    if (err < 0)
        q->ping = NULL; /* it was the last call */
    answer(q, err, why, peer, us);
}

static void on_connect(void *arg, int err, const struct beam_why *why, const struct host_peer *peer)
{
    struct inquiry *q = arg;
    struct beam_why full;
    q->connect = NULL;
    if (err == 0 && q->keeps && q->whom.has_addr) {
        err = keeper_add(network_keeper(q->all->network), &q->whom.addr);
        if (err < 0) {
            beam_why(&full, err, "bootstrap: connected, but as many peers are kept as can be");
            why = &full;
        }
    }
    answer(q, err, why, peer, 0);
}

static int begin(struct inquiry *q, enum message_network what)
{
    struct host *h = network_host(q->all->network);
    const struct connect_spec spec = {.peer = q->whom.has_peer ? &q->whom.peer : NULL,
                                      .addrs = &q->whom.addr,
                                      .n = q->whom.has_addr ? 1 : 0,
                                      .origin = PERMIT_TYPED};
    if (what == MESSAGE_NETWORK_PING)
        return ping_start(h, &spec, on_ping, q, &q->ping);
    q->keeps = true;
    return connect_start(h, &spec, on_connect, q, &q->connect);
}

/* ---- relays --------------------------------------------------------------------------------- */

static bool add_addresses(cJSON *row, const struct relay_info *info)
{
    cJSON *list = cJSON_AddArrayToObject(row, "addresses");
    bool whole = list != NULL;
    for (size_t i = 0; whole && i < info->addr_count; i++) {
        char text[MULTIADDR_TEXT_SIZE];
        multiaddr_text(&info->addrs[i], text);
        cJSON *item = cJSON_CreateString(text);
        whole = cJSON_AddItemToArray(list, item);
        if (!whole)
            cJSON_Delete(item);
    }
    return whole;
}

/* Of relays that were used here: which part of the times it served, and how fast it came up. */
static bool add_seen(cJSON *row, const struct pick_history *seen)
{
    double times = (double)seen->served + seen->failed;
    return times == 0 || (cJSON_AddNumberToObject(row, "reputation", seen->served / times) &&
                          cJSON_AddNumberToObject(row, "ms", seen->ms));
}

static bool add_relay(cJSON *list, const struct relay_info *info, const struct pick_history *seen)
{
    char text[CLOCK_TEXT_SIZE];
    cJSON *row = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(list, row)) {
        cJSON_Delete(row);
        return false;
    }
    clock_text(info->made, text);
    return add_peer_id(row, "peer", &info->id) && add_addresses(row, info) &&
           cJSON_AddStringToObject(row, "url", info->url) &&
           cJSON_AddNumberToObject(row, "reservations", (double)info->reservations) &&
           cJSON_AddNumberToObject(row, "max_reservations", (double)info->max_reservations) &&
           cJSON_AddStringToObject(row, "version", info->version) &&
           cJSON_AddStringToObject(row, "contact", info->contact) &&
           cJSON_AddStringToObject(row, "since", text) && add_seen(row, seen);
}

static void on_relays(void *arg, int err, const struct beam_why *why)
{
    struct inquiry *q = arg;
    const struct relay_info *info;
    struct pick_history seen;
    inquiry_fn *fn = q->fn;
    void *to = q->arg;
    cJSON *o = err < 0 ? message_error(q->id, why) : message_reply(q->id);
    cJSON *list = err < 0 ? NULL : cJSON_AddArrayToObject(o, "relays");
    bool whole = err < 0 || list;
    for (size_t i = 0; err == 0 && whole && (info = finder_known(q->finder, i, &seen)); i++)
        whole = add_relay(list, info, &seen);
    inquiry_free(q);
    fn(to, json_whole(o, whole));
}

static int look_for_relays(struct inquiry *q)
{
    struct network *n = q->all->network;
    q->history = file_join(q->all->relays_dir, "history");
    const struct finder_spec spec = {.loop = network_spec(n)->loop,
                                     .host = network_host(n),
                                     .kad = network_kad(n),
                                     .news = network_news(n),
                                     .rng = network_spec(n)->rng,
                                     .history = q->history,
                                     .patience_ms = RELAYS_MS};
    int err = q->history ? finder_new(&spec, &q->finder) : BEAM_ENOMEM;
    if (err == 0)
        finder_list(q->finder, on_relays, q);
    return err;
}

/* ---- what takes a while, begun -------------------------------------------------------------- */

/* Over a connection that there is, no address is dialled; one that is to be kept is to be of use
 * once that is lost. */
static int may_keep(const struct network *n, const struct whom *whom, struct beam_why *why)
{
    if (!whom->has_addr)
        return 0;
    int err = connect_covers(network_host(n), &whom->addr, PERMIT_TYPED, why);
    return err == BEAM_EINVAL ? (why->code = BEAM_EUSAGE) : err;
}

static int reach(struct inquiries *all, const struct message *m, inquiry_fn *fn, void *arg,
                 struct beam_why *why)
{
    struct whom whom = {.has_peer = false};
    bool relays = m->network.what == MESSAGE_NETWORK_RELAYS;
    int err = relays ? 0 : whom_parse(m->network.address, &whom, why);
    if (relays && network_is_alone(all->network))
        return beam_why(why, BEAM_ENOTFOUND,
                        "relays: there is nobody to ask (name a node in network.bootstrap, or have "
                        "one found by network.rendezvous)");
    if (err == 0 && relays && !network_kad(all->network) && !network_news(all->network))
        err = beam_why(why, BEAM_EPOLICY,
                       "relays: the node's policy finds none (its discovery has neither `dht` nor "
                       "`gossip`)");
    if (err == 0 && m->network.what == MESSAGE_NETWORK_BOOTSTRAP)
        err = may_keep(all->network, &whom, why);
    if (err < 0)
        return err;
    if (all->n >= INQUIRY_MAX)
        return beam_why(why, BEAM_ELIMIT, "network: too many questions are open");
    struct inquiry *q = calloc(1, sizeof(*q));
    if (!q)
        return beam_why(why, BEAM_ENOMEM, "network: out of memory");
    *q = (struct inquiry){.all = all, .id = m->id, .whom = whom, .fn = fn, .arg = arg};
    q->next = all->first;
    q->link = &all->first;
    if (q->next)
        q->next->link = &q->next;
    all->first = q;
    all->n++;
    err = relays ? look_for_relays(q) : begin(q, m->network.what);
    if (err < 0) {
        inquiry_free(q);
        return beam_why(why, err, "network: %s", beam_err_text(err));
    }
    return 0;
}

/* Those that are configured or were given are dialled now. */
static cJSON *hurry(const struct network *n, uint64_t id)
{
    struct keeper *k = network_keeper(n);
    size_t dialled = keeper_hurry(k);
    cJSON *o = message_reply(id);
    return json_whole(o, cJSON_AddNumberToObject(o, "kept", (double)keeper_count(k)) &&
                             cJSON_AddNumberToObject(o, "dialled", (double)dialled));
}

void inquiries_ask(struct inquiries *all, const struct message *m, inquiry_fn *fn, void *arg)
{
    struct network *n = all->network;
    struct beam_why why;
    int err = network_up(n, &why);
    if (err == 0 && m->network.what == MESSAGE_NETWORK_STATUS)
        fn(arg, status_of(n, m->id));
    else if (err == 0 && m->network.what == MESSAGE_NETWORK_PEERS)
        fn(arg, peers_of(n, m->id));
    else if (err == 0 && m->network.what == MESSAGE_NETWORK_ROUTES)
        fn(arg, routes_of(n, m->id));
    else if (err == 0 && m->network.what == MESSAGE_NETWORK_BOOTSTRAP && !m->network.address)
        fn(arg, hurry(n, m->id));
    else if (err == 0)
        err = reach(all, m, fn, arg, &why);
    if (err < 0)
        fn(arg, message_error(m->id, &why));
}
