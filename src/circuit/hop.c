/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/hop.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "circuit/bridge.h"
#include "circuit/voucher.h"
#include "p2p/standing.h"
#include "stream/frame.h"

enum {
    QUESTION_MS = 30 * 1000,
    LAST_MS = 10 * 1000, /* for an answer to be read */
    SWEEP_MS = 10 * 1000,
    ASKERS_MAX = 1024,
    ASKERS_PER_PEER = 16
};

/* A hop stream, until it was answered. */
struct asker {
    TAILQ_ENTRY(asker) link;
    struct hop *hop;
    struct peer_id peer;
    struct multiaddr addr;
    enum way way;
    struct frame *frame;
    bool answered;
};

struct bridged {
    TAILQ_ENTRY(bridged) link;
    struct hop *hop;
    struct bridge *bridge;
};

struct hop {
    struct hop_spec spec;
    struct slots *slots;
    struct host_watch watch;
    struct loop_timer sweep;
    TAILQ_HEAD(, asker) askers;
    size_t asker_count;
    TAILQ_HEAD(, bridged) bridges;
};

/* ---- reservations --------------------------------------------------------------------------- */

static uint64_t now_of(const struct hop *h)
{
    return loop_now(h->spec.loop);
}

static void on_sweep(void *arg)
{
    struct hop *h = arg;
    struct peer_id peer;
    while (slots_expire(h->slots, now_of(h), &peer))
        (void)standing_lodge(h->spec.host, &peer, false);
    if (slots_reservations(h->slots) > 0)
        loop_timer_set(&h->sweep, SWEEP_MS);
}

static void on_down(void *arg, const struct peer_id *peer)
{
    struct hop *h = arg;
    if (slots_release(h->slots, peer))
        (void)standing_lodge(h->spec.host, peer, false);
}

static bool address_of(const struct multiaddr *a, struct addr *out)
{
    enum multiaddr_code transport;
    return multiaddr_to_addr(a, out, &transport) == 0;
}

/* Whether an address of the relay's means something to others; or to a peer that is as near. */
static bool is_for(const struct asker *a, const struct multiaddr *own)
{
    struct addr at, from;
    if (multiaddr_has(own, MULTIADDR_P2P_CIRCUIT))
        return false;
    if (!address_of(own, &at))
        return true; /* an onion or a name */
    if (addr_unspecified(&at))
        return false;
    return addr_scope(&at) == ADDR_GLOBAL || (a->way == WAY_DIRECT && address_of(&a->addr, &from) &&
                                              addr_scope(&from) <= addr_scope(&at));
}

static void add_addrs(const struct asker *a, struct hop_message *m)
{
    const struct host *host = a->hop->spec.host;
    const struct multiaddr *own;
    for (size_t i = 0; m->addr_count < HOP_MESSAGE_ADDRS && (own = host_addr(host, i)); i++)
        if (is_for(a, own) &&
            multiaddr_with_peer(own, host_id(host), &m->addrs[m->addr_count]) == 0)
            m->addr_count++;
}

/* Gives a slot, and writes the answer with the voucher. */
static int grant(struct asker *a, uint8_t *out, size_t size, size_t *out_len)
{
    struct hop *h = a->hop;
    uint64_t wall = h->spec.clock->wall_ms(h->spec.clock->arg);
    struct hop_message answer = {.type = HOP_STATUS,
                                 .status = HOP_OK,
                                 .has_reservation = true,
                                 .expire = (wall + h->spec.limits.reservation_ms) / 1000,
                                 .has_limit = hop_limit_any(&h->spec.limit),
                                 .limit = h->spec.limit};
    const struct voucher v = {.peer = a->peer, .expires = answer.expire};
    uint8_t sealed[VOUCHER_MAX];
    int err = voucher_seal(h->spec.key, &v, sealed, sizeof(sealed), &answer.voucher_len);
    if (err < 0)
        return err;
    answer.voucher = sealed;
    add_addrs(a, &answer);
    return hop_message_encode(HOP_SIDE, &answer, out, size, out_len);
}

static enum hop_status reserve(struct asker *a)
{
    struct hop *h = a->hop;
    struct addr from;
    bool fresh;
    if (a->way == WAY_CIRCUIT)
        return HOP_PERMISSION_DENIED;
    bool known = a->way == WAY_DIRECT && address_of(&a->addr, &from);
    on_sweep(h);
    enum hop_status status =
        slots_reserve(h->slots, &a->peer, known ? &from : NULL, now_of(h), &fresh);
    if (status != HOP_OK || !fresh)
        return status;
    if (standing_lodge(h->spec.host, &a->peer, true) < 0) {
        (void)slots_release(h->slots, &a->peer);
        return HOP_RESERVATION_REFUSED;
    }
    if (!loop_timer_pending(&h->sweep))
        loop_timer_set(&h->sweep, SWEEP_MS);
    return HOP_OK;
}

/* ---- circuits ------------------------------------------------------------------------------- */

static void on_bridge_done(void *arg, struct bridge *bridge)
{
    struct bridged *b = arg;
    const struct bridge_spec *spec = bridge_spec(bridge);
    slots_close(b->hop->slots, &spec->from, &spec->to);
    TAILQ_REMOVE(&b->hop->bridges, b, link);
    free(b);
}

static enum hop_status may_connect(const struct asker *a, const struct hop_message *m)
{
    struct hop *h = a->hop;
    if (a->way == WAY_CIRCUIT)
        return HOP_PERMISSION_DENIED;
    if (!m->has_peer)
        return HOP_MALFORMED;
    return slots_open(h->slots, &a->peer, &m->peer, now_of(h));
}

