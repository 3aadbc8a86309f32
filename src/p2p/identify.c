/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/identify.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "identity/envelope.h"
#include "identity/peer_record.h"
#include "p2p/identify_message.h"
#include "p2p/open.h"

enum {
    READ_MAX = 32 * 1024, /* bytes of all messages of one telling */
    EXCHANGE_MS = 30 * 1000,
    LISTENING_MAX = 64,          /* pushes that are heard at once */
    LEARNED_MS = 60 * 60 * 1000, /* how long what a peer says of its addresses is believed */
    TOLD_MAX = IDENTIFY_MESSAGE_MAX + 3,
    HOUR_MS = 60 * 60 * 1000,
    COUNT_BITS = 16
};

static const char agent_anonymous[] = "beam", family[] = "ipfs/0.1.0";
static const char *const asked_for[] = {IDENTIFY_PROTOCOL};
static const char *const pushed[] = {IDENTIFY_PUSH_PROTOCOL};

enum mode { ASK, TELL, LISTEN };

/* One message, there or here. */
struct identify {
    struct identify *next, **link;
    struct host *host;
    uint64_t serial; /* of the connection */
    enum mode mode;
    struct open *open; /* until there is a stream */
    struct stream *stream;
    struct buf buf;
    struct loop_timer deadline;
    struct loop_task go;
};

/* ---- what is told --------------------------------------------------------------------------- */

/* Whether the peer at the end of the connection is told of an address. */
static bool may_tell(const struct host *h, const struct conn *c, const struct multiaddr *a)
{
    struct addr at, peer;
    enum multiaddr_code transport;
    if (multiaddr_has(a, MULTIADDR_ONION3))
        return true;
    /* The address of a circuit is its relay's. */
    if (h->spec.kind == HOST_ANONYMOUS && !multiaddr_has(a, MULTIADDR_P2P_CIRCUIT))
        return false;
    if (multiaddr_to_addr(a, &at, &transport) < 0)
        return true; /* a name */
    if (addr_unspecified(&at))
        return false;
    if (addr_scope(&at) == ADDR_GLOBAL)
        return true;
    /* One that means something in its own surroundings alone: those of the peer, or, where both are
     * by way of relays, of the relay that joins us. */
    bool near = c->spec.way == WAY_DIRECT ||
                (c->spec.way == WAY_CIRCUIT && multiaddr_has(a, MULTIADDR_P2P_CIRCUIT));
    return near && multiaddr_to_addr(&c->spec.addr, &peer, &transport) == 0 &&
           addr_scope(&peer) <= addr_scope(&at);
}

static uint64_t record_number(const struct host *h)
{
    uint64_t wall = h->spec.clock->wall_ms(h->spec.clock->arg);
    if (h->spec.kind == HOST_OPEN)
        return wall;
    return (wall / HOUR_MS) << COUNT_BITS | (h->changes & ((1u << COUNT_BITS) - 1));
}

static struct identify_view text_view(const char *text)
{
    return (struct identify_view){(const uint8_t *)text, strlen(text)};
}

static int encode(const struct host *h, const struct conn *c, const struct peer_record *record,
                  uint8_t *sealed, void *out, size_t size, size_t *out_len)
{
    uint8_t key[KEY_ENCODED_MAX];
    struct key_public public;
    struct identify_message m = {.addr_count = record->n};
    size_t key_len, sealed_len;
    key_pair_public(h->spec.key, &public);
    int err = key_public_encode(&public, key, sizeof(key), &key_len);
    if (err == 0)
        err = peer_record_seal(h->spec.key, record, sealed, ENVELOPE_MAX, &sealed_len);
    if (err < 0)
        return err;
    m.key = (struct identify_view){key, key_len};
    m.record = (struct identify_view){sealed, sealed_len};
    for (size_t i = 0; i < record->n; i++)
        m.addrs[i] = (struct identify_view){record->addrs[i].bytes, record->addrs[i].len};
    for (size_t i = 0; i < h->handlers.n; i++)
        m.protocols[m.protocol_count++] = text_view(h->handlers.list[i].protocol);
    m.agent = text_view(agent_anonymous);
    if (h->spec.kind == HOST_OPEN) {
        m.agent = text_view(h->spec.agent);
        m.version = text_view(family);
        if (c->spec.way == WAY_DIRECT && c->spec.addr.len > 0)
            m.observed = (struct identify_view){c->spec.addr.bytes, c->spec.addr.len};
    }
    return identify_message_encode(&m, out, size, out_len);
}

