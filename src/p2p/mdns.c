/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/mdns.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "loop/egress.h"
#include "loop/listen.h"
#include "p2p/connect.h"
#include "p2p/mdns_message.h"

enum {
    NAME_BYTES = 20, /* in base32: MDNS_NAME_LEN letters */
    OWN_MAX = 8,     /* addresses that are told */
    LOOK_MS = 30 * 1000,
    ASK_MIN_MS = 1000, /* between questions, doubled each time (RFC 6762, 5.2) */
    ASK_MAX_MS = 60 * 1000,
    WAIT_MIN_MS = 20, /* before what others may say too (RFC 6762, 6) */
    WAIT_MAX_MS = 120,
    ANSWER_MS = 1000, /* at least between two answers */
    BELIEVED_MIN_MS = 10 * 1000,
    BELIEVED_MAX_MS = 3 * 60 * 1000,
    READ_MAX = 32,   /* datagrams at once */
    HEARD_MAX = 200, /* datagrams a second on a link that are looked at */
    NEIGHBOURS = 64,
    DIALS_MAX = 4,
    DIAL_AGAIN_MS = 30 * 1000
};

static const char group_text[] = "224.0.0.251";

/* A link, with a socket for each direction. */
struct end {
    struct mdns *mdns;
    struct lan lan;
    int in, out;
    struct loop_watch watch;
    struct loop_timer answer;
    unsigned asked;    /* MDNS_ASKS_…, not answered yet */
    uint64_t answered; /* when last; 0: never */
    uint64_t second;   /* in which `heard` datagrams came */
    unsigned heard;
};

/* Who is there, and when we last tried to connect. */
struct neighbour {
    struct mdns *mdns;
    bool known;
    struct peer_id peer;
    uint64_t tried;
    struct connect *connect;
};

struct mdns {
    struct mdns_spec spec;
    struct addr group;
    char name[MDNS_NAME_SIZE];
    struct end *ends[LANS_MAX];
    size_t n;
    unsigned asks; /* since the links last changed */
    bool warned;   /* of one that cannot be looked at */
    struct loop_timer look, ask;
    struct neighbour neighbours[NEIGHBOURS];
    struct mdns_message message; /* that is being read */
};

/* ---- who is told what ----------------------------------------------------------------------- */

/* An address of the host as one on this link reaches it, with our peer id behind it. */
static bool own_address(const struct end *e, const struct multiaddr *a, struct multiaddr *out)
{
    struct addr at;
    enum multiaddr_code transport;
    if (multiaddr_has(a, MULTIADDR_P2P_CIRCUIT) || multiaddr_to_addr(a, &at, &transport) < 0 ||
        transport != MULTIADDR_TCP || at.ss.ss_family != AF_INET)
        return false;
    struct addr here = e->lan.at;
    ((struct sockaddr_in *)&here.ss)->sin_port = htons(addr_port(&at));
    if (!addr_unspecified(&at)) {
        if (!lan_covers(&e->lan, &at))
            return false;
        here = at;
    }
    const struct peer_id *self = host_id(e->mdns->spec.host);
    return multiaddr_from_addr(&here, MULTIADDR_TCP, out) == 0 &&
           multiaddr_with_peer(out, self, out) == 0;
}

/* What is lost is asked for again. */
static void send_out(const struct end *e, const uint8_t *data, size_t len)
{
    if (len > 0 && send(e->out, data, len, MSG_NOSIGNAL) < 0)
        log_debug("p2p", "mdns: a message did not leave");
}

static void say(struct end *e, unsigned asks, uint32_t ttl_s)
{
    struct multiaddr addrs[OWN_MAX];
    uint8_t message[MDNS_SENT_MAX];
    const struct multiaddr *a;
    size_t n = 0;
    for (size_t i = 0; n < OWN_MAX && (a = host_addr(e->mdns->spec.host, i)); i++)
        n += own_address(e, a, &addrs[n]);
    send_out(e, message, mdns_message_answer(e->mdns->name, asks, addrs, n, ttl_s, message));
}

static void on_answer(void *arg)
{
    struct end *e = arg;
    say(e, e->asked, MDNS_TTL_S);
    e->asked = 0;
    e->answered = loop_now(e->mdns->spec.loop);
}

/* Not at once with all others, and not more often than once a second. */
static void answer(struct end *e, unsigned asks)
{
    uint64_t now = loop_now(e->mdns->spec.loop), due = e->answered + ANSWER_MS;
    uint64_t wait = WAIT_MIN_MS + rng_below(e->mdns->spec.rng, WAIT_MAX_MS - WAIT_MIN_MS + 1);
    e->asked |= asks;
    if (loop_timer_pending(&e->answer))
        return;
    if (e->answered > 0 && due > now + wait)
        wait = due - now;
    loop_timer_set(&e->answer, wait);
}

