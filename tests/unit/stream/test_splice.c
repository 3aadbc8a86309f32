/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/splice.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stream/memory.h"
#include "tests/suite/actor.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    MEMORY_WINDOW = 3000,
    TURNS_MAX = 1000000 /* a test that takes more of them waits for what never comes */
};

typedef void open_fn(struct loop *l, struct stream **near, struct stream **far);

static void open_memory(struct loop *l, struct stream **near, struct stream **far)
{
    cr_assert_eq(stream_memory(l, MEMORY_WINDOW, near, far), 0);
}

/* Two actors, each at the far end of a pair; the splice joins the near ends. */
struct scene {
    struct loop *loop;
    struct seed seed;
    struct actor actor[2];
    struct stream *near[2];
    struct splice *splice;
    struct splice_events events;
    struct splice_options options;
    bool half[2], done;
    int err;
    uint64_t bytes[2]; /* at the end */
    /* For taps. */
    uint64_t seen[2], next[2]; /* bytes shown, and the place of the next to be shown */
    size_t skip_max;           /* 0: it wants to see all */
    bool free_in_tap, free_in_half;
    int turns;
};

static uint64_t on_tap(void *arg, enum splice_side from, const void *data, size_t len)
{
    struct scene *s = arg;
    const uint8_t *byte = data;
    uint64_t skip = s->skip_max ? seed_below(&s->seed, s->skip_max) : 0;
    cr_assert(!s->half[from] && !s->done);
    for (size_t i = 0; i < len; i++)
        if (byte[i] != actor_byte(s->next[from] + i, s->actor[from].salt))
            cr_assert_fail("the tap was shown a wrong byte at %llu",
                           (unsigned long long)(s->next[from] + i));
    s->seen[from] += len;
    s->next[from] += len + skip;
    if (s->free_in_tap) {
        splice_free(s->splice);
        s->splice = NULL;
    }
    return skip;
}

static void on_half(void *arg, enum splice_side from)
{
    struct scene *s = arg;
    cr_assert(!s->half[from] && !s->done);
    s->half[from] = true;
    if (s->free_in_half) {
        splice_free(s->splice);
        s->splice = NULL;
    }
}

static void on_done(void *arg, int err)
{
    struct scene *s = arg;
    cr_assert(!s->done && err != BEAM_ENOMEM);
    s->done = true;
    s->err = err;
    for (int side = 0; side < 2; side++)
        s->bytes[side] = splice_bytes(s->splice, (enum splice_side)side);
    s->splice = NULL;
}

static void scene_open(struct scene *s, open_fn *open_a, open_fn *open_b)
{
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    s->seed = seed_start("splice");
    s->events = (struct splice_events){.half = on_half, .done = on_done, .arg = s};
    s->options.events = &s->events;
    struct stream *far[2] = {NULL, NULL};
    open_a(s->loop, &s->near[0], &far[0]);
    open_b(s->loop, &s->near[1], &far[1]);
    for (int side = 0; side < 2; side++) {
        s->actor[side] = (struct actor){.chunk_max = 200 * KIB,
                                        .read_max = 200 * KIB,
                                        .salt = (uint8_t)(1 + side),
                                        .peer_salt = (uint8_t)(2 - side),
                                        .shut = true};
        actor_start(&s->actor[side], s->loop, far[side], &s->seed);
    }
}

static void scene_start(struct scene *s)
{
    cr_assert_eq(splice_start(s->loop, s->near[0], s->near[1], NULL, NULL, &s->options, &s->splice),
                 0);
}

static void turns(struct scene *s, int n)
{
    s->turns += n;
    cr_assert_lt(s->turns, TURNS_MAX);
    while (n-- > 0)
        cr_assert_eq(loop_turn(s->loop), 0);
}

static void scene_close(struct scene *s)
{
    splice_free(s->splice);
    actor_end(&s->actor[0]);
    actor_end(&s->actor[1]);
    turns(s, 1);
    cr_assert_eq(buf_pool_used(loop_pool(s->loop)), 0u);
    loop_free(s->loop);
}

static bool all_done(void *arg)
{
    struct scene *s = arg;
    return s->done && s->actor[0].read_err && s->actor[1].read_err;
}

static void scene_ends_well(struct scene *s)
{
    cr_assert(until(s->loop, all_done, s), "stuck at %llu and %llu bytes",
              (unsigned long long)s->actor[0].received, (unsigned long long)s->actor[1].received);
    cr_assert_eq(s->err, 0);
    for (int side = 0; side < 2; side++) {
        cr_assert_eq(s->actor[side].read_err, BEAM_ECLOSED);
        cr_assert_eq(s->actor[side].received, s->actor[!side].to_send);
        cr_assert_eq(s->bytes[side], s->actor[side].to_send);
        cr_assert(s->half[side]);
    }
    scene_close(s);
}

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
    cr_assert(until(s.loop, all_done, &s));
    cr_assert_eq(pipes() > 0, kernel, "%d pipe ends are open", pipes());
    scene_ends_well(&s);
}

