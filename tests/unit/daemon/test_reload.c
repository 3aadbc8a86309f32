/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "tests/unit/harness.h"

struct bed {
    char dir[64], path[96], log[96];
    struct daemon_options options;
    struct setup *setup;
    bool tor;
    struct beam_why why;
};

static void configure(struct bed *b, const char *text)
{
    cr_assert_eq(file_write(b->path, 0600, text, strlen(text)), 0);
}

static void bed_open(struct bed *b, const char *text)
{
    static const char *const assignments[] = {"daemon.linger=7s"};
    *b = (struct bed){
        .options = {.version = "1", .assignments = assignments, .assignment_count = 1}};
    snprintf(b->dir, sizeof(b->dir), "/tmp/beam-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(b->dir));
    cr_assert_eq(setenv("BEAM_HOME", b->dir, 1), 0);
    snprintf(b->path, sizeof(b->path), "%s/beam.conf", b->dir);
    snprintf(b->log, sizeof(b->log), "%s/log", b->dir);
    cr_assert_eq(log_open(b->log), 0);
    configure(b, text);
    cr_assert_eq(setup_read(&b->options, &b->setup, &b->why), 0, "%s", b->why.text);
}

static void bed_close(struct bed *b)
{
    setup_free(b->setup);
    cr_assert_eq(log_open(NULL), 0);
    cr_assert_eq(file_remove_tree(b->dir), 0);
}

static bool logged(const struct bed *b, const char *words)
{
    char *text = NULL;
    size_t len;
    cr_assert_eq(file_read(b->log, 65536, &text, &len), 0);
    bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

BEAM_TEST(reload, takes_what_can_change)
{
    struct bed b;
    bed_open(&b, "[log]\nlevel = info\n");
    configure(&b, "[log]\nlevel = error\n[tunnel]\nmax_streams = 7\n[daemon]\nlinger = 1s\n"
                  "[policy \"mine\"]\npaths = onion\n");
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    cr_assert_eq(b.setup->conf->log_level, LOG_ERROR);
    cr_assert_eq(b.setup->conf->tunnel_max_streams, 7);
    cr_assert_eq(b.setup->conf->daemon_linger, 7000, "what was assigned still holds");
    cr_assert_eq(b.setup->conf->policy_count, 1);
    cr_assert_not(b.tor);
    bed_close(&b);
}

BEAM_TEST(reload, says_what_does_not_change_yet)
{
    struct bed b;
    bed_open(&b, "");
    configure(&b, "[daemon]\nmax_tunnels = 5\n[tor]\nanswer_timeout = 3s\ncontrol = auto\n");
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    cr_assert_eq(b.setup->conf->daemon_max_tunnels, 1000);
    cr_assert_str_eq(b.setup->conf->tor_control, "");
    cr_assert_eq(b.setup->conf->tor_answer_timeout, 3000);
    cr_assert(b.tor);
    cr_assert(logged(&b, "daemon.max_tunnels has changed, which takes effect when the daemon"));
    cr_assert(logged(&b, "tor.control has changed, which takes effect when the daemon"));
    cr_assert(logged(&b, "tor.answer_timeout has changed, which takes effect with the next start"));
    bed_close(&b);
}

BEAM_TEST(reload, what_is_wrong_changes_nothing)
{
    static const char *const bad[] = {"[tor]\nbinry = x\n", "[policy \"mine\"]\npaths = nowhere\n",
                                      "[log]\nlevel = debug\nlevel = debug\n"};
    struct bed b;
    bed_open(&b, "[tunnel]\nmax_streams = 7\n");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        configure(&b, bad[i]);
        cr_assert_lt(reload(b.setup, &b.options, &b.tor, &b.why), 0);
        cr_assert_eq(b.setup->conf->tunnel_max_streams, 7);
        cr_assert_eq(b.setup->conf->log_level, LOG_WARN);
        cr_assert(logged(&b, "the configuration is left as it was: "));
        cr_assert(logged(&b, b.why.text));
    }
    bed_close(&b);
}

/* It may hold what keeps tor from the public relays: what it said stands. */
BEAM_TEST(reload, a_file_that_is_gone_changes_nothing)
{
    struct bed b;
    bed_open(&b, "[tunnel]\nmax_streams = 7\n");
    cr_assert_eq(unlink(b.path), 0);
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), BEAM_ENOTFOUND);
    cr_assert_eq(b.setup->conf->tunnel_max_streams, 7);
    cr_assert(logged(&b, "the configuration is left as it was: "));
    cr_assert(logged(&b, "is missing"));
    configure(&b, "");
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    cr_assert_neq(b.setup->conf->tunnel_max_streams, 7, "an empty file takes it back");
    bed_close(&b);
}

/* Nor was it there at first: then it is of no matter. And once it was read, it is. */
BEAM_TEST(reload, a_file_that_came_later_is_missed_too)
{
    struct bed b;
    bed_open(&b, "");
    setup_free(b.setup);
    cr_assert_eq(unlink(b.path), 0);
    cr_assert_eq(setup_read(&b.options, &b.setup, &b.why), 0, "%s", b.why.text);
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    configure(&b, "[tunnel]\nmax_streams = 7\n");
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    cr_assert_eq(unlink(b.path), 0);
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), BEAM_ENOTFOUND);
    cr_assert_eq(b.setup->conf->tunnel_max_streams, 7);
    bed_close(&b);
}

/* The file may have been moved away by whoever rotates logs. */
BEAM_TEST(reload, opens_the_log_again)
{
    struct bed b;
    char text[256], moved[128];
    bed_open(&b, "");
    snprintf(text, sizeof(text), "[log]\nlevel = info\nfile = %s\n", b.log);
    configure(&b, text);
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    snprintf(moved, sizeof(moved), "%s.1", b.log);
    cr_assert_eq(rename(b.log, moved), 0);
    cr_assert_eq(reload(b.setup, &b.options, &b.tor, &b.why), 0, "%s", b.why.text);
    cr_assert(logged(&b, "was read again"));
    bed_close(&b);
}

/* Every key is on one list or the other on purpose. */
BEAM_TEST(reload, when_each_key_changes)
{
    cr_assert_eq(reload_when("log.level"), RELOAD_NOW);
    cr_assert_eq(reload_when("tor.bridge"), RELOAD_TOR);
    cr_assert_eq(reload_when("tor.control"), RELOAD_RESTART);
    cr_assert_eq(reload_when("daemon.max_tunnels"), RELOAD_RESTART);
}
