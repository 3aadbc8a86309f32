/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/hop_call.h"

#include "tests/unit/circuit/ring.h"
#include <string.h>

struct called {
    bool done;
    int err;
    struct beam_why why;
    struct hop_message answer;
    struct peer_id relay;
};

static void on_done(void *arg, int err, const struct beam_why *why,
                    const struct hop_message *answer, struct stream *s, const struct peer_id *relay)
{
    struct called *c = arg;
    c->done = true;
    c->err = err;
    if (why)
        c->why = *why;
    if (answer)
        c->answer = *answer;
    if (relay)
        c->relay = *relay;
    stream_free(s);
}

/* A relay that answers whatever it is asked with these bytes, which begin with their length. */
struct liar {
    struct loop *loop;
    const char *bytes;
    size_t len;
    struct stream *s;
    struct buf out;
};

static void on_question(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct liar *l = arg;
    (void)peer;
    l->s = s;
    buf_init(&l->out, loop_pool(l->loop), 64);
    cr_assert_eq(buf_add(&l->out, l->bytes, l->len), 0);
    (void)stream_write(s, &l->out);
    (void)stream_shut(s);
}

static struct called call(struct node *from, const struct multiaddr *to, const struct peer_id *peer)
{
    struct called c = {.done = false};
    struct hop_call *h = NULL;
    const struct connect_spec spec = {.addrs = to, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(hop_call_start(from->world->loop, from->host, &spec, peer, on_done, &c, &h), 0);
    cr_assert(until_flag(from->world->loop, &c.done));
    return c;
}

static struct called call_liar(const char *bytes, size_t len, const struct peer_id *peer)
{
    struct ring r;
    ring_init(&r);
    struct node *relay = world_add(&r.world, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct multiaddr at = world_listen(relay);
    struct liar liar = {.loop = r.world.loop, .bytes = bytes, .len = len};
    cr_assert_eq(host_handle(relay->host, HOP_PROTOCOL, on_question, &liar), 0);
    struct called c = call(alice, &at, peer);
    stream_free(liar.s);
    buf_clear(&liar.out);
    ring_clear(&r);
    return c;
}

BEAM_TEST(hop_call, a_reservation_comes_with_its_voucher)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    r.limit = (struct hop_limit){.duration = 120, .data = 131072};
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct called c = call(alice, &at, NULL);
    cr_assert_eq(c.err, 0, "%s", c.why.text);
    cr_expect(peer_id_equal(&c.relay, host_id(relay->host)));
    cr_expect(c.answer.has_reservation && c.answer.has_limit);
    cr_expect_eq(c.answer.limit.duration, 120u);
    cr_expect_eq(c.answer.limit.data, 131072u);
    cr_expect_gt(c.answer.voucher_len, 100u);
    cr_assert_eq(c.answer.addr_count, 1u);
    cr_expect(multiaddr_equal(&c.answer.addrs[0], &at));
    ring_clear(&r);
}

BEAM_TEST(hop_call, a_refusal_has_its_words_and_its_code)
{
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } all[] = {
        {"\x05\x08\x02\x28\xc8\x01", 6, BEAM_ELIMIT},
        {"\x05\x08\x02\x28\xcc\x01", 6, BEAM_ENOTFOUND},
        {"\x05\x08\x02\x28\xcb\x01", 6, BEAM_EUNREACH},
        {"\x05\x08\x02\x28\xca\x01", 6, BEAM_EREFUSED},
        {"\x05\x08\x02\x28\x90\x03", 6, BEAM_EPROTO},
        {"\x05\x08\x02\x28\xe7\x07", 6, BEAM_EREFUSED},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct called c = call_liar(all[i].bytes, all[i].len, NULL);
        cr_expect_eq(c.err, all[i].err, "%zu: %s", i, c.why.text);
        cr_expect_gt(strlen(c.why.text), 20u);
    }
}

BEAM_TEST(hop_call, what_is_no_answer_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
    } all[] = {
        {"\x02\x08\x00", 3},         /* a question */
        {"\x02\x08\x02", 3},         /* without a status */
        {"\x04\x28\x64\x28\x64", 5}, /* without a type */
        {"\x81\x20", 2},             /* too long */
        {"\x04\x08\x02", 3},         /* cut off */
        {"\x00", 1},                 /* empty */
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct called c = call_liar(all[i].bytes, all[i].len, NULL);
        cr_expect_eq(c.err, BEAM_EPROTO, "%zu: %s", i, c.why.text);
    }
    cr_expect_eq(call_liar("", 0, NULL).err, BEAM_ECLOSED);
}