int identify_tell(const struct host *h, const struct conn *c, void *out, size_t size,
                  size_t *out_len)
{
    struct peer_record *record = calloc(1, sizeof(*record));
    uint8_t *sealed = malloc(ENVELOPE_MAX);
    int err = BEAM_ENOMEM;
    if (!record || !sealed)
        goto out;
    record->seq = record_number(h);
    for (size_t i = 0; i < h->place_count; i++)
        if (may_tell(h, c, &h->places[i]->addr))
            record->addrs[record->n++] = h->places[i]->addr;
    err = encode(h, c, record, sealed, out, size, out_len);
out:
    free(record);
    free(sealed);
    return err;
}

/* ---- what is learned ------------------------------------------------------------------------ */

static void learn_protocols(struct peer *peer, const struct identify_message *m)
{
    size_t len = 0, at = 0;
    for (size_t i = 0; i < m->protocol_count; i++)
        len += m->protocols[i].len + 1;
    char *list = len > 0 ? malloc(len) : NULL;
    if (!list)
        return;
    for (size_t i = 0; i < m->protocol_count; i++) {
        const struct identify_view *p = &m->protocols[i];
        if (p->len == 0 || p->len > HANDLERS_NAME_MAX || memchr(p->at, '\0', p->len))
            continue;
        memcpy(list + at, p->at, p->len);
        list[at + p->len] = '\0';
        at += p->len + 1;
    }
    free(peer->protocols);
    peer->protocols = list;
    peer->protocols_len = at;
}

/* Kept for others, who are told of the peer. */
static void keep_record(struct peer *peer, const struct identify_view *view)
{
    uint8_t *bytes = malloc(view->len);
    if (!bytes)
        return;
    memcpy(bytes, view->at, view->len);
    free(peer->record);
    peer->record = bytes;
    peer->record_len = view->len;
}

/* From its signed record where it has one that is its own and not older than what is known. */
static bool learn_record(struct host *h, struct peer *peer, const struct identify_view *view)
{
    struct peer_record *record = view->at ? malloc(sizeof(*record)) : NULL;
    bool good = record && peer_record_open(view->at, view->len, record, NULL) == 0 &&
                peer_id_equal(&record->id, &peer->id) && record->seq >= peer->record_seq;
    if (good) {
        peer->record_seq = record->seq;
        keep_record(peer, view);
        host_learn(h, &peer->id, record->addrs, record->n, ADDRESS_SIGNED, LEARNED_MS);
    }
    free(record);
    return good;
}

static void learn_addrs(struct host *h, const struct peer *peer, const struct identify_message *m)
{
    for (size_t i = 0; i < m->addr_count; i++) {
        struct multiaddr a;
        if (multiaddr_decode(m->addrs[i].at, m->addrs[i].len, &a, NULL) == 0)
            host_learn(h, &peer->id, &a, 1, ADDRESS_SAID, LEARNED_MS);
    }
}

/* Only where nobody is between is it our own address that the peer sees. */
static void learn_observed(struct peer *peer, const struct conn *c,
                           const struct identify_message *m)
{
    struct multiaddr a;
    struct addr at;
    enum multiaddr_code transport;
    if (c->spec.way == WAY_DIRECT && m->observed.at &&
        multiaddr_decode(m->observed.at, m->observed.len, &a, NULL) == 0 &&
        multiaddr_to_addr(&a, &at, &transport) == 0)
        peer->observed = at;
}

/* What is not there says nothing: a push may tell a part. */
static int learn(struct host *h, struct conn *c, const void *data, size_t len)
{
    struct identify_message *m = malloc(sizeof(*m));
    struct peer *peer = c->owner;
    struct key_public key;
    int err = m ? identify_message_decode(data, len, m) : BEAM_ENOMEM;
    if (err == 0 && m->key.at &&
        (key_public_decode(m->key.at, m->key.len, &key) < 0 || !peer_id_is_of(&peer->id, &key)))
        err = BEAM_EAUTH;
    if (err == 0) {
        if (m->agent.at)
            (void)text_escape(m->agent.at, m->agent.len, peer->agent, sizeof(peer->agent));
        learn_protocols(peer, m);
        learn_observed(peer, c, m);
        if (!learn_record(h, peer, &m->record))
            learn_addrs(h, peer, m);
        peer->identified = true;
    }
    free(m);
    return err;
}

/* ---- the exchange --------------------------------------------------------------------------- */

static void identify_free(struct identify *x)
{
    loop_timer_clear(&x->deadline);
    loop_task_cancel(x->host->spec.loop, &x->go);
    open_cancel(x->open);
    stream_free(x->stream);
    buf_clear(&x->buf);
    *x->link = x->next;
    if (x->next)
        x->next->link = x->link;
    free(x);
}

static void give_up(struct identify *x, int err)
{
    log_debug("p2p", "identify on connection %llu: %s", (unsigned long long)x->serial,
              beam_err_text(err));
    if (x->stream)
        stream_reset(x->stream);
    identify_free(x);
}

