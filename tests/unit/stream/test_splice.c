/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/splice.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/splice_scene.h"

/* Ends of pipes that are open here, beyond those at the first call: a loop has its own. */
static int pipes(void)
{
    static int at_start = -1;
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    cr_assert_not_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        char target[64] = "";
        if (readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1) > 0)
            n += strncmp(target, "pipe:", 5) == 0;
    }
    closedir(d);
    if (at_start < 0)
        at_start = n;
    return n - at_start;
}

/* ---- carrying ------------------------------------------------------------------------------- */

static void carries(open_fn *open_a, open_fn *open_b, bool kernel)
{
    struct scene s;
    scene_open(&s, open_a, open_b);
    (void)pipes();
    s.actor[0].to_send = 5 * MIB + seed_below(&s.seed, MIB);
    s.actor[1].to_send = 3 * MIB + seed_below(&s.seed, MIB);
    s.actor[0].lazy = s.actor[1].lazy = true;
    scene_start(&s);
    cr_assert(until(s.loop, scene_all_done, &s));
    cr_assert_eq(pipes() > 0, kernel, "%d pipe ends are open", pipes());
    scene_ends_well(&s);
}

BEAM_TEST(splice, carries_tcp_to_tcp)
{
    carries(pair_tcp, pair_tcp, true);
}

BEAM_TEST(splice, carries_unix_to_tcp)
{
    carries(pair_unix, pair_tcp, true);
}

BEAM_TEST(splice, carries_unix_to_unix)
{
    carries(pair_unix, pair_unix, true);
}

BEAM_TEST(splice, carries_memory_to_tcp)
{
    carries(scene_memory, pair_tcp, false);
}

BEAM_TEST(splice, carries_memory_to_memory)
{
    carries(scene_memory, scene_memory, false);
}

BEAM_TEST(splice, small_transfers_need_no_pipe)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    (void)pipes();
    s.actor[0].to_send = s.actor[1].to_send = 100 * KIB;
    scene_start(&s);
    cr_assert(until(s.loop, scene_all_done, &s));
    cr_assert_eq(pipes(), 0);
    scene_ends_well(&s);
}

BEAM_TEST(splice, without_pipes_it_stays_on_buffers)
{
    struct scene s;
    struct rlimit was, none;
    scene_open(&s, pair_tcp, pair_tcp);
    (void)pipes();
    s.actor[0].to_send = 4 * MIB;
    scene_start(&s);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
    int lowest = dup(0);
    close(lowest);
    none = was;
    none.rlim_cur = (rlim_t)lowest;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool ended = until(s.loop, scene_all_done, &s);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
    cr_assert(ended);
    cr_assert_eq(pipes(), 0);
    scene_ends_well(&s);
}

/* A memory stream that offers pipes, with a kernel behind it that will not. */
struct unwilling {
    struct stream stream;
    struct stream *inner;
    int asked;
};

static ssize_t unwilling_read(struct stream *s, struct buf *into, size_t max)
{
    return stream_read(((struct unwilling *)s)->inner, into, max);
}

static ssize_t unwilling_write(struct stream *s, struct buf *from)
{
    return stream_write(((struct unwilling *)s)->inner, from);
}

static int unwilling_shut(struct stream *s)
{
    return stream_shut(((struct unwilling *)s)->inner);
}

static void unwilling_reset(struct stream *s)
{
    stream_reset(((struct unwilling *)s)->inner);
}

static void unwilling_free(struct stream *s)
{
    stream_free(((struct unwilling *)s)->inner);
}

static size_t unwilling_unsent(const struct stream *s)
{
    return stream_unsent(((const struct unwilling *)s)->inner);
}

static ssize_t unwilling_to_pipe(struct stream *s, int pipe, size_t max)
{
    cr_assert(pipe >= 0 && max > 0);
    ((struct unwilling *)s)->asked++;
    return BEAM_EINVAL;
}

static ssize_t unwilling_from_pipe(struct stream *s, int pipe, size_t len)
{
    (void)s;
    (void)pipe;
    (void)len;
    cr_assert_fail("there is nothing in a pipe");
    return BEAM_EIO;
}

static void unwilling_call(void *arg, struct stream *s, unsigned ready)
{
    struct unwilling *u = arg;
    (void)s;
    if (u->stream.fn)
        u->stream.fn(u->stream.arg, &u->stream, ready);
}

BEAM_TEST(splice, an_unwilling_kernel_is_asked_once)
{
    static const struct stream_ops ops = {
        .kind = "unwilling",
        .read = unwilling_read,
        .write = unwilling_write,
        .shut = unwilling_shut,
        .reset = unwilling_reset,
        .free = unwilling_free,
        .unsent = unwilling_unsent,
        .to_pipe = unwilling_to_pipe,
        .from_pipe = unwilling_from_pipe,
    };
    struct scene s;
    struct unwilling u[2];
    scene_open(&s, scene_memory, scene_memory);
    for (int side = 0; side < 2; side++) {
        u[side] = (struct unwilling){.stream.ops = &ops, .inner = s.near[side]};
        stream_own(s.near[side], unwilling_call, &u[side]);
        s.near[side] = &u[side].stream;
    }
    s.actor[0].to_send = 3 * MIB;
    scene_start(&s);
    cr_assert(until(s.loop, scene_all_done, &s));
    cr_assert(u[0].asked == 1 && u[1].asked == 0);
    scene_ends_well(&s);
}

static bool all_received(void *arg)
{
    struct scene *s = arg;
    return s->actor[0].received == s->actor[1].to_send &&
           s->actor[1].received == s->actor[0].to_send;
}

