/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers of the DHT that lead somewhere else: to this machine, to nowhere, to the liar itself. */
#include <string.h>

#include "p2p/core.h"
#include "p2p/kad.h"
#include "p2p/keeper.h"
#include "p2p/standing.h"
#include "stream/frame.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/world.h"

/* A client, a liar whom it knows as a server, and somebody at a loopback address. When it is asked
 * for KEY it lies; else it knows nobody. */
#define KEY "anything"

struct liars {
    struct world w;
    struct node *client, *liar, *near;
    struct kad *kad;
    struct keeper *keeper;
    struct multiaddr near_at;
    struct frame *frame;
    size_t asked; /* for KEY */
    bool garbles; /* what the liar says is no message */
    bool done;
    int err;
    size_t nodes;
};

static void put(struct kad_message *m, const struct peer_id *peer, const void *addr, size_t len)
{
    struct kad_contact *c = &m->closer[m->closer_count++];
    *c = (struct kad_contact){.peer = *peer, .n = 1};
    c->addrs[0] = (struct kad_text){.at = addr, .len = len};
}

static void put_lies(const struct liars *s, struct kad_message *lie)
{
    static const uint8_t nonsense[] = {0xff, 0xff, 0xff, 4, 127},
                         nobody[] = {4, 0, 0, 0, 0, 6, 0, 1};
    const struct peer_id one = kad_peer_no(1), two = kad_peer_no(2);
    put(lie, host_id(s->near->host), s->near_at.bytes, s->near_at.len);
    lie->closer[0].addrs[lie->closer[0].n++] =
        (struct kad_text){.at = nonsense, .len = sizeof(nonsense)};
    put(lie, host_id(s->liar->host), s->near_at.bytes, s->near_at.len);
    put(lie, &one, nonsense, sizeof(nonsense));
    put(lie, &two, nobody, sizeof(nobody));
}

static void on_question(void *arg, const uint8_t *data, size_t len)
{
    static struct kad_message question, lie;
    static uint8_t bytes[KAD_MESSAGE_MAX];
    struct liars *s = arg;
    size_t out = 0;
    cr_assert_eq(kad_message_decode(data, len, &question), 0);
    if (s->garbles) {
        cr_assert_eq(frame_send(s->frame, "\xff\xff", 2), 0);
        frame_shut(s->frame);
        return;
    }
    lie = (struct kad_message){.type = question.type, .key = question.key};
    if (question.key.len == strlen(KEY) && memcmp(question.key.at, KEY, strlen(KEY)) == 0) {
        s->asked++;
        put_lies(s, &lie);
    }
    cr_assert_eq(kad_message_encode(&lie, bytes, sizeof(bytes), &out), 0);
    cr_assert_eq(frame_send(s->frame, bytes, out), 0);
    frame_shut(s->frame);
}

static void on_ended(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct liars *s = arg;
    const struct frame_events events = {.message = on_question, .ended = on_ended, .arg = s};
    (void)peer;
    frame_free(s->frame);
    cr_assert_eq(frame_new(s->w.loop, stream, KAD_MESSAGE_MAX, &events, &s->frame), 0);
    frame_read(s->frame, 5000);
}

static void set_up(struct liars *s)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    s->client = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_ANY, NULL);
    s->liar = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    s->near = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_ANY, NULL);
    struct multiaddr whole = world_listen(s->near), entry = world_onion(s->liar);
    multiaddr_without_peer(&whole, &s->near_at);
    cr_assert_eq(host_handle(s->liar->host, KAD_PROTOCOL, on_stream, s), 0);
    const struct kad_spec spec = {.host = s->client->host,
                                  .loop = s->w.loop,
                                  .rng = &s->w.rng,
                                  .clock = clock_system(),
                                  .permit = s->client->permit,
                                  .tor = true,
                                  .mode = KAD_CLIENT};
    const struct keeper_spec keeper = {
        .loop = s->w.loop, .host = s->client->host, .rng = &s->w.rng};
    cr_assert_eq(kad_new(&spec, &s->kad), 0);
    cr_assert_eq(keeper_new(&keeper, &s->keeper), 0);
    cr_assert_eq(keeper_add(s->keeper, &entry), 0);
}

