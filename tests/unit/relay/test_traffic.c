/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/traffic.h"

#include "tests/unit/relay/owners.h"

/* 2026-11-28 12:00 UTC, and half a day before the month ends. */
#define NOON     UINT64_C(1795867200000)
#define NEAR_END UINT64_C(1796040000000)
#define DAY      UINT64_C(86400000)

static uint64_t wall, mono;

static uint64_t wall_ms(void *arg)
{
    (void)arg;
    return wall;
}

static uint64_t mono_ms(void *arg)
{
    (void)arg;
    return mono;
}

static const struct clock_source the_clock = {.wall_ms = wall_ms, .monotonic_ms = mono_ms};
static const uint8_t one[RESERVATION_ID_SIZE] = {1}, two[RESERVATION_ID_SIZE] = {2};

static struct traffic *make(const struct place *p, const struct traffic_limits *limits)
{
    struct traffic *t = NULL;
    struct beam_why why = {.text = ""};
    cr_assert_eq(traffic_open(p->file, 8, rng_system(), &the_clock, &t, &why), 0, "%s", why.text);
    traffic_limit(t, limits);
    return t;
}

BEAM_TEST(traffic, holds_tunnels_and_all_to_their_rates)
{
    struct place p;
    const struct traffic_limits limits = {.rate = 1000, .tunnel_rate = 600};
    uint64_t wait = 0;
    place_make(&p);
    wall = NOON;
    mono = 1000;
    struct traffic *t = make(&p, &limits);
    struct traffic_account *a = traffic_hold(t, one), *b = traffic_hold(t, two);
    cr_assert(traffic_limited(t));
    cr_expect_eq(traffic_take(t, a, 5000, &wait), 1200u);
    cr_expect_eq(traffic_take(t, a, 5000, &wait), 0u);
    cr_expect_gt(wait, 0u);
    cr_expect_lt(wait, 10u);
    cr_expect_eq(traffic_take(t, b, 5000, &wait), 800u, "what is left of all");
    mono += 1000;
    cr_expect_eq(traffic_take(t, a, 5000, &wait), 600u);
    cr_expect_eq(traffic_take(t, b, 5000, &wait), 400u);
    traffic_give_back(t, b, 400);
    cr_expect_eq(traffic_take(t, b, 5000, &wait), 400u);
    cr_expect_eq(traffic_used(t), 3000u);
    cr_expect_eq(traffic_tunnel_used(t, one), 1800u);
    traffic_release(t, a);
    traffic_release(t, b);
    traffic_close(t);
    place_remove(&p);
}

BEAM_TEST(traffic, sleeps_when_a_month_is_used_up_over_restarts_until_the_next)
{
    struct place p;
    const struct traffic_limits limits = {.month = 1000, .tunnel_month = 700};
    uint64_t wait = 0;
    place_make(&p);
    wall = NEAR_END;
    struct traffic *t = make(&p, &limits);
    struct traffic_account *a = traffic_hold(t, one);
    cr_expect_eq(traffic_take(t, a, 5000, &wait), 700u);
    cr_expect_eq(traffic_take(t, a, 5000, &wait), 0u);
    cr_expect_eq(wait, UINT64_MAX);
    cr_expect(traffic_tunnel_sleeps(t, one));
    cr_expect_not(traffic_sleeps(t));
    cr_expect_eq(traffic_take(t, NULL, 5000, &wait), 300u);
    cr_expect(traffic_sleeps(t));
    traffic_release(t, a);
    traffic_close(t);
    t = make(&p, &limits);
    cr_expect(traffic_sleeps(t), "after a restart");
    cr_expect(traffic_tunnel_sleeps(t, one));
    cr_expect_leq(traffic_rest(t), DAY / 1000);
    wall -= 40 * DAY;
    cr_expect_eq(traffic_turn(t), 0);
    cr_expect(traffic_sleeps(t), "a clock that was set back gives nothing");
    wall = NEAR_END + DAY;
    cr_expect_eq(traffic_turn(t), 0);
    cr_expect_not(traffic_sleeps(t));
    cr_expect_not(traffic_tunnel_sleeps(t, one));
    cr_expect_eq(traffic_take(t, NULL, 10, &wait), 10u);
    traffic_close(t);
    place_remove(&p);
}

