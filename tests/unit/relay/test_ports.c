/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports of a whole relay, with owners that ask for them: relay/ports. */
#include "relay/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "p2p/core.h"
#include "stream/datagrams.h"
#include "tests/unit/relay/scene.h"

enum { FLOWS = 8 };

/* A visit at the owner's end, which says everything again. */
struct echo {
    struct stage *stage;
    struct stream *stream; /* of TCP, and: */
    struct buf b;
    struct datagrams *datagrams; /* of UDP */
    size_t heard;
};

struct stage {
    struct scene scene;
    struct visits *visits;
    struct owner *owner;
    enum owner_state state;
    struct beam_why why;
    struct echo echo[FLOWS];
    size_t visitors;
    struct visit_head head;
    size_t times; /* each datagram is said again; 0: never */
};

static void on_state(void *arg, enum owner_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct stage *st = arg;
    (void)retry_ms;
    st->state = state;
    if (why)
        st->why = *why;
}

static void on_echo(void *arg, struct stream *s, unsigned ready)
{
    struct echo *e = arg;
    ssize_t n;
    (void)ready;
    while ((n = stream_read(s, &e->b, 4096)) > 0 && stream_write(s, &e->b) > 0)
        continue;
    if (n == BEAM_ECLOSED)
        (void)stream_shut(s);
}

static void on_datagram(void *arg, const uint8_t *data, size_t len)
{
    struct echo *e = arg;
    e->heard++;
    for (size_t i = 0; i < e->stage->times; i++)
        (void)datagrams_send(e->datagrams, data, len);
}

static void on_ended(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct stage *st = arg;
    cr_assert_lt(st->visitors, (size_t)FLOWS);
    struct echo *e = &st->echo[st->visitors++];
    const struct datagrams_events events = {.datagram = on_datagram, .ended = on_ended, .arg = e};
    *e = (struct echo){.stage = st};
    st->head = *head;
    buf_init(&e->b, loop_pool(st->scene.world.loop), 4096);
    if (head->via == VISIT_HEAD_UDP) {
        cr_assert_eq(datagrams_new(st->scene.world.loop, s, &events, &e->datagrams), 0);
        return;
    }
    e->stream = s;
    stream_own(s, on_echo, e);
    on_echo(e, s, STREAM_READABLE);
}

static void start(struct stage *st, uint64_t kind, uint16_t port)
{
    struct scene *s = &st->scene;
    const struct owner_spec spec = {.loop = s->world.loop,
                                    .kind = kind,
                                    .port = port,
                                    .rng = &s->world.rng,
                                    .host = s->owner->host,
                                    .visits = st->visits,
                                    .permit = s->owner->permit,
                                    .where = s->where,
                                    .visitor_address = true,
                                    .keep = true,
                                    .dir = s->place.dir};
    const struct owner_events events = {.state = on_state, .visitor = on_visitor, .arg = st};
    struct beam_why why = {.text = ""};
    st->state = OWNER_ASKING;
    cr_assert_eq(owner_start(&spec, &events, &st->owner, &why), 0, "%s", why.text);
}

static bool is_settled(void *arg)
{
    struct stage *st = arg;
    return st->state == OWNER_UP || st->state == OWNER_FAILED;
}

static bool is_resting(void *arg)
{
    return ((struct stage *)arg)->state == OWNER_RESTING;
}

static void prepare(struct stage *st, const struct scene *as)
{
    char text[MULTIADDR_TEXT_SIZE];
    memset(st, 0, sizeof(*st));
    st->times = 1;
    scene_hosts(&st->scene);
    st->scene.wanted.kinds = "http,tcp,udp";
    if (as) {
        st->scene.limits = as->limits;
        st->scene.idle_ms = as->idle_ms;
        st->scene.carried = as->carried;
    }
    scene_relay_up(&st->scene, NULL);
    multiaddr_text(&st->scene.relay_at, text);
    cr_assert_eq(where_parse(text, &st->scene.where, NULL), 0);
    cr_assert_eq(visits_new(st->scene.world.loop, st->scene.owner->host, &st->visits), 0);
}

