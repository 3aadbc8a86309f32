/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/splice_scene.h"

#include <string.h>

#include "stream/memory.h"
#include "tests/unit/loop/until.h"

void scene_memory(struct loop *l, struct stream **near, struct stream **far)
{
    cr_assert_eq(stream_memory(l, MEMORY_WINDOW, near, far), 0);
}

uint64_t scene_tap(void *arg, enum splice_side from, const void *data, size_t len)
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

void scene_open(struct scene *s, open_fn *open_a, open_fn *open_b)
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

void scene_start(struct scene *s)
{
    cr_assert_eq(splice_start(s->loop, s->near[0], s->near[1], NULL, NULL, &s->options, &s->splice),
                 0);
}

void scene_turns(struct scene *s, int n)
{
    s->turns += n;
    cr_assert_lt(s->turns, TURNS_MAX);
    while (n-- > 0)
        cr_assert_eq(loop_turn(s->loop), 0);
}

void scene_close(struct scene *s)
{
    splice_free(s->splice);
    actor_end(&s->actor[0]);
    actor_end(&s->actor[1]);
    scene_turns(s, 1);
    cr_assert_eq(buf_pool_used(loop_pool(s->loop)), 0u);
    loop_free(s->loop);
}

bool scene_all_done(void *arg)
{
    struct scene *s = arg;
    return s->done && s->actor[0].read_err && s->actor[1].read_err;
}

void scene_ends_well(struct scene *s)
{
    cr_assert(until(s->loop, scene_all_done, s), "stuck at %llu and %llu bytes",
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
