/* SPDX-License-Identifier: BSD-3-Clause */
/* What bans end of a whole relay: daemon/operator_acts. */
#include "daemon/operator_acts.h"

#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/relay/scene.h"

enum { BANNED = 7 }; /* with one more it is all that the relay takes */

static void on_changed(void *arg)
{
    (void)arg;
}

static void ban(struct scene *s, const struct peer_id *key)
{
    struct bans_row row = {.ban = {.kind = BAN_KEY, .key = *key}};
    struct beam_why why = {.text = ""};
    cr_assert_eq(bans_add(s->bans, &row, &why), 0, "%s", why.text);
}

static void reserve(struct scene *s, const struct peer_id *key)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    uint8_t token[RESERVATION_TOKEN_SIZE];
    const struct lease *l = NULL;
    const struct clock_source *clock = clock_system();
    cr_assert_eq(lease_ask(s->store, key, &r, false, clock->wall_ms(clock->arg), token, &l),
                 RESERVATION_OK);
}

/* No file grows, so that no reservation can be ended. */
static void fill_disk(struct rlimit *was)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct rlimit none;
    cr_assert_eq(sigaction(SIGXFSZ, &ignored, NULL), 0);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, was), 0);
    none = *was;
    none.rlim_cur = 0;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
}

BEAM_TEST(operator_acts, what_cannot_be_ended_keeps_nothing_else_from_its_end)
{
    static struct scene s;
    struct denylists *lists = NULL;
    struct host_peer peer;
    struct rlimit was;
    scene_begin(&s, NULL);
    cr_assert_eq(denylists_new(s.world.loop, s.place.dir, true, on_changed, NULL, &lists, NULL), 0);
    const struct operator_acts a = {.host = s.relay->host,
                                    .front = s.front,
                                    .store = s.store,
                                    .bans = s.bans,
                                    .denylists = lists,
                                    .base = &s.base,
                                    .clock = clock_system()};
    const struct peer_id here = *host_id(s.owner->host);
    struct asked_of c = world_connect(s.owner, NULL, &s.relay_at, 1, PERMIT_TYPED);
    cr_assert_eq(c.err, 0, "%s", c.why.text);
    for (uint8_t i = 1; i <= BANNED; i++) {
        const struct peer_id key = owner(i);
        reserve(&s, &key);
        ban(&s, &key);
    }
    reserve(&s, &here);
    ban(&s, &here);
    cr_assert(host_find(s.relay->host, &here, &peer));
    fill_disk(&was);
    operator_acts_enforce(&a);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    cr_expect_eq(lease_count(s.store), (size_t)BANNED + 1, "nothing can be written");
    cr_expect_not(host_find(s.relay->host, &here, &peer), "whoever else is banned has to go");
    operator_acts_enforce(&a);
    cr_expect_eq(lease_count(s.store), 0u);
    denylists_free(lists);
    scene_end(&s);
}
