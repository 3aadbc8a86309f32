/* SPDX-License-Identifier: BSD-3-Clause */
/* Gossip with a peer that writes what it likes. */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "gossip/gossip.h"
#include "gossip/outbox.h"
#include "identity/envelope.h"
#include "identity/peer_record.h"
#include "p2p/standing.h"
#include "tests/unit/p2p/world.h"

/* It takes streams and says nothing on them, and writes what it likes on its own. */
struct rogue {
    struct world w;
    struct gossip *honest;
    struct node *node;
    struct multiaddr addr;
    struct stream *taken[16], *own;
    size_t n, heard;
    struct buf in;
    int end; /* of the stream it wrote to; 0: it goes on */
};

static void on_taken(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct rogue *r = arg;
    (void)peer;
    cr_assert_lt(r->n, 16);
    r->taken[r->n++] = s;
}

static void on_heard(void *arg, struct post *p)
{
    struct rogue *r = arg;
    (void)p;
    r->heard++;
}

static bool has_ended(void *arg)
{
    struct rogue *r = arg;
    ssize_t got = stream_read(r->own, &r->in, 100);
    if (got < 0 && got != BEAM_EAGAIN)
        r->end = (int)got;
    return r->end != 0;
}

static bool is_alone(void *arg)
{
    return gossip_peers(arg) == 0;
}

static bool has_company(void *arg)
{
    return gossip_peers(arg) > 0;
}

