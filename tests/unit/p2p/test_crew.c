/* SPDX-License-Identifier: BSD-3-Clause */
/* A host of several processes: here, several hosts of one key on one loop. */
#include "p2p/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/crew_link.h"
#include "stream/socket.h"
#include "tests/unit/p2p/world.h"

#define ECHO_PROTOCOL "/echo/1.0.0"
#define DESK_PROTOCOL "/desk/1.0.0"

enum { WORKERS = 3 };

struct worker {
    struct node *node;
    struct crew *crew;
    size_t joined, left, gone, told;
    char last[16]; /* that was told */
};

struct yard {
    struct world w;
    char dir[32], place[64];
    struct worker workers[WORKERS];
    struct node *bob;
};

static void on_joined(void *arg, unsigned mate)
{
    (void)mate;
    ((struct worker *)arg)->joined++;
}

static void on_left(void *arg, unsigned mate)
{
    (void)mate;
    ((struct worker *)arg)->left++;
}

static void on_gone(void *arg, const struct peer_id *peer)
{
    (void)peer;
    ((struct worker *)arg)->gone++;
}

static void on_told(void *arg, unsigned mate, unsigned topic, const uint8_t *data, size_t len)
{
    struct worker *me = arg;
    me->told++;
    snprintf(me->last, sizeof(me->last), "%u %u %.*s", mate, topic, (int)len, (const char *)data);
}

static void start(struct yard *y, unsigned i, const char *version)
{
    struct worker *me = &y->workers[i];
    struct beam_why why;
    const struct crew_spec spec = {.loop = y->w.loop,
                                   .rng = &y->w.rng,
                                   .host = me->node->host,
                                   .place = y->place,
                                   .version = version,
                                   .index = i,
                                   .count = WORKERS,
                                   .passed = {DESK_PROTOCOL},
                                   .peers = 64,
                                   .streams = 64};
    const struct crew_events events = {
        .joined = on_joined, .left = on_left, .gone = on_gone, .told = on_told, .arg = me};
    cr_assert_eq(crew_new(&spec, &events, &me->crew, &why), 0, "%s", why.text);
}