BEAM_TEST(splice, carries_tcp_to_tcp, .timeout = 60)
{
    carries(pair_tcp, pair_tcp, true);
}

BEAM_TEST(splice, carries_unix_to_tcp, .timeout = 60)
{
    carries(pair_unix, pair_tcp, true);
}

BEAM_TEST(splice, carries_unix_to_unix, .timeout = 60)
{
    carries(pair_unix, pair_unix, true);
}

BEAM_TEST(splice, carries_memory_to_tcp, .timeout = 60)
{
    carries(open_memory, pair_tcp, false);
}

BEAM_TEST(splice, carries_memory_to_memory, .timeout = 60)
{
    carries(open_memory, open_memory, false);
}

BEAM_TEST(splice, small_transfers_need_no_pipe)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    (void)pipes();
    s.actor[0].to_send = s.actor[1].to_send = 100 * KIB;
    scene_start(&s);
    cr_assert(until(s.loop, all_done, &s));
    cr_assert_eq(pipes(), 0);
    scene_ends_well(&s);
}

BEAM_TEST(splice, without_pipes_it_stays_on_buffers, .timeout = 60)
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
    bool ended = until(s.loop, all_done, &s);
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

BEAM_TEST(splice, an_unwilling_kernel_is_asked_once, .timeout = 60)
{
    static const struct stream_ops ops = {
        .kind = "unwilling",
        .read = unwilling_read,
        .write = unwilling_write,
        .shut = unwilling_shut,
        .reset = unwilling_reset,
        .free = unwilling_free,
        .to_pipe = unwilling_to_pipe,
        .from_pipe = unwilling_from_pipe,
    };
    struct scene s;
    struct unwilling u[2];
    scene_open(&s, open_memory, open_memory);
    for (int side = 0; side < 2; side++) {
        u[side] = (struct unwilling){.stream.ops = &ops, .inner = s.near[side]};
        stream_own(s.near[side], unwilling_call, &u[side]);
        s.near[side] = &u[side].stream;
    }
    s.actor[0].to_send = 3 * MIB;
    scene_start(&s);
    cr_assert(until(s.loop, all_done, &s));
    cr_assert(u[0].asked == 1 && u[1].asked == 0);
    scene_ends_well(&s);
}

static bool all_received(void *arg)
{
    struct scene *s = arg;
    return s->actor[0].received == s->actor[1].to_send &&
           s->actor[1].received == s->actor[0].to_send;
}

BEAM_TEST(splice, idle_it_holds_no_block, .timeout = 60)
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
    scene_open(&s, open_memory, open_memory);
    s.actor[0].to_send = 100 * KIB;
    s.actor[1].deaf = true;
    s.options.window = 500;
    scene_start(&s);
    turns(&s, 100);
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
        turns(&s, 1);
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
    scene_open(&s, pair_tcp, open_memory);
    s.events.tap = on_tap;
    s.options.window = 1000;
    head_add(&head[0], &s, 0, 5000); /* more than the window */
    head_add(&head[1], &s, 1, 10);
    s.actor[0].shut = s.actor[1].shut = false;
    cr_assert_eq(
        splice_start(s.loop, s.near[0], s.near[1], &head[0], &head[1], &s.options, &s.splice), 0);
    cr_assert(buf_len(&head[0]) == 0 && buf_len(&head[1]) == 0);
    cr_assert(s.seen[0] == 0 && s.seen[1] == 0, "nothing is called from within splice_start");
    while (s.actor[0].received < 10 || s.actor[1].received < 5000)
        turns(&s, 1);
    turns(&s, 3);
    cr_assert(s.actor[0].received == 10 && s.actor[1].received == 5000);
    cr_assert(s.seen[0] == 5000 && s.seen[1] == 10);
    scene_close(&s);
}

BEAM_TEST(splice, a_tap_sees_every_byte_before_it_goes_on, .timeout = 60)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    (void)pipes();
    s.events.tap = on_tap;
    s.actor[0].to_send = 3 * MIB;
    s.actor[1].to_send = 2 * MIB;
    scene_start(&s);
    while (!s.done) {
        turns(&s, 1);
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
    s.events.tap = on_tap;
    s.skip_max = skip_max;
    s.actor[0].to_send = 6 * MIB;
    s.actor[1].to_send = 4 * MIB;
    s.actor[1].chunk_max = 3000;
    scene_start(&s);
    cr_assert(until(s.loop, all_done, &s));
    cr_assert_eq(pipes() > 0, kernel);
    for (int side = 0; side < 2; side++) {
        cr_assert_lt(s.seen[side], s.actor[side].to_send);
        cr_assert_geq(s.next[side], s.actor[side].to_send);
    }
    scene_ends_well(&s);
}