static void tear_down(struct liars *s)
{
    keeper_free(s->keeper);
    kad_free(s->kad);
    frame_free(s->frame);
    world_clear(&s->w);
}

static bool is_known(void *arg)
{
    struct liars *s = arg;
    return kad_table_count(kad_table(s->kad)) > 0 && kad_jobs_count(kad_jobs(s->kad)) == 0;
}

static void on_done(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct liars *s = arg;
    (void)why;
    s->done = true;
    s->err = err;
    s->nodes = r->n;
}

static void look(struct liars *s)
{
    struct kad_job *j;
    const struct kad_text key = kad_text_of(KEY);
    s->done = false;
    cr_assert_eq(kad_job_start(kad_jobs(s->kad), KAD_JOB_FIND, key, key, on_done, s, &j), 0);
    cr_assert(until_flag(s->w.loop, &s->done));
    cr_expect_eq(s->err, 0);
    cr_expect_eq(s->nodes, 1u, "the liar itself answered, and nobody else");
}

BEAM_TEST(kad_liars, nobody_is_dialled_whom_the_permit_does_not_cover)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    struct liars s;
    set_up(&s);
    cr_assert(until(s.w.loop, is_known, &s));
    const struct host *h = s.client->host;
    size_t dials = s.client->dials;
    for (size_t looks = 1; looks <= 2; looks++) {
        cr_expect_eq(kad_table_count(kad_table(s.kad)), 1u);
        look(&s);
        cr_expect_eq(s.asked, looks, "though it tells of itself it is asked once");
        cr_expect_eq(s.client->dials, dials);
        cr_expect_eq(host_peers(s.near->host), 0u, "at a loopback address that nobody typed");
        cr_expect_eq(host_peers(h), 1u);
        cr_expect_eq(address_book_get(h->book, host_id(s.near->host), loop_now(s.w.loop), rows),
                     0u);
    }
    cr_expect_eq(kad_table_count(kad_table(s.kad)), 0u, "three of four are nowhere, twice");
    tear_down(&s);
}

/* Liars who are silent to this host alone bring it about for anybody. */
BEAM_TEST(kad_liars, who_tells_of_the_dead_stays_in_the_table)
{
    struct liars s;
    set_up(&s);
    cr_assert(until(s.w.loop, is_known, &s));
    for (int i = 0; i < 99; i++)
        standing_blame(s.client->host, host_id(s.liar->host), REPUTE_OF_DEAD);
    cr_expect_eq(standing_of(s.client->host, host_id(s.liar->host)), REPUTE_IS_LAST);
    look(&s);
    cr_expect_eq(s.asked, 1u);
    cr_expect_eq(kad_table_count(kad_table(s.kad)), 1u);
    cr_expect_eq(host_peers(s.client->host), 1u);
    tear_down(&s);
}

static bool is_doubted(void *arg)
{
    const struct liars *s = arg;
    return standing_of(s->client->host, host_id(s->liar->host)) != REPUTE_GOOD;
}

/* As one that the user named it is not shunned, whatever it does. */
BEAM_TEST(kad_liars, who_garbles_is_in_no_table)
{
    struct liars s;
    set_up(&s);
    s.garbles = true;
    cr_assert(until(s.w.loop, is_doubted, &s));
    cr_expect_eq(kad_table_count(kad_table(s.kad)), 0u);
    for (int i = 0; i < 9; i++)
        standing_blame(s.client->host, host_id(s.liar->host), REPUTE_GARBLED);
    cr_expect_eq(standing_of(s.client->host, host_id(s.liar->host)), REPUTE_IS_DOUBTED);
    tear_down(&s);
}