static void begin(struct stage *st, uint64_t kind, const struct scene *as)
{
    prepare(st, as);
    start(st, kind, 0);
    cr_assert(until(st->scene.world.loop, is_settled, st), "%s", st->why.text);
    cr_assert_eq(st->state, OWNER_UP, "%s", st->why.text);
}

static void end(struct stage *st)
{
    for (size_t i = 0; i < st->visitors; i++) {
        datagrams_free(st->echo[i].datagrams);
        stream_free(st->echo[i].stream);
        buf_clear(&st->echo[i].b);
    }
    owner_free(st->owner);
    visits_free(st->visits);
    scene_end(&st->scene);
}

static uint16_t port_of(const struct stage *st)
{
    const char *text = strrchr(owner_url(st->owner), ':') + 1;
    uint64_t port = 0;
    cr_assert_eq(text_number(text, strlen(text), UINT16_MAX, &port), 0);
    return (uint16_t)port;
}

/* A socket of the test's own, connected to the port that the owner was given. */
static int dial(const struct stage *st, int type)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port_of(st)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        cr_assert_eq(errno, EINPROGRESS);
    return fd;
}

struct reading {
    int fd;
    char text[256];
    size_t len, want;
    bool ended;
};

static bool has_read(void *arg)
{
    struct reading *r = arg;
    ssize_t n;
    while ((n = read(r->fd, r->text + r->len, sizeof(r->text) - r->len)) > 0)
        r->len += (size_t)n;
    r->ended = n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN);
    return r->len >= r->want || r->ended;
}

static bool reads(const struct stage *st, int fd, size_t want, struct reading *r)
{
    *r = (struct reading){.fd = fd, .want = want};
    return until(st->scene.world.loop, has_read, r) && r->len >= want;
}

static bool ends(const struct stage *st, int fd)
{
    struct reading r = {.fd = fd, .want = sizeof(r.text) + 1};
    return until(st->scene.world.loop, has_read, &r) && r.ended;
}

static void turn(const struct stage *st, uint64_t ms)
{
    uint64_t from = loop_now(st->scene.world.loop);
    while (loop_now(st->scene.world.loop) < from + ms)
        cr_assert_eq(loop_turn(st->scene.world.loop), 0);
}

/* Datagrams that went to visitors, or were dropped: what becomes of each that is sent. */
struct settled {
    const struct counts *counts;
    uint64_t want;
};

static bool has_settled(void *arg)
{
    const struct settled *w = arg;
    return w->counts->datagrams_out + w->counts->datagrams_dropped >= w->want;
}

/* Sends one, and waits until `times` answers to it have gone or were dropped. Returns how many
 * went. */
static uint64_t settle(const struct stage *st, int fd, const char *word, size_t len, uint64_t times)
{
    const struct counts *c = &st->scene.counts;
    uint64_t out = c->datagrams_out;
    struct settled w = {.counts = c, .want = out + c->datagrams_dropped + times};
    cr_assert_eq(write(fd, word, len), (ssize_t)len);
    cr_assert(until(st->scene.world.loop, has_settled, &w));
    return c->datagrams_out - out;
}

/* Reads what is there, and waits for so many at least. */
static size_t drain(int fd, size_t least)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char got[256];
    size_t n = 0;
    while (poll(&p, 1, n < least ? UNTIL_MS : 0) > 0 && read(fd, got, sizeof(got)) > 0)
        n++;
    return n;
}

static bool has_no_owner(void *arg)
{
    const struct scene *s = &((struct stage *)arg)->scene;
    return !host_connected(s->relay->host, host_id(s->owner->host));
}

static bool has_no_ports(void *arg)
{
    return ports_count(((struct stage *)arg)->scene.ports) == 0;
}

static bool has_heard_13(void *arg)
{
    const struct stage *st = arg;
    return st->echo[0].heard + st->echo[1].heard + st->echo[2].heard == 13;
}

/* Asks, and has the answer. */
static bool talks(const struct stage *st, int fd, const char *word)
{
    struct reading r;
    cr_assert_eq(write(fd, word, strlen(word)), (ssize_t)strlen(word));
    return reads(st, fd, strlen(word), &r) && memcmp(r.text, word, strlen(word)) == 0;
}