BEAM_TEST(traffic, without_limits_counts_all_the_same)
{
    struct place p;
    const struct traffic_limits none = {.rate = 0};
    uint64_t wait = 0;
    place_make(&p);
    wall = NOON;
    struct traffic *t = make(&p, &none);
    cr_expect_not(traffic_limited(t));
    cr_expect_eq(traffic_take(t, NULL, 5000, &wait), 5000u);
    cr_expect_not(traffic_sleeps(t));
    cr_expect_eq(traffic_used(t), 5000u);
    traffic_close(t);
    place_remove(&p);
}

BEAM_TEST(traffic, a_file_that_makes_no_sense_is_said_where)
{
    static const char *const bad[] = {
        "month 2026-11\nall x\n", "month 2026-11\nall 1\nsomebody 3\n",
        "month 2026\n",           "month 2026-11\nall\n",
        "month 2026-00\nall 1\n", "month 2026-13\nall 1\n",
        "month 2026-1x\nall 1\n"};
    struct place p;
    struct traffic *t = NULL;
    place_make(&p);
    wall = NOON;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct beam_why why = {.text = ""};
        cr_assert_eq(file_write(p.file, 0600, bad[i], strlen(bad[i])), 0);
        cr_expect_eq(traffic_open(p.file, 8, rng_system(), &the_clock, &t, &why), BEAM_EINVAL);
        cr_expect_not_null(strstr(why.text, "makes no sense"), "%s", why.text);
    }
    const char of_september[] = "month 2026-09\nall 1\n";
    cr_assert_eq(file_write(p.file, 0600, of_september, strlen(of_september)), 0);
    cr_assert_eq(traffic_open(p.file, 8, rng_system(), &the_clock, &t, NULL), 0);
    cr_expect_eq(traffic_used(t), 0u, "that is over");
    traffic_close(t);
    place_remove(&p);
}

struct ledger {
    struct traffic *to;
    bool sets, is_full; /* it takes what is of all tunnels together, and no more */
    size_t n;
    uint64_t all, one;
};

static bool on_use(void *arg, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes)
{
    struct ledger *l = arg;
    l->n++;
    if (id && l->is_full)
        return false;
    if (!id)
        l->all = bytes;
    else if (memcmp(id, one, sizeof(one)) == 0)
        l->one = bytes;
    if (l->sets)
        traffic_set(l->to, id, bytes);
    else
        traffic_add(l->to, id, bytes);
    return true;
}

BEAM_TEST(traffic, several_processes_use_up_one_month)
{
    struct place p;
    const struct traffic_limits limits = {.month = 1000, .tunnel_month = 700};
    struct traffic *other = NULL;
    uint64_t wait = 0;
    place_make(&p);
    wall = NOON;
    mono = 1000;
    struct traffic *first = make(&p, &limits);
    cr_assert_eq(traffic_open(NULL, 8, rng_system(), &the_clock, &other, NULL), 0);
    traffic_limit(other, &limits);
    struct traffic_account *a = traffic_hold(first, one), *b = traffic_hold(other, one);
    cr_expect_eq(traffic_take(first, a, 300, &wait), 300u);
    cr_expect_eq(traffic_take(other, b, 200, &wait), 200u);
    struct ledger up = {.to = first}, down = {.to = other, .sets = true};
    traffic_report(other, on_use, &up);
    cr_expect(up.n == 2 && up.all == 200 && up.one == 200);
    cr_expect_eq(traffic_used(first), 500u);
    up.n = 0;
    traffic_report(other, on_use, &up);
    cr_expect_eq(up.n, 0u, "what was reported is not reported again");
    cr_expect_eq(traffic_take(other, b, 100, &wait), 100u, "meanwhile");
    traffic_tell(first, false, on_use, &down);
    cr_expect(down.n == 2 && down.all == 500 && down.one == 500);
    cr_expect_eq(traffic_tunnel_used(other, one), 600u, "with what it has not reported");
    down.n = 0;
    traffic_tell(first, false, on_use, &down);
    cr_expect_eq(down.n, 0u, "nothing is new");
    traffic_tell(first, true, on_use, &down);
    cr_expect_eq(down.n, 2u, "for one that knows nothing");
    cr_expect_eq(traffic_take(other, b, 500, &wait), 100u);
    cr_expect(traffic_tunnel_sleeps(other, one));
    traffic_report(other, on_use, &up);
    cr_expect(traffic_tunnel_sleeps(first, one));
    traffic_release(first, a);
    traffic_release(other, b);
    cr_expect_eq(traffic_turn(other), 0, "it has no file");
    traffic_close(other);
    traffic_close(first);
    place_remove(&p);
}

