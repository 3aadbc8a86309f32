/* SPDX-License-Identifier: BSD-3-Clause */
/* A host, and servers in networks of their own (a /16 of loopback each) that dial it back. */
#include "p2p/autonat.h"

#include <stdio.h>
#include <string.h>

#include "p2p/autonat2_message.h"
#include "p2p/autonat_asker.h"
#include "p2p/autonat_serve.h"
#include "stream/frame.h"
#include "tests/unit/p2p/world.h"

enum { SERVERS = 4 };

struct story {
    struct world w;
    struct node *servers[SERVERS], *guest;
    struct autonat_serve *serves[SERVERS];
    struct multiaddr at[SERVERS];
    struct autonat *autonat;
    enum autonat_state wanted;
};

static struct node *add(struct world *w, bool allow_private)
{
    struct policy policy;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    policy.allow_private = allow_private;
    return world_add_under(w, HOST_OPEN, &policy);
}

static struct multiaddr listen_in(struct node *n, size_t network)
{
    char text[64];
    struct beam_why why = {0};
    (void)snprintf(text, sizeof(text), "/ip4/127.%zu.0.1/tcp/0", network);
    struct multiaddr at = world_addr(text), whole;
    cr_assert_eq(host_listen(n->host, &at, &why), 0, "%s", why.text);
    cr_assert_eq(multiaddr_with_peer(host_addr(n->host, 0), host_id(n->host), &whole), 0);
    return whole;
}

static void set_up(struct story *s, bool allow_private)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    for (size_t i = 0; i < SERVERS; i++) {
        s->servers[i] = add(&s->w, allow_private);
        s->at[i] = listen_in(s->servers[i], i + 2);
        cr_assert_eq(autonat_serve_start(s->w.loop, s->servers[i]->host, &s->serves[i]), 0);
    }
    s->guest = add(&s->w, true);
}

static void tear_down(struct story *s)
{
    autonat_free(s->autonat);
    for (size_t i = 0; i < SERVERS; i++)
        autonat_serve_stop(s->serves[i]);
    world_clear(&s->w);
}

static void ask(struct story *s)
{
    const struct autonat_spec spec = {.loop = s->w.loop, .host = s->guest->host};
    cr_assert_eq(autonat_new(&spec, &s->autonat), 0);
    for (size_t i = 0; i < SERVERS; i++) {
        struct asked_of a = world_connect(s->guest, NULL, &s->at[i], 1, PERMIT_TYPED);
        cr_assert_eq(a.err, 0, "%s", a.why.text);
    }
}

static bool is_as_wanted(void *arg)
{
    const struct story *s = arg;
    return autonat_state(s->autonat) == s->wanted;
}

BEAM_TEST(autonat, who_is_reached_by_more_than_three_is_public)
{
    struct story s;
    set_up(&s, true);
    (void)world_listen(s.guest);
    ask(&s);
    cr_expect_eq(autonat_state(s.autonat), AUTONAT_UNKNOWN);
    s.wanted = AUTONAT_PUBLIC;
    cr_expect(until(s.w.loop, is_as_wanted, &s));
    cr_expect_null(host_addr(s.guest->host, 1), "it listens there, and says so already");
    tear_down(&s);
}

/* Servers of both versions have one vote each, and those of the first alone too. */
BEAM_TEST(autonat, whatever_version_they_speak)
{
    for (size_t firsts = 1; firsts <= SERVERS; firsts += SERVERS - 1) {
        struct story s;
        set_up(&s, true);
        for (size_t i = 0; i < firsts; i++)
            host_unhandle(s.servers[i]->host, AUTONAT2_REQUEST_PROTOCOL);
        (void)world_listen(s.guest);
        ask(&s);
        s.wanted = AUTONAT_PUBLIC;
        cr_expect(until(s.w.loop, is_as_wanted, &s), "%zu of the first", firsts);
        tear_down(&s);
    }
}

BEAM_TEST(autonat, who_speaks_the_second_is_asked_by_it)
{
    struct story s;
    set_up(&s, true);
    for (size_t i = 0; i < SERVERS; i++)
        host_unhandle(s.servers[i]->host, AUTONAT_PROTOCOL);
    (void)world_listen(s.guest);
    ask(&s);
    s.wanted = AUTONAT_PUBLIC;
    cr_expect(until(s.w.loop, is_as_wanted, &s));
    tear_down(&s);
}

