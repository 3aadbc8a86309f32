/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of yamux that know no stream: frames, ids, windows, shares of memory. */
#include <string.h>

#include "stream/yamux_frame.h"
#include "stream/yamux_ids.h"
#include "stream/yamux_share.h"
#include "stream/yamux_window.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

/* ---- frames --------------------------------------------------------------------------------- */

BEAM_TEST(yamux_frame, bytes)
{
    static const uint8_t wanted[YAMUX_HEAD] = {0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 0, 1};
    uint8_t head[YAMUX_HEAD];
    struct yamux_frame f = {YAMUX_WINDOW, YAMUX_SYN, 5, 0x40001}, back;
    yamux_frame_put(&f, head);
    cr_assert_arr_eq(head, wanted, sizeof(wanted));
    cr_assert_eq(yamux_frame_get(head, &back, NULL), 0);
    cr_assert(back.type == f.type && back.flags == f.flags && back.stream == f.stream &&
              back.length == f.length);
}

static int get(uint8_t version, uint8_t type, uint16_t flags, uint32_t stream)
{
    uint8_t head[YAMUX_HEAD];
    struct yamux_frame f = {.type = YAMUX_AWAY};
    struct beam_why why = {.code = 0};
    yamux_frame_put(&(struct yamux_frame){(enum yamux_type)type, flags, stream, UINT32_MAX}, head);
    head[0] = version;
    int err = yamux_frame_get(head, &f, &why);
    cr_assert_eq(why.code, err);
    if (err == 0)
        cr_assert(f.type == (enum yamux_type)type && f.flags == flags && f.stream == stream &&
                  f.length == UINT32_MAX);
    return err;
}

BEAM_TEST(yamux_frame, what_there_is)
{
    for (unsigned type = 0; type < 2; type++) {
        for (unsigned flags = 0; flags <= 0xf; flags++)
            cr_assert_eq(get(0, (uint8_t)type, (uint16_t)flags, UINT32_MAX),
                         (flags & 3) == 3 ? BEAM_EPROTO : 0);
        cr_assert_eq(get(0, (uint8_t)type, 0x10, 1), BEAM_EPROTO);
        cr_assert_eq(get(0, (uint8_t)type, 0x8000, 1), BEAM_EPROTO);
        cr_assert_eq(get(0, (uint8_t)type, 0, 0), BEAM_EPROTO);
    }
    cr_assert_eq(get(0, YAMUX_PING, YAMUX_SYN, 0), 0);
    cr_assert_eq(get(0, YAMUX_PING, YAMUX_ACK, 0), 0);
    cr_assert_eq(get(0, YAMUX_PING, 0, 0), BEAM_EPROTO);
    cr_assert_eq(get(0, YAMUX_PING, YAMUX_SYN | YAMUX_ACK, 0), BEAM_EPROTO);
    cr_assert_eq(get(0, YAMUX_PING, YAMUX_SYN, 1), BEAM_EPROTO);
    cr_assert_eq(get(0, YAMUX_AWAY, 0, 0), 0);
    cr_assert_eq(get(0, YAMUX_AWAY, YAMUX_FIN, 0), BEAM_EPROTO);
    cr_assert_eq(get(0, YAMUX_AWAY, 0, 2), BEAM_EPROTO);
    cr_assert_eq(get(0, 4, 0, 1), BEAM_EPROTO);
    cr_assert_eq(get(0, 255, 0, 0), BEAM_EPROTO);
    cr_assert_eq(get(1, YAMUX_DATA, 0, 1), BEAM_EPROTO);
}

/* ---- ids ------------------------------------------------------------------------------------ */

BEAM_TEST(yamux_ids, once_each)
{
    struct yamux_ids ids = {.next = 0};
    for (uint32_t id = 1; id < 4000; id += 2) {
        cr_assert(!yamux_ids_used(&ids, id));
        cr_assert(yamux_ids_use(&ids, id));
        cr_assert(!yamux_ids_use(&ids, id) && yamux_ids_used(&ids, id));
    }
    for (uint32_t id = 1; id < 4000; id += 2)
        cr_assert(yamux_ids_used(&ids, id));
    cr_assert(!yamux_ids_used(&ids, 4001));
}