/* The asker's stream is the bridge's from here on. */
static void connect_to(struct asker *a, const struct peer_id *to)
{
    struct hop *h = a->hop;
    const struct bridge_spec spec = {.loop = h->spec.loop,
                                     .host = h->spec.host,
                                     .limit = h->spec.limit,
                                     .from = a->peer,
                                     .to = *to};
    struct bridged *b = malloc(sizeof(*b));
    struct stream *near = frame_take(a->frame);
    a->frame = NULL;
    int err = BEAM_ENOMEM;
    if (b) {
        *b = (struct bridged){.hop = h};
        err = bridge_start(near, &spec, on_bridge_done, b, &b->bridge);
    } else {
        stream_reset(near);
        stream_free(near);
    }
    if (err == 0) {
        TAILQ_INSERT_TAIL(&h->bridges, b, link);
        return;
    }
    slots_close(h->slots, &a->peer, to);
    free(b);
}

/* ---- askers --------------------------------------------------------------------------------- */

static void asker_free(struct asker *a)
{
    TAILQ_REMOVE(&a->hop->askers, a, link);
    a->hop->asker_count--;
    frame_free(a->frame);
    free(a);
}

static int refusal(enum hop_status status, uint8_t *out, size_t size, size_t *len)
{
    const struct hop_message answer = {.type = HOP_STATUS, .status = status};
    return hop_message_encode(HOP_SIDE, &answer, out, size, len);
}

/* The last that is said here; the asker has time to read it. */
static void answer(struct asker *a, enum hop_status status)
{
    uint8_t bytes[HOP_MESSAGE_MAX];
    size_t len;
    int err = status == HOP_OK ? grant(a, bytes, sizeof(bytes), &len)
                               : refusal(status, bytes, sizeof(bytes), &len);
    if (err == 0)
        err = frame_send(a->frame, bytes, len);
    if (err < 0) {
        asker_free(a);
        return;
    }
    a->answered = true;
    frame_shut(a->frame);
    frame_read(a->frame, LAST_MS);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct asker *a = arg;
    struct hop_message m;
    if (a->answered) {
        asker_free(a);
        return;
    }
    if (hop_message_decode(HOP_SIDE, data, len, &m) < 0) {
        answer(a, HOP_MALFORMED);
    } else if (m.type == HOP_RESERVE) {
        answer(a, reserve(a));
    } else if (m.type == HOP_CONNECT) {
        enum hop_status status = may_connect(a, &m);
        if (status != HOP_OK) {
            answer(a, status);
            return;
        }
        connect_to(a, &m.peer);
        asker_free(a);
    } else {
        answer(a, HOP_UNEXPECTED);
    }
}

static void on_ended(void *arg, int err)
{
    (void)err;
    asker_free(arg);
}

static bool has_room(const struct hop *h, const struct peer_id *peer)
{
    const struct asker *a;
    size_t n = 0;
    TAILQ_FOREACH(a, &h->askers, link)
    n += peer_id_equal(&a->peer, peer);
    return h->asker_count < ASKERS_MAX && n < ASKERS_PER_PEER;
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct hop *h = arg;
    struct asker *a = has_room(h, peer->id) ? malloc(sizeof(*a)) : NULL;
    if (!a) {
        stream_reset(stream);
        stream_free(stream);
        return;
    }
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = a};
    *a = (struct asker){.hop = h, .peer = *peer->id, .addr = *peer->addr, .way = peer->way};
    if (frame_new(h->spec.loop, stream, HOP_MESSAGE_MAX, &events, &a->frame) < 0) {
        free(a);
        return;
    }
    TAILQ_INSERT_TAIL(&h->askers, a, link);
    h->asker_count++;
    frame_read(a->frame, QUESTION_MS);
}

/* ---- its life ------------------------------------------------------------------------------- */

int hop_new(const struct hop_spec *spec, struct hop **out)
{
    struct hop *h = calloc(1, sizeof(*h));
    if (!h)
        return BEAM_ENOMEM;
    h->spec = *spec;
    TAILQ_INIT(&h->askers);
    TAILQ_INIT(&h->bridges);
    loop_timer_init(spec->loop, &h->sweep, on_sweep, h);
    int err = slots_new(spec->rng, &spec->limits, &h->slots);
    if (err == 0)
        err = host_handle(spec->host, HOP_PROTOCOL, on_stream, h);
    if (err < 0) {
        slots_free(h->slots);
        free(h);
        return err;
    }
    h->watch = (struct host_watch){.down = on_down, .arg = h};
    host_watch(spec->host, &h->watch);
    *out = h;
    return 0;
}

void hop_free(struct hop *h)
{
    if (!h)
        return;
    struct asker *a;
    struct bridged *b;
    struct peer_id peer;
    host_unwatch(&h->watch);
    host_unhandle(h->spec.host, HOP_PROTOCOL);
    while ((a = TAILQ_FIRST(&h->askers)))
        asker_free(a);
    while ((b = TAILQ_FIRST(&h->bridges))) {
        struct bridge *bridge = b->bridge;
        on_bridge_done(b, bridge);
        bridge_free(bridge);
    }
    while (slots_expire(h->slots, UINT64_MAX, &peer))
        (void)standing_lodge(h->spec.host, &peer, false);
    loop_timer_clear(&h->sweep);
    slots_free(h->slots);
    free(h);
}

size_t hop_reservations(const struct hop *h)
{
    return slots_reservations(h->slots);
}

size_t hop_circuits(const struct hop *h)
{
    return slots_circuits(h->slots);
}