/* ---- who is there --------------------------------------------------------------------------- */

static void on_connected(void *arg, int err, const struct beam_why *why,
                         const struct host_peer *peer)
{
    struct neighbour *n = arg;
    (void)peer;
    n->connect = NULL;
    if (err < 0)
        log_info("p2p", "mdns: a peer nearby is not reached: %s", log_scrub(why->text));
}

/* Its place, or that of whom we tried longest ago, who is not connected. */
static struct neighbour *place_of(struct mdns *m, const struct peer_id *peer)
{
    struct neighbour *oldest = NULL;
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        struct neighbour *n = &m->neighbours[i];
        if (n->known && peer_id_equal(&n->peer, peer))
            return n;
        bool busy = n->known && (n->connect || host_connected(m->spec.host, &n->peer));
        if (!busy && (!oldest || n->tried < oldest->tried))
            oldest = n;
    }
    if (oldest)
        *oldest = (struct neighbour){.mdns = m, .known = true, .peer = *peer};
    return oldest;
}

static void dial(struct mdns *m, const struct peer_id *peer)
{
    struct neighbour *n = place_of(m, peer);
    uint64_t now = loop_now(m->spec.loop);
    size_t dials = 0, connected = 0;
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        const struct neighbour *other = &m->neighbours[i];
        dials += other->connect != NULL;
        connected += other->known && host_connected(m->spec.host, &other->peer);
    }
    if (!n || n->connect || dials >= DIALS_MAX || connected + dials >= MDNS_CONNECTED_MAX ||
        (n->tried > 0 && now - n->tried < DIAL_AGAIN_MS) || host_connected(m->spec.host, peer))
        return;
    const struct connect_spec spec = {.peer = &n->peer, .origin = PERMIT_NEARBY};
    n->tried = now;
    if (connect_start(m->spec.host, &spec, on_connected, n, &n->connect) < 0)
        n->connect = NULL;
}

/* One on this link, and no other, is what is believed here. */
static void learn(struct end *e, const struct mdns_found *f)
{
    struct mdns *m = e->mdns;
    uint64_t ms = (uint64_t)f->ttl_s * 1000;
    struct multiaddr a;
    struct peer_id peer;
    struct addr at;
    enum multiaddr_code transport;
    if (ms == 0 || strcmp(f->name, m->name) == 0 ||
        multiaddr_parse(f->text, f->len, &a, NULL) < 0 || multiaddr_peer(&a, &peer) < 0 ||
        peer_id_equal(&peer, host_id(m->spec.host)) || multiaddr_to_addr(&a, &at, &transport) < 0 ||
        !lan_covers(&e->lan, &at) || multiaddr_has(&a, MULTIADDR_P2P_CIRCUIT))
        return;
    ms = ms < BELIEVED_MIN_MS ? BELIEVED_MIN_MS : ms > BELIEVED_MAX_MS ? BELIEVED_MAX_MS : ms;
    if (host_learn_nearby(m->spec.host, &peer, &a, ms))
        dial(m, &peer);
}

static void take(struct end *e, const uint8_t *data, size_t len)
{
    struct mdns_message *message = &e->mdns->message;
    if (mdns_message_read(data, len, e->mdns->name, message) < 0)
        return;
    if (message->asks)
        answer(e, message->asks);
    for (size_t i = 0; i < message->n; i++)
        learn(e, &message->found[i]);
}

/* What did not come from this link, and from where such messages come, is no such message
 * (RFC 6762, 11); and of a flood only so much is looked at. */
static bool is_heard(struct end *e, const struct addr *from)
{
    uint64_t second = loop_now(e->mdns->spec.loop) / 1000;
    if (second != e->second)
        e->heard = 0;
    e->second = second;
    return e->heard++ < HEARD_MAX && lan_covers(&e->lan, from) &&
           addr_port(from) == addr_port(&e->mdns->group);
}

static void on_readable(void *arg, unsigned ready)
{
    struct end *e = arg;
    uint8_t data[MDNS_RECEIVED_MAX];
    (void)ready;
    for (int i = 0; i < READ_MAX; i++) {
        struct addr from = {.len = sizeof(from.ss)};
        ssize_t n = recvfrom(e->in, data, sizeof(data), 0, (struct sockaddr *)&from.ss, &from.len);
        if (n < 0)
            return;
        if (is_heard(e, &from))
            take(e, data, (size_t)n);
    }
}

/* ---- links ---------------------------------------------------------------------------------- */

static void end_free(struct end *e)
{
    loop_watch_stop(&e->watch);
    loop_timer_clear(&e->answer);
    if (e->in >= 0)
        close(e->in);
    if (e->out >= 0)
        close(e->out);
    free(e);
}