BEAM_TEST(yamux_ids, out_of_order)
{
    struct yamux_ids ids = {.next = 0};
    cr_assert(yamux_ids_use(&ids, 8));
    cr_assert(!yamux_ids_used(&ids, 2) && !yamux_ids_used(&ids, 10));
    cr_assert(yamux_ids_use(&ids, 4) && yamux_ids_use(&ids, 6) && yamux_ids_use(&ids, 2));
    cr_assert(!yamux_ids_use(&ids, 2) && !yamux_ids_use(&ids, 8));
}

BEAM_TEST(yamux_ids, far_ahead)
{
    struct yamux_ids ids = {.next = 0};
    cr_assert(yamux_ids_use(&ids, 1) && yamux_ids_use(&ids, UINT32_MAX));
    cr_assert(yamux_ids_used(&ids, 3), "too old to be told");
    cr_assert(!yamux_ids_used(&ids, UINT32_MAX - 2 * (YAMUX_IDS_WINDOW - 1)));
    cr_assert(yamux_ids_used(&ids, UINT32_MAX - 2 * YAMUX_IDS_WINDOW));
    cr_assert(!yamux_ids_use(&ids, UINT32_MAX));
}

/* ---- windows -------------------------------------------------------------------------------- */

BEAM_TEST(yamux_window, to_the_byte)
{
    struct yamux_window w;
    yamux_window_init(&w);
    cr_assert_eq(yamux_window_take(&w, YAMUX_WINDOW_FIRST - 1, 1), 0);
    cr_assert_eq(yamux_window_take(&w, 2, 1), BEAM_EPROTO);
    cr_assert_eq(yamux_window_take(&w, 1, 1), 0);
    cr_assert_eq(yamux_window_take(&w, 0, 1), 0);
    cr_assert_eq(yamux_window_take(&w, 1, 1), BEAM_EPROTO);
}

BEAM_TEST(yamux_window, grants_what_was_read)
{
    struct yamux_window w;
    yamux_window_init(&w);
    cr_assert_eq(yamux_window_take(&w, YAMUX_WINDOW_FIRST, 1), 0);
    cr_assert_eq(yamux_window_grant(&w, YAMUX_WINDOW_FIRST / 2 + 1, MIB, 0, 5), 0u);
    cr_assert_eq(yamux_window_grant(&w, YAMUX_WINDOW_FIRST / 2, MIB, 0, 5),
                 YAMUX_WINDOW_FIRST / 2u);
    cr_assert_eq(yamux_window_grant(&w, YAMUX_WINDOW_FIRST / 2, MIB, 0, 6), 0u, "not twice");
    cr_assert_eq(yamux_window_grant(&w, 0, MIB, 0, 7), 128 * KIB * 1u);
}

/* Half a window read within four round trips: twice as much from then on, up to the ceiling. */
BEAM_TEST(yamux_window, grows_while_it_holds_up)
{
    struct yamux_window w;
    uint64_t now = 1000000;
    yamux_window_init(&w);
    for (uint32_t size = 2 * YAMUX_WINDOW_FIRST; size <= 4 * MIB; size *= 2) {
        cr_assert_eq(yamux_window_take(&w, w.credit, now), 0);
        now += 3999;
        cr_assert_eq(yamux_window_grant(&w, 0, 4 * MIB, 1000, now), size);
    }
    cr_assert_eq(yamux_window_take(&w, w.credit, now), 0);
    cr_assert_eq(yamux_window_grant(&w, 0, 4 * MIB, 1000, now + 1), 4 * MIB * 1u);
    cr_assert_eq(yamux_window_take(&w, w.credit, now), 0);
    cr_assert_eq(yamux_window_grant(&w, 0, 16 * MIB, 1000, now + 1 + 4000), 4 * MIB * 1u, "slow");
}

