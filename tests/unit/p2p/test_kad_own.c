/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_own.h"

#include <string.h>

#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/p2p/kads.h"

enum { OWNER, OTHER, NODES, AGAIN_MS = 50 };

/* A multihash. */
static const uint8_t topic[] = {0x12, 0x01, 0x07};

/* Two servers, one of which has something. */
struct net {
    struct world w;
    struct kad *kads[NODES];
    struct kad_own *value, *listed;
    uint8_t now; /* the value */
    size_t asked;
    size_t where; /* which node is looked at */
};

static int on_value(void *arg, struct kad_text *out)
{
    struct net *net = arg;
    net->asked++;
    *out = (struct kad_text){.at = &net->now, .len = 1};
    return 0;
}

static void set_up(struct net *net)
{
    memset(net, 0, sizeof(*net));
    kads_begin(&net->w, net->kads, NODES);
    net->now = 1;
    struct kad_own_spec own = {.loop = net->w.loop,
                               .kad = net->kads[OWNER],
                               .what = "a thing",
                               .key = kad_text_of("/t/a"),
                               .value = on_value,
                               .arg = net,
                               .soon_ms = AGAIN_MS,
                               .again_ms = AGAIN_MS};
    cr_assert_eq(kad_own_new(&own, &net->value), 0);
    own.key = (struct kad_text){.at = topic, .len = sizeof(topic)};
    own.value = NULL;
    cr_assert_eq(kad_own_new(&own, &net->listed), 0);
}

static void tear_down(struct net *net)
{
    kad_own_free(net->value);
    kad_own_free(net->listed);
    kads_end(&net->w, net->kads, NODES);
}

static bool is_there(void *arg)
{
    struct net *net = arg;
    struct kad_store *s = kad_store(net->kads[net->where]);
    const struct kad_now now = {.ms = clock_system()->monotonic_ms(clock_system()->arg)};
    const struct kad_text key = {.at = topic, .len = sizeof(topic)};
    struct kad_text got;
    struct peer_id provider;
    return kad_store_get(s, kad_text_of("/t/a"), now, &got) == 0 && got.at[0] == net->now &&
           kad_store_providers(s, key, now, &provider, 1) == 1 &&
           peer_id_equal(&provider, host_id(net->w.nodes[OWNER].host));
}

BEAM_TEST(kad_own, is_here_at_once_and_there_as_soon_as_somebody_is)
{
    struct net net;
    set_up(&net);
    net.where = OWNER;
    cr_expect(kad_alone(net.kads[OWNER]));
    cr_assert(until(net.w.loop, is_there, &net), "who is alone may be asked, too");
    net.where = OTHER;
    cr_expect(!is_there(&net));
    struct multiaddr at = world_listen(&net.w.nodes[OWNER]);
    cr_assert_eq(world_connect(&net.w.nodes[OTHER], NULL, &at, 1, PERMIT_TYPED).err, 0);
    cr_assert(until(net.w.loop, is_there, &net));
    cr_expect(!kad_alone(net.kads[OWNER]));
    tear_down(&net);
}

BEAM_TEST(kad_own, is_put_again_and_again_as_it_is_by_then)
{
    struct net net;
    set_up(&net);
    struct multiaddr at = world_listen(&net.w.nodes[OTHER]);
    cr_assert_eq(world_connect(&net.w.nodes[OWNER], NULL, &at, 1, PERMIT_TYPED).err, 0);
    net.where = OTHER;
    for (net.now = 1; net.now < 4; net.now++)
        cr_assert(until(net.w.loop, is_there, &net), "%u", net.now);
    cr_expect_geq(net.asked, 3u);
    tear_down(&net);
}

static bool is_not_known(void *arg)
{
    const struct net *net = arg;
    return kad_alone(net->kads[OWNER]);
}

BEAM_TEST(kad_own, who_lost_everybody_is_alone)
{
    struct net net;
    set_up(&net);
    struct multiaddr at = world_listen(&net.w.nodes[OTHER]);
    cr_assert_eq(world_connect(&net.w.nodes[OWNER], NULL, &at, 1, PERMIT_TYPED).err, 0);
    net.where = OTHER;
    cr_assert(until(net.w.loop, is_there, &net));
    kad_free(net.kads[OTHER]);
    net.kads[OTHER] = NULL;
    host_free(net.w.nodes[OTHER].host);
    net.w.nodes[OTHER].host = NULL;
    cr_assert(until(net.w.loop, is_not_known, &net), "though it is in the table still");
    tear_down(&net);
}