BEAM_TEST(ports, a_tcp_port_leads_to_its_owner)
{
    static struct stage st;
    begin(&st, RESERVATION_TCP, NULL);
    cr_expect_eq(strncmp(owner_url(st.owner), "tcp://127.0.0.1:", 16), 0, "%s",
                 owner_url(st.owner));
    cr_expect_eq(st.visitors, 0u, "its own visit is nobody's");
    int a = dial(&st, SOCK_STREAM), b = dial(&st, SOCK_STREAM);
    cr_assert(until(st.scene.world.loop, has_read, &(struct reading){.fd = a, .want = 0}));
    turn(&st, 20);
    cr_expect(talks(&st, a, "one") && talks(&st, b, "two") && talks(&st, a, "three"));
    cr_expect_eq(st.head.via, (uint64_t)VISIT_HEAD_TCP);
    cr_expect_str_eq(st.head.visitor, "127.0.0.1");
    cr_expect_eq(front_visitors(st.scene.front), 2u);
    cr_expect_eq(shutdown(a, SHUT_WR), 0);
    cr_expect(ends(&st, a), "a half-close goes there and back");
    close(a);
    close(b);
    end(&st);
}

BEAM_TEST(ports, an_owner_that_goes_takes_its_port_with_it_and_has_it_again)
{
    static struct stage st;
    begin(&st, RESERVATION_TCP, NULL);
    uint16_t port = port_of(&st);
    int a = dial(&st, SOCK_STREAM);
    turn(&st, 20);
    cr_expect(talks(&st, a, "one"));
    owner_free(st.owner);
    st.owner = NULL;
    host_disconnect(st.scene.owner->host, host_id(st.scene.relay->host));
    cr_expect(ends(&st, a));
    cr_assert(until(st.scene.world.loop, has_no_ports, &st));
    close(a);
    start(&st, RESERVATION_TCP, 0);
    cr_assert(until(st.scene.world.loop, is_settled, &st) && st.state == OWNER_UP, "%s",
              st.why.text);
    cr_expect_eq(port_of(&st), port);
    a = dial(&st, SOCK_STREAM);
    turn(&st, 20);
    cr_expect(talks(&st, a, "two"));
    close(a);
    end(&st);
}

static bool is_elsewhere(void *arg, const struct peer_id *peer, struct host_peer *out)
{
    (void)peer;
    (void)out;
    return *(const bool *)arg;
}

static void take_leave(struct stage *st)
{
    owner_free(st->owner);
    st->owner = NULL;
    host_disconnect(st->scene.owner->host, host_id(st->scene.relay->host));
    cr_assert(until(st->scene.world.loop, has_no_owner, st));
}

BEAM_TEST(ports, one_is_open_while_another_process_has_its_owner_and_no_longer)
{
    static struct stage st;
    bool elsewhere = true;
    const struct host_elsewhere others = {.find = is_elsewhere, .arg = &elsewhere};
    begin(&st, RESERVATION_TCP, NULL);
    core_elsewhere(st.scene.relay->host, &others);
    take_leave(&st);
    ports_sweep(st.scene.ports);
    cr_expect_eq(ports_count(st.scene.ports), 1u);
    ports_gone(st.scene.ports, host_id(st.scene.owner->host));
    cr_expect_eq(ports_count(st.scene.ports), 1u, "it is still there");
    elsewhere = false;
    ports_gone(st.scene.ports, host_id(st.scene.relay->host));
    cr_expect_eq(ports_count(st.scene.ports), 1u, "that was somebody else");
    ports_gone(st.scene.ports, host_id(st.scene.owner->host));
    cr_expect_eq(ports_count(st.scene.ports), 0u);
    end(&st);
}

BEAM_TEST(ports, one_whose_owner_was_not_heard_to_go_is_closed_all_the_same)
{
    static struct stage st;
    bool elsewhere = true;
    const struct host_elsewhere others = {.find = is_elsewhere, .arg = &elsewhere};
    begin(&st, RESERVATION_TCP, NULL);
    core_elsewhere(st.scene.relay->host, &others);
    take_leave(&st);
    elsewhere = false;
    ports_sweep(st.scene.ports);
    cr_expect_eq(ports_count(st.scene.ports), 0u);
    end(&st);
}