BEAM_TEST(splice, skips_are_exact_by_the_kernel, .timeout = 60)
{
    skips(pair_tcp, pair_tcp, 700 * KIB, true);
}

BEAM_TEST(splice, skips_are_exact_by_buffers, .timeout = 60)
{
    skips(pair_tcp, open_memory, 100 * KIB, false);
}

static uint64_t on_first_tap(void *arg, enum splice_side from, const void *data, size_t len)
{
    struct scene *s = arg;
    (void)data;
    cr_assert_eq(s->seen[from], 0u, "it had seen enough");
    s->seen[from] += len;
    return SPLICE_ALL;
}

BEAM_TEST(splice, a_tap_can_have_seen_enough, .timeout = 60)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    s.events.tap = on_first_tap;
    s.actor[0].to_send = s.actor[1].to_send = 3 * MIB;
    scene_start(&s);
    scene_ends_well(&s);
}

/* ---- ends that are no good ends ------------------------------------------------------------- */

static bool is_done(void *arg)
{
    return ((struct scene *)arg)->done;
}

static bool done_and_0_at_end(void *arg)
{
    struct scene *s = arg;
    return s->done && s->actor[0].read_err;
}

static bool done_and_1_at_end(void *arg)
{
    struct scene *s = arg;
    return s->done && s->actor[1].read_err;
}

static void reset_goes_through(open_fn *open_a, open_fn *open_b, int side, uint64_t before)
{
    struct scene s;
    scene_open(&s, open_a, open_b);
    s.actor[side].to_send = before;
    s.actor[0].shut = s.actor[1].shut = false;
    scene_start(&s);
    while (s.actor[!side].received < before)
        turns(&s, 1);
    stream_reset(s.actor[side].stream);
    cr_assert(until(s.loop, side ? done_and_0_at_end : done_and_1_at_end, &s));
    cr_assert_eq(s.err, BEAM_ERESET);
    cr_assert_eq(s.actor[!side].read_err, BEAM_ERESET);
    cr_assert_eq(s.bytes[side], before);
    scene_close(&s);
}

BEAM_TEST(splice, a_reset_goes_through, .timeout = 60)
{
    for (int side = 0; side < 2; side++) {
        reset_goes_through(pair_tcp, pair_tcp, side, 100);
        reset_goes_through(pair_tcp, pair_tcp, side, 3 * MIB);
        reset_goes_through(open_memory, pair_tcp, side, 100);
        reset_goes_through(open_memory, open_memory, side, 0);
    }
}

/* A's last words are held for B, who is slow: B gets them all the same. */
BEAM_TEST(splice, what_came_before_a_reset_is_passed_on)
{
    struct scene s;
    scene_open(&s, open_memory, pair_unix);
    s.actor[0].to_send = 8 * MIB;
    s.actor[0].shut = s.actor[1].shut = false;
    s.actor[1].deaf = true;
    scene_start(&s);
    for (uint64_t before = UINT64_MAX; s.actor[0].sent != before; turns(&s, 20))
        before = s.actor[0].sent;
    uint64_t passed = splice_bytes(s.splice, SPLICE_A);
    stream_reset(s.actor[0].stream);
    turns(&s, 20);
    cr_assert(!s.done && s.actor[1].read_err == 0);
    s.actor[1].deaf = false;
    actor_go_on(&s.actor[1]);
    cr_assert(until(s.loop, done_and_1_at_end, &s));
    cr_assert_gt(s.bytes[0], passed);
    cr_assert_eq(s.actor[1].received, s.bytes[0]);
    cr_assert_eq(s.err, BEAM_ERESET);
    scene_close(&s);
}

BEAM_TEST(splice, who_takes_nothing_after_a_reset_is_not_waited_for)
{
    struct scene s;
    scene_open(&s, open_memory, pair_tcp);
    s.actor[0].to_send = 8 * MIB;
    s.actor[0].shut = s.actor[1].shut = false;
    s.actor[1].deaf = true;
    s.options.linger_ms = 50;
    scene_start(&s);
    turns(&s, 500);
    cr_assert(!s.actor[0].done_sending && !s.done);
    stream_reset(s.actor[0].stream);
    uint64_t start = loop_now(s.loop);
    cr_assert(until(s.loop, is_done, &s));
    cr_assert(s.err == BEAM_ERESET && loop_now(s.loop) >= start + 50);
    scene_close(&s);
}

