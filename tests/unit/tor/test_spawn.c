/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a tor's output: the program here is none, and prints what the test wants. */
#include "tor/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

enum { LINES = 8 };

struct heard {
    struct logline line[LINES];
    size_t count;
    bool ended;
    struct beam_why why;
};

static void on_log(void *arg, const struct logline *l)
{
    struct heard *h = arg;
    cr_assert_lt(h->count, LINES);
    h->line[h->count++] = *l;
}

static void on_ended(void *arg, int status, const struct beam_why *why)
{
    struct heard *h = arg;
    (void)status;
    h->ended = true;
    h->why = *why;
}

static bool has_ended(void *arg)
{
    return ((struct heard *)arg)->ended;
}

/* Runs a program that prints `text` and fails. */
static void hear(const char *text, const char *bridges, struct heard *h)
{
    struct loop *l;
    struct spawn *s;
    struct beam_why why;
    kit_init();
    cr_assert_eq(loop_new(&l), 0);
    char *dir = kit_dir(), *tor = file_join(dir, "tor");
    char *said = kit_file(dir, "said", 0600, text);
    char *program = kit_file(dir, "program", 0700, "#!/bin/sh\ncat ../said\nexit 1\n");
    const struct spawn_spec spec = {
        .binary = program, .dir = tor, .torrc = "", .text = "", .bridges = {bridges, ""}};
    const struct spawn_events events = {.log = on_log, .ended = on_ended, .arg = h};
    memset(h, 0, sizeof(*h));
    cr_assert_eq(spawn_start(l, &spec, &events, &s, &why), 0, "%s", why.text);
    cr_assert(until(l, has_ended, h));
    free(program);
    free(said);
    free(tor);
    loop_free(l);
    kit_remove(dir);
}

BEAM_TEST(spawn, what_tor_says_is_scrubbed_before_it_is_cut)
{
    static struct heard h;
    for (size_t before = LOGLINE_SIZE - 30; before <= LOGLINE_SIZE; before++) {
        char text[1000];
        int at = snprintf(text, sizeof(text), "Nov 21 08:54:00.744 [warn] ");
        memset(text + at, 'a', before);
        snprintf(text + at + before, sizeof(text) - (size_t)at - before,
                 " at\t192.0.2.77:9443 (https://a.example/x)\n");
        hear(text, NULL, &h);
        cr_assert_eq(h.count, 1);
        cr_expect_eq(h.line[0].level, LOGLINE_WARN);
        cr_expect_null(strstr(h.line[0].text, "192."), "%s", h.line[0].text);
        cr_expect_null(strstr(h.line[0].text, "htt"), "%s", h.line[0].text);
        cr_expect_null(strstr(h.why.text, "192."), "%s", h.why.text);
    }
}

/* A piece of it could begin or end within an address. */
BEAM_TEST(spawn, of_a_line_without_end_only_the_beginning_is_heard)
{
    static struct heard h;
    static char text[3 * CHILD_LINE_MAX];
    static const char address[] = " 192.0.2.77";
    int at = snprintf(text, sizeof(text), "[notice] x");
    for (; at < 2 * CHILD_LINE_MAX; at += (int)sizeof(address) - 1)
        memcpy(text + at, address, sizeof(address));
    snprintf(text + at, sizeof(text) - (size_t)at, "\n[notice] y\n");
    hear(text, NULL, &h);
    cr_assert_eq(h.count, 2);
    cr_expect_eq(strncmp(h.line[0].text, "x [scrubbed] [scrubbed] ", 24), 0, "%s", h.line[0].text);
    cr_expect_null(strstr(h.line[0].text, "192"), "%s", h.line[0].text);
    cr_expect_str_eq(h.line[1].text, "y");
}

BEAM_TEST(spawn, hosts_of_bridges_are_scrubbed)
{
    static struct heard h;
    hear("[notice] dial a.example:443 by b.example\n",
         "webtunnel 192.0.2.7:1 url=https://a.example/x fronts=c.example,b.example", &h);
    cr_assert_eq(h.count, 1);
    cr_expect_str_eq(h.line[0].text, "dial [scrubbed]:443 by [scrubbed]");
}
