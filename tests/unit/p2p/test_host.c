/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/host.h"

#include <string.h>

#include "loop/listen.h"
#include "stream/socket.h"
#include "tests/unit/p2p/world.h"

#define ECHO_PROTOCOL "/echo/1.0.0"

/* ---- reaching one another ------------------------------------------------------------------- */

BEAM_TEST(host, two_ping_over_tcp)
{
    struct world w;
    struct asked_of a = {.done = false};
    struct ping *p = NULL;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob);
    const struct connect_spec spec = {.addrs = &at, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(ping_start(alice->host, &spec, world_on_ping, &a, &p), 0);
    cr_assert(until_flag(w.loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_expect(peer_id_equal(&a.id, host_id(bob->host)));
    cr_expect_eq(a.peer.way, WAY_DIRECT);
    a.done = false;
    ping_again(p);
    cr_assert(until_flag(w.loop, &a.done));
    cr_expect_eq(a.err, 0);
    cr_expect_eq(a.times, 2u);
    ping_stop(p);
    cr_assert(world_peers(bob, 1));
    struct host_peer seen;
    cr_assert(host_find(bob->host, host_id(alice->host), &seen));
    cr_expect(seen.inbound);
    cr_expect_eq(seen.way, WAY_DIRECT);
    world_clear(&w);
}

BEAM_TEST(host, two_ping_by_onion_addresses_alone)
{
    struct world w;
    struct asked_of a = {.done = false};
    struct ping *p = NULL;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct node *bob = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct multiaddr at = world_onion(bob);
    const struct connect_spec spec = {.addrs = &at, .n = 1, .origin = PERMIT_LEARNED};
    cr_assert_eq(ping_start(alice->host, &spec, world_on_ping, &a, &p), 0);
    cr_assert(until_flag(w.loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_expect_eq(a.peer.way, WAY_ONION);
    cr_expect_eq(alice->dials, 1u);
    ping_stop(p);
    world_clear(&w);
}

BEAM_TEST(host, a_wrong_peer_id_is_refused)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *carol = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob), bare;
    multiaddr_without_peer(&at, &bare);
    struct asked_of a = world_connect(alice, host_id(carol->host), &bare, 1, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EAUTH, "%s", a.why.text);
    cr_expect_eq(host_peers(alice->host), 0u);
    cr_expect_eq(host_peers(bob->host), 0u);
    a = world_connect(alice, host_id(carol->host), &at, 1, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EINVAL, "the address itself says another peer");
    world_clear(&w);
}

BEAM_TEST(host, what_cannot_be_reached_says_why)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_TOR, NULL);
    struct multiaddr here = world_listen(bob), nobody = world_addr("/ip4/127.0.0.1/tcp/1"),
                     lan = world_addr("/ip4/10.0.0.1/tcp/1"),
                     quic = world_addr("/ip4/127.0.0.1/udp/1/quic-v1"), onion = world_onion(bob);
    struct asked_of a = world_connect(alice, NULL, &here, 1, PERMIT_LEARNED);
    cr_expect_eq(a.err, BEAM_EPOLICY, "what the network says of loopback is not dialled");
    a = world_connect(bob, NULL, &lan, 1, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EPOLICY);
    a = world_connect(alice, NULL, &nobody, 1, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EREFUSED);
    a = world_connect(alice, NULL, &quic, 1, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EINVAL);
    a = world_connect(alice, host_id(bob->host), NULL, 0, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_ENOTFOUND);
    a = world_connect(alice, host_id(alice->host), NULL, 0, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EINVAL, "itself");
    bob->no_tor = true;
    a = world_connect(alice, NULL, &onion, 1, PERMIT_LEARNED);
    cr_expect_eq(a.err, BEAM_ENOTFOUND);
    cr_expect_eq(host_peers(alice->host), 0u);
    world_clear(&w);
}

BEAM_TEST(host, itself_behind_an_address_is_found_out)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(alice), bare;
    multiaddr_without_peer(&at, &bare);
    struct asked_of a = world_connect(alice, NULL, &bare, 1, PERMIT_TYPED);
    cr_expect_lt(a.err, 0);
    cr_expect_eq(host_peers(alice->host), 0u);
    world_clear(&w);
}

BEAM_TEST(host, the_next_address_is_tried)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr onion = world_onion(bob);
    struct multiaddr addrs[3] = {world_addr("/ip4/127.0.0.1/tcp/1"), onion,
                                 world_addr("/ip4/10.255.255.1/tcp/1")};
    /* The last one is permitted, and leads nowhere: it takes its time, or is refused. */
    struct asked_of a = world_connect(alice, host_id(bob->host), addrs, 3, PERMIT_TYPED);
    cr_expect_eq(a.err, 0, "%s", a.why.text);
    cr_expect_eq(a.peer.way, WAY_ONION);
    world_clear(&w);
}

