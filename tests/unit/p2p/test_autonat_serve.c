/* SPDX-License-Identifier: BSD-3-Clause */
/* A server, and a guest that asks it by either version, and takes whatever number is brought. */
#include "p2p/autonat_serve.h"

#include <string.h>

#include "p2p/autonat2_message.h"
#include "p2p/autonat_asker.h"
#include "p2p/core.h"
#include "stream/frame.h"
#include "tests/unit/p2p/world.h"

enum { NUMBER = 4242, PATIENCE = 30000, NOTHING = UINT32_MAX };

enum version { FIRST, SECOND, VERSIONS };
static const char *const protocols[VERSIONS] = {AUTONAT_PROTOCOL, AUTONAT2_REQUEST_PROTOCOL};

struct scene {
    struct world w;
    struct node *server, *guest;
    struct multiaddr at, own;
    struct autonat_serve *serve;
    /* A question, and what is said to it. */
    enum version version;
    uint8_t bytes[AUTONAT2_MESSAGE_MAX];
    size_t len;
    struct frame *frame, *back;
    uint64_t brought;
    bool done;
    uint32_t status;
    struct autonat2_message m; /* by the second version */
};

static void on_brought(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    uint8_t bytes[AUTONAT2_BACK_MAX];
    cr_assert_eq(autonat2_back_read(data, len, &s->brought), 0);
    cr_assert_eq(autonat2_back_answer_write(0, bytes, &len), 0);
    cr_assert_eq(frame_send(s->back, bytes, len), 0);
    frame_shut(s->back);
}

