/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/circuit/ring.h"

#include <string.h>

#include "stream/frame.h"

void ring_init(struct ring *r)
{
    memset(r, 0, sizeof(*r));
    world_init(&r->world);
    r->limits = (struct slots_limits){.reservations = 8,
                                      .per_source = 8,
                                      .circuits = 8,
                                      .per_peer = 4,
                                      .reservation_ms = 60 * 60 * 1000};
}

void ring_clear(struct ring *r)
{
    for (size_t i = 0; i < WORLD_HOSTS; i++) {
        hop_free(r->hops[i]);
        relayed_free(r->relayed[i]);
    }
    world_clear(&r->world);
}

static size_t number_of(const struct ring *r, const struct node *n)
{
    return (size_t)(n - r->world.nodes);
}

struct multiaddr ring_relay(struct ring *r, struct node **out)
{
    struct node *n = world_add(&r->world, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    const struct hop_spec spec = {.loop = r->world.loop,
                                  .host = n->host,
                                  .rng = &r->world.rng,
                                  .clock = clock_system(),
                                  .key = n->key,
                                  .limits = r->limits,
                                  .limit = r->limit};
    cr_assert_eq(hop_new(&spec, &r->hops[number_of(r, n)]), 0);
    if (out)
        *out = n;
    return world_listen(n);
}

struct node *ring_user(struct ring *r, enum host_kind kind, enum policy_egress egress)
{
    struct node *n = world_add(&r->world, kind, egress, NULL);
    const struct relayed_spec spec = {
        .loop = r->world.loop, .host = n->host, .rng = &r->world.rng, .clock = clock_system()};
    cr_assert_eq(relayed_new(&spec, &r->relayed[number_of(r, n)]), 0);
    return n;
}

struct relayed *ring_of(struct ring *r, const struct node *n)
{
    return r->relayed[number_of(r, n)];
}

void ring_kill(struct ring *r, struct node *relay)
{
    size_t i = number_of(r, relay);
    hop_free(r->hops[i]);
    r->hops[i] = NULL;
    host_free(relay->host);
    relay->host = NULL;
}

struct held {
    const struct relayed *relayed;
    size_t n;
};

static bool is_held(void *arg)
{
    const struct held *h = arg;
    return relayed_held(h->relayed) == h->n;
}

struct multiaddr ring_address(const struct multiaddr *relay, const struct node *to)
{
    struct multiaddr circuit = world_addr("/p2p-circuit"), out;
    cr_assert_eq(multiaddr_join(relay, &circuit, &out), 0);
    cr_assert_eq(multiaddr_with_peer(&out, host_id(to->host), &out), 0);
    return out;
}

struct multiaddr ring_reserve(struct ring *r, struct node *n, const struct multiaddr *relay)
{
    struct relayed *relayed = ring_of(r, n);
    struct held held = {relayed, relayed_held(relayed) + 1};
    cr_assert_eq(relayed_reserve(relayed, relay), 0);
    cr_assert(until(r->world.loop, is_held, &held));
    return ring_address(relay, n);
}

struct asked_of ring_ping(struct node *from, const struct multiaddr *to)
{
    struct asked_of a = {.done = false};
    struct ping *p = NULL;
    const struct connect_spec spec = {.addrs = to, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(ping_start(from->host, &spec, world_on_ping, &a, &p), 0);
    cr_assert(until_flag(from->world->loop, &a.done));
    if (a.err == 0)
        ping_stop(p);
    return a;
}

struct raw {
    bool done;
    uint64_t status;
};

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct raw *raw = arg;
    struct hop_message m;
    raw->done = true;
    if (hop_message_decode(HOP_SIDE, data, len, &m) == 0 && m.type == HOP_STATUS)
        raw->status = m.status;
}

static void on_ended(void *arg, int err)
{
    struct raw *raw = arg;
    (void)err;
    raw->done = true;
}

uint64_t ring_ask(struct node *from, const struct peer_id *relay, const void *data, size_t len)
{
    static const char *const protocols[] = {HOP_PROTOCOL};
    const struct connect_spec spec = {.peer = relay};
    struct raw raw = {.status = HOP_MALFORMED + 1000};
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = &raw};
    struct asked_of a = {.done = false};
    struct open *o = NULL;
    struct frame *f = NULL;
    cr_assert_eq(open_start(from->host, &spec, protocols, 1, world_on_open, &a, &o), 0);
    cr_assert(until_flag(from->world->loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert_eq(frame_new(from->world->loop, a.stream, HOP_MESSAGE_MAX, &events, &f), 0);
    cr_assert_eq(frame_send(f, data, len), 0);
    frame_read(f, 5000);
    cr_assert(until_flag(from->world->loop, &raw.done));
    frame_free(f);
    return raw.status;
}