static void rogue_start(struct rogue *r)
{
    memset(r, 0, sizeof(*r));
    world_init(&r->w);
    struct node *n = world_add(&r->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    r->node = world_add(&r->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    const struct gossip_spec spec = {.loop = r->w.loop,
                                     .host = n->host,
                                     .rng = &r->w.rng,
                                     .clock = clock_system(),
                                     .exchange = true};
    struct router_topic t = {.name = "t", .heard = on_heard, .arg = r};
    score_topic_default(&t.score);
    cr_assert_eq(gossip_new(&spec, &r->honest), 0);
    cr_assert_eq(gossip_join(r->honest, &t), 0);
    r->addr = world_listen(n);
    buf_init(&r->in, loop_pool(r->w.loop), 4096);
    cr_assert_eq(host_handle(r->node->host, GOSSIP_PROTOCOL, on_taken, r), 0);
}

/* Writes these bytes to a stream of its own. */
static void rogue_say(struct rogue *r, const void *bytes, size_t len)
{
    static const char *const protocol[] = {GOSSIP_PROTOCOL};
    const struct connect_spec spec = {.addrs = &r->addr, .n = 1, .origin = PERMIT_TYPED};
    struct asked_of a = {.done = false};
    struct open *o;
    struct buf out;
    cr_assert_eq(open_start(r->node->host, &spec, protocol, 1, world_on_open, &a, &o), 0);
    cr_assert(until_flag(r->w.loop, &a.done));
    cr_assert_eq(a.err, 0);
    stream_free(r->own);
    r->own = a.stream;
    r->end = 0;
    buf_init(&out, loop_pool(r->w.loop), RPC_MAX + 8);
    cr_assert_eq(buf_add(&out, bytes, len), 0);
    (void)stream_write(r->own, &out); /* it may have been reset already */
    buf_clear(&out);
}

static void rogue_end(struct rogue *r)
{
    stream_free(r->own);
    for (size_t i = 0; i < r->n; i++)
        stream_free(r->taken[i]);
    buf_clear(&r->in);
    gossip_free(r->honest);
    world_clear(&r->w);
}

BEAM_TEST(rogue, is_not_listened_to_any_more)
{
    struct rogue r;
    rogue_start(&r);
    rogue_say(&r, "\2\x1a\0", 3);
    cr_assert(until(r.w.loop, has_company, r.honest), "it is a peer at first");
    for (int i = 0; i < 5; i++) {
        rogue_say(&r, "\2\xff\xff", 3);
        cr_assert(until(r.w.loop, has_ended, &r), "what is no RPC ends its stream");
    }
    cr_assert(until(r.w.loop, is_alone, r.honest), "and then it is none");
    cr_expect_eq(standing_of(r.w.nodes[0].host, host_id(r.node->host)), REPUTE_IS_DOUBTED,
                 "elsewhere, too");
    rogue_say(&r, "\2\x1a\0", 3);
    cr_assert(until(r.w.loop, has_ended, &r), "whatever it says now");
    cr_expect_eq(gossip_peers(r.honest), 0);
    rogue_end(&r);
}

BEAM_TEST(rogue, an_rpc_that_is_too_long_is_not_even_read_and_counts)
{
    struct rogue r;
    rogue_start(&r);
    rogue_say(&r, "\2\x1a\0", 3);
    cr_assert(until(r.w.loop, has_company, r.honest));
    for (int i = 0; i < 5; i++) {
        rogue_say(&r, "\x81\x80\x08", 3); /* 128 KiB and one byte */
        cr_assert(until(r.w.loop, has_ended, &r));
    }
    cr_assert(until(r.w.loop, is_alone, r.honest));
    rogue_end(&r);
}

/* ---- others that it names ------------------------------------------------------------------- */

/* Says what is in the box. */
static void rogue_tell(struct rogue *r, struct outbox *box)
{
    static uint8_t rpc[RPC_MAX], framed[RPC_MAX + 8];
    struct wire_writer w;
    size_t len = outbox_take(box, rpc), whole = 0;
    wire_write_init(&w, framed, sizeof(framed));
    wire_write_varint(&w, len);
    wire_write_bytes(&w, rpc, len);
    cr_assert_eq(wire_write_end(&w, &whole), 0);
    rogue_say(r, framed, whole);
}

static struct rpc_text the_topic(void)
{
    return (struct rpc_text){.at = (const uint8_t *)"t", .len = 1};
}

static bool has_heard_six(void *arg)
{
    return ((struct rogue *)arg)->heard == 6;
}

/* It is the first to bring six messages, and has a name. */
static void earn_a_name(struct rogue *r)
{
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_subscribe(&box, the_topic(), true), 0);
    for (uint64_t i = 0; i < 6; i++) {
        struct post *p = NULL;
        cr_assert_eq(post_sign(r->node->key, host_id(r->node->host), "t", i, "x", 1, &p), 0);
        int err = outbox_post(&box, p);
        post_drop(p);
        cr_assert_eq(err, 0);
    }
    rogue_tell(r, &box);
    cr_assert(until(r->w.loop, has_heard_six, r));
}

/* PRUNE that names a third one, which says by `by`'s signature that it is at an address. */
static void name(struct rogue *r, const struct node *third, const struct node *by,
                 const struct multiaddr *at)
{
    uint8_t sealed[ENVELOPE_MAX];
    struct outbox box = {.plain = {.len = 0}};
    struct peer_record *record = calloc(1, sizeof(*record));
    size_t len = 0;
    cr_assert_not_null(record);
    record->n = 1;
    multiaddr_without_peer(at, &record->addrs[0]);
    int err = peer_record_seal(by->key, record, sealed, sizeof(sealed), &len);
    free(record);
    cr_assert_eq(err, 0);
    const struct peer_id *id = host_id(third->host);
    const struct rpc_peer peer = {.id = {.at = id->bytes, .len = id->len},
                                  .record = {.at = sealed, .len = len}};
    cr_assert_eq(outbox_prune(&box, the_topic(), 60, &peer, 1), 0);
    rogue_tell(r, &box);
}

static bool has_met(void *arg)
{
    return host_peers(((struct rogue *)arg)->w.nodes[0].host) == 2;
}

/* Whether the honest one goes there. What it hears later shows that it has made up its mind. */
static bool is_followed(struct rogue *r, const struct node *third, const struct node *by,
                        const struct multiaddr *at, bool expected)
{
    name(r, third, by, at);
    if (expected)
        return until(r->w.loop, has_met, r);
    struct outbox box = {.plain = {.len = 0}};
    struct post *p = NULL;
    size_t before = r->heard;
    cr_assert_eq(post_sign(r->node->key, host_id(r->node->host), "t", 100 + before, "x", 1, &p), 0);
    int err = outbox_post(&box, p);
    post_drop(p);
    cr_assert_eq(err, 0);
    rogue_tell(r, &box);
    for (uint64_t end = loop_now(r->w.loop) + 5000;
         r->heard == before && loop_now(r->w.loop) < end;)
        BEAM_CHECK(loop_turn(r->w.loop) == 0);
    cr_assert_gt(r->heard, before);
    return has_met(r);
}

BEAM_TEST(rogue, others_are_met_where_their_own_word_and_the_permit_allow_it)
{
    struct rogue r;
    rogue_start(&r);
    struct node *third = world_add(&r.w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr onion = world_onion(third), near = world_listen(third);
    earn_a_name(&r);
    cr_expect_not(is_followed(&r, third, third, &near, false), "loopback, named by another");
    cr_expect_not(is_followed(&r, third, r.node, &onion, false), "another's signature");
    cr_expect(is_followed(&r, third, third, &onion, true), "an onion by its own word");
    rogue_end(&r);
}