static int end_new(struct mdns *m, const struct lan *lan, struct end **out)
{
    struct end *e = calloc(1, sizeof(*e));
    if (!e)
        return BEAM_ENOMEM;
    *e = (struct end){.mdns = m, .lan = *lan, .in = -1, .out = -1};
    loop_timer_init(m->spec.loop, &e->answer, on_answer, e);
    int err = listen_group(m->spec.permit, lan, &m->group, &e->in);
    if (err == 0)
        err = egress_group(m->spec.permit, lan, &m->group, &e->out);
    if (err == 0)
        err = loop_watch_start(m->spec.loop, &e->watch, e->in, LOOP_READ, on_readable, e);
    if (err < 0)
        end_free(e);
    else
        *out = e;
    return err;
}

static bool is_listed(const struct lan *lan, const struct lan *list, int n)
{
    for (int i = 0; i < n; i++)
        if (lan_equal(lan, &list[i]))
            return true;
    return false;
}

static void drop_gone(struct mdns *m, const struct lan *list, int n)
{
    for (size_t i = m->n; i-- > 0;) {
        if (is_listed(&m->ends[i]->lan, list, n))
            continue;
        end_free(m->ends[i]);
        m->ends[i] = m->ends[--m->n];
    }
}

static bool has_end(const struct mdns *m, const struct lan *lan)
{
    for (size_t i = 0; i < m->n; i++)
        if (lan_equal(&m->ends[i]->lan, lan))
            return true;
    return false;
}

static void on_look(void *arg)
{
    struct mdns *m = arg;
    struct lan list[LANS_MAX];
    int n = (m->spec.lans ? m->spec.lans : lan_list)(m->spec.permit, list);
    loop_timer_set(&m->look, LOOK_MS);
    if (n < 0)
        return;
    drop_gone(m, list, n);
    for (int i = 0; i < n && m->n < LANS_MAX; i++) {
        if (has_end(m, &list[i]))
            continue;
        int err = end_new(m, &list[i], &m->ends[m->n]);
        if (err < 0) {
            if (!m->warned)
                log_warn("p2p", "mdns: peers on a network nearby are not looked for: %s",
                         beam_err_text(err));
            m->warned = true;
            continue;
        }
        m->warned = false;
        m->n++;
        m->asks = 0;
        loop_timer_set(&m->ask, WAIT_MIN_MS + rng_below(m->spec.rng, WAIT_MAX_MS));
    }
}

/* Who asks tells of himself, too, so that those who only listen hear of him. */
static void on_ask(void *arg)
{
    struct mdns *m = arg;
    uint8_t query[MDNS_SENT_MAX];
    size_t len = mdns_message_query(query);
    for (size_t i = 0; i < m->n; i++) {
        send_out(m->ends[i], query, len);
        answer(m->ends[i], MDNS_ASKS_PEERS);
    }
    uint64_t pause = m->asks < 6 ? (uint64_t)ASK_MIN_MS << m->asks : ASK_MAX_MS;
    m->asks++;
    loop_timer_set(&m->ask, pause + rng_below(m->spec.rng, (uint32_t)(pause / 4)));
}

/* ---- the whole ------------------------------------------------------------------------------ */

int mdns_new(const struct mdns_spec *spec, struct mdns **out)
{
    uint8_t bytes[NAME_BYTES];
    struct mdns *m = calloc(1, sizeof(*m));
    if (!m)
        return BEAM_ENOMEM;
    m->spec = *spec;
    loop_timer_init(spec->loop, &m->look, on_look, m);
    loop_timer_init(spec->loop, &m->ask, on_ask, m);
    spec->rng->fill(spec->rng->arg, bytes, sizeof(bytes));
    int err = text_base32_encode(bytes, sizeof(bytes), m->name, sizeof(m->name));
    if (err == 0)
        err =
            addr_ip(group_text, strlen(group_text), spec->port ? spec->port : MDNS_PORT, &m->group);
    if (err < 0) {
        free(m);
        return err;
    }
    on_look(m);
    *out = m;
    return 0;
}

void mdns_free(struct mdns *m)
{
    if (!m)
        return;
    loop_timer_clear(&m->look);
    loop_timer_clear(&m->ask);
    for (size_t i = 0; i < NEIGHBOURS; i++)
        connect_cancel(m->neighbours[i].connect);
    for (size_t i = 0; i < m->n; i++) {
        say(m->ends[i], MDNS_ASKS_PEERS, 0); /* forgotten from now on (RFC 6762, 10.1) */
        end_free(m->ends[i]);
    }
    free(m);
}

size_t mdns_links(const struct mdns *m)
{
    return m->n;
}
