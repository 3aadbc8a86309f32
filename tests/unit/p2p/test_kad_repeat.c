/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_repeat.h"

#include <string.h>

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/kads.h"

enum { NODES = 3, LATER_MS = 4 * KAD_REPEAT_MS };

/* Three servers, who all know the namespace "t"; the second one's clock is some hours ahead. */
struct net {
    struct world w;
    struct kad *kads[NODES];
    struct kad_repeat *repeat;
    struct loop_timer again;
    const char *wanted; /* what each has to have */
};

static struct kad_now now_of(const struct clock_source *c)
{
    return (struct kad_now){.ms = c->monotonic_ms(c->arg), .wall_ms = c->wall_ms(c->arg)};
}

static void begin(struct net *net)
{
    memset(net, 0, sizeof(*net));
    kads_begin(&net->w, net->kads, NODES);
}

static bool all_know_two(void *arg)
{
    const struct net *net = arg;
    for (size_t i = 0; i < NODES; i++)
        if (kad_table_count(kad_table(net->kads[i])) != NODES - 1)
            return false;
    return true;
}

static void meet(struct net *net)
{
    for (size_t i = 0; i < NODES; i++) {
        struct multiaddr at = world_listen(&net->w.nodes[i]);
        for (size_t k = 0; k < i; k++)
            cr_assert_eq(world_connect(&net->w.nodes[k], NULL, &at, 1, PERMIT_TYPED).err, 0);
    }
    cr_assert(until(net->w.loop, all_know_two, net));
}

static bool is_everywhere(void *arg)
{
    const struct net *net = arg;
    struct kad_text got;
    for (size_t i = 0; i < NODES; i++)
        if (kad_store_get(kad_store(net->kads[i]), kad_text_of("/t/a"), now_of(clock_system()),
                          &got) < 0 ||
            got.at[0] != net->wanted[0])
            return false;
    return true;
}

static void set_up(struct net *net)
{
    begin(net);
    meet(net);
}

static struct kad_now later(void *arg)
{
    struct kad_now now = now_of(clock_system());
    (void)arg;
    now.ms += LATER_MS;
    return now;
}

static void again(void *arg, uint64_t ms)
{
    struct net *net = arg;
    loop_timer_set(&net->again, ms);
}

static void look(void *arg)
{
    struct net *net = arg;
    kad_repeat_look(net->repeat);
}

/* The second one's, by a clock that says that it is hours later. */
static void repeat(struct net *net)
{
    const struct kad_repeat_spec spec = {.store = kad_store(net->kads[1]),
                                         .jobs = kad_jobs(net->kads[1]),
                                         .now = later,
                                         .again = again,
                                         .arg = net,
                                         .look_ms = 10};
    loop_timer_init(net->w.loop, &net->again, look, net);
    cr_assert_eq(kad_repeat_new(&spec, &net->repeat), 0);
}

static void leave(struct net *net, size_t node, const char *value)
{
    const struct peer_id *from = host_id(net->w.nodes[0].host);
    cr_assert_eq(kad_store_put(kad_store(net->kads[node]), kad_text_of("/t/a"), kad_text_of(value),
                               from, now_of(clock_system())),
                 0);
}

static void tear_down(struct net *net)
{
    loop_timer_clear(&net->again);
    kad_repeat_free(net->repeat);
    kads_end(&net->w, net->kads, NODES);
}

BEAM_TEST(kad_repeat, what_is_due_is_put_where_it_belongs)
{
    struct net net;
    set_up(&net);
    leave(&net, 1, "5");
    net.wanted = "5";
    cr_expect(!is_everywhere(&net));
    repeat(&net);
    cr_assert(until(net.w.loop, is_everywhere, &net));
    tear_down(&net);
}

BEAM_TEST(kad_repeat, the_best_there_is_is_what_is_put)
{
    struct net net;
    set_up(&net);
    leave(&net, 1, "5");
    leave(&net, 2, "7");
    net.wanted = "7";
    repeat(&net);
    cr_assert(until(net.w.loop, is_everywhere, &net));
    tear_down(&net);
}

BEAM_TEST(kad_repeat, who_is_alone_keeps_what_it_has)
{
    struct net net;
    struct kad_text got;
    begin(&net);
    leave(&net, 1, "5");
    repeat(&net);
    for (uint64_t end = loop_now(net.w.loop) + 100; loop_now(net.w.loop) < end;)
        BEAM_CHECK(loop_turn(net.w.loop) == 0);
    cr_expect_eq(
        kad_store_get(kad_store(net.kads[1]), kad_text_of("/t/a"), now_of(clock_system()), &got),
        0);
    tear_down(&net);
}