/* All tell one another as processes do. */
static void tell_one_another(struct traffic *first, struct traffic *const *others, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ledger up = {.to = first};
        traffic_report(others[i], on_use, &up);
    }
    for (size_t i = 0; i < n; i++) {
        struct ledger down = {.to = others[i], .sets = true};
        traffic_tell(first, true, on_use, &down);
    }
}

/* What `busy` of them carry of one tunnel in so many seconds, at steps of 10 ms. */
static uint64_t carried(struct traffic *const *all, struct traffic_account *const *accounts,
                        size_t n, size_t busy, unsigned seconds)
{
    uint64_t sum = 0, wait = 0;
    for (unsigned step = 0; step < seconds * 100; step++, mono += 10) {
        for (size_t i = 0; i < busy; i++)
            sum += traffic_take(all[i], accounts[i], 65536, &wait);
        if (step % (TRAFFIC_SHARE_MS / 10) == 0)
            tell_one_another(all[0], all + 1, n - 1);
    }
    return sum;
}

BEAM_TEST(traffic, several_processes_have_one_rate)
{
    enum { N = 4, RATE = 100000 };
    struct place p;
    const struct traffic_limits limits = {.rate = 2 * RATE, .tunnel_rate = RATE, .among = N};
    struct traffic *all[N];
    struct traffic_account *accounts[N];
    place_make(&p);
    wall = NOON;
    mono = 1000;
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(traffic_open(NULL, 8, rng_system(), &the_clock, &all[i], NULL), 0);
        traffic_limit(all[i], &limits);
        accounts[i] = traffic_hold(all[i], one);
    }
    (void)carried(all, accounts, N, N, 3); /* what may pass at once */
    for (size_t busy = 1; busy <= N; busy++) {
        uint64_t sum = carried(all, accounts, N, busy, 20);
        cr_expect_geq(sum, (uint64_t)RATE * 19, "%zu busy: %llu", busy, (unsigned long long)sum);
        cr_expect_leq(sum, (uint64_t)RATE * 22, "%zu busy: %llu", busy, (unsigned long long)sum);
    }
    for (size_t i = 0; i < N; i++) {
        traffic_release(all[i], accounts[i]);
        traffic_close(all[i]);
    }
    place_remove(&p);
}