/* All of one key: that of the first. */
static void make_worker(struct yard *y, unsigned i)
{
    struct node *n = world_add(&y->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    const struct host_spec spec = {.loop = y->w.loop,
                                   .rng = &y->w.rng,
                                   .clock = clock_system(),
                                   .key = y->workers[0].node ? y->workers[0].node->key : n->key,
                                   .permit = n->permit,
                                   .kind = HOST_OPEN,
                                   .agent = "beam/9.9.9"};
    y->workers[i].node = n;
    host_free(n->host);
    n->host = NULL;
    cr_assert_eq(host_new(&spec, &n->host), 0);
}

static bool all_joined(void *arg)
{
    const struct yard *y = arg;
    for (unsigned i = 0; i < WORKERS; i++)
        if (crew_mates(y->workers[i].crew) != WORKERS - 1)
            return false;
    return true;
}

static void yard_open(struct yard *y)
{
    *y = (struct yard){.dir = "/tmp/beam-crew-XXXXXX"};
    world_init(&y->w);
    cr_assert_not_null(mkdtemp(y->dir));
    snprintf(y->place, sizeof(y->place), "%s/worker", y->dir);
    for (unsigned i = 0; i < WORKERS; i++)
        make_worker(y, i);
    for (unsigned i = WORKERS; i-- > 0;) /* the later ones wait for the earlier */
        start(y, i, "1");
    cr_assert(until(y->w.loop, all_joined, y));
    y->bob = world_add(&y->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
}

static void yard_close(struct yard *y)
{
    for (unsigned i = 0; i < WORKERS; i++)
        crew_free(y->workers[i].crew);
    for (unsigned i = WORKERS; i-- > 0;) {
        host_free(y->workers[i].node->host);
        y->workers[i].node->host = NULL;
    }
    cr_expect_eq(rmdir(y->dir), 0, "its sockets are gone");
    world_clear(&y->w);
}

/* Bob connects to one of them. */
static struct multiaddr join(struct yard *y, unsigned i)
{
    struct multiaddr at = world_listen(y->workers[i].node);
    struct asked_of a = world_connect(y->bob, NULL, &at, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    return at;
}

static bool all_know(void *arg)
{
    struct yard *y = arg;
    struct host_peer peer;
    for (unsigned i = 0; i < WORKERS; i++)
        if (!host_find(y->workers[i].node->host, host_id(y->bob->host), &peer))
            return false;
    return true;
}

static bool nobody_knows(void *arg)
{
    struct yard *y = arg;
    struct host_peer peer;
    for (unsigned i = 0; i < WORKERS; i++)
        if (host_find(y->workers[i].node->host, host_id(y->bob->host), &peer))
            return false;
    return host_peers(y->bob->host) == 0;
}

/* ---- streams -------------------------------------------------------------------------------- */

struct desk {
    struct stream *s;
    struct peer_id from;
    struct buf in;
    ssize_t last;
};

static void on_stream(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct desk *d = arg;
    stream_free(d->s);
    d->s = s;
    d->from = *peer->id;
}

static bool has_read(void *arg)
{
    struct desk *d = arg;
    d->last = d->s ? stream_read(d->s, &d->in, 64) : BEAM_EAGAIN;
    return d->last != BEAM_EAGAIN;
}

static void write_text(struct yard *y, struct stream *s, const char *text)
{
    struct buf b;
    buf_init(&b, loop_pool(y->w.loop), 64);
    cr_assert_eq(buf_add(&b, text, strlen(text)), 0);
    cr_expect_eq(stream_write(s, &b), (ssize_t)strlen(text));
    buf_clear(&b);
}

static struct asked_of open_to(struct yard *y, struct host *h, const struct peer_id *peer,
                               const char *protocol)
{
    const char *const protocols[] = {protocol};
    const struct connect_spec spec = {.peer = peer, .origin = PERMIT_LEARNED};
    struct asked_of a = {.done = false};
    struct open *o = NULL;
    cr_assert_eq(open_start(h, &spec, protocols, 1, world_on_open, &a, &o), 0);
    cr_assert(until_flag(y->w.loop, &a.done));
    return a;
}

BEAM_TEST(crew, a_stream_is_opened_where_the_peer_is)
{
    struct yard y;
    struct desk d = {.s = NULL};
    yard_open(&y);
    buf_init(&d.in, loop_pool(y.w.loop), 64);
    cr_assert_eq(host_handle(y.bob->host, ECHO_PROTOCOL, on_stream, &d), 0);
    (void)join(&y, 2);
    cr_assert(until(y.w.loop, all_know, &y));
    cr_expect_eq(host_peers(y.workers[0].node->host), 0u);
    struct asked_of a = open_to(&y, y.workers[0].node->host, host_id(y.bob->host), ECHO_PROTOCOL);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    write_text(&y, a.stream, "hello");
    cr_assert(until(y.w.loop, has_read, &d));
    cr_expect_eq(d.last, 5);
    cr_expect(peer_id_equal(&d.from, host_id(y.workers[0].node->host)));
    write_text(&y, d.s, "you");
    struct desk back = {.s = a.stream};
    buf_init(&back.in, loop_pool(y.w.loop), 64);
    cr_assert(until(y.w.loop, has_read, &back));
    cr_expect_eq(back.last, 3);
    stream_reset(d.s); /* and that it was no ordinary end is seen, too */
    cr_assert(until(y.w.loop, has_read, &back));
    cr_expect_eq(back.last, BEAM_ERESET);
    stream_free(d.s);
    stream_free(a.stream);
    buf_clear(&d.in);
    buf_clear(&back.in);
    yard_close(&y);
}

BEAM_TEST(crew, a_protocol_of_the_first_is_spoken_at_all)
{
    struct yard y;
    struct desk d = {.s = NULL};
    yard_open(&y);
    buf_init(&d.in, loop_pool(y.w.loop), 64);
    cr_assert_eq(host_handle(y.workers[0].node->host, DESK_PROTOCOL, on_stream, &d), 0);
    (void)join(&y, 1);
    struct asked_of a = open_to(&y, y.bob->host, host_id(y.workers[1].node->host), DESK_PROTOCOL);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    write_text(&y, a.stream, "may I");
    cr_assert(until(y.w.loop, has_read, &d));
    cr_expect_eq(d.last, 5);
    cr_expect(peer_id_equal(&d.from, host_id(y.bob->host)), "it is as if bob were here");
    stream_free(a.stream);
    cr_assert(until(y.w.loop, has_read, &d));
    cr_expect_eq(d.last, BEAM_ECLOSED);
    stream_free(d.s);
    buf_clear(&d.in);
    yard_close(&y);
}

/* ---- who is where --------------------------------------------------------------------------- */

static bool was_told(void *arg)
{
    return ((struct worker *)arg)->told > 0;
}

BEAM_TEST(crew, who_is_to_go_goes_wherever_it_is)
{
    struct yard y;
    yard_open(&y);
    (void)join(&y, 1);
    cr_assert(until(y.w.loop, all_know, &y));
    cr_expect_eq(host_keep(y.workers[0].node->host, host_id(y.bob->host), true), 0);
    crew_tell(y.workers[0].crew, 1, 7, "kept", 4);
    cr_assert(until(y.w.loop, was_told, &y.workers[1]), "it was told after the other");
    cr_expect_str_eq(y.workers[1].last, "0 7 kept");
    host_disconnect(y.workers[0].node->host, host_id(y.bob->host));
    cr_assert(until(y.w.loop, nobody_knows, &y));
    cr_expect_eq(y.workers[0].gone, 1u);
    cr_expect_eq(y.workers[2].gone, 1u);
    cr_expect_eq(host_keep(y.workers[0].node->host, host_id(y.bob->host), false), 0);
    yard_close(&y);
}

static bool one_left(void *arg)
{
    struct yard *y = arg;
    struct host_peer peer;
    return y->workers[0].left == 1 && y->workers[1].left == 1 &&
           !host_find(y->workers[0].node->host, host_id(y->bob->host), &peer);
}

BEAM_TEST(crew, a_worker_that_ends_takes_its_peers_along_and_joins_again)
{
    struct yard y;
    yard_open(&y);
    (void)join(&y, 2);
    cr_assert(until(y.w.loop, all_know, &y));
    crew_free(y.workers[2].crew);
    y.workers[2].crew = NULL;
    cr_assert(until(y.w.loop, one_left, &y));
    cr_expect_eq(y.workers[1].gone, 1u);
    start(&y, 2, "1");
    cr_assert(until(y.w.loop, all_joined, &y));
    cr_assert(until(y.w.loop, all_know, &y), "who is there already is told");
    yard_close(&y);
}

static bool is_later(void *arg)
{
    const struct world *w = arg;
    return loop_now(w->loop) > w->mark;
}

BEAM_TEST(crew, one_of_another_version_does_not_join)
{
    struct yard y;
    yard_open(&y);
    crew_free(y.workers[2].crew);
    y.workers[2].crew = NULL;
    start(&y, 2, "2");
    y.w.mark = loop_now(y.w.loop) + 300; /* it tries several times */
    cr_assert(until(y.w.loop, is_later, &y.w));
    cr_expect_eq(crew_mates(y.workers[2].crew), 0u);
    cr_expect_eq(crew_mates(y.workers[0].crew), 1u);
    yard_close(&y);
}

static void on_stranger_dialled(void *arg, int err, struct stream *s)
{
    struct asked_of *a = arg;
    a->err = err;
    a->stream = s;
    a->done = true;
}

static bool on_no_message(void *arg, const struct crew_message *m)
{
    (void)arg;
    (void)m;
    return true;
}

static void on_link_ended(void *arg)
{
    (void)arg;
}

BEAM_TEST(crew, who_has_not_said_who_it_is_has_no_streams)
{
    struct yard y;
    char path[sizeof(y.place) + 8];
    struct addr at;
    struct permit *permit;
    struct stream_dial *dial;
    struct crew_link *link;
    struct asked_of a = {.done = false};
    struct desk bobs = {.s = NULL}, mine;
    yard_open(&y);
    cr_assert_eq(host_handle(y.bob->host, ECHO_PROTOCOL, on_stream, &bobs), 0);
    (void)join(&y, 0);
    snprintf(path, sizeof(path), "%s.0", y.place);
    cr_assert_eq(addr_unix(path, &at), 0);
    cr_assert_eq(permit_new_local(&permit), 0);
    cr_assert_eq(
        stream_dial(y.w.loop, permit, &at, PERMIT_TYPED, 5000, on_stranger_dialled, &a, &dial), 0);
    cr_assert(until_flag(y.w.loop, &a.done) && a.err == 0);
    const struct crew_link_spec spec = {.loop = y.w.loop, .dialled = true, .streams = 8};
    const struct crew_link_events events = {.message = on_no_message, .ended = on_link_ended};
    cr_assert_eq(crew_link_new(a.stream, &spec, &events, &link), 0);
    struct crew_message m = {.kind = CREW_OPEN, .peer = *host_id(y.bob->host)};
    snprintf(m.text, sizeof(m.text), "%s", ECHO_PROTOCOL);
    mine = (struct desk){.s = NULL};
    buf_init(&mine.in, loop_pool(y.w.loop), 64);
    cr_assert_eq(crew_link_open(link, &m, &mine.s), 0);
    cr_assert(until(y.w.loop, has_read, &mine));
    cr_expect_eq(mine.last, BEAM_ERESET);
    cr_expect_null(bobs.s);
    stream_free(mine.s);
    buf_clear(&mine.in);
    crew_link_free(link);
    permit_free(permit);
    yard_close(&y);
}

BEAM_TEST(crew, an_index_is_taken_once)
{
    struct yard y;
    struct crew *twice = NULL;
    struct beam_why why;
    yard_open(&y);
    const struct crew_spec spec = {.loop = y.w.loop,
                                   .rng = &y.w.rng,
                                   .host = y.bob->host,
                                   .place = y.place,
                                   .version = "1",
                                   .count = WORKERS,
                                   .peers = 8,
                                   .streams = 8};
    cr_expect_eq(crew_new(&spec, &(struct crew_events){.arg = NULL}, &twice, &why), BEAM_EEXIST);
    yard_close(&y);
}
