/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

struct bed {
    struct loop *loop;
    struct fake fake;
    struct findings findings;
    bool skewed;
};

static bool answer(struct fake *f, const char *line)
{
    const struct bed *b = f->arg;
    if (!b->skewed || strncmp(line, "SETEVENTS ", 10) != 0)
        return false;
    peer_say(&f->peer, "250 OK\r\n650 STATUS_GENERAL WARN CLOCK_SKEW SKEW=7200 SOURCE=X\r\n");
    return true;
}

static void bed_open(struct bed *b)
{
    kit_init();
    *b = (struct bed){.skewed = false};
    cr_assert_eq(loop_new(&b->loop), 0);
    fake_open(&b->fake, b->loop);
    b->fake.answer = answer;
    b->fake.arg = b;
}

static const struct finding *run(struct bed *b, const char *binary, const char *control)
{
    const struct tor_options options = {.binary = binary,
                                        .control = control,
                                        .dir = b->fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 60000,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000};
    cr_assert_eq(network_check(&b->findings, b->loop, &options), 0);
    cr_assert_gt(b->findings.count, 0);
    return &b->findings.list[b->findings.count - 1];
}

static void bed_close(struct bed *b)
{
    fake_close(&b->fake);
    loop_free(b->loop);
}

BEAM_TEST(network, reached)
{
    struct bed b;
    bed_open(&b);
    const struct finding *f = run(&b, b.fake.binary, "");
    cr_assert_eq(f->status, FINDINGS_OK, "%s", f->text);
    cr_assert_not_null(strstr(f->text, "tor reached its network after"), "%s", f->text);
    cr_assert_eq(b.findings.count, 1);
    bed_close(&b);
}

BEAM_TEST(network, reached_with_a_clock_that_is_wrong)
{
    struct bed b;
    bed_open(&b);
    b.skewed = true;
    cr_assert_eq(run(&b, b.fake.binary, "")->status, FINDINGS_OK);
    cr_assert_eq(findings_worst(&b.findings), FINDINGS_WARN);
    cr_assert_not_null(strstr(b.findings.list[0].text, "2 h 0 min ahead"), "%s",
                       b.findings.list[0].text);
    cr_assert_not_null(strstr(b.findings.list[0].next, "timedatectl"));
    bed_close(&b);
}

BEAM_TEST(network, tor_that_ends)
{
    struct bed b;
    bed_open(&b);
    char *binary = kit_file(b.fake.dir, "bad.sh", 0700,
                            "#!/bin/sh\necho 'Nov 21 08:51:41.450 [err] Unknown option'\nexit 1\n");
    const struct finding *f = run(&b, binary, "");
    cr_assert_eq(f->status, FINDINGS_FAIL);
    cr_assert_not_null(strstr(f->text, "Unknown option"), "%s", f->text);
    free(binary);
    bed_close(&b);
}

BEAM_TEST(network, no_tor_where_one_should_be)
{
    struct bed b;
    bed_open(&b);
    const struct finding *f = run(&b, "", "unix:/nowhere/control");
    cr_assert_eq(f->status, FINDINGS_FAIL);
    cr_assert_not_null(strstr(f->text, "nothing listens"), "%s", f->text);
    cr_assert_not_null(strstr(f->next, "start tor"), "%s", f->next);
    bed_close(&b);
}
