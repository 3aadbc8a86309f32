/* SPDX-License-Identifier: BSD-3-Clause */
/* Over a SOCKS server of the test's own; what tor is told is counted here. */
#include "path/checkup.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/socks_server.h"
#include "tor/fetch.h"

#define ADDRESS "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"

static struct socks_server server;
static unsigned vouched, doubted;

static bool without_socks;

const struct addr *tor_socks(const struct tor *t)
{
    static const struct addr none = {.len = 0};
    (void)t;
    return without_socks ? &none : &server.at;
}

void tor_vouch(struct tor *t)
{
    (void)t;
    vouched++;
}

void tor_doubt(struct tor *t, uint64_t since)
{
    (void)t;
    cr_assert_gt(since, 0);
    doubted++;
}

/* What fetching comes to. */
static enum { NO_TOR, RECEIVED, NOT_THERE, SILENT } directory;
static unsigned fetched, cancelled;
static struct loop_task fetch_task;
static fetch_fn *fetch_done;
static void *fetch_arg;

struct fetches *tor_fetches(struct tor *t)
{
    (void)t;
    return NULL;
}

static void on_fetch(void *arg)
{
    (void)arg;
    fetch_done(fetch_arg, directory == RECEIVED ? FETCH_RECEIVED : FETCH_FAILED,
               directory == RECEIVED ? "" : "NOT_FOUND");
}

static struct loop *fetch_loop;

int fetch_start(struct fetches *all, const char *address, fetch_fn *fn, void *arg,
                struct fetch **out)
{
    (void)all;
    cr_assert_eq(strlen(address), ONION_ADDRESS_LEN);
    if (directory == NO_TOR)
        return BEAM_ECLOSED;
    fetched++;
    fetch_done = fn;
    fetch_arg = arg;
    *out = (struct fetch *)&fetch_task;
    if (directory != SILENT)
        loop_post(fetch_loop, &fetch_task);
    return 0;
}

void fetch_cancel(struct fetch *f)
{
    if (!f)
        return;
    cancelled++;
    loop_task_cancel(fetch_loop, &fetch_task);
}

struct stage {
    struct loop *loop;
    struct permit *permit;
    struct isolation isolation;
    struct clock_source clock;
    uint64_t wall, steady; /* ms */
    struct checkup *checkup;
    unsigned ups, downs, unreached;
};

static uint64_t wall_ms(void *arg)
{
    return ((struct stage *)arg)->wall;
}

static uint64_t monotonic_ms(void *arg)
{
    return ((struct stage *)arg)->steady;
}

static void on_changed(void *arg, const struct beam_why *why)
{
    struct stage *st = arg;
    if (!why) {
        st->ups++;
        return;
    }
    cr_assert_not_null(strstr(why->text, "cannot be reached"));
    st->downs++;
}

static void on_unreached(void *arg)
{
    ((struct stage *)arg)->unreached++;
}

/* The server gives `reply` to what it is asked for; 0: it opens. */
static void answer(uint8_t reply)
{
    static char text[10];
    memset(text, 0, sizeof(text));
    text[0] = 5;
    text[1] = (char)reply;
    text[3] = 1;
    server.replies[2] = text;
    server.reply_len[2] = sizeof(text);
}

static void set_up(struct stage *st, uint64_t every, uint8_t reply)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    memset(st, 0, sizeof(*st));
    memset(&server, 0, sizeof(server));
    vouched = doubted = fetched = cancelled = 0;
    directory = RECEIVED;
    without_socks = false;
    loop_task_init(&fetch_task, on_fetch, NULL);
    cr_assert_geq(sodium_init(), 0);
    st->loop = until_loop_new();
    fetch_loop = st->loop;
    st->clock = (struct clock_source){.wall_ms = wall_ms, .monotonic_ms = monotonic_ms, .arg = st};
    cr_assert_eq(permit_new(&policy, &st->permit), 0);
    isolation_init(&st->isolation, rng_system());
    answer(reply);
    socks_server_open(&server, st->loop);
    const struct checkup_spec spec = {.loop = st->loop,
                                      .permit = st->permit,
                                      .isolation = &st->isolation,
                                      .clock = &st->clock,
                                      .rng = rng_system(),
                                      .every = every,
                                      .host = ADDRESS ".onion"};
    const struct checkup_events events = {
        .changed = on_changed, .unreached = on_unreached, .arg = st};
    cr_assert_eq(checkup_new(&spec, &events, &st->checkup), 0);
}