BEAM_TEST(autonat, who_is_reached_by_nobody_is_private)
{
    struct story s;
    set_up(&s, true);
    struct multiaddr nowhere = world_addr("/ip4/127.0.0.1/tcp/1");
    cr_assert_eq(host_announce(s.guest->host, &nowhere, true), 0);
    ask(&s);
    s.wanted = AUTONAT_PRIVATE;
    cr_expect(until(s.w.loop, is_as_wanted, &s));
    tear_down(&s);
}

BEAM_TEST(autonat, who_listens_elsewhere_than_he_is_seen_is_not_asked_about)
{
    struct story s;
    set_up(&s, true);
    (void)listen_in(s.guest, 77); /* while he comes from 127.0.0.1 */
    ask(&s);
    for (uint64_t end = loop_now(s.w.loop) + 1000; loop_now(s.w.loop) < end;)
        cr_assert_eq(loop_turn(s.w.loop), 0);
    cr_expect_eq(autonat_state(s.autonat), AUTONAT_UNKNOWN);
    tear_down(&s);
}

BEAM_TEST(autonat, an_address_that_others_found_is_announced)
{
    struct story s;
    set_up(&s, true);
    struct multiaddr any = world_addr("/ip4/0.0.0.0/tcp/0");
    struct beam_why why = {0};
    struct addr at;
    enum multiaddr_code transport;
    cr_assert_eq(host_listen(s.guest->host, &any, &why), 0, "%s", why.text);
    ask(&s);
    s.wanted = AUTONAT_PUBLIC;
    cr_assert(until(s.w.loop, is_as_wanted, &s));
    const struct multiaddr *found = host_addr(s.guest->host, 1);
    cr_assert_not_null(found);
    cr_assert_eq(multiaddr_to_addr(found, &at, &transport), 0);
    cr_expect_eq(addr_scope(&at), ADDR_LOOPBACK);
    tear_down(&s);
}

/* ---- the server ----------------------------------------------------------------------------- */

struct question {
    struct loop *loop;
    struct frame *frame;
    uint8_t bytes[AUTONAT_MESSAGE_MAX];
    size_t len;
    bool done;
    uint32_t status; /* UINT32_MAX: no answer */
    uint64_t serial; /* of the connection that it went over */
};

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct question *q = arg;
    struct autonat_message m;
    cr_assert_eq(autonat_message_read(data, len, &m), 0);
    q->status = m.status;
    q->done = true;
}

static void on_ended(void *arg, int err)
{
    struct question *q = arg;
    (void)err;
    q->done = true;
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct question *q = arg;
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = q};
    (void)protocol;
    cr_assert_eq(err, 0, "%s", why ? why->text : "");
    q->serial = peer->serial;
    cr_assert_eq(frame_new(q->loop, s, AUTONAT_MESSAGE_MAX, &events, &q->frame), 0);
    cr_assert_eq(frame_send(q->frame, q->bytes, q->len), 0);
    frame_read(q->frame, 20000);
}

/* What comes of asking server 0 for a dial to these addresses, in somebody's name. */
static struct question put(struct story *s, const struct peer_id *name,
                           const struct multiaddr *addrs, size_t n)
{
    static const char *const protocols[] = {AUTONAT_PROTOCOL};
    struct question q = {.loop = s->w.loop, .status = UINT32_MAX};
    struct autonat_message m = {.type = AUTONAT_DIAL, .peer = {name->bytes, name->len}};
    const struct connect_spec to = {.addrs = &s->at[0], .n = 1, .origin = PERMIT_TYPED};
    struct open *o;
    for (size_t i = 0; i < n; i++)
        m.addrs[m.n++] = (struct autonat_view){addrs[i].bytes, addrs[i].len};
    cr_assert_eq(autonat_message_write(&m, q.bytes, &q.len), 0);
    cr_assert_eq(open_start(s->guest->host, &to, protocols, 1, on_open, &q, &o), 0);
    cr_assert(until_flag(s->w.loop, &q.done));
    frame_free(q.frame);
    return q;
}

static uint32_t says(struct story *s, const struct peer_id *name, const struct multiaddr *addrs,
                     size_t n)
{
    return put(s, name, addrs, n).status;
}

