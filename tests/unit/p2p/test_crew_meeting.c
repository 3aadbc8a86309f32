/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_meeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { PROCESSES = 3 };

/* Processes that keep what they meet. */
struct yard {
    struct loop *loop;
    char dir[32], place[64];
    struct process {
        struct crew_meeting *meeting;
        struct stream *dialled[PROCESSES], *came[PROCESSES];
        size_t arrivals;
        unsigned meetings; /* times it has met one that it dialled */
    } all[PROCESSES];
};

static void on_met(void *arg, struct stream *s, unsigned dialled)
{
    struct process *p = arg;
    if (dialled == 0) {
        cr_assert_lt(p->arrivals, (size_t)PROCESSES);
        p->came[p->arrivals++] = s;
        return;
    }
    cr_assert_leq(dialled, (unsigned)PROCESSES);
    stream_free(p->dialled[dialled - 1]);
    p->dialled[dialled - 1] = s;
    p->meetings++;
    crew_meeting_well(p->meeting, dialled - 1);
}

static void yard_open(struct yard *y)
{
    memset(y, 0, sizeof(*y));
    snprintf(y->dir, sizeof(y->dir), "/tmp/beam-meeting-XXXXXX");
    cr_assert_not_null(mkdtemp(y->dir));
    snprintf(y->place, sizeof(y->place), "%s/at", y->dir);
    y->loop = until_loop_new();
}

static int begin(struct yard *y, unsigned i)
{
    const struct crew_meeting_spec spec = {
        .loop = y->loop, .place = y->place, .index = i, .met = on_met, .arg = &y->all[i]};
    return crew_meeting_new(&spec, &y->all[i].meeting);
}

static void end(struct yard *y, unsigned i)
{
    struct process *p = &y->all[i];
    crew_meeting_free(p->meeting);
    for (size_t k = 0; k < PROCESSES; k++) {
        stream_free(p->dialled[k]);
        stream_free(p->came[k]);
    }
    *p = (struct process){.meeting = NULL};
}

static void yard_close(struct yard *y)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        end(y, i);
    loop_free(y->loop);
    cr_assert_eq(rmdir(y->dir), 0); /* nothing is left in it */
}

static bool all_have_met(void *arg)
{
    const struct yard *y = arg;
    for (unsigned i = 0; i < PROCESSES; i++)
        if (y->all[i].meetings < i || y->all[i].arrivals < PROCESSES - 1 - i)
            return false;
    return true;
}

BEAM_TEST(crew_meeting, the_later_ones_dial_the_earlier_whoever_is_there_first)
{
    for (int order = 0; order < 2; order++) {
        struct yard y;
        yard_open(&y);
        for (unsigned i = 0; i < PROCESSES; i++)
            cr_assert_eq(begin(&y, order ? PROCESSES - 1 - i : i), 0);
        cr_assert(until(y.loop, all_have_met, &y));
        for (unsigned i = 0; i < PROCESSES; i++)
            for (unsigned k = 0; k < PROCESSES; k++)
                cr_expect_eq(y.all[i].dialled[k] != NULL, k < i);
        yard_close(&y);
    }
}

static bool met_again(void *arg)
{
    const struct yard *y = arg;
    return y->all[1].meetings == 2;
}

BEAM_TEST(crew_meeting, one_that_is_lost_is_dialled_again)
{
    struct yard y;
    yard_open(&y);
    cr_assert(begin(&y, 0) == 0 && begin(&y, 1) == 0 && begin(&y, 2) == 0);
    cr_assert(until(y.loop, all_have_met, &y));
    end(&y, 0);
    crew_meeting_again(y.all[1].meeting, 0);
    for (int i = 0; i < 3; i++)
        cr_assert_geq(loop_turn(y.loop), 0); /* nobody is there */
    cr_assert_eq(begin(&y, 0), 0);
    cr_assert(until(y.loop, met_again, &y));
    yard_close(&y);
}

BEAM_TEST(crew_meeting, what_cannot_be_a_place)
{
    struct yard y;
    char far[256];
    yard_open(&y);
    cr_assert_eq(begin(&y, 0), 0);
    struct crew_meeting *other = NULL;
    struct crew_meeting_spec spec = {
        .loop = y.loop, .place = y.place, .index = 0, .met = on_met, .arg = &y.all[0]};
    cr_expect_eq(crew_meeting_new(&spec, &other), BEAM_EEXIST);
    memset(far, 'x', sizeof(far));
    far[0] = '/';
    far[sizeof(far) - 1] = '\0';
    spec.place = far;
    cr_expect_eq(crew_meeting_new(&spec, &other), BEAM_ELIMIT);
    cr_expect_null(other);
    crew_meeting_free(NULL);
    yard_close(&y);
}
