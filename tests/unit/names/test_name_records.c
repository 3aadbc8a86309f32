/* SPDX-License-Identifier: BSD-3-Clause */
/* Three in a row: who says things, a node that keeps records of names, and who hears what it passes
 * on, whatever that is. */
#include "names/name_records.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/latest.h"
#include "tests/unit/names/kit.h"
#include "tests/unit/p2p/world.h"

enum { TELLER, KEEPER, LISTENER, NODES };

struct row {
    struct world w;
    struct gossip *gossips[NODES];
    struct kad *kad; /* the keeper's */
    struct name_records *records;
    size_t heard;    /* by the listener */
    bool heard_back; /* the teller hears something */
    struct kad_text last;
    uint8_t bytes[BINDING_MAX];
};

static void on_heard(void *arg, struct post *p)
{
    struct row *r = arg;
    r->heard++;
    cr_assert_leq(p->view.data_len, sizeof(r->bytes));
    memcpy(r->bytes, p->view.data, p->view.data_len);
    r->last = (struct kad_text){.at = r->bytes, .len = p->view.data_len};
}

static void on_heard_back(void *arg, struct post *p)
{
    (void)p;
    ((struct row *)arg)->heard_back = true;
}

static void start_gossip(struct row *r, size_t i)
{
    struct node *n = &r->w.nodes[i];
    struct router_topic t = {
        .name = NAME_RECORDS_TOPIC, .heard = i == LISTENER ? on_heard : on_heard_back, .arg = r};
    const struct gossip_spec spec = {.loop = r->w.loop,
                                     .host = n->host,
                                     .rng = &r->w.rng,
                                     .clock = clock_system(),
                                     .key = n->key};
    cr_assert_eq(gossip_new(&spec, &r->gossips[i]), 0);
    score_topic_default(&t.score);
    if (i != KEEPER)
        cr_assert_eq(gossip_join(r->gossips[i], &t), 0);
}

/* The records' clock stands at the time that they are made at. */
static uint64_t monotonic(void *arg)
{
    (void)arg;
    return clock_system()->monotonic_ms(clock_system()->arg);
}

static uint64_t wall(void *arg)
{
    (void)arg;
    return KIT_MADE;
}

static const struct clock_source then = {.monotonic_ms = monotonic, .wall_ms = wall};

static void start_records(struct row *r)
{
    struct node *n = &r->w.nodes[KEEPER];
    const struct kad_spec kad = {.host = n->host,
                                 .loop = r->w.loop,
                                 .rng = &r->w.rng,
                                 .clock = &then,
                                 .permit = n->permit,
                                 .mode = KAD_SERVER};
    cr_assert_eq(kad_new(&kad, &r->kad), 0);
    const struct name_records_spec spec = {.loop = r->w.loop,
                                           .kad = r->kad,
                                           .gossip = r->gossips[KEEPER],
                                           .rng = &r->w.rng,
                                           .clock = &then};
    cr_assert_eq(name_records_new(&spec, &r->records), 0);
}

static bool is_in_mesh(void *arg)
{
    struct row *r = arg;
    struct gossip_topic t;
    size_t sum = 0;
    for (size_t i = 0; i < NODES; i++)
        sum += gossip_topic(r->gossips[i], 0, &t) ? t.count.mesh : 0;
    return sum == 2 * (NODES - 1);
}