/* A peer that is near sends and reads by batches, which take longer than the way does. */
BEAM_TEST(yamux_window, grows_where_the_way_is_next_to_nothing)
{
    struct yamux_window w;
    uint64_t now = 1000000;
    yamux_window_init(&w);
    cr_assert_eq(yamux_window_take(&w, w.credit, now), 0);
    now += 399;
    cr_assert_eq(yamux_window_grant(&w, 0, 4 * MIB, 1, now), 2 * YAMUX_WINDOW_FIRST * 1u);
    cr_assert_eq(yamux_window_take(&w, w.credit, now), 0);
    now += 400;
    cr_assert_eq(yamux_window_grant(&w, 0, 4 * MIB, 1, now), 2 * YAMUX_WINDOW_FIRST * 1u, "slow");
    cr_assert_eq(yamux_window_take(&w, w.credit, now), 0);
    cr_assert_eq(yamux_window_grant(&w, 0, 4 * MIB, 0, now), 2 * YAMUX_WINDOW_FIRST * 1u,
                 "a round trip that is not known");
}

BEAM_TEST(yamux_window, shrinks_when_memory_is_short)
{
    struct yamux_window w = {.size = 4 * MIB, .credit = 2 * MIB, .granted_us = 1};
    cr_assert_eq(yamux_window_grant(&w, 0, MIB, 0, 10), 0u, "2 MiB are out");
    cr_assert_eq(yamux_window_take(&w, MIB + 600 * KIB, 20), 0);
    cr_assert_eq(yamux_window_grant(&w, 0, MIB, 0, 30), (1024 - 424) * KIB * 1u);
    cr_assert_eq(yamux_window_take(&w, w.credit, 40), 0);
    cr_assert_eq(yamux_window_grant(&w, 0, 0, 0, 50), YAMUX_WINDOW_FIRST * 1u);
}

/* Whatever comes and is read when, the peer never holds more than the size, and never stops. */
BEAM_TEST(yamux_window, never_too_much)
{
    struct seed seed = seed_start("yamux_window");
    struct yamux_window w;
    uint64_t now = 1, told = YAMUX_WINDOW_FIRST, sent = 0;
    size_t unread = 0;
    yamux_window_init(&w);
    for (int i = 0; i < 100000; i++) {
        uint32_t n = (uint32_t)seed_below(&seed, w.credit + 1u);
        BEAM_CHECK(yamux_window_take(&w, n, now) == 0);
        sent += n;
        unread += n;
        unread -= seed_below(&seed, unread + 1);
        now += seed_below(&seed, 1000);
        told += yamux_window_grant(&w, unread, seed_below(&seed, 8 * MIB), 300, now);
        BEAM_CHECK(told - sent == w.credit);
        BEAM_CHECK(w.credit + unread <= 8 * MIB);
        BEAM_CHECK(unread > 0 || w.credit > 0);
    }
    cr_assert_gt(sent, 100u * MIB);
}

/* ---- shares --------------------------------------------------------------------------------- */

BEAM_TEST(yamux_share, as_much_as_is_left)
{
    struct yamux_budget budget = {.total = 100};
    struct yamux_share a = {.budget = &budget, .own = 10}, b = a;
    yamux_share_take(&a, 50);
    cr_assert(!yamux_share_over(&a), "one alone may have half");
    yamux_share_take(&a, 1);
    cr_assert(yamux_share_over(&a));
    yamux_share_give(&a, 17);
    yamux_share_take(&b, 33);
    cr_assert(!yamux_share_over(&b));
    cr_assert(yamux_share_over(&a), "34 where 33 are left");
    yamux_share_give(&a, 24);
    yamux_share_take(&b, 60);
    cr_assert(yamux_share_over(&b) && !yamux_share_over(&a), "its own is its own");
    cr_assert_eq(yamux_share_window(&a, 1000), 0u);
    yamux_share_give(&b, 93);
    cr_assert_eq(yamux_share_window(&a, 1000), 11u);
    cr_assert_eq(yamux_share_window(&a, 5), 5u);
    yamux_share_give(&a, 10);
    cr_assert_eq(budget.used, 0u);
}
