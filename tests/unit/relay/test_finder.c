/* SPDX-License-Identifier: BSD-3-Clause */
/* One who looks for relays, and the only node that he knows, which went away. */
#include "relay/finder.h"

#include <string.h>

#include "tests/unit/p2p/world.h"

enum { SEEKER, SERVER, NODES };

struct scene {
    struct world w;
    struct kad *kads[NODES];
    struct finder *finder;
    bool done;
    int err;
};

static void on_picked(void *arg, int err, const struct beam_why *why, const struct relay_info *info)
{
    struct scene *s = arg;
    (void)why;
    cr_expect_null(info);
    s->done = true;
    s->err = err;
}

static void join(struct scene *s, size_t i)
{
    struct node *n = &s->w.nodes[i];
    const struct kad_spec spec = {.host = n->host,
                                  .loop = s->w.loop,
                                  .rng = &s->w.rng,
                                  .clock = clock_system(),
                                  .permit = n->permit,
                                  .mode = i == SERVER ? KAD_SERVER : KAD_CLIENT};
    cr_assert_eq(kad_new(&spec, &s->kads[i]), 0);
}

static bool is_alone(void *arg)
{
    const struct scene *s = arg;
    return kad_alone(s->kads[SEEKER]);
}

/* It knows the server, and asks it nothing more for the moment: what it asked while that goes would
 * be a failure that is held against it. */
static bool is_settled(void *arg)
{
    const struct scene *s = arg;
    return !is_alone(arg) && kad_jobs_count(kad_jobs(s->kads[SEEKER])) == 0;
}

/* The server is in the seeker's table, and gone. */
static struct multiaddr set_up(struct scene *s, uint64_t patience_ms)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    for (size_t i = 0; i < NODES; i++) {
        (void)world_add(&s->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
        join(s, i);
    }
    struct multiaddr at = world_listen(&s->w.nodes[SERVER]);
    struct multiaddr back = world_listen(&s->w.nodes[SEEKER]);
    cr_assert_eq(world_connect(&s->w.nodes[SEEKER], NULL, &at, 1, PERMIT_TYPED).err, 0);
    cr_assert(until(s->w.loop, is_settled, s));
    const struct finder_spec spec = {.loop = s->w.loop,
                                     .host = s->w.nodes[SEEKER].host,
                                     .kad = s->kads[SEEKER],
                                     .rng = &s->w.rng,
                                     .kinds = INFO_HTTP,
                                     .patience_ms = patience_ms};
    cr_assert_eq(finder_new(&spec, &s->finder), 0);
    kad_free(s->kads[SERVER]);
    s->kads[SERVER] = NULL;
    world_again(&s->w.nodes[SERVER]);
    cr_assert(until(s->w.loop, is_alone, s));
    cr_assert_eq(kad_table_count(kad_table(s->kads[SEEKER])), 1u);
    return back;
}

static void tear_down(struct scene *s)
{
    finder_free(s->finder);
    for (size_t i = 0; i < NODES; i++)
        kad_free(s->kads[i]);
    world_clear(&s->w);
}

BEAM_TEST(finder, who_reaches_nobody_looks_on_until_somebody_is_back)
{
    struct scene s;
    struct multiaddr seeker = set_up(&s, UNTIL_MS * 2);
    finder_pick(s.finder, on_picked, &s);
    for (uint64_t end = loop_now(s.w.loop) + 500; loop_now(s.w.loop) < end;)
        BEAM_CHECK(loop_turn(s.w.loop) == 0);
    cr_assert(!s.done, "the only one who is known may come back");
    join(&s, SERVER);
    cr_assert_eq(world_connect(&s.w.nodes[SERVER], NULL, &seeker, 1, PERMIT_TYPED).err, 0);
    cr_assert(until_flag(s.w.loop, &s.done));
    cr_expect_eq(s.err, BEAM_ENOTFOUND, "somebody answers, and knows no relay");
    tear_down(&s);
}

BEAM_TEST(finder, without_a_dht_there_is_what_was_heard)
{
    struct scene s;
    memset(&s, 0, sizeof(s));
    world_init(&s.w);
    const struct node *n = world_add(&s.w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    const struct finder_spec spec = {
        .loop = s.w.loop, .host = n->host, .rng = &s.w.rng, .patience_ms = UNTIL_MS * 2};
    cr_assert_eq(finder_new(&spec, &s.finder), 0);
    finder_pick(s.finder, on_picked, &s);
    cr_assert(until_flag(s.w.loop, &s.done));
    cr_expect_eq(s.err, BEAM_ENOTFOUND, "and nothing was");
    tear_down(&s);
}

BEAM_TEST(finder, patience_has_an_end)
{
    struct scene s;
    (void)set_up(&s, 300);
    finder_pick(s.finder, on_picked, &s);
    cr_assert(until_flag(s.w.loop, &s.done));
    cr_expect_eq(s.err, BEAM_EUNREACH);
    tear_down(&s);
}