static void tear_down(struct stage *st)
{
    checkup_free(st->checkup);
    stream_free(server.stream);
    socks_server_close(&server);
    permit_free(st->permit);
    loop_free(st->loop);
}

static bool is_vouched_twice(void *arg)
{
    (void)arg;
    return vouched >= 2;
}

static bool is_doubted(void *arg)
{
    (void)arg;
    return doubted > 0;
}

static bool is_up_again(void *arg)
{
    return ((const struct stage *)arg)->ups > 0;
}

BEAM_TEST(checkup, a_service_that_refuses_the_port_is_well)
{
    static const uint8_t good[] = {0x05, 0xf4};
    for (size_t i = 0; i < sizeof(good); i++) {
        struct stage st;
        set_up(&st, 20, good[i]);
        for (int turn = 0; turn < 20; turn++)
            cr_assert_eq(loop_turn(st.loop), 0);
        cr_assert_eq(server.heard_len, 0, "it looked before it was published");
        checkup_run(st.checkup, true);
        cr_assert(until(st.loop, is_vouched_twice, &st));
        cr_expect_eq(st.ups + st.downs + doubted, 0);
        cr_expect_geq(fetched, 2, "each visit is by a descriptor that was fetched for it");
        tear_down(&st);
    }
}

BEAM_TEST(checkup, one_that_is_not_reached_is_down_after_three_tries)
{
    struct stage st;
    set_up(&st, 20, 0xf3); /* rendezvous failed */
    checkup_run(st.checkup, true);
    cr_assert(until(st.loop, is_doubted, &st));
    cr_expect_eq(st.downs, 1);
    cr_expect_eq(st.unreached, 1);
    cr_expect_eq(vouched, 0);
    answer(0x05);
    cr_assert(until(st.loop, is_up_again, &st));
    cr_expect_eq(st.downs, 1);
    tear_down(&st);
}

BEAM_TEST(checkup, not_published_it_asks_nothing)
{
    struct stage st;
    set_up(&st, 1, 0x05);
    checkup_run(st.checkup, true);
    checkup_run(st.checkup, false);
    for (int turn = 0; turn < 50; turn++)
        cr_assert_eq(loop_turn(st.loop), 0);
    cr_expect_eq(server.heard_len, 0);
    tear_down(&st);
}

static bool is_vouched(void *arg)
{
    (void)arg;
    return vouched > 0;
}

BEAM_TEST(checkup, after_a_jump_of_the_clock_it_looks_at_once)
{
    struct stage st;
    set_up(&st, 3600 * 1000, 0x05);
    checkup_run(st.checkup, true);
    st.wall += 3600 * 1000; /* seen at the next look at the clocks, in 10 s */
    bool held = until(st.loop, is_vouched, &st);
    cr_assert(held || until(st.loop, is_vouched, &st));
    tear_down(&st);
}

BEAM_TEST(checkup, without_a_descriptor_there_is_no_visit)
{
    struct stage st;
    set_up(&st, 20, 0x05);
    directory = NOT_THERE;
    checkup_run(st.checkup, true);
    cr_assert(until(st.loop, is_doubted, &st));
    cr_expect_eq(st.downs, 1);
    cr_expect_eq(server.heard_len, 0);
    directory = NO_TOR; /* which cannot be asked, and then visits by what tor has */
    cr_assert(until(st.loop, is_up_again, &st));
    tear_down(&st);
}

BEAM_TEST(checkup, without_a_socks_port_a_descriptor_is_all_there_is)
{
    struct stage st;
    set_up(&st, 20, 0x05);
    without_socks = true;
    checkup_run(st.checkup, true);
    cr_assert(until(st.loop, is_vouched_twice, &st));
    cr_expect_eq(server.heard_len, 0);
    directory = NOT_THERE;
    cr_assert(until(st.loop, is_doubted, &st));
    cr_expect_eq(st.downs, 1);
    tear_down(&st);
}

static bool is_fetched_twice(void *arg)
{
    (void)arg;
    return fetched >= 2;
}

BEAM_TEST(checkup, when_a_directory_says_nothing_another_is_asked)
{
    struct stage st;
    set_up(&st, 20, 0x05);
    directory = SILENT;
    checkup_run(st.checkup, true);
    cr_assert(until(st.loop, is_fetched_twice, &st));
    cr_expect_eq(cancelled, 1);
    cr_expect_eq(st.downs + vouched, 0);
    directory = RECEIVED;
    loop_post(st.loop, &fetch_task);
    cr_assert(until(st.loop, is_vouched, &st));
    tear_down(&st);
}