BEAM_TEST(ports, a_connection_on_which_nothing_moves_ends)
{
    static struct stage st;
    begin(&st, RESERVATION_TCP, &(struct scene){.idle_ms = 1000});
    int a = dial(&st, SOCK_STREAM);
    turn(&st, 20);
    for (int i = 0; i < 5; i++) {
        cr_expect(talks(&st, a, "on"));
        turn(&st, 250);
    }
    cr_expect(ends(&st, a));
    close(a);
    end(&st);
}

static bool everybody(void *arg, const struct net *from)
{
    (void)arg;
    return from->version == 4;
}

BEAM_TEST(ports, whoever_is_dropped_is_gone_and_who_is_banned_does_not_come_in)
{
    static struct stage st;
    struct bans_row row = {.since = 1};
    struct beam_why why;
    begin(&st, RESERVATION_TCP, NULL);
    int a = dial(&st, SOCK_STREAM);
    turn(&st, 20);
    cr_expect(talks(&st, a, "one"));
    cr_expect_eq(front_drop_from(st.scene.front, everybody, NULL), 1u);
    cr_expect(ends(&st, a));
    close(a);
    cr_assert_eq(ban_parse("127.0.0.0/8", &row.ban, &why), 0);
    cr_assert_eq(bans_add(st.scene.bans, &row, &why), 0, "%s", why.text);
    a = dial(&st, SOCK_STREAM);
    cr_expect(ends(&st, a));
    cr_expect_eq(st.scene.counts.turned_away, 1u);
    close(a);
    end(&st);
}

BEAM_TEST(ports, each_source_of_datagrams_has_a_flow_of_its_own)
{
    static struct stage st;
    int fd[3];
    begin(&st, RESERVATION_UDP, NULL);
    cr_expect_eq(strncmp(owner_url(st.owner), "udp://127.0.0.1:", 16), 0);
    for (size_t i = 0; i < 3; i++)
        fd[i] = dial(&st, SOCK_DGRAM);
    for (size_t n = 0; n < 4; n++)
        for (size_t i = 0; i < 3; i++)
            cr_expect(talks(&st, fd[i], n % 2 ? "ping" : "hello"), "%zu %zu", n, i);
    cr_expect_eq(st.visitors, 3u);
    cr_expect_eq(st.head.via, (uint64_t)VISIT_HEAD_UDP);
    cr_expect_eq(write(fd[0], "", 0), 0, "an empty one goes, too");
    cr_assert(until(st.scene.world.loop, has_heard_13, &st));
    cr_expect_eq(ports_sources(st.scene.ports), 4u, "these, and that of the check");
    cr_expect_eq(ports_drop_from(st.scene.ports, everybody, NULL), 4u);
    cr_expect_eq(ports_sources(st.scene.ports), 0u);
    for (size_t i = 0; i < 3; i++)
        close(fd[i]);
    end(&st);
}

BEAM_TEST(ports, a_source_that_may_be_forged_is_sent_little)
{
    static struct stage st;
    char word[200];
    begin(&st, RESERVATION_UDP, NULL);
    st.times = 50;
    int fd = dial(&st, SOCK_DGRAM);
    memset(word, 'x', sizeof(word));
    cr_expect_eq(settle(&st, fd, word, sizeof(word), 50), 3u, "three times what it sent");
    cr_expect_eq(drain(fd, 3), 3u);
    for (int i = 0; i < 2; i++)
        cr_expect_lt(settle(&st, fd, word, sizeof(word), 50), 50u);
    (void)drain(fd, 0);
    cr_expect_eq(settle(&st, fd, word, sizeof(word), 50), 50u, "it takes part in a conversation");
    cr_expect_eq(drain(fd, 50), 50u);
    close(fd);
    end(&st);
}