/*
 * B answers, shuts, and goes without having read all that A is still sending, which on TCP is a
 * reset. A gets the whole answer and a good end, goes on sending into nothing, and ends.
 */
static void early_answer(open_fn *open_a, uint64_t answer)
{
    struct scene s;
    scene_open(&s, open_a, pair_tcp);
    s.actor[0].to_send = UINT64_MAX;
    s.actor[1].to_send = answer;
    s.actor[0].deaf = s.actor[1].deaf = true;
    scene_start(&s);
    while (!s.actor[1].done_sending || !s.half[1])
        turns(&s, 1);
    actor_end(&s.actor[1]);
    for (uint64_t before = s.actor[0].sent; s.actor[0].sent < before + 4 * MIB;)
        turns(&s, 1);
    cr_assert(!s.done);
    s.actor[0].deaf = false;
    actor_go_on(&s.actor[0]);
    while (!s.actor[0].read_err)
        turns(&s, 1);
    cr_assert_eq(s.actor[0].read_err, BEAM_ECLOSED);
    cr_assert_eq(s.actor[0].received, answer);
    s.actor[0].to_send = s.actor[0].sent + MIB;
    cr_assert(until(s.loop, is_done, &s));
    cr_assert_eq(s.err, BEAM_ERESET);
    scene_close(&s);
}

BEAM_TEST(splice, an_early_answer_gets_through, .timeout = 60)
{
    early_answer(pair_tcp, 50 * KIB);
    early_answer(pair_unix, 50 * KIB);
}

/* The same, but B resets in the middle of its answer: A is not to take it for the whole. */
BEAM_TEST(splice, a_cut_answer_is_a_reset)
{
    struct scene s;
    scene_open(&s, pair_tcp, pair_tcp);
    s.actor[0].to_send = UINT64_MAX;
    s.actor[1].to_send = 10 * KIB;
    s.actor[1].shut = false;
    s.actor[1].deaf = true;
    scene_start(&s);
    while (s.actor[0].received < 10 * KIB)
        turns(&s, 1);
    actor_end(&s.actor[1]); /* with much unread: a reset */
    cr_assert(until(s.loop, is_done, &s));
    turns(&s, 3);
    cr_assert_eq(s.err, BEAM_ERESET);
    cr_assert(s.actor[0].read_err == BEAM_ERESET || s.actor[0].write_err == BEAM_ERESET);
    scene_close(&s);
}

/* Neither room to read from A nor a byte for it: its reset is noticed all the same. */
BEAM_TEST(splice, a_reset_is_noticed_behind_a_full_buffer)
{
    struct scene s;
    scene_open(&s, pair_tcp, open_memory);
    s.actor[0].to_send = UINT64_MAX;
    s.actor[1].shut = false;
    s.actor[1].deaf = true;
    s.options.linger_ms = 50;
    scene_start(&s);
    turns(&s, 200);
    stream_reset(s.actor[0].stream);
    cr_assert(until(s.loop, is_done, &s));
    cr_assert_eq(s.err, BEAM_ERESET);
    scene_close(&s);
}

/* ---- freed ---------------------------------------------------------------------------------- */

static bool both_reset(void *arg)
{
    struct scene *s = arg;
    return s->actor[0].read_err == BEAM_ERESET && s->actor[1].read_err == BEAM_ERESET;
}

BEAM_TEST(splice, freed_it_resets_both_and_calls_nothing, .timeout = 60)
{
    struct scene s;
    scene_open(&s, pair_tcp, open_memory);
    s.actor[0].to_send = s.actor[1].to_send = UINT64_MAX;
    scene_start(&s);
    while (s.actor[0].received < 2 * MIB)
        turns(&s, 1);
    splice_free(s.splice);
    s.splice = NULL;
    cr_assert(until(s.loop, both_reset, &s));
    cr_assert(!s.done && !s.half[0] && !s.half[1]);
    scene_close(&s);
}

BEAM_TEST(splice, can_be_freed_by_tap_and_half)
{
    for (int i = 0; i < 2; i++) {
        struct scene s;
        scene_open(&s, open_memory, open_memory);
        s.events.tap = on_tap;
        s.free_in_tap = i == 0;
        s.free_in_half = i == 1;
        s.actor[0].to_send = 10;
        s.actor[1].shut = false;
        scene_start(&s);
        cr_assert(until(s.loop, both_reset, &s));
        cr_assert(!s.splice && !s.done);
        cr_assert_eq(s.half[0], i == 1);
        scene_close(&s);
    }
}
