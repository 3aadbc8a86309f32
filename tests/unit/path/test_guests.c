/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/file.h"
#include "gate/visitors.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

struct stage {
    struct loop *loop;
    char dir[64];
    char *file;
    struct visitors *list;
    struct guests *guests;
    int changed, closed, wanted_changed, wanted_closed;
    struct beam_why why;
};

static void on_changed(void *arg)
{
    ((struct stage *)arg)->changed++;
}

static void on_closed(void *arg, const struct beam_why *why)
{
    struct stage *st = arg;
    st->closed++;
    st->why = *why;
}

static void add(struct stage *st, const char *name)
{
    uint8_t secret[VISITOR_KEY_LEN], key[VISITOR_KEY_LEN];
    visitor_key_make(rng_system(), secret, key);
    cr_assert_eq(visitors_add(st->list, name, key, &st->why), 0);
}

static void save(struct stage *st)
{
    cr_assert_eq(visitors_save(st->list, st->file, &st->why), 0, "%s", st->why.text);
}

static int begin(struct stage *st)
{
    const struct guests_events events = {.changed = on_changed, .closed = on_closed, .arg = st};
    return guests_new(st->loop, st->file, &events, &st->guests, &st->why);
}

static void set_up(struct stage *st)
{
    *st = (struct stage){.loop = NULL};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(loop_new(&st->loop), 0);
    snprintf(st->dir, sizeof(st->dir), "/tmp/beam-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(st->dir));
    st->file = file_join(st->dir, "visitors");
    cr_assert_not_null(st->file);
    cr_assert_eq(visitors_new(&st->list), 0);
}

static void tear_down(struct stage *st)
{
    guests_free(st->guests);
    visitors_free(st->list);
    loop_free(st->loop);
    cr_assert_eq(file_remove_tree(st->dir), 0);
    free(st->file);
}

static bool heard(void *arg)
{
    const struct stage *st = arg;
    return st->changed >= st->wanted_changed && st->closed >= st->wanted_closed;
}

static void wait_for(struct stage *st, int changed, int closed)
{
    st->wanted_changed = changed;
    st->wanted_closed = closed;
    cr_assert(until(st->loop, heard, st), "%d changes, %d closings", st->changed, st->closed);
    cr_assert_eq(st->changed, changed);
    cr_assert_eq(st->closed, closed);
}

BEAM_TEST(guests, are_those_who_were_not_revoked)
{
    struct stage st;
    set_up(&st);
    add(&st, "alice");
    add(&st, "bob");
    cr_assert_eq(visitors_revoke(st.list, "alice", &st.why), 0);
    save(&st);
    cr_assert_eq(begin(&st), 0, "%s", st.why.text);
    struct onion_clients clients = guests_clients(st.guests);
    cr_assert_eq(clients.count, 1);
    cr_expect_arr_eq(clients.key[0], visitors_at(st.list, 1)->key, ONION_CLIENT_LEN);

    add(&st, "carol");
    save(&st);
    wait_for(&st, 1, 0);
    cr_expect_eq(guests_clients(st.guests).count, 2);
    tear_down(&st);
}

BEAM_TEST(guests, a_file_that_lets_nobody_in_closes)
{
    struct stage st;
    set_up(&st);
    cr_expect_eq(begin(&st), BEAM_ENOTFOUND);
    add(&st, "alice");
    save(&st);
    cr_assert_eq(begin(&st), 0, "%s", st.why.text);

    cr_assert_eq(visitors_revoke(st.list, "alice", &st.why), 0);
    save(&st);
    wait_for(&st, 0, 1);
    cr_expect_not_null(strstr(st.why.text, "lets nobody in"), "%s", st.why.text);

    cr_assert_eq(file_write(st.file, 0600, "allow\n", 6), 0);
    wait_for(&st, 0, 2);
    cr_expect_not_null(strstr(st.why.text, "line 1"), "%s", st.why.text);

    cr_assert_eq(file_remove(st.file), 0);
    wait_for(&st, 0, 3);

    add(&st, "bob");
    save(&st);
    wait_for(&st, 1, 3);
    cr_expect_eq(guests_clients(st.guests).count, 1);

    cr_assert_eq(chmod(st.file, 0644), 0);
    wait_for(&st, 1, 4);
    tear_down(&st);
}

BEAM_TEST(guests, a_file_that_lets_nobody_in_is_not_begun_with)
{
    struct stage st;
    set_up(&st);
    save(&st);
    cr_expect_eq(begin(&st), BEAM_EINVAL);
    cr_expect_null(st.guests);
    tear_down(&st);
}