BEAM_TEST(host, those_who_ask_at_once_share_a_dial)
{
    struct world w;
    struct asked_of a[5] = {{.done = false}};
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    struct connect *c[5];
    const struct connect_spec spec = {
        .peer = host_id(bob->host), .addrs = &at, .n = 1, .origin = PERMIT_LEARNED};
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(connect_start(alice->host, &spec, world_on_connect, &a[i], &c[i]), 0);
    cr_expect_eq(alice->dials, 1u);
    connect_cancel(c[0]); /* whose race it was: the next one begins its own */
    cr_expect_eq(alice->dials, 2u);
    for (size_t i = 1; i < 5; i++) {
        cr_assert(until_flag(w.loop, &a[i].done));
        cr_expect_eq(a[i].err, 0, "%s", a[i].why.text);
    }
    cr_expect_eq(alice->dials, 2u);
    cr_expect(!a[0].done);
    struct asked_of again = world_connect(alice, host_id(bob->host), NULL, 0, PERMIT_LEARNED);
    cr_expect_eq(again.err, 0);
    cr_expect_eq(again.peer.serial, a[1].peer.serial, "the connection that there is");
    world_clear(&w);
}

BEAM_TEST(host, who_is_at_an_address_is_dialled_there_once)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *carol = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob), other = world_listen(carol), bare, other_bare;
    multiaddr_without_peer(&at, &bare);
    multiaddr_without_peer(&other, &other_bare);
    struct asked_of first = world_connect(alice, NULL, &bare, 1, PERMIT_TYPED);
    cr_assert_eq(first.err, 0, "%s", first.why.text);
    for (int i = 0; i < 6; i++) {
        struct asked_of again = world_connect(alice, NULL, &bare, 1, PERMIT_TYPED);
        cr_assert_eq(again.err, 0, "%s", again.why.text);
        cr_expect_eq(again.peer.serial, first.peer.serial, "the connection that there is");
    }
    struct asked_of else_where = world_connect(alice, NULL, &other_bare, 1, PERMIT_TYPED);
    cr_assert_eq(else_where.err, 0, "%s", else_where.why.text);
    cr_expect(peer_id_equal(&else_where.id, host_id(carol->host)));
    host_disconnect(alice->host, host_id(bob->host));
    struct asked_of anew = world_connect(alice, NULL, &bare, 1, PERMIT_TYPED);
    cr_assert_eq(anew.err, 0, "%s", anew.why.text);
    cr_expect_neq(anew.peer.serial, first.peer.serial);
    world_clear(&w);
}

/* ---- streams -------------------------------------------------------------------------------- */

struct echo {
    struct stream *s;
    struct peer_id peer;
    size_t streams;
};

static void on_echo(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct echo *e = arg;
    stream_free(e->s);
    e->s = s;
    e->peer = *peer->id;
    e->streams++;
}

struct reading {
    struct stream *s;
    struct buf in;
    ssize_t last;
};

static bool has_read(void *arg)
{
    struct reading *r = arg;
    r->last = r->s ? stream_read(r->s, &r->in, 64) : BEAM_EAGAIN;
    return r->last != BEAM_EAGAIN;
}

static bool echoed(void *arg)
{
    return ((struct echo *)arg)->streams > 0;
}

static struct asked_of open_to(struct node *n, const struct multiaddr *at,
                               const char *const *protocols, size_t count)
{
    struct asked_of a = {.done = false};
    struct open *o = NULL;
    const struct connect_spec spec = {.addrs = at, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(open_start(n->host, &spec, protocols, count, world_on_open, &a, &o), 0);
    cr_assert(until_flag(n->world->loop, &a.done));
    return a;
}

BEAM_TEST(host, a_stream_reaches_the_handler_of_its_protocol)
{
    static const char *const one[] = {ECHO_PROTOCOL}, *const two[] = {"/none/1", ECHO_PROTOCOL};
    struct world w;
    struct echo echo = {.streams = 0};
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob);
    cr_assert_eq(host_handle(bob->host, ECHO_PROTOCOL, on_echo, &echo), 0);
    for (size_t n = 1; n <= 2; n++) {
        echo.streams = 0;
        struct asked_of a = open_to(alice, &at, n == 1 ? one : two, n);
        struct buf out;
        cr_assert_eq(a.err, 0, "%s", a.why.text);
        cr_assert_not_null(a.stream);
        buf_init(&out, loop_pool(w.loop), 64);
        cr_assert_eq(buf_add(&out, "hello", 5), 0);
        cr_expect_eq(stream_write(a.stream, &out), 5);
        cr_assert(until(w.loop, echoed, &echo));
        cr_expect(peer_id_equal(&echo.peer, host_id(alice->host)));
        struct reading r = {.s = echo.s};
        buf_init(&r.in, loop_pool(w.loop), 64);
        cr_assert(until(w.loop, has_read, &r));
        cr_expect_eq(r.last, 5);
        buf_clear(&r.in);
        buf_clear(&out);
        stream_free(a.stream);
    }
    stream_free(echo.s);
    world_clear(&w);
}

