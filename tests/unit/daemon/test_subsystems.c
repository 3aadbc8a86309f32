/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/subsystems.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/loop/until.h"

/* Three parts, and what was done to them, in order. */
struct record {
    struct loop *loop;
    struct subsystems parts;
    struct loop_task later;
    char text[128];
    int fail;         /* which does not start, 0: all do */
    bool late, never; /* b takes its time, or does not stop at all */
    bool done;
};

static void note(struct record *r, const char *what)
{
    size_t len = strlen(r->text);
    snprintf(r->text + len, sizeof(r->text) - len, "%s ", what);
}

#define PART(name_, number_)                                                                       \
    static int start_##name_(void *arg, struct beam_why *why)                                      \
    {                                                                                              \
        struct record *r = arg;                                                                    \
        if (r->fail == (number_))                                                                  \
            return beam_why(why, BEAM_EPERM, #name_ " will not");                                  \
        note(r, "+" #name_);                                                                       \
        return 0;                                                                                  \
    }                                                                                              \
    static void free_##name_(void *arg)                                                            \
    {                                                                                              \
        note(arg, "-" #name_);                                                                     \
    }

PART(a, 1)
PART(b, 2)
PART(c, 3)

static void on_later(void *arg)
{
    struct record *r = arg;
    subsystems_stopped(&r->parts);
}

static bool stop_b(void *arg)
{
    struct record *r = arg;
    note(r, "~b");
    if (r->late)
        loop_post(r->loop, &r->later);
    return !r->late && !r->never;
}

static bool stop_c(void *arg)
{
    note(arg, "~c");
    return true;
}

static const struct subsystem table[] = {
    {"a", start_a, NULL, free_a},
    {"b", start_b, stop_b, free_b},
    {"c", start_c, stop_c, free_c},
};

static void on_done(void *arg)
{
    struct record *r = arg;
    note(r, "done");
    r->done = true;
}

static void begin(struct record *r)
{
    r->loop = until_loop_new();
    loop_task_init(&r->later, on_later, r);
    subsystems_init(&r->parts, r->loop, table, sizeof(table) / sizeof(table[0]), r);
}

BEAM_TEST(subsystems, start_in_order_and_stop_in_reverse)
{
    struct record r = {0};
    begin(&r);
    cr_expect_eq(subsystems_start(&r.parts, NULL), 0);
    subsystems_stop(&r.parts, 1000, on_done);
    cr_expect_str_eq(r.text, "+a +b +c ~c -c ~b -b -a done ");
    loop_free(r.loop);
}

BEAM_TEST(subsystems, one_that_does_not_start_takes_the_others_down)
{
    struct record r = {.fail = 3};
    struct beam_why why = {0};
    begin(&r);
    cr_expect_eq(subsystems_start(&r.parts, &why), BEAM_EPERM);
    cr_expect_str_eq(why.text, "c will not");
    cr_expect_str_eq(r.text, "+a +b -b -a ");
    subsystems_stop(&r.parts, 1000, on_done); /* nothing runs: nothing happens */
    cr_expect_not(r.done);
    loop_free(r.loop);
}

BEAM_TEST(subsystems, one_that_takes_its_time_is_waited_for)
{
    struct record r = {.late = true};
    begin(&r);
    cr_expect_eq(subsystems_start(&r.parts, NULL), 0);
    subsystems_stop(&r.parts, 10000, on_done);
    cr_expect_str_eq(r.text, "+a +b +c ~c -c ~b ");
    subsystems_stop(&r.parts, 10000, on_done); /* told twice */
    cr_expect(until_flag(r.loop, &r.done));
    cr_expect_str_eq(r.text, "+a +b +c ~c -c ~b -b -a done ");
    loop_free(r.loop);
}

BEAM_TEST(subsystems, one_that_never_stops_is_freed_at_the_deadline)
{
    struct record r = {.never = true};
    begin(&r);
    cr_expect_eq(subsystems_start(&r.parts, NULL), 0);
    subsystems_stop(&r.parts, 20, on_done);
    cr_expect(until_flag(r.loop, &r.done));
    cr_expect_str_eq(r.text, "+a +b +c ~c -c ~b -b -a done ");
    subsystems_stopped(&r.parts); /* now it comes */
    cr_expect_eq(loop_turn(r.loop), 0);
    loop_free(r.loop);
}

BEAM_TEST(subsystems, clear_waits_for_nobody)
{
    struct record r = {.never = true};
    begin(&r);
    cr_expect_eq(subsystems_start(&r.parts, NULL), 0);
    subsystems_clear(&r.parts);
    cr_expect_str_eq(r.text, "+a +b +c -c -b -a ");
    loop_free(r.loop);
}
