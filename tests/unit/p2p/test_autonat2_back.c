/* SPDX-License-Identifier: BSD-3-Clause */
/* A dial back for one host, to another that does with the number what a test has it do. */
#include "p2p/autonat2_back.h"

#include <string.h>

#include "p2p/core.h"
#include "stream/frame.h"
#include "tests/unit/p2p/world.h"

enum { PATIENCE = 30000 };

enum manner { TAKES, TAKES_SAYING_NOTHING, REFUSES, LEAVES, SPEAKS_ANOTHER };

struct scene {
    struct world w;
    struct node *server, *asker;
    struct multiaddr at;
    enum manner manner;
    struct frame *frame;
    uint64_t nonce;
    struct peer_id from;
    bool done;
    enum autonat2_dialled dialled;
};

static void on_number(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    uint8_t bytes[AUTONAT2_BACK_MAX];
    cr_assert_eq(autonat2_back_read(data, len, &s->nonce), 0);
    if (s->manner == TAKES_SAYING_NOTHING)
        len = 0;
    else
        cr_assert_eq(autonat2_back_answer_write(s->manner == REFUSES ? 9 : 0, bytes, &len), 0);
    frame_allow_empty(s->frame);
    if (s->manner != LEAVES)
        cr_assert_eq(frame_send(s->frame, bytes, len), 0);
    frame_shut(s->frame);
}

static void on_ended(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct scene *s = arg;
    const struct frame_events events = {.message = on_number, .ended = on_ended, .arg = s};
    s->from = *peer->id;
    cr_expect(peer->inbound);
    cr_assert_eq(frame_new(s->w.loop, stream, AUTONAT2_BACK_MAX, &events, &s->frame), 0);
    frame_read(s->frame, PATIENCE);
}

static void on_done(void *arg, enum autonat2_dialled dialled)
{
    struct scene *s = arg;
    s->dialled = dialled;
    s->done = true;
}

static void set_up(struct scene *s)
{
    struct policy policy;
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    policy.allow_private = true;
    s->server = world_add_under(&s->w, HOST_OPEN, &policy);
    s->asker = world_add_under(&s->w, HOST_OPEN, &policy);
    (void)world_listen(s->asker);
    s->at = *host_addr(s->asker->host, 0);
}

/* What comes of it, and that nothing is left of it. */
static enum autonat2_dialled dial(struct scene *s, enum manner manner, const struct peer_id *peer,
                                  const struct multiaddr *at)
{
    struct autonat2_back *b = NULL;
    struct host *h = s->server->host;
    s->manner = manner;
    s->done = false;
    s->nonce = 0;
    if (manner != SPEAKS_ANOTHER)
        cr_assert_eq(host_handle(s->asker->host, AUTONAT2_BACK_PROTOCOL, on_stream, s), 0);
    cr_assert_eq(autonat2_back_start(h, peer, at, 77, on_done, s, &b), 0);
    cr_expect_eq(h->dials, 1u);
    cr_assert(until_flag(s->w.loop, &s->done));
    frame_free(s->frame);
    s->frame = NULL;
    autonat2_back_free(b);
    cr_expect_eq(h->dials, 0u);
    cr_expect_eq(host_peers(h), 0u, "the connection was another host's");
    cr_expect(world_peers(s->asker, 0));
    host_unhandle(s->asker->host, AUTONAT2_BACK_PROTOCOL);
    return s->dialled;
}

BEAM_TEST(autonat2_back, brings_a_number_under_a_key_of_its_own)
{
    struct scene s;
    set_up(&s);
    const struct peer_id *asker = host_id(s.asker->host);
    cr_expect_eq(dial(&s, TAKES, asker, &s.at), AUTONAT2_DIALLED);
    cr_expect_eq(s.nonce, 77u);
    cr_expect(!peer_id_equal(&s.from, host_id(s.server->host)));
    struct peer_id first = s.from;
    cr_expect_eq(dial(&s, TAKES_SAYING_NOTHING, asker, &s.at), AUTONAT2_DIALLED);
    cr_expect(!peer_id_equal(&s.from, &first), "another each time");
    world_clear(&s.w);
}

BEAM_TEST(autonat2_back, says_what_failed)
{
    struct scene s;
    set_up(&s);
    const struct peer_id *asker = host_id(s.asker->host);
    struct multiaddr nobody = world_addr("/ip4/127.0.0.1/tcp/1");
    cr_expect_eq(dial(&s, REFUSES, asker, &s.at), AUTONAT2_BACK_ERROR);
    cr_expect_eq(dial(&s, LEAVES, asker, &s.at), AUTONAT2_BACK_ERROR);
    cr_expect_eq(dial(&s, SPEAKS_ANOTHER, asker, &s.at), AUTONAT2_BACK_ERROR);
    cr_expect_eq(dial(&s, TAKES, asker, &nobody), AUTONAT2_DIAL_ERROR);
    cr_expect_eq(dial(&s, TAKES, host_id(s.server->host), &s.at), AUTONAT2_DIAL_ERROR,
                 "another peer is there");
    world_clear(&s.w);
}

BEAM_TEST(autonat2_back, may_be_called_off_and_is_one_of_the_hosts_dials)
{
    struct scene s;
    struct autonat2_back *b = NULL, *none = NULL;
    set_up(&s);
    struct host *h = s.server->host;
    const struct peer_id *asker = host_id(s.asker->host);
    cr_assert_eq(autonat2_back_start(h, asker, &s.at, 1, on_done, &s, &b), 0);
    h->dials = h->spec.limits.dials;
    cr_expect_eq(autonat2_back_start(h, asker, &s.at, 1, on_done, &s, &none), BEAM_ELIMIT);
    cr_expect_null(none);
    h->dials = 1;
    cr_assert_eq(loop_turn(s.w.loop), 0);
    autonat2_back_free(b);
    autonat2_back_free(NULL);
    cr_expect(world_peers(s.asker, 0));
    cr_expect(!s.done);
    world_clear(&s.w);
}