BEAM_TEST(splice, idle_it_holds_no_block)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    s.actor[0].to_send = s.actor[1].to_send = 3 * MIB;
    s.actor[0].shut = s.actor[1].shut = false;
    scene_start(&s);
    cr_assert(until(s.loop, all_received, &s));
    cr_assert_eq(buf_pool_used(loop_pool(s.loop)), 0u);
    cr_assert_eq(splice_bytes(s.splice, SPLICE_A), s.actor[0].to_send);
    cr_assert(!s.done && !s.half[0] && !s.half[1]);
    scene_close(&s);
}

/* Nobody reads: what is held in all is the window and what the two pairs hold. */
BEAM_TEST(splice, a_slow_reader_stops_the_far_writer)
{
    struct scene s;
    scene_open(&s, scene_memory, scene_memory);
    s.actor[0].to_send = 100 * KIB;
    s.actor[1].deaf = true;
    s.options.window = 500;
    scene_start(&s);
    scene_turns(&s, 100);
    cr_assert_gt(s.actor[0].sent, 2u * MEMORY_WINDOW);
    cr_assert_leq(s.actor[0].sent, 2u * MEMORY_WINDOW + 500);
    s.actor[1].deaf = false;
    actor_go_on(&s.actor[1]);
    scene_ends_well(&s);
}

BEAM_TEST(splice, one_ends_and_the_other_goes_on)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_unix);
    s.actor[0].to_send = 10;
    s.actor[1].shut = false;
    scene_start(&s);
    while (!s.actor[1].read_err)
        scene_turns(&s, 1);
    cr_assert_eq(s.actor[1].read_err, BEAM_ECLOSED);
    cr_assert(s.half[0] && !s.half[1] && !s.done);
    s.actor[1].to_send = 2 * MIB;
    s.actor[1].shut = true;
    s.actor[1].done_sending = false;
    actor_go_on(&s.actor[1]);
    scene_ends_well(&s);
}

/* ---- heads and taps ------------------------------------------------------------------------- */

static void head_add(struct buf *head, struct scene *s, int side, size_t len)
{
    buf_init(head, loop_pool(s->loop), len);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = actor_byte(i, s->actor[side].salt);
        cr_assert_eq(buf_add(head, &byte, 1), 0);
    }
    s->actor[!side].to_send = 0;
}

BEAM_TEST(splice, heads_go_first_and_are_seen)
{
    struct scene s;
    struct buf head[2];
    scene_open(&s, pair_tcp, scene_memory);
    s.events.tap = scene_tap;
    s.options.window = 1000;
    head_add(&head[0], &s, 0, 5000); /* more than the window */
    head_add(&head[1], &s, 1, 10);
    s.actor[0].shut = s.actor[1].shut = false;
    cr_assert_eq(
        splice_start(s.loop, s.near[0], s.near[1], &head[0], &head[1], &s.options, &s.splice), 0);
    cr_assert(buf_len(&head[0]) == 0 && buf_len(&head[1]) == 0);
    cr_assert(s.seen[0] == 0 && s.seen[1] == 0, "nothing is called from within splice_start");
    while (s.actor[0].received < 10 || s.actor[1].received < 5000)
        scene_turns(&s, 1);
    scene_turns(&s, 3);
    cr_assert(s.actor[0].received == 10 && s.actor[1].received == 5000);
    cr_assert(s.seen[0] == 5000 && s.seen[1] == 10);
    scene_close(&s);
}

BEAM_TEST(splice, a_tap_sees_every_byte_before_it_goes_on)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    (void)pipes();
    s.events.tap = scene_tap;
    s.actor[0].to_send = 3 * MIB;
    s.actor[1].to_send = 2 * MIB;
    scene_start(&s);
    while (!s.done) {
        scene_turns(&s, 1);
        cr_assert(s.seen[0] >= s.actor[1].received && s.seen[1] >= s.actor[0].received);
    }
    cr_assert_eq(pipes(), 0);
    cr_assert_eq(s.seen[0], s.actor[0].to_send);
    cr_assert_eq(s.seen[1], s.actor[1].to_send);
    scene_ends_well(&s);
}

/* The tap names places all over the transfer, some of which the kernel has to stop at exactly. */
static void skips(open_fn *open_a, open_fn *open_b, size_t skip_max, bool kernel)
{
    struct scene s;
    scene_open(&s, open_a, open_b);
    (void)pipes();
    s.events.tap = scene_tap;
    s.skip_max = skip_max;
    s.actor[0].to_send = 6 * MIB;
    s.actor[1].to_send = 4 * MIB;
    s.actor[1].chunk_max = 3000;
    scene_start(&s);
    cr_assert(until(s.loop, scene_all_done, &s));
    cr_assert_eq(pipes() > 0, kernel);
    for (int side = 0; side < 2; side++) {
        cr_assert_lt(s.seen[side], s.actor[side].to_send);
        cr_assert_geq(s.next[side], s.actor[side].to_send);
    }
    scene_ends_well(&s);
}

BEAM_TEST(splice, skips_are_exact_by_the_kernel)
{
    skips(pair_tcp, pair_tcp, 700 * KIB, true);
}

BEAM_TEST(splice, skips_are_exact_by_buffers)
{
    skips(pair_tcp, scene_memory, 100 * KIB, false);
}

static uint64_t on_first_tap(void *arg, enum splice_side from, const void *data, size_t len)
{
    struct scene *s = arg;
    (void)data;
    cr_assert_eq(s->seen[from], 0u, "it had seen enough");
    s->seen[from] += len;
    return SPLICE_ALL;
}

BEAM_TEST(splice, a_tap_can_have_seen_enough)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    s.events.tap = on_first_tap;
    s.actor[0].to_send = s.actor[1].to_send = 3 * MIB;
    scene_start(&s);
    scene_ends_well(&s);
}