BEAM_TEST(ports, what_a_month_has_is_all_that_goes)
{
    static struct stage st;
    char word[200];
    uint64_t answered = 0;
    begin(&st, RESERVATION_UDP, &(struct scene){.carried = {.month = 2000}});
    int fd = dial(&st, SOCK_DGRAM), other = dial(&st, SOCK_DGRAM);
    memset(word, 'x', sizeof(word));
    for (int i = 0; i < 10; i++)
        answered += settle(&st, fd, word, sizeof(word), 1);
    cr_expect(answered >= 3 && answered <= 5, "%d were answered", (int)answered);
    cr_expect_leq(traffic_used(st.scene.traffic), 2000u);
    for (int i = 0; i < 1000 && traffic_used(st.scene.traffic) < 2000; i++)
        (void)settle(&st, fd, word, 1, 1);
    uint64_t flows = st.scene.counts.flows;
    cr_expect_eq(settle(&st, other, word, 1, 1), 0u);
    cr_expect_eq(st.scene.counts.flows, flows);
    cr_expect_geq(st.scene.counts.refused[TERMS_TRAFFIC], 1u);
    close(fd);
    close(other);
    end(&st);
}

struct flood {
    const struct stage *st;
    uint64_t seen; /* those before it */
    size_t own;    /* flows of those */
    uint64_t sources;
};

/* All were looked at, and what those sent who were let in has come to the owner. */
static bool has_passed(void *arg)
{
    const struct flood *f = arg;
    const struct counts *c = &f->st->scene.counts;
    size_t heard = 0;
    for (size_t i = 0; i < f->st->visitors; i++)
        heard += f->st->echo[i].heard;
    return c->flows + c->turned_away - f->seen >= f->sources &&
           heard + f->own >= ports_sources(f->st->scene.ports);
}

BEAM_TEST(ports, a_flood_of_sources_is_bounded_and_leaves_room)
{
    static struct stage st;
    enum { SOURCES = 200 };
    int fd[SOURCES];
    char got[8];
    begin(&st, RESERVATION_UDP, NULL);
    st.times = 0;
    struct flood flood = {.st = &st,
                          .seen = st.scene.counts.flows + st.scene.counts.turned_away,
                          .own = ports_sources(st.scene.ports),
                          .sources = SOURCES};
    size_t blocks = buf_pool_used(loop_pool(st.scene.world.loop));
    for (size_t i = 0; i < SOURCES; i++) {
        fd[i] = dial(&st, SOCK_DGRAM);
        cr_assert_eq(write(fd[i], "x", 1), 1);
    }
    cr_assert(until(st.scene.world.loop, has_passed, &flood));
    cr_expect_leq(ports_sources(st.scene.ports), 4u, "an endpoint has so many and no more");
    cr_expect_leq(buf_pool_used(loop_pool(st.scene.world.loop)), blocks + 16);
    for (size_t i = 0; i < SOURCES; i++)
        close(fd[i]);
    /* Those that nobody answered make room for somebody who asks again. */
    st.times = 1;
    int honest = dial(&st, SOCK_DGRAM);
    cr_assert_eq(write(honest, "hello", 5), 5);
    flood.sources++;
    cr_assert(until(st.scene.world.loop, has_passed, &flood));
    cr_expect_lt(read(honest, got, sizeof(got)), 0);
    cr_expect(talks(&st, honest, "hello"));
    close(honest);
    end(&st);
}

BEAM_TEST(ports, when_none_is_left_the_owner_is_told_so)
{
    static struct stage st;
    struct peer_id other = owner(9);
    uint8_t token[RESERVATION_TOKEN_SIZE];
    const struct clock_source *clock = clock_system();
    const struct lease *l;
    const struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_TCP};
    prepare(&st, NULL);
    enum reservation_status status = RESERVATION_OK;
    for (uint8_t i = 10; status == RESERVATION_OK; i++) {
        other = owner(i);
        status =
            lease_ask(st.scene.store, &other, &r, false, clock->wall_ms(clock->arg), token, &l);
    }
    cr_expect_eq(status, RESERVATION_NO_PORT);
    start(&st, RESERVATION_TCP, 0);
    cr_assert(until(st.scene.world.loop, is_resting, &st));
    cr_expect_not_null(strstr(st.why.text, "no port of this kind left"), "%s", st.why.text);
    end(&st);
}
