/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/stop.h"

#include "stream/frame.h"
#include "tests/unit/circuit/ring.h"

struct heard {
    bool done;
    int err;
    uint64_t status;
};

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct heard *x = arg;
    struct hop_message m;
    x->done = true;
    x->err = hop_message_decode(STOP_SIDE, data, len, &m);
    x->status = m.status;
}

static void on_ended(void *arg, int err)
{
    struct heard *x = arg;
    x->done = true;
    x->err = err;
}

/* What the node answers when `from` says it brings somebody. The stream, where it says yes. */
static struct heard bring(struct node *from, struct node *to, const void *data, size_t len,
                          struct stream **out)
{
    static const char *const protocols[] = {STOP_PROTOCOL};
    const struct connect_spec spec = {.peer = host_id(to->host), .standing = true};
    struct heard x = {.done = false};
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = &x};
    struct asked_of a = {.done = false};
    struct open *o = NULL;
    struct frame *f = NULL;
    cr_assert_eq(open_start(from->host, &spec, protocols, 1, world_on_open, &a, &o), 0);
    cr_assert(until_flag(from->world->loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert_eq(frame_new(from->world->loop, a.stream, HOP_MESSAGE_MAX, &events, &f), 0);
    x.err = frame_send(f, data, len);
    if (x.err == 0) {
        frame_read(f, 5000);
        cr_assert(until_flag(from->world->loop, &x.done));
    }
    if (x.err == 0 && x.status == HOP_OK && out)
        *out = frame_take(f);
    else
        frame_free(f);
    return x;
}

static size_t call_from(const struct peer_id *peer, uint8_t *out)
{
    const struct hop_message m = {.type = HOP_CONNECT, .has_peer = true, .peer = *peer};
    size_t len = 0;
    cr_assert_eq(hop_message_encode(STOP_SIDE, &m, out, HOP_MESSAGE_MAX, &len), 0);
    return len;
}

BEAM_TEST(stop, only_relays_of_ours_bring_somebody)
{
    struct ring r;
    uint8_t call[HOP_MESSAGE_MAX];
    ring_init(&r);
    struct node *relay = NULL;
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *carol = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    struct multiaddr to = world_listen(alice);
    struct asked_of a = world_connect(carol, NULL, &to, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    size_t len = call_from(host_id(relay->host), call);
    struct heard x = bring(carol, alice, call, len, NULL);
    cr_expect_lt(x.err, 0, "a stranger gets no answer");
    ring_clear(&r);
}

BEAM_TEST(stop, what_a_relay_says_wrong_is_refused)
{
    struct ring r;
    uint8_t call[HOP_MESSAGE_MAX];
    ring_init(&r);
    struct node *relay = NULL;
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    cr_expect_eq(bring(relay, alice, "\x08\x00", 2, NULL).status, HOP_MALFORMED, "nobody");
    cr_expect_eq(bring(relay, alice, "\x08\x01\x20\x64", 4, NULL).status, HOP_UNEXPECTED);
    cr_expect_eq(bring(relay, alice, "\x08\x07", 2, NULL).status, HOP_MALFORMED);
    size_t len = call_from(host_id(alice->host), call);
    cr_expect_eq(bring(relay, alice, call, len, NULL).status, HOP_MALFORMED, "itself");
    ring_clear(&r);
}

/* The relay says that it brings carol, and brings itself. */
BEAM_TEST(stop, whom_a_relay_brings_must_be_whom_it_names)
{
    struct ring r;
    uint8_t call[HOP_MESSAGE_MAX];
    struct stream *s = NULL;
    ring_init(&r);
    struct node *relay = NULL;
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *carol = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    size_t len = call_from(host_id(carol->host), call);
    cr_expect_eq(bring(relay, alice, call, len, &s).status, HOP_OK);
    cr_assert_not_null(s);
    host_accept(carol->host, s, WAY_ONION, NULL);
    /* Both ends are listeners now, so that nothing is said; and the relay ends it. */
    cr_expect_eq(host_peers(alice->host), 1u);
    ring_clear(&r);
}
