/* SPDX-License-Identifier: BSD-3-Clause */
/* How it fails and is given up; that it works is what everything in tests/e2e stands on. */
#include "tor/private_network.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

struct bed {
    struct loop *loop;
    char *dir, *net_dir;
    struct private_network *net;
    bool said;
    int err;
    struct beam_why why;
};

static void bed_open(struct bed *b)
{
    kit_init();
    *b = (struct bed){.dir = kit_dir()};
    b->net_dir = file_join(b->dir, "net");
    cr_assert_not_null(b->net_dir);
    cr_assert_eq(loop_new(&b->loop), 0);
}

static void bed_close(struct bed *b)
{
    private_network_free(b->net);
    loop_free(b->loop);
    free(b->net_dir);
    kit_remove(b->dir);
}

static void on_ready(void *arg, int err, const struct beam_why *why)
{
    struct bed *b = arg;
    cr_assert_not(b->said);
    b->said = true;
    b->err = err;
    if (why)
        b->why = *why;
}

static int start(struct bed *b, const char *binary)
{
    const struct private_network_options options = {
        .binary = binary, .dir = b->net_dir, .address = "127.0.0.1"};
    const struct private_network_events events = {.ready = on_ready, .arg = b};
    return private_network_start(b->loop, &options, &events, &b->net, &b->why);
}

static bool has_said(void *arg)
{
    return ((const struct bed *)arg)->said;
}

BEAM_TEST(private_network, no_tor)
{
    struct bed b;
    bed_open(&b);
    cr_assert_eq(start(&b, "/nonexistent/tor"), BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(b.why.text, "/nonexistent/tor"), "%s", b.why.text);
    cr_assert_null(b.net);
    bed_close(&b);
}

BEAM_TEST(private_network, a_tor_that_fails)
{
    static const char script[] = "#!/bin/sh\necho 'Nov 21 08:54:00.744 [err] too tired'\nexit 3\n";
    struct bed b;
    bed_open(&b);
    char *binary = kit_file(b.dir, "tor.sh", 0700, script);
    cr_assert_eq(start(&b, binary), 0);
    cr_assert(until(b.loop, has_said, &b));
    cr_assert_eq(b.err, BEAM_EIO);
    cr_assert_not_null(strstr(b.why.text, "status 3"), "%s", b.why.text);
    cr_assert_not_null(strstr(b.why.text, "too tired"), "%s", b.why.text);
    free(binary);
    bed_close(&b);
}

BEAM_TEST(private_network, given_up_at_once)
{
    struct bed b;
    bed_open(&b);
    cr_assert_eq(start(&b, "tor"), 0);
    cr_assert_not_null(strstr(private_network_torrc(b.net), b.net_dir));
    private_network_free(b.net);
    b.net = NULL;
    kit_settle(b.loop);
    cr_assert_not(b.said);
    bed_close(&b);
}