static void heard(struct identify *x)
{
    struct host *h = x->host;
    uint64_t serial = x->serial;
    struct conn *c = pool_by_serial(&h->pool, serial);
    size_t len = buf_len(&x->buf);
    uint8_t *data = malloc(len > 0 ? len : 1);
    int err = !c ? BEAM_ERESET : data ? 0 : BEAM_ENOMEM;
    if (err == 0) {
        (void)buf_peek(&x->buf, 0, data, len);
        err = learn(h, c, data, len);
    }
    free(data);
    if (err < 0) {
        give_up(x, err);
        return;
    }
    identify_free(x);
    core_identified(h, c);
}

static void read_on(struct identify *x)
{
    for (;;) {
        ssize_t n = stream_read(x->stream, &x->buf, READ_MAX);
        if (n > 0)
            continue;
        if (n == BEAM_EAGAIN)
            return;
        if (n == BEAM_ECLOSED)
            heard(x);
        else
            give_up(x, (int)n);
        return;
    }
}

static void write_on(struct identify *x)
{
    ssize_t n = stream_write(x->stream, &x->buf);
    if (buf_len(&x->buf) > 0) {
        if (n < 0 && n != BEAM_EAGAIN)
            give_up(x, (int)n);
        return;
    }
    (void)stream_shut(x->stream);
    identify_free(x);
}

static void on_go(void *arg)
{
    struct identify *x = arg;
    if (x->mode == TELL)
        write_on(x);
    else
        read_on(x);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    on_go(arg);
}

static void on_deadline(void *arg)
{
    give_up(arg, BEAM_ETIMEOUT);
}

static struct identify *identify_new(struct host *h, uint64_t serial, enum mode mode)
{
    struct identify *x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    *x = (struct identify){.host = h, .serial = serial, .mode = mode, .next = h->identifies};
    x->link = &h->identifies;
    if (x->next)
        x->next->link = &x->next;
    h->identifies = x;
    buf_init(&x->buf, loop_pool(h->spec.loop), READ_MAX);
    loop_timer_init(h->spec.loop, &x->deadline, on_deadline, x);
    loop_task_init(&x->go, on_go, x);
    loop_timer_set(&x->deadline, EXCHANGE_MS);
    return x;
}

static void begin(struct identify *x, struct stream *s)
{
    x->stream = s;
    stream_own(s, on_ready, x);
    if (x->mode == TELL) {
        const struct conn *c = pool_by_serial(&x->host->pool, x->serial);
        uint8_t told[TOLD_MAX];
        size_t len;
        int err = c ? identify_tell(x->host, c, told, sizeof(told), &len) : BEAM_ERESET;
        if (err == 0)
            err = buf_add(&x->buf, told, len);
        if (err < 0) {
            give_up(x, err);
            return;
        }
    }
    loop_post(x->host->spec.loop, &x->go);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct identify *x = arg;
    (void)why;
    (void)protocol;
    (void)peer;
    x->open = NULL;
    if (err < 0)
        give_up(x, err);
    else
        begin(x, s);
}

static void start(struct host *h, struct conn *c, enum mode mode, const char *const *protocols)
{
    struct identify *x = identify_new(h, c->serial, mode);
    if (!x)
        return;
    int err = open_on(h, c, protocols, 1, on_open, x, &x->open);
    if (err < 0)
        give_up(x, err);
}

void identify_ask(struct host *h, struct conn *c)
{
    start(h, c, ASK, asked_for);
}

void identify_push(struct host *h)
{
    for (struct conn *c = h->pool.oldest; c; c = c->next)
        if (pool_use(c->owner) == c && host_speaks(h, &c->spec.peer, IDENTIFY_PUSH_PROTOCOL))
            start(h, c, TELL, pushed);
}

static void turn_away(struct stream *s)
{
    stream_reset(s);
    stream_free(s);
}

static void on_asked(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct identify *x = identify_new(arg, peer->serial, TELL);
    if (x)
        begin(x, s);
    else
        turn_away(s);
}

/* One at a time of each connection, and not too many of all. */
static bool listens(const struct host *h, uint64_t serial)
{
    size_t n = 0;
    bool same = false;
    for (const struct identify *x = h->identifies; x; x = x->next) {
        n += x->mode == LISTEN;
        same = same || (x->mode == LISTEN && x->serial == serial);
    }
    return !same && n < LISTENING_MAX;
}

static void on_push(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct host *h = arg;
    struct identify *x = listens(h, peer->serial) ? identify_new(h, peer->serial, LISTEN) : NULL;
    if (x)
        begin(x, s);
    else
        turn_away(s);
}

int identify_serve(struct host *h)
{
    int err = host_handle(h, IDENTIFY_PROTOCOL, on_asked, h);
    return err < 0 ? err : host_handle(h, IDENTIFY_PUSH_PROTOCOL, on_push, h);
}

void identify_clear(struct host *h)
{
    while (h->identifies)
        identify_free(h->identifies);
}
