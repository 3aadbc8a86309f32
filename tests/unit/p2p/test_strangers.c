/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers that do what they should not: it ends for them, and nobody else has noticed. */
#include <stdio.h>
#include <string.h>

#include "identity/envelope.h"
#include "identity/peer_record.h"
#include "p2p/core.h"
#include "p2p/identify.h"
#include "p2p/identify_message.h"
#include "p2p/upgrade.h"
#include "stream/memory.h"
#include "tests/unit/p2p/world.h"

/* A peer that speaks yamux itself: what is above that, a test decides. */
struct raw {
    struct world *w;
    struct key_pair *key;
    struct yamux *yamux;
    bool up;
};

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    (void)arg;
    (void)err;
    (void)why;
}

static void on_upgraded(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const struct peer_id *peer)
{
    struct raw *r = arg;
    (void)peer;
    cr_assert_eq(err, 0, "%s", why ? why->text : "");
    const struct yamux_spec spec = {.initiator = true, .max_streams = 100000};
    const struct yamux_events events = {.closed = on_closed, .arg = r};
    cr_assert_eq(yamux_new(r->w->loop, s, &spec, &events, &r->yamux), 0);
    r->up = true;
}

static void raw_join(struct raw *r, struct world *w, struct node *to)
{
    struct stream *near_end = NULL, *far_end = NULL;
    struct upgrade *u;
    *r = (struct raw){.w = w};
    cr_assert_eq(key_pair_new(&w->rng, &r->key), 0);
    cr_assert_eq(stream_memory(w->loop, 64 * 1024, &near_end, &far_end), 0);
    host_accept(to->host, far_end, WAY_ONION, NULL);
    const struct upgrade_spec spec = {
        .loop = w->loop, .rng = &w->rng, .key = r->key, .initiator = true, .timeout_ms = 5000};
    cr_assert_eq(upgrade_start(near_end, &spec, on_upgraded, r, &u), 0);
    cr_assert(until_flag(w->loop, &r->up));
}

static void raw_leave(struct raw *r)
{
    yamux_free(r->yamux);
    key_pair_free(r->key);
}

