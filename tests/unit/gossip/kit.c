/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/gossip/kit.h"

#include <sodium.h>
#include <string.h>

#include "base/pb.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

struct rpc_text kit_text(const char *text)
{
    return (struct rpc_text){.at = (const uint8_t *)text, .len = strlen(text)};
}

static struct peer_id id_no(uint64_t no)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    struct peer_id id = {.len = sizeof(head) + 32};
    memcpy(id.bytes, head, sizeof(head));
    memcpy(id.bytes + sizeof(head), &no, sizeof(no));
    return id;
}

static void copy_id(struct post_id *to, struct rpc_text from)
{
    BEAM_CHECK(from.len <= sizeof(to->bytes));
    to->len = (uint8_t)from.len;
    memcpy(to->bytes, from.at, from.len);
}

static void on_send(void *arg, void *user, const uint8_t *bytes, size_t len)
{
    static struct rpc rpc;
    const struct kit *k = arg;
    struct kit_peer *p = (struct kit_peer *)&k->peers[(size_t)user];
    BEAM_CHECK(rpc_decode(bytes, len, &rpc) == 0 && rpc.left_out == 0);
    p->rpcs++;
    for (size_t i = 0; i < rpc.sub_count; i++)
        *(rpc.subs[i].on ? &p->subs : &p->unsubs) += 1;
    p->posts += rpc.post_count;
    p->grafts += rpc.graft_count;
    p->prunes += rpc.prune_count;
    p->haves += rpc.have_count;
    p->had += rpc.had_count;
    p->wanted += rpc.want_count;
    p->named += rpc.peer_count;
    if (rpc.prune_count > 0)
        p->backoff_s = rpc.prunes[0].backoff_s;
    if (rpc.had_count > 0)
        copy_id(&p->last_had, rpc.had[0]);
    if (rpc.want_count > 0)
        copy_id(&p->last_wanted, rpc.wanted[0]);
    if (rpc.post_count > 0) {
        struct post_view v;
        BEAM_CHECK(post_read(rpc.posts[0].at, rpc.posts[0].len, &v) == 0);
        post_id_of(&v, &p->last_post);
    }
}

static int on_verify(void *arg, const struct post_view *v)
{
    (void)arg;
    return v->signature_len == 64 && v->signature[0] == 1 ? 0 : BEAM_EAUTH;
}

static void on_meet(void *arg, const struct peer_id *id, struct rpc_text record)
{
    struct kit *k = arg;
    (void)record;
    k->met++;
    k->met_id = *id;
}

static enum router_verdict on_judge(void *arg, struct post *p, const struct peer_id *from)
{
    struct kit *k = arg;
    (void)from;
    post_drop(k->judged);
    k->judged = post_hold(p);
    return k->verdict;
}

static void on_heard(void *arg, struct post *p)
{
    struct kit *k = arg;
    (void)p;
    k->heard++;
}

void kit_init(struct kit *k)
{
    cr_assert_geq(sodium_init(), 0);
    memset(k, 0, sizeof(*k));
    k->seed = seed_start("gossip");
    k->rng = (struct rng){fill, &k->seed};
    k->now = 1000000;
    k->verdict = ROUTER_ACCEPT;
    router_params_default(&k->params);
}

void kit_start(struct kit *k)
{
    const struct router_spec spec = {
        .rng = &k->rng,
        .self = id_no(1),
        .params = k->params,
        .events = {.send = on_send, .verify = on_verify, .meet = on_meet, .arg = k}};
    cr_assert_eq(router_new(&spec, &k->router), 0);
}

void kit_join(struct kit *k)
{
    struct router_topic t = {.name = "t", .judge = on_judge, .heard = on_heard, .arg = k};
    score_topic_default(&t.score);
    cr_assert_eq(router_join(k->router, &t, k->now), 0);
}

void kit_end(struct kit *k)
{
    router_free(k->router);
    post_drop(k->judged);
}

struct kit_peer *kit_add(struct kit *k, enum router_kind kind, bool outbound)
{
    static const struct score_place nowhere = {.len = 0};
    struct kit_peer *p = &k->peers[k->n];
    cr_assert_lt(k->n, KIT_PEERS);
    *p = (struct kit_peer){.id = id_no(1000 + k->n)};
    cr_assert_eq(
        router_enter(k->router, &p->id, kind, outbound, &nowhere, (void *)k->n, k->now, &p->peer),
        0);
    k->n++;
    return p;
}

int kit_say(struct kit *k, struct kit_peer *p, struct outbox *box)
{
    static uint8_t bytes[RPC_MAX];
    size_t len = outbox_take(box, bytes);
    return router_rpc(k->router, p->peer, bytes, len, k->now);
}

struct kit_peer *kit_member(struct kit *k, bool outbound)
{
    struct kit_peer *p = kit_add(k, ROUTER_MESHSUB_1_1, outbound);
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_subscribe(&box, kit_text("t"), true), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
    return p;
}

void kit_graft(struct kit *k, struct kit_peer *p)
{
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_graft(&box, kit_text("t")), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
}

void kit_prune(struct kit *k, struct kit_peer *p, uint64_t backoff_s)
{
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_prune(&box, kit_text("t"), backoff_s, NULL, 0), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
}

struct post *kit_post(struct kit *k, uint64_t number, bool good)
{
    uint8_t bytes[512], seqno[POST_SEQNO_SIZE], sig[64] = {good};
    struct wire_writer w;
    struct post_view v;
    struct post *p = NULL;
    size_t len = 0;
    const struct peer_id author = id_no(7);
    (void)k;
    wire_write_init(&w, seqno, sizeof(seqno));
    wire_write_be64(&w, number);
    wire_write_init(&w, bytes, sizeof(bytes));
    pb_write_bytes(&w, 1, author.bytes, author.len);
    pb_write_bytes(&w, 2, "hello", 5);
    pb_write_bytes(&w, 3, seqno, sizeof(seqno));
    pb_write_bytes(&w, 4, "t", 1);
    pb_write_bytes(&w, 5, sig, sizeof(sig));
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(post_read(bytes, len, &v), 0);
    cr_assert_eq(post_keep(&v, &p), 0);
    return p;
}

void kit_publish(struct kit *k, struct kit_peer *p, struct post *post)
{
    struct outbox box = {.plain = {.len = 0}};
    cr_assert_eq(outbox_post(&box, post), 0);
    cr_assert_eq(kit_say(k, p, &box), 0);
}

void kit_beats(struct kit *k, unsigned n)
{
    for (; n > 0; n--) {
        k->now += 1000;
        router_beat(k->router, k->now);
    }
}

double kit_score(const struct kit *k, const struct kit_peer *p)
{
    return router_score(k->router, p->peer, k->now);
}

bool kit_meshed(const struct kit *k, const struct kit_peer *p)
{
    return router_is_meshed(k->router, p->peer, "t");
}

size_t kit_mesh(const struct kit *k)
{
    struct router_count count = {.mesh = 0};
    cr_assert(router_count(k->router, "t", &count));
    return count.mesh;
}
