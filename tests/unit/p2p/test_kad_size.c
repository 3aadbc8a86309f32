/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_size.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { WHOLE = 20, LIGHT = 8, SYBILS = 20, RUNS = 1000, NODES_MAX = 10000 };

static const double space = 18446744073709551616.0;

/* Nodes that lie evenly, and Sybils as near to us as no honest one is; all by the heads of ids. */
struct net {
    uint64_t self, nodes[NODES_MAX + SYBILS];
    size_t n;
};

static void populate(struct net *net, struct seed *s, size_t honest, size_t sybils)
{
    net->self = seed_next(s);
    net->n = honest + sybils;
    for (size_t i = 0; i < honest; i++)
        net->nodes[i] = seed_next(s);
    uint64_t nearest = UINT64_MAX;
    for (size_t i = 0; i < honest; i++)
        nearest = (net->nodes[i] ^ net->self) < nearest ? net->nodes[i] ^ net->self : nearest;
    for (size_t i = honest; i < net->n; i++)
        net->nodes[i] = net->self ^ (1 + seed_next(s) % nearest);
}

static struct kad_id at(uint64_t head)
{
    struct kad_id id = {{0}};
    head = htobe64(head);
    memcpy(id.bytes, &head, sizeof(head));
    return id;
}

/* What a look-up finds that is content with k. */
static void look(struct kad_size *size, const struct net *net, uint64_t target, size_t k)
{
    uint64_t nearest[WHOLE];
    size_t n = 0;
    for (size_t i = 0; i < net->n; i++) {
        uint64_t d = net->nodes[i] ^ target;
        size_t to = n < k ? n++ : k;
        if (to == k && d >= nearest[--to])
            continue;
        for (; to > 0 && nearest[to - 1] > d; to--)
            nearest[to] = nearest[to - 1];
        nearest[to] = d;
    }
    const struct kad_id id = at(target);
    kad_size_add(size, &id, nearest, n);
}

/* As one that has looked itself up, and so many keys that chance chose. */
static double estimate(struct seed *s, size_t honest, size_t sybils, size_t keys)
{
    static struct net net;
    struct kad_size size = {.n = 0};
    populate(&net, s, honest, sybils);
    look(&size, &net, net.self, WHOLE);
    for (size_t i = 0; i < keys; i++)
        look(&size, &net, seed_next(s), LIGHT);
    return kad_size_nodes(&size);
}

/* How many of RUNS estimates are off by more than a factor. The Sybils are nodes, too: how many
 * there are is somewhere between what it is without and with them. */
static size_t off(struct seed *s, size_t honest, size_t sybils, size_t keys, double factor)
{
    size_t count = 0;
    for (size_t i = 0; i < RUNS; i++) {
        double nodes = estimate(s, honest, sybils, keys);
        count += nodes < (double)honest / factor || nodes > (double)(honest + sybils) * factor;
    }
    return count;
}

static const size_t sizes[] = {20, 100, 1000, NODES_MAX};

/* What is to be true in how many of a hundred cases. */
static const struct {
    size_t keys, wrong;
    double factor;
} claims[] = {{1, 10, 3}, {5, 2, 2}, {10, 2, 1.6}, {10, 1, 2}};

/* After the first look-ups, the first seconds, and when all samples are there, with nobody around
 * us who chose to be, and with many. Chances are the same each time. */
BEAM_TEST(kad_size, is_known_within_a_factor)
{
    struct seed s = {.state = 1};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t sybils = 0; sybils <= SYBILS; sybils += SYBILS)
            for (size_t c = 0; c < sizeof(claims) / sizeof(claims[0]); c++) {
                size_t wrong = off(&s, sizes[i], sybils, claims[c].keys, claims[c].factor);
                fprintf(stderr, "%zu nodes, %zu Sybils, %zu keys: %zu of %d off by %.1f\n",
                        sizes[i], sybils, claims[c].keys, wrong, RUNS, claims[c].factor);
                cr_expect_leq(wrong, RUNS * claims[c].wrong / 100);
            }
}