/* Somebody else is served all the while. */
static void still_serves(struct node *hub, struct node *guest)
{
    struct asked_of a = {.done = false};
    struct ping *p = NULL;
    const struct connect_spec spec = {
        .peer = host_id(hub->host), .addrs = &hub->onion, .n = 1, .origin = PERMIT_LEARNED};
    cr_assert_eq(ping_start(guest->host, &spec, world_on_ping, &a, &p), 0);
    cr_assert(until_flag(guest->world->loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    ping_stop(p);
}

static void scene(struct world *w, struct raw *r, struct node **hub, struct node **guest,
                  const struct limits *limits)
{
    world_init(w);
    *hub = world_add(w, HOST_OPEN, POLICY_EGRESS_ANY, limits);
    *guest = world_add(w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    (void)world_onion(*hub);
    still_serves(*hub, *guest);
    raw_join(r, w, *hub);
}

struct held {
    struct stream *streams[2048];
    size_t n;
};

static void let_go(struct held *h)
{
    for (size_t i = 0; i < h->n; i++)
        stream_free(h->streams[i]);
}

/* The hub holds no more than it may of what the raw peer opened. */
static bool bounded(void *arg)
{
    struct node *hub = arg;
    const struct conn *c = hub->host->pool.newest;
    return c && c->asked_count > 0;
}

BEAM_TEST(strangers, one_who_opens_streams_for_ever_and_says_nothing)
{
    struct world w;
    struct raw r;
    struct node *hub, *guest;
    static struct held held;
    held.n = 0;
    scene(&w, &r, &hub, &guest, NULL);
    for (; held.n < 2048; held.n++)
        if (yamux_open(r.yamux, &held.streams[held.n]) < 0)
            break;
    cr_assert(until(w.loop, bounded, hub));
    still_serves(hub, guest);
    cr_expect_leq(hub->host->pool.newest->asked_count, (size_t)CONN_ASKED_MAX);
    let_go(&held);
    raw_leave(&r);
    cr_assert(world_peers(hub, 1));
    world_clear(&w);
}

BEAM_TEST(strangers, one_who_has_more_streams_than_there_may_be)
{
    static const struct limits few = {.streams = 12, .streams_per_peer = 4};
    struct world w;
    struct raw r;
    struct node *hub, *guest;
    static struct held held;
    held.n = 0;
    scene(&w, &r, &hub, &guest, &few);
    for (; held.n < 64; held.n++)
        cr_assert_eq(yamux_open(r.yamux, &held.streams[held.n]), 0);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(loop_turn(w.loop), 0);
    cr_expect_leq(pool_streams(&hub->host->pool), 12u);
    still_serves(hub, guest);
    let_go(&held);
    raw_leave(&r);
    world_clear(&w);
}

BEAM_TEST(strangers, one_who_takes_all_streams_leaves_some_to_the_host)
{
    static const struct limits few = {.streams = 12};
    static const char *const any[] = {"/any/1"};
    struct world w;
    struct raw r;
    struct node *hub, *guest;
    static struct held held;
    struct asked_of a[3] = {{.done = false}};
    struct open *o[3];
    held.n = 0;
    scene(&w, &r, &hub, &guest, &few);
    for (; held.n < 64; held.n++)
        cr_assert_eq(yamux_open(r.yamux, &held.streams[held.n]), 0);
    cr_assert(until(w.loop, bounded, hub));
    for (int i = 0; i < 20; i++)
        cr_assert_eq(loop_turn(w.loop), 0);
    const struct connect_spec spec = {.peer = host_id(guest->host), .origin = PERMIT_LEARNED};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(open_start(hub->host, &spec, any, 1, world_on_open, &a[i], &o[i]), 0);
        cr_assert(until_flag(w.loop, &a[i].done));
        cr_assert_eq(a[i].err, 0, "%s", a[i].why.text);
    }
    for (size_t i = 0; i < 3; i++)
        stream_free(a[i].stream);
    let_go(&held);
    raw_leave(&r);
    world_clear(&w);
}

/* Sends bytes for a protocol on a stream of the raw peer's. */
static struct stream *ask(struct raw *r, const char *protocol, const void *data, size_t len)
{
    struct stream *s = NULL;
    struct buf out;
    char head[128];
    int n = snprintf(head, sizeof(head), "\x13/multistream/1.0.0\n%c%s\n",
                     (char)(strlen(protocol) + 1), protocol);
    cr_assert_eq(yamux_open(r->yamux, &s), 0);
    buf_init(&out, loop_pool(r->w->loop), 64 * 1024);
    cr_assert_eq(buf_add(&out, head, (size_t)n), 0);
    cr_assert_eq(buf_add(&out, data, len), 0);
    cr_assert_gt(stream_write(s, &out), 0);
    cr_assert_eq(buf_len(&out), 0u);
    buf_clear(&out);
    return s;
}

/* The same, and the stream's end. */
static struct stream *tell(struct raw *r, const char *protocol, const void *data, size_t len)
{
    struct stream *s = ask(r, protocol, data, len);
    cr_assert_eq(stream_shut(s), 0);
    return s;
}

static bool told_all(void *arg)
{
    struct node *hub = arg;
    return !hub->host->identifies && hub->host->pool.newest->asked_count == 0;
}

BEAM_TEST(strangers, what_identify_says_is_not_believed_blindly)
{
    struct world w;
    struct raw r;
    struct node *hub, *guest;
    static uint8_t bytes[IDENTIFY_MESSAGE_MAX + 3], key[KEY_ENCODED_MAX], sealed[ENVELOPE_MAX];
    static struct identify_message m;
    static struct peer_record record;
    struct key_public public;
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    struct multiaddr at = world_addr("/ip4/192.0.2.66/tcp/4001");
    struct stream *streams[3];
    size_t len = 0, key_len = 0, sealed_len = 0;
    scene(&w, &r, &hub, &guest, NULL);

    /* Another's key. */
    memset(&m, 0, sizeof(m));
    key_pair_public(guest->key, &public);
    cr_assert_eq(key_public_encode(&public, key, sizeof(key), &key_len), 0);
    m.key = (struct identify_view){key, key_len};
    m.agent = (struct identify_view){(const uint8_t *)"evil", 4};
    cr_assert_eq(identify_message_encode(&m, bytes, sizeof(bytes), &len), 0);
    streams[0] = tell(&r, IDENTIFY_PUSH_PROTOCOL, bytes, len);
    cr_assert(until(w.loop, told_all, hub));

    /* Another's record: its addresses are not this peer's, and not the other's from here. */
    memset(&m, 0, sizeof(m));
    record = (struct peer_record){.seq = 1, .n = 1};
    record.addrs[0] = at;
    cr_assert_eq(peer_record_seal(guest->key, &record, sealed, sizeof(sealed), &sealed_len), 0);
    m.record = (struct identify_view){sealed, sealed_len};
    cr_assert_eq(identify_message_encode(&m, bytes, sizeof(bytes), &len), 0);
    streams[1] = tell(&r, IDENTIFY_PUSH_PROTOCOL, bytes, len);
    cr_assert(until(w.loop, told_all, hub));
    uint64_t now = loop_now(w.loop);
    cr_expect_eq(address_book_get(hub->host->book, &hub->host->pool.newest->spec.peer, now, rows),
                 0u);
    cr_expect_eq(address_book_get(hub->host->book, host_id(guest->host), now, rows), 0u);

    /* What is no message. */
    streams[2] = tell(&r, IDENTIFY_PUSH_PROTOCOL, "\xff\xff\xff\xff", 4);
    cr_assert(until(w.loop, told_all, hub));
    cr_expect_str_neq(hub->host->pool.newest->owner->agent, "evil");
    still_serves(hub, guest);
    for (size_t i = 0; i < 3; i++)
        stream_free(streams[i]);
    raw_leave(&r);
    world_clear(&w);
}

static bool sure_no_more(void *arg)
{
    const struct node *hub = arg;
    return loop_now(hub->world->loop) >= hub->world->mark;
}

enum { SILENT = 4 };

static bool one_gave_way(void *arg)
{
    const struct node *hub = arg;
    return census_half_open(hub->host->pool.census) == SILENT - 1;
}

BEAM_TEST(strangers, those_who_begin_and_say_nothing_keep_no_onion_visitor_out)
{
    enum { HANDSHAKE_MS = 4500 }; /* two thirds of it are ours to act in */
    static const struct limits few = {.half_open = 2 * SILENT, .handshake_ms = HANDSHAKE_MS};
    struct world w;
    struct raw r;
    struct node *hub, *guest;
    struct stream *ends[SILENT] = {NULL};
    scene(&w, &r, &hub, &guest, &few);
    for (size_t i = 0; i < SILENT; i++) {
        struct stream *far_end = NULL;
        cr_assert_eq(stream_memory(w.loop, 64 * 1024, &ends[i], &far_end), 0);
        host_accept(hub->host, far_end, WAY_ONION, NULL);
    }
    cr_assert_eq(census_half_open(hub->host->pool.census), (size_t)SILENT);
    w.mark = loop_now(w.loop) + HANDSHAKE_MS / 3;
    cr_assert(until(w.loop, sure_no_more, hub));
    struct raw late;
    raw_join(&late, &w, hub);
    cr_assert(until(w.loop, one_gave_way, hub));
    for (size_t i = 0; i < SILENT; i++)
        stream_free(ends[i]);
    raw_leave(&late);
    raw_leave(&r);
    world_clear(&w);
}

static void keep(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct held *h = arg;
    (void)peer;
    h->streams[h->n++] = s;
}

/* Asks for a protocol and writes as much as the far end lets it. */
static struct stream *flood(struct raw *r, const char *protocol)
{
    static const uint8_t zeros[64 * 1024];
    struct stream *s = ask(r, protocol, zeros, 1);
    struct buf out;
    buf_init(&out, loop_pool(r->w->loop), sizeof(zeros));
    for (int i = 0; i < 8; i++) {
        (void)buf_add(&out, zeros, sizeof(zeros));
        if (stream_write(s, &out) < 0)
            break;
    }
    buf_clear(&out);
    return s;
}

struct watermark {
    const struct host *host;
    size_t most, enough;
};

static bool is_high(void *arg)
{
    struct watermark *w = arg;
    if (w->most < w->host->budget.used)
        w->most = w->host->budget.used;
    return w->most > w->enough;
}

BEAM_TEST(strangers, what_they_send_and_nobody_reads_has_a_ceiling)
{
    enum { RAWS = 3, EACH = 6, MEMORY = 512 * 1024 };
    static const struct limits few = {.connections = 8, .memory = MEMORY};
    struct world w;
    struct raw raws[RAWS];
    struct node *hub, *guest;
    static struct held unread, ours;
    unread.n = ours.n = 0;
    scene(&w, &raws[0], &hub, &guest, &few);
    cr_assert_eq(host_handle(hub->host, "/kept/1", keep, &unread), 0);
    for (size_t i = 1; i < RAWS; i++)
        raw_join(&raws[i], &w, hub);
    for (size_t i = 0; i < (size_t)RAWS * EACH; i++)
        ours.streams[ours.n++] = flood(&raws[i % RAWS], "/kept/1");
    struct watermark mark = {.host = hub->host, .enough = MEMORY / 2};
    cr_assert(until(w.loop, is_high, &mark));
    for (int i = 0; i < 400; i++) {
        cr_assert_eq(loop_turn(w.loop), 0);
        (void)is_high(&mark);
    }
    cr_expect_leq(mark.most, (size_t)MEMORY);
    still_serves(hub, guest);
    let_go(&ours);
    let_go(&unread);
    for (size_t i = 0; i < RAWS; i++)
        raw_leave(&raws[i]);
    world_clear(&w);
}
