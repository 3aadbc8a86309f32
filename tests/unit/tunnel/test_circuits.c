/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/circuits.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/loop/until.h"

struct scene {
    struct loop *loop;
    struct policy policy;
    struct permit *permit;
    struct isolation isolation;
    struct tor *tor;
    struct circuits way;
    char dir[64];
    bool done;
    int err;
    struct beam_why why;
};

static void on_dialled(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct scene *sc = arg;
    cr_assert_null(s);
    sc->done = true;
    sc->err = err;
    if (why)
        sc->why = *why;
}

/* A tor whose program is not there. */
static void begin(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    cr_assert_geq(sodium_init(), 0);
    s->loop = until_loop_new();
    memcpy(s->dir, "/tmp/beam-tor-way.XXXXXX", 25);
    cr_assert_not_null(mkdtemp(s->dir));
    const struct tor_options options = {.binary = "/nonexistent/tor",
                                        .dir = s->dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 5000,
                                        .answer_timeout = 5000,
                                        .restart_max = 1000};
    const struct tor_events events = {.state = NULL};
    cr_assert_eq(tor_new(s->loop, &options, &events, &s->tor), 0);
    cr_assert_eq(policy_ad_hoc(POLICY_RELAY, POLICY_EGRESS_TOR, &s->policy), 0);
    cr_assert_eq(permit_new(&s->policy, &s->permit), 0);
    isolation_init(&s->isolation, rng_system());
    s->way = (struct circuits){.loop = s->loop,
                               .tor = s->tor,
                               .permit = s->permit,
                               .isolation = &s->isolation,
                               .persona = "alice"};
}

static void end(struct scene *s)
{
    tor_free(s->tor);
    permit_free(s->permit);
    loop_free(s->loop);
    (void)file_remove_tree(s->dir);
}

BEAM_TEST(circuits, a_tor_that_cannot_be_started_is_told)
{
    struct scene s;
    void *dial = NULL;
    begin(&s);
    const struct way_tor way = circuits_way(&s.way);
    cr_assert_eq(way.dial(way.owner, "relay.example", 4001, 5000, on_dialled, &s, &dial), 0);
    cr_assert(until_flag(s.loop, &s.done));
    cr_expect_eq(s.err, BEAM_EUNREACH);
    cr_expect_not(way.ready(way.owner));
    cr_expect_not_null(strstr(s.why.text, "relay.example:4001 through Tor: "), "%s", s.why.text);
    end(&s);
}

BEAM_TEST(circuits, what_is_cancelled_is_not_answered)
{
    struct scene s;
    void *dial = NULL;
    begin(&s);
    const struct way_tor way = circuits_way(&s.way);
    cr_assert_eq(way.dial(way.owner, "relay.example", 4001, 5000, on_dialled, &s, &dial), 0);
    way.cancel(way.owner, dial);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(loop_turn(s.loop), 0);
    cr_expect_not(s.done);
    end(&s);
}

BEAM_TEST(circuits, needs_a_permit_for_it)
{
    struct scene s;
    struct permit *local = NULL;
    void *dial = NULL;
    begin(&s);
    cr_assert_eq(permit_new_local(&local), 0);
    s.way.permit = local;
    const struct way_tor way = circuits_way(&s.way);
    cr_expect_eq(way.dial(way.owner, "relay.example", 4001, 5000, on_dialled, &s, &dial),
                 BEAM_EPOLICY);
    permit_free(local);
    end(&s);
}