BEAM_TEST(host, a_protocol_that_is_not_spoken)
{
    static const char *const one[] = {"/none/1"}, *const two[] = {"/none/1", "/none/2"};
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob);
    struct asked_of a = open_to(alice, &at, two, 2);
    cr_expect_eq(a.err, BEAM_ENOTFOUND, "%s", a.why.text);
    a = open_to(alice, &at, one, 1);
    cr_assert_eq(a.err, 0, "nothing was waited for");
    struct reading r = {.s = a.stream};
    buf_init(&r.in, loop_pool(w.loop), 64);
    cr_assert(until(w.loop, has_read, &r));
    cr_expect_eq(r.last, BEAM_ENOTFOUND);
    buf_clear(&r.in);
    stream_free(a.stream);
    cr_expect_eq(host_peers(alice->host), 1u, "and the connection stays");
    world_clear(&w);
}

BEAM_TEST(host, streams_outlive_their_host)
{
    static const char *const one[] = {ECHO_PROTOCOL};
    struct world w;
    struct echo echo = {.streams = 0};
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob);
    cr_assert_eq(host_handle(bob->host, ECHO_PROTOCOL, on_echo, &echo), 0);
    struct asked_of a = open_to(alice, &at, one, 1);
    struct reading r = {.s = a.stream};
    buf_init(&r.in, loop_pool(w.loop), 64);
    cr_assert(until(w.loop, echoed, &echo));
    host_free(bob->host);
    bob->host = NULL;
    cr_assert(until(w.loop, has_read, &r));
    cr_expect(r.last < 0 && r.last != BEAM_EAGAIN);
    stream_free(a.stream);
    stream_free(echo.s);
    cr_assert(world_peers(alice, 0));
    world_clear(&w);
}

BEAM_TEST(host, freed_with_all_under_way)
{
    static const char *const one[] = {ECHO_PROTOCOL};
    struct world w;
    struct asked_of a = {.done = false};
    struct connect *c;
    struct open *o;
    struct ping *p;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob), onion = world_onion(bob);
    struct connect_spec spec = {.addrs = &at, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(connect_start(alice->host, &spec, world_on_connect, &a, &c), 0);
    cr_assert_eq(open_start(alice->host, &spec, one, 1, world_on_open, &a, &o), 0);
    spec.addrs = &onion;
    cr_assert_eq(ping_start(alice->host, &spec, world_on_ping, &a, &p), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(w.loop), 0);
    host_free(alice->host);
    alice->host = NULL;
    unsigned before = a.times;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(w.loop), 0);
    cr_expect_eq(a.times, before, "nothing is answered after that");
    stream_free(a.stream);
    world_clear(&w);
}

/* ---- where it listens ----------------------------------------------------------------------- */

BEAM_TEST(host, listens_where_its_permit_covers_it)
{
    static const char *const others[] = {"/ip4/127.0.0.1/udp/1/quic-v1", "/dns/localhost/tcp/1",
                                         "/ip4/127.0.0.1/tcp/0/ws"};
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr any = world_addr("/ip4/0.0.0.0/tcp/0"), v6 = world_addr("/ip6/::1/tcp/0");
    struct beam_why why = {0};
    cr_expect_eq(host_listen(alice->host, &any, &why), BEAM_EPOLICY);
    cr_expect(why.text[0]);
    cr_expect_null(host_addr(alice->host, 0));
    cr_expect_eq(host_listen(bob->host, &any, &why), 0, "%s", why.text);
    cr_expect_eq(host_listen(alice->host, &v6, &why), 0, "%s", why.text);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct multiaddr a = world_addr(others[i]);
        cr_expect_eq(host_listen(bob->host, &a, &why), BEAM_EINVAL, "%s", others[i]);
    }
    cr_assert_not_null(host_addr(alice->host, 0));
    struct multiaddr taken = *host_addr(alice->host, 0);
    cr_expect_eq(host_listen(bob->host, &taken, &why), BEAM_EEXIST);
    cr_expect_null(host_addr(bob->host, 1));
    world_clear(&w);
}
