/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/solve.h"

#include "tests/unit/loop/until.h"
#include "tests/unit/relay/owners.h"

struct scene {
    struct loop *loop;
    struct work *work;
    struct peer_id alice;
    struct solve solve;
    bool done;
};

static void on_done(void *arg)
{
    *(bool *)arg = true;
}

static void begin(struct scene *s)
{
    *s = (struct scene){.loop = until_loop_new(), .alice = owner(1)};
    cr_assert_eq(work_new(rng_system(), &s->work), 0);
    solve_init(&s->solve, s->loop, &s->alice, on_done, &s->done);
}

static void end(struct scene *s)
{
    solve_stop(&s->solve);
    loop_free(s->loop);
    work_free(s->work);
}

static struct reservation_answer asks(const struct scene *s, unsigned bits)
{
    struct reservation_answer a = {.status = RESERVATION_WORK, .bits = bits};
    work_seed(s->work, &s->alice, bits, 0, a.seed);
    return a;
}

BEAM_TEST(solve, works_beside_all_else_and_shows_it_once)
{
    struct scene s;
    begin(&s);
    struct reservation_answer a = asks(&s, 14);
    struct reservation_request r = {.verb = RESERVATION_RESERVE};
    solve_show(&s.solve, &r);
    cr_expect_not(r.has_work, "nothing was asked yet");
    cr_assert(solve_begin(&s.solve, &a));
    solve_show(&s.solve, &r);
    cr_expect_not(r.has_work, "it is not done yet");
    cr_assert(until_flag(s.loop, &s.done));
    solve_show(&s.solve, &r);
    cr_assert(r.has_work);
    cr_expect_eq(work_check(s.work, &s.alice, r.seed, r.nonce, 0), 0);
    struct reservation_request again = {.verb = RESERVATION_RESERVE};
    solve_show(&s.solve, &again);
    cr_expect_not(again.has_work, "it is good for one");
    end(&s);
}

BEAM_TEST(solve, is_for_new_reservations_alone)
{
    struct scene s;
    begin(&s);
    struct reservation_answer a = asks(&s, 4);
    struct reservation_request r = {.verb = RESERVATION_RENEW};
    cr_assert(solve_begin(&s.solve, &a));
    cr_assert(until_flag(s.loop, &s.done));
    solve_show(&s.solve, &r);
    cr_expect_not(r.has_work);
    s.done = false;
    cr_assert(solve_begin(&s.solve, &a));
    cr_assert(until_flag(s.loop, &s.done));
    r = (struct reservation_request){.verb = RESERVATION_RESERVE, .has_id = true};
    solve_show(&s.solve, &r);
    cr_expect_not(r.has_work);
    end(&s);
}

BEAM_TEST(solve, does_not_work_without_end)
{
    struct scene s;
    begin(&s);
    struct reservation_answer much = asks(&s, WORK_BITS_MAX + 1), no = {.status = RESERVATION_BUSY};
    struct reservation_answer a = asks(&s, 4);
    cr_expect_not(solve_begin(&s.solve, &much));
    cr_expect_not(solve_begin(&s.solve, &no));
    for (unsigned i = 0; i < 2 * SOLVE_TIMES_MAX; i++) {
        s.done = false;
        cr_assert_eq(solve_begin(&s.solve, &a), i < SOLVE_TIMES_MAX);
        cr_assert(i >= SOLVE_TIMES_MAX || until_flag(s.loop, &s.done));
    }
    solve_granted(&s.solve);
    cr_expect(solve_begin(&s.solve, &a), "it was content");
    end(&s);
}