BEAM_TEST(autonat, only_the_askers_own_address_is_dialled)
{
    struct story s;
    set_up(&s, true);
    const struct peer_id *self = host_id(s.guest->host);
    const struct multiaddr others[] = {
        world_addr("/ip4/127.0.0.2/tcp/1"), world_addr("/ip4/192.0.2.1/tcp/1"),
        world_addr("/ip6/::1/tcp/1"), world_addr("/dns4/localhost/tcp/1"),
        world_addr("/ip4/127.0.0.1/udp/1/quic-v1")};
    cr_expect_eq(says(&s, self, others, 5), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(says(&s, self, NULL, 0), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(says(&s, host_id(s.servers[1]->host), others, 5), (uint32_t)AUTONAT_BAD_REQUEST,
                 "in another's name");
    tear_down(&s);
}

BEAM_TEST(autonat, so_often_a_minute_and_no_more_often)
{
    struct story s;
    set_up(&s, true);
    struct multiaddr at = world_listen(s.guest);
    const struct peer_id *self = host_id(s.guest->host);
    for (unsigned i = 0; i < AUTONAT_ASKERS_EACH; i++)
        cr_expect_eq(says(&s, self, &at, 1), (uint32_t)AUTONAT_OK);
    cr_expect_eq(says(&s, self, &at, 1), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(host_peers(s.servers[0]->host), 1u, "who was dialled back is let go");
    tear_down(&s);
}

/* A stream to server 0 on which nothing is asked. */
struct silent {
    struct loop *loop;
    struct frame *frame;
    bool opened, ended;
};

static void on_silent_ended(void *arg, int err)
{
    (void)err;
    ((struct silent *)arg)->ended = true;
}

static void on_silent_open(void *arg, int err, const struct beam_why *why, struct stream *stream,
                           const char *protocol, const struct host_peer *peer)
{
    struct silent *x = arg;
    const struct frame_events events = {.ended = on_silent_ended, .arg = x};
    (void)protocol;
    (void)peer;
    cr_assert_eq(err, 0, "%s", why ? why->text : "");
    x->opened = true;
    cr_assert_eq(frame_new(x->loop, stream, AUTONAT_MESSAGE_MAX, &events, &x->frame), 0);
    frame_read(x->frame, 60000);
}

BEAM_TEST(autonat, who_says_nothing_has_only_so_many_places)
{
    static const char *const protocols[] = {AUTONAT_PROTOCOL};
    struct silent list[AUTONAT_ASKERS_EACH + 1] = {{.opened = false}};
    struct story s;
    set_up(&s, true);
    const struct connect_spec to = {.addrs = &s.at[0], .n = 1, .origin = PERMIT_TYPED};
    for (size_t i = 0; i <= AUTONAT_ASKERS_EACH; i++) {
        struct open *o;
        list[i].loop = s.w.loop;
        cr_assert_eq(open_start(s.guest->host, &to, protocols, 1, on_silent_open, &list[i], &o), 0);
        cr_assert(until_flag(s.w.loop, &list[i].opened));
    }
    cr_expect(until_flag(s.w.loop, &list[AUTONAT_ASKERS_EACH].ended), "one too many");
    for (size_t i = 0; i < AUTONAT_ASKERS_EACH; i++)
        cr_expect(!list[i].ended, "no. %zu has a place", i);
    for (size_t i = 0; i <= AUTONAT_ASKERS_EACH; i++)
        frame_free(list[i].frame);
    tear_down(&s);
}

BEAM_TEST(autonat, a_dial_back_takes_no_connections_place)
{
    struct story s;
    set_up(&s, true);
    struct multiaddr at = world_listen(s.guest);
    const struct peer_id *self = host_id(s.guest->host);
    struct question first = put(&s, self, &at, 1);
    cr_expect_eq(first.status, (uint32_t)AUTONAT_OK);
    for (unsigned i = 1; i < AUTONAT_ASKERS_EACH; i++)
        cr_expect_eq(put(&s, self, &at, 1).serial, first.serial);
    tear_down(&s);
}

BEAM_TEST(autonat, what_the_permit_does_not_cover_is_not_dialled)
{
    struct story s;
    set_up(&s, false);
    struct multiaddr at = world_listen(s.guest);
    cr_expect_eq(says(&s, host_id(s.guest->host), &at, 1), (uint32_t)AUTONAT_DIAL_REFUSED);
    tear_down(&s);
}
