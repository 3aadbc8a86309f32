/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/worker_pool.h"

#include <signal.h>
#include <string.h>

#include "tests/unit/loop/until.h"

BEAM_TEST(worker_pool, how_many)
{
    struct beam_why why;
    unsigned n = 0;
    cr_assert_eq(worker_pool_count("2", &n, &why), 0);
    cr_expect_eq(n, 2u);
    cr_assert_eq(worker_pool_count("64", &n, &why), 0);
    cr_assert_eq(worker_pool_count("auto", &n, &why), 0);
    cr_expect(n >= 1 && n <= 64);
    cr_expect_eq(worker_pool_count("0", &n, &why), BEAM_EUSAGE);
    cr_expect_eq(worker_pool_count("65", &n, &why), BEAM_EUSAGE);
    cr_expect_eq(worker_pool_count("many", &n, &why), BEAM_EUSAGE);
    cr_expect_str_eq(why.text, "relay.workers many: must be 1 to 64, or auto");
}

BEAM_TEST(worker_pool, which_one)
{
    static const char *const bad[] = {"", "1", "0/2", "2/2", "1/65", "/2", "1/", "-1/2", "1/2/3"};
    struct beam_why why;
    unsigned k = 0, n = 0;
    cr_assert_eq(worker_pool_parse("3/4", &k, &n, &why), 0);
    cr_expect(k == 3 && n == 4);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(worker_pool_parse(bad[i], &k, &n, &why), BEAM_EUSAGE, "%s", bad[i]);
}

struct yard {
    struct loop *loop;
    struct worker_pool *pool;
    pid_t killed;
    bool stopped;
};

/* A program that takes the pool's two words, and stays. */
static void start(struct yard *y, unsigned count)
{
    static const char *const argv[] = {"-c", "read x < /dev/zero", NULL};
    struct beam_why why;
    y->loop = until_loop_new();
    const struct worker_pool_spec spec = {
        .loop = y->loop, .program = "sh", .argv = argv, .dir = "/", .count = count};
    cr_assert_eq(worker_pool_new(&spec, &y->pool, &why), 0, "%s", why.text);
}

static bool is_another(void *arg)
{
    const struct yard *y = arg;
    pid_t pid = worker_pool_pid(y->pool, 1);
    return pid > 0 && pid != y->killed;
}

static void on_stopped(void *arg)
{
    ((struct yard *)arg)->stopped = true;
}

BEAM_TEST(worker_pool, one_that_ends_is_started_again)
{
    struct yard y = {.stopped = false};
    start(&y, 3);
    pid_t other = worker_pool_pid(y.pool, 2);
    y.killed = worker_pool_pid(y.pool, 1);
    cr_assert(y.killed > 0 && other > 0);
    cr_expect_eq(worker_pool_pid(y.pool, 0), 0);
    cr_expect_eq(worker_pool_pid(y.pool, 3), 0);
    cr_assert_eq(kill(y.killed, SIGKILL), 0);
    cr_assert(until(y.loop, is_another, &y));
    cr_expect_eq(worker_pool_pid(y.pool, 2), other, "the other was left alone");
    if (!worker_pool_stop(y.pool, on_stopped, &y))
        cr_assert(until_flag(y.loop, &y.stopped));
    cr_expect_eq(worker_pool_pid(y.pool, 1), 0);
    cr_expect(kill(other, 0) < 0, "it is gone");
    worker_pool_free(y.pool);
    loop_free(y.loop);
}

BEAM_TEST(worker_pool, none_outlives_it)
{
    struct yard y = {.stopped = false};
    start(&y, 2);
    pid_t one = worker_pool_pid(y.pool, 1);
    worker_pool_free(y.pool);
    cr_expect(kill(one, 0) < 0);
    loop_free(y.loop);
}

BEAM_TEST(worker_pool, a_program_that_is_not_there)
{
    static const char *const argv[] = {NULL};
    struct yard y = {.loop = until_loop_new()};
    struct beam_why why;
    const struct worker_pool_spec spec = {
        .loop = y.loop, .program = "/nowhere/beam", .argv = argv, .dir = "/", .count = 2};
    cr_expect_eq(worker_pool_new(&spec, &y.pool, &why), BEAM_ENOTFOUND);
    loop_free(y.loop);
}