/* Whatever is looked up near to us, it is one: somebody may have ids in each bucket there. */
BEAM_TEST(kad_size, a_place_has_one_sample)
{
    static struct net net;
    struct seed s = seed_start("a_place_has_one_sample");
    struct kad_size size = {.n = 0};
    populate(&net, &s, 1000, 0);
    look(&size, &net, net.self ^ UINT64_C(1) << 63, LIGHT);
    look(&size, &net, net.self ^ UINT64_C(1) << 62, LIGHT);
    uint64_t crowd[LIGHT] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (unsigned bit = 0; bit < 64 - KAD_SIZE_PLACE_BITS; bit++) {
        const struct kad_id id = at(net.self ^ UINT64_C(1) << bit);
        kad_size_add(&size, &id, crowd, LIGHT);
    }
    cr_expect_eq(size.n, 3u);
    cr_expect(kad_size_nodes(&size) < 1e4, "%f", kad_size_nodes(&size));
    look(&size, &net, net.self, WHOLE);
    cr_expect_eq(size.n, 3u);
    for (size_t i = 0; i < 3; i++)
        cr_expect(size.samples[i].nodes < 1e4, "the latest is the one: %f", size.samples[i].nodes);
}

/* It follows a network that grows. */
BEAM_TEST(kad_size, the_oldest_go)
{
    static struct net net;
    struct seed s = seed_start("the_oldest_go");
    struct kad_size size = {.n = 0};
    populate(&net, &s, 100, 0);
    for (unsigned place = 0; place < KAD_SIZE_SAMPLES + 3; place++)
        look(&size, &net, (uint64_t)place << (64 - KAD_SIZE_PLACE_BITS), LIGHT);
    cr_expect_eq(size.n, (size_t)KAD_SIZE_SAMPLES);
    cr_expect_eq(size.samples[0].place, 3u);
    populate(&net, &s, NODES_MAX, 0);
    for (unsigned place = 0; place < KAD_SIZE_SAMPLES; place++)
        look(&size, &net, (uint64_t)place << (64 - KAD_SIZE_PLACE_BITS), WHOLE);
    cr_expect_eq(size.n, (size_t)KAD_SIZE_SAMPLES);
    cr_expect(kad_size_nodes(&size) > NODES_MAX / 2, "%f", kad_size_nodes(&size));
}

BEAM_TEST(kad_size, of_two_the_lower)
{
    struct kad_size size = {.n = 2, .samples = {{.place = 1, .nodes = 1e9}, {.nodes = 200}}};
    cr_expect_eq(kad_size_nodes(&size), 200);
}

BEAM_TEST(kad_size, few_nodes_are_all_near)
{
    struct kad_size size = {.n = 0};
    const struct kad_id id = at(0);
    const uint64_t d[] = {UINT64_C(1) << 62, UINT64_C(1) << 63, 3 * (UINT64_C(1) << 62),
                          UINT64_MAX},
                   same[5] = {0};
    cr_assert_eq(kad_size_radius(&size, 20), 0u);
    kad_size_add(&size, &id, d, 3);
    kad_size_add(&size, &id, d, 0);
    kad_size_add(&size, &id, same, 5);
    cr_assert_eq(kad_size_nodes(&size), 0, "three say nothing, nor who all are at one point");
    kad_size_add(&size, &id, d, 4);
    cr_assert_geq(kad_size_nodes(&size), 4);
    cr_assert_eq(kad_size_radius(&size, 20), UINT64_MAX);
}

BEAM_TEST(kad_size, so_many_are_within_its_radius)
{
    struct kad_size size = {.n = 1, .samples = {{.nodes = 999}}};
    double part = (double)kad_size_radius(&size, 20) / space;
    cr_expect(part > 0.0199 && part < 0.0201, "%f", part);
}
