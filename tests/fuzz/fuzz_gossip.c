/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What peers say to a gossip router: the input is RPCs, each behind its length as two bytes, from
 * one peer and the other in turn, with a heartbeat after every third. What the router says must be
 * an RPC that it would understand itself.
 */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gossip/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(void *arg, void *out, size_t len)
{
    uint8_t *n = arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(*n = (uint8_t)(*n * 5 + 3));
}

static void on_send(void *arg, void *user, const uint8_t *rpc, size_t len)
{
    static struct rpc said;
    (void)arg;
    (void)user;
    if (rpc_decode(rpc, len, &said) < 0 || said.left_out > 0)
        abort();
}

static int on_verify(void *arg, const struct post_view *v)
{
    (void)arg;
    return post_verify(v) == BEAM_ENOMEM || v->signature_len == 0 ? BEAM_EAUTH : 0;
}

static struct router_peer *enter(struct router *r, uint8_t no)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    static const struct score_place nowhere = {.len = 0};
    struct router_peer *p;
    struct peer_id id = {.len = sizeof(head) + 32};
    memcpy(id.bytes, head, sizeof(head));
    id.bytes[sizeof(head)] = no;
    if (router_enter(r, &id, ROUTER_MESHSUB_1_1, no == 1, &nowhere, NULL, 1, &p) < 0)
        abort();
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t number;
    const struct rng rng = {.fill = fill, .arg = &number};
    struct router_spec spec = {.rng = &rng, .events = {.send = on_send, .verify = on_verify}};
    struct router_topic topic = {.name = "t"};
    struct router *r;
    uint64_t now = 1000;
    number = 0;
    router_params_default(&spec.params);
    score_topic_default(&topic.score);
    spec.params.exchange = true;
    spec.params.graylist_threshold = -1e9; /* goes on listening */
    if (sodium_init() < 0 || router_new(&spec, &r) < 0 || router_join(r, &topic, now) < 0)
        abort();
    struct router_peer *peers[2] = {enter(r, 1), enter(r, 2)};
    for (unsigned i = 0; size >= 2; i++) {
        size_t len = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        (void)router_rpc(r, peers[i % 2], data, len, now);
        data += len;
        size -= len;
        now += 100;
        if (i % 3 == 2)
            router_beat(r, now += 1000);
    }
    router_leave(r, peers[0], now);
    router_beat(r, now + 1000);
    router_free(r);
    return 0;
}