static void on_nothing(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_back(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct scene *s = arg;
    const struct frame_events events = {.message = on_brought, .ended = on_nothing, .arg = s};
    (void)peer;
    frame_free(s->back);
    s->back = NULL;
    cr_assert_eq(frame_new(s->w.loop, stream, AUTONAT2_BACK_MAX, &events, &s->back), 0);
    frame_read(s->back, PATIENCE);
}

static void on_answer(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    struct autonat_message first;
    if (s->version == FIRST) {
        cr_assert_eq(autonat_message_read(data, len, &first), 0);
        s->status = first.status;
    } else {
        cr_assert_eq(autonat2_message_read(data, len, &s->m), 0);
        cr_expect_eq(s->m.kind, AUTONAT2_RESPONSE);
        s->status = s->m.status;
    }
    s->done = true;
}

static void on_ended(void *arg, int err)
{
    struct scene *s = arg;
    (void)err;
    s->done = true;
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *stream,
                    const char *protocol, const struct host_peer *peer)
{
    struct scene *s = arg;
    const struct frame_events events = {.message = on_answer, .ended = on_ended, .arg = s};
    (void)protocol;
    (void)peer;
    cr_assert_eq(err, 0, "%s", why ? why->text : "");
    cr_assert_eq(frame_new(s->w.loop, stream, AUTONAT2_MESSAGE_MAX, &events, &s->frame), 0);
    cr_assert_eq(frame_send(s->frame, s->bytes, s->len), 0);
    frame_read(s->frame, PATIENCE);
}

/* What is in `bytes`; the status of what it is told. */
static uint32_t put(struct scene *s, enum version version)
{
    const struct connect_spec to = {.addrs = &s->at, .n = 1, .origin = PERMIT_TYPED};
    struct open *o;
    s->version = version;
    s->done = false;
    s->brought = 0;
    s->status = NOTHING;
    cr_assert_eq(open_start(s->guest->host, &to, &protocols[version], 1, on_open, s, &o), 0);
    cr_assert(until_flag(s->w.loop, &s->done));
    frame_free(s->frame);
    s->frame = NULL;
    return s->status;
}

/* As `name`, which the second version does not say. */
static uint32_t ask_as(struct scene *s, const struct peer_id *name, enum version version,
                       const struct multiaddr *addrs, size_t n)
{
    struct autonat_message first = {.type = AUTONAT_DIAL, .peer = {name->bytes, name->len}};
    struct autonat2_message second = {.kind = AUTONAT2_REQUEST, .nonce = NUMBER};
    for (size_t i = 0; i < n; i++) {
        first.addrs[first.n++] = (struct autonat_view){addrs[i].bytes, addrs[i].len};
        second.addrs[second.n++] = first.addrs[i];
    }
    int err = version == FIRST ? autonat_message_write(&first, s->bytes, &s->len)
                               : autonat2_message_write(&second, s->bytes, &s->len);
    cr_assert_eq(err, 0);
    return put(s, version);
}

static uint32_t ask(struct scene *s, enum version version, const struct multiaddr *addrs, size_t n)
{
    return ask_as(s, host_id(s->guest->host), version, addrs, n);
}

static void set_up(struct scene *s, bool allow_private)
{
    struct policy policy;
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    policy.allow_private = allow_private;
    s->server = world_add_under(&s->w, HOST_OPEN, &policy);
    s->guest = world_add_under(&s->w, HOST_OPEN, &policy);
    s->at = world_listen(s->server);
    (void)world_listen(s->guest);
    s->own = *host_addr(s->guest->host, 0);
    cr_assert_eq(host_handle(s->guest->host, AUTONAT2_BACK_PROTOCOL, on_back, s), 0);
    cr_assert_eq(autonat_serve_start(s->w.loop, s->server->host, &s->serve), 0);
}

static void tear_down(struct scene *s)
{
    autonat_serve_stop(s->serve);
    frame_free(s->back);
    world_clear(&s->w);
}

BEAM_TEST(autonat_serve, the_first_of_its_own_addresses_is_dialled)
{
    struct scene s;
    set_up(&s, true);
    const struct multiaddr addrs[] = {world_addr("/ip4/192.0.2.1/tcp/1"),
                                      world_addr("/ip4/127.0.0.2/tcp/1"), s.own,
                                      world_addr("/ip4/127.0.0.1/tcp/1")};
    cr_expect_eq(ask(&s, SECOND, addrs, 4), (uint32_t)AUTONAT2_OK);
    cr_expect_eq(s.m.addr, 2u);
    cr_expect_eq(s.m.dialled, (uint32_t)AUTONAT2_DIALLED);
    cr_expect_eq(s.brought, (uint64_t)NUMBER);
    cr_expect_eq(ask(&s, SECOND, &addrs[3], 1), (uint32_t)AUTONAT2_OK);
    cr_expect_eq(s.m.addr, 0u);
    cr_expect_eq(s.m.dialled, (uint32_t)AUTONAT2_DIAL_ERROR, "nobody is there");
    host_unhandle(s.guest->host, AUTONAT2_BACK_PROTOCOL);
    cr_expect_eq(ask(&s, SECOND, &s.own, 1), (uint32_t)AUTONAT2_OK);
    cr_expect_eq(s.m.dialled, (uint32_t)AUTONAT2_BACK_ERROR, "somebody who takes no number");
    tear_down(&s);
}

BEAM_TEST(autonat_serve, no_others_are_at_any_price)
{
    struct scene s;
    set_up(&s, true);
    const struct multiaddr others[] = {
        world_addr("/ip4/127.0.0.2/tcp/1"), world_addr("/ip4/192.0.2.1/tcp/1"),
        world_addr("/ip6/::1/tcp/1"), world_addr("/dns4/localhost/tcp/1"),
        world_addr("/ip4/127.0.0.1/udp/1/quic-v1")};
    cr_expect_eq(ask(&s, FIRST, others, 5), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(ask(&s, FIRST, NULL, 0), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(ask(&s, SECOND, others, 5), (uint32_t)AUTONAT2_REFUSED);
    cr_expect_eq(ask(&s, SECOND, NULL, 0), (uint32_t)AUTONAT2_REFUSED);
    cr_expect_eq(s.server->host->dials, 0u);
    tear_down(&s);
}

BEAM_TEST(autonat_serve, what_is_no_question_is_not_followed)
{
    struct scene s;
    const struct autonat2_message data = {.kind = AUTONAT2_DATA_REQUEST, .bytes = 1};
    set_up(&s, true);
    cr_expect_eq(ask_as(&s, host_id(s.server->host), FIRST, &s.own, 1),
                 (uint32_t)AUTONAT_BAD_REQUEST, "in another's name");
    cr_assert_eq(autonat2_message_write(&data, s.bytes, &s.len), 0);
    cr_expect_eq(put(&s, SECOND), (uint32_t)NOTHING);
    memcpy(s.bytes, "babble", s.len = 6);
    cr_expect_eq(put(&s, SECOND), (uint32_t)NOTHING);
    cr_expect_eq(put(&s, FIRST), (uint32_t)AUTONAT_BAD_REQUEST);
    tear_down(&s);
}

/* Three times a minute, by the one and by the other. */
BEAM_TEST(autonat_serve, so_often_a_minute_and_no_more_often)
{
    struct scene s;
    set_up(&s, true);
    uint64_t serial = 0;
    struct host_peer guest;
    for (unsigned i = 0; i < AUTONAT_ASKERS_EACH; i++) {
        enum version version = i % 2 ? SECOND : FIRST;
        cr_expect_eq(ask(&s, version, &s.own, 1),
                     version == FIRST ? (uint32_t)AUTONAT_OK : (uint32_t)AUTONAT2_OK);
        cr_assert(host_find(s.server->host, host_id(s.guest->host), &guest));
        cr_expect(serial == 0 || serial == guest.serial, "it takes no connection's place");
        serial = guest.serial;
    }
    cr_expect_eq(ask(&s, FIRST, &s.own, 1), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(ask(&s, SECOND, &s.own, 1), (uint32_t)AUTONAT2_REJECTED);
    cr_expect_eq(host_peers(s.server->host), 1u, "who was dialled back is let go");
    tear_down(&s);
}

BEAM_TEST(autonat_serve, what_the_permit_does_not_cover_is_not_dialled)
{
    struct scene s;
    set_up(&s, false);
    cr_expect_eq(ask(&s, FIRST, &s.own, 1), (uint32_t)AUTONAT_DIAL_REFUSED);
    cr_expect_eq(ask(&s, SECOND, &s.own, 1), (uint32_t)AUTONAT2_REFUSED);
    tear_down(&s);
}

/* A stream to the server on which nothing is asked. */
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

/* A seat is its asker's, whichever version it speaks, until it is answered or gone. */
BEAM_TEST(autonat_serve, who_says_nothing_has_only_so_many_places)
{
    struct silent list[AUTONAT_ASKERS_EACH + 1] = {{.opened = false}};
    struct scene s;
    set_up(&s, true);
    for (unsigned i = 0; i <= AUTONAT_ASKERS_AT_ONCE; i++)
        cr_expect_eq(ask(&s, i % VERSIONS, NULL, 0), (uint32_t)AUTONAT2_REFUSED, "%u", i);
    const struct connect_spec to = {.addrs = &s.at, .n = 1, .origin = PERMIT_TYPED};
    for (size_t i = 0; i <= AUTONAT_ASKERS_EACH; i++) {
        struct open *o;
        list[i].loop = s.w.loop;
        cr_assert_eq(open_start(s.guest->host, &to, &protocols[i % VERSIONS], 1, on_silent_open,
                                &list[i], &o),
                     0);
        cr_assert(until_flag(s.w.loop, &list[i].opened));
    }
    cr_expect(until_flag(s.w.loop, &list[AUTONAT_ASKERS_EACH].ended), "one too many");
    for (size_t i = 0; i < AUTONAT_ASKERS_EACH; i++)
        cr_expect(!list[i].ended, "no. %zu has a place", i);
    for (size_t i = 0; i <= AUTONAT_ASKERS_EACH; i++)
        frame_free(list[i].frame);
    tear_down(&s);
}