static void set_up(struct row *r)
{
    struct multiaddr before;
    memset(r, 0, sizeof(*r));
    world_init(&r->w);
    for (size_t i = 0; i < NODES; i++) {
        struct node *n = world_add(&r->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
        start_gossip(r, i);
        if (i > 0)
            cr_assert_eq(world_connect(n, NULL, &before, 1, PERMIT_TYPED).err, 0);
        before = world_listen(n);
    }
    start_records(r);
    cr_assert(until(r->w.loop, is_in_mesh, r));
}

static void tear_down(struct row *r)
{
    name_records_free(r->records);
    for (size_t i = 0; i < NODES; i++)
        gossip_free(r->gossips[i]);
    kad_free(r->kad);
    world_clear(&r->w);
}

static void tell(struct row *r, struct kad_text said)
{
    cr_assert_eq(gossip_publish(r->gossips[TELLER], NAME_RECORDS_TOPIC, said.at, said.len), 0);
}

struct hears {
    struct row *row;
    struct kad_text said;
};

static bool same(struct kad_text a, struct kad_text b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static bool has_heard(void *arg)
{
    const struct hears *h = arg;
    return same(h->row->last, h->said);
}

static bool hears(struct row *r, struct kad_text said)
{
    struct hears h = {r, said};
    return until(r->w.loop, has_heard, &h);
}

static int leave(struct row *r, uint32_t no, struct kad_text said)
{
    uint8_t place[BINDING_KEY_SIZE];
    const struct kad_now now = {.ms = monotonic(NULL), .wall_ms = KIT_MADE};
    return kad_store_put(kad_store(r->kad), kit_place(no, place), said,
                         host_id(r->w.nodes[LISTENER].host), now);
}

static bool keeps(struct row *r, uint32_t no, struct kad_text said)
{
    uint8_t place[BINDING_KEY_SIZE];
    struct kad_text kept;
    const struct kad_now now = {.ms = monotonic(NULL), .wall_ms = KIT_MADE};
    return kad_store_get(kad_store(r->kad), kit_place(no, place), now, &kept) == 0 &&
           same(kept, said);
}

BEAM_TEST(name_records, a_newer_one_is_passed_on_and_kept_where_one_was)
{
    struct row r;
    uint8_t old[BINDING_MAX], new[BINDING_MAX], other[BINDING_MAX];
    set_up(&r);
    struct kad_text first = kit_say(1, 5, old), second = kit_say(1, 6, new),
                    elsewhere = kit_say(2, 1, other);
    cr_assert_eq(leave(&r, 1, first), 0);
    tell(&r, second);
    cr_expect(hears(&r, second));
    cr_expect(keeps(&r, 1, second));
    tell(&r, elsewhere);
    cr_expect(hears(&r, elsewhere));
    cr_expect(!keeps(&r, 2, elsewhere), "others are nearer to that name");
    tear_down(&r);
}

BEAM_TEST(name_records, what_is_bad_or_stale_is_neither_passed_on_nor_kept)
{
    struct row r;
    uint8_t good[BINDING_MAX], stale[BINDING_MAX], forged[BINDING_MAX], last[BINDING_MAX];
    set_up(&r);
    struct kad_text first = kit_say(1, 5, good), older = kit_say(1, 4, stale),
                    broken = kit_say(1, 6, forged), marker = kit_say(2, 1, last);
    forged[broken.len - 1] ^= 1;
    tell(&r, first);
    cr_expect(hears(&r, first));
    tell(&r, older);
    tell(&r, broken);
    tell(&r, marker);
    cr_expect(hears(&r, marker));
    cr_expect_eq(r.heard, 2u, "the good ones");
    tear_down(&r);
}

static bool has_its_share(void *arg)
{
    return ((const struct row *)arg)->heard >= LATEST_NEW_MAX / 3;
}

BEAM_TEST(name_records, one_who_floods_new_names_stops_no_other_s)
{
    struct row r;
    uint8_t bytes[BINDING_MAX];
    set_up(&r);
    for (uint32_t no = 100; no < 250; no++)
        tell(&r, kit_say(no, 1, bytes));
    cr_assert(until(r.w.loop, has_its_share, &r));
    struct kad_text said = kit_say(1, 1, bytes);
    cr_expect_eq(gossip_publish(r.gossips[LISTENER], NAME_RECORDS_TOPIC, said.at, said.len), 0);
    cr_expect(until_flag(r.w.loop, &r.heard_back));
    cr_expect_lt(r.heard, 150u, "not all of them went on");
    tear_down(&r);
}

BEAM_TEST(name_records, the_dht_takes_what_is_good_and_better)
{
    struct row r;
    uint8_t good[BINDING_MAX], stale[BINDING_MAX], forged[BINDING_MAX + 1] = {0};
    set_up(&r);
    struct kad_text first = kit_say(1, 5, good), older = kit_say(1, 4, stale);
    cr_expect_eq(leave(&r, 1, first), 0);
    cr_expect_eq(leave(&r, 1, older), BEAM_EEXIST, "a stale one");
    cr_expect_eq(leave(&r, 2, first), BEAM_EINVAL, "another's name");
    struct kad_text broken = kit_say(1, 6, forged);
    forged[broken.len - 1] ^= 1;
    cr_expect_eq(leave(&r, 1, broken), BEAM_EINVAL, "a bad signature");
    broken.len = sizeof(forged);
    cr_expect_eq(leave(&r, 1, broken), BEAM_EINVAL, "too long");
    cr_expect(keeps(&r, 1, first));
    tear_down(&r);
}

BEAM_TEST(name_records, who_does_not_gossip_knows_them_too)
{
    struct world w;
    struct kad *kad = NULL;
    struct name_records *records = NULL;
    uint8_t place[BINDING_KEY_SIZE];
    world_init(&w);
    struct node *n = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    const struct kad_spec spec = {
        .host = n->host, .loop = w.loop, .rng = &w.rng, .clock = &then, .permit = n->permit};
    cr_assert_eq(kad_new(&spec, &kad), 0);
    const struct name_records_spec s = {.loop = w.loop, .kad = kad, .rng = &w.rng, .clock = &then};
    cr_assert_eq(name_records_new(&s, &records), 0);
    cr_expect_not_null(kad_store_validator(kad_store(kad), kit_place(1, place)));
    name_records_free(records);
    kad_free(kad);
    world_clear(&w);
}