BEAM_TEST(traffic, another_rate_holds_from_now_on)
{
    struct place p;
    struct traffic_limits limits = {.tunnel_rate = 1000};
    uint64_t wait = 0;
    place_make(&p);
    wall = NOON;
    mono = 1000;
    struct traffic *t = make(&p, &limits);
    struct traffic_account *a = traffic_hold(t, one);
    cr_expect(traffic_paced(t));
    cr_expect_eq(traffic_take(t, a, 5000, &wait), 2000u);
    limits.tunnel_rate = 500000;
    traffic_limit(t, &limits);
    mono += 10;
    cr_expect_eq(traffic_take(t, a, 65536, &wait), 5000u, "at the new rate, and no more at once");
    limits = (struct traffic_limits){.tunnel_month = 100000};
    traffic_limit(t, &limits);
    cr_expect(traffic_limited(t) && !traffic_paced(t));
    cr_expect_eq(traffic_take(t, a, 65536, &wait), 65536u);
    limits.tunnel_month = 1;
    traffic_limit(t, &limits);
    cr_expect_eq(traffic_take(t, a, 65536, &wait), 0u);
    cr_expect_eq(wait, UINT64_MAX);
    limits = (struct traffic_limits){.rate = 3000, .tunnel_rate = 1000};
    traffic_limit(t, &limits);
    cr_expect_eq(traffic_take(t, NULL, 65536, &wait), 0u, "a rate where none was holds at once");
    cr_expect_eq(traffic_take(t, a, 65536, &wait), 0u);
    mono += 100;
    cr_expect_eq(traffic_take(t, a, 65536, &wait), 100u);
    cr_expect_eq(traffic_take(t, NULL, 65536, &wait), 200u);
    traffic_release(t, a);
    traffic_close(t);
    place_remove(&p);
}

BEAM_TEST(traffic, who_comes_as_a_month_ends_believes_nothing_of_the_last_one)
{
    struct place p;
    const struct traffic_limits limits = {.month = 1000};
    struct traffic *other = NULL;
    uint64_t wait = 0;
    place_make(&p);
    wall = NEAR_END;
    struct traffic *first = make(&p, &limits);
    cr_expect_eq(traffic_take(first, NULL, 1000, &wait), 1000u);
    unsigned month = traffic_month(first);
    cr_expect_eq(month, 202611u);
    wall += DAY; /* the first has not looked yet, or what it told was on its way so long */
    cr_assert_eq(traffic_open(NULL, 8, rng_system(), &the_clock, &other, NULL), 0);
    traffic_limit(other, &limits);
    cr_expect_not(traffic_follow(other, month));
    cr_expect_not(traffic_sleeps(other));
    cr_expect_eq(traffic_month(first), 202612u, "whoever tells looks first");
    cr_expect_eq(traffic_used(first), 0u);
    cr_expect(traffic_follow(other, 202612));
    cr_expect(traffic_follow(other, 202701), "the other's clock is ahead");
    cr_expect_not(traffic_follow(other, 202612));
    traffic_close(other);
    traffic_close(first);
    place_remove(&p);
}

BEAM_TEST(traffic, what_was_not_taken_is_told_once_more)
{
    struct place p;
    const struct traffic_limits limits = {.month = 1000, .tunnel_month = 700};
    struct traffic *other = NULL;
    uint64_t wait = 0;
    place_make(&p);
    wall = NOON;
    mono = 1000;
    struct traffic *first = make(&p, &limits);
    cr_assert_eq(traffic_open(NULL, 8, rng_system(), &the_clock, &other, NULL), 0);
    traffic_limit(other, &limits);
    struct traffic_account *a = traffic_hold(other, one);
    cr_expect_eq(traffic_take(other, a, 200, &wait), 200u);
    struct ledger up = {.to = first, .is_full = true}, down = {.to = other, .sets = true};
    traffic_report(other, on_use, &up);
    cr_expect(up.n == 2 && up.all == 200 && up.one == 0);
    up = (struct ledger){.to = first};
    traffic_report(other, on_use, &up);
    cr_expect(up.n == 1 && up.all == 0 && up.one == 200, "that alone, though nothing is new");
    cr_expect_eq(traffic_tunnel_used(first, one), 200u);
    up.n = 0;
    traffic_report(other, on_use, &up);
    cr_expect_eq(up.n, 0u);
    down.is_full = true;
    traffic_tell(first, false, on_use, &down);
    cr_expect(down.n == 2 && down.all == 200 && down.one == 0);
    down = (struct ledger){.to = other, .sets = true};
    traffic_tell(first, false, on_use, &down);
    cr_expect(down.n == 1 && down.one == 200);
    traffic_tell(first, false, on_use, &down);
    cr_expect_eq(down.n, 1u);
    traffic_release(other, a);
    traffic_close(other);
    traffic_close(first);
    place_remove(&p);
}
