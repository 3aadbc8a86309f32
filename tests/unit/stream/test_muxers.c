/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of yamux, over each kind of stream. */
#include "stream/memory.h"
#include "tests/suite/muxer_suite.h"
#include "tests/suite/ragged.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/secure_pair.h"

static void open_memory(struct loop *l, struct stream **a, struct stream **b)
{
    cr_assert_eq(stream_memory(l, 50000, a, b), 0);
}

static void open_ragged(struct loop *l, struct stream **a, struct stream **b)
{
    static struct seed seed;
    struct stream *x, *y;
    seed = seed_start("ragged");
    cr_assert_eq(stream_memory(l, 100000, &x, &y), 0);
    *a = ragged(l, x, 30000, &seed);
    *b = ragged(l, y, 30000, &seed);
}

static void open_secure(struct loop *l, struct stream **a, struct stream **b)
{
    struct stream *x, *y;
    pair_tcp(l, &x, &y);
    secure_pair(l, x, y, a, b);
}

static const struct muxer_kind mux_memory = {.name = "mux_memory", .open = open_memory};
static const struct muxer_kind mux_ragged = {.name = "mux_ragged", .open = open_ragged};
static const struct muxer_kind mux_tcp = {.name = "mux_tcp", .open = pair_tcp};
static const struct muxer_kind mux_secure = {.name = "mux_secure", .open = open_secure};

MUXER_SUITE(mux_memory)
MUXER_SUITE(mux_ragged)
MUXER_SUITE(mux_tcp)
MUXER_SUITE(mux_secure)
