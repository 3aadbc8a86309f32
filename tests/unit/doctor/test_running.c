/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/running.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static enum findings_status judged(const char *state, const char *version, struct running *out)
{
    char text[256];
    struct findings fs = {.count = 0};
    *out = (struct running){.there = false};
    snprintf(text, sizeof(text),
             "{\"beam\":\"0.1.0\",\"pid\":7,\"tor\":{\"state\":\"%s\",\"percent\":5}}", state);
    cJSON *o = cJSON_Parse(text);
    cr_assert_not_null(o);
    running_judge(&fs, o, version, out);
    cJSON_Delete(o);
    cr_assert_gt(fs.count, 0);
    cr_assert(out->there);
    return findings_worst(&fs);
}

BEAM_TEST(running, what_it_says_of_itself)
{
    struct running r;
    cr_assert_eq(judged("ready", "0.1.0", &r), FINDINGS_OK);
    cr_assert(r.tor_ready && !r.tor_off);
    cr_assert_eq(judged("off", "0.1.0", &r), FINDINGS_OK);
    cr_assert(r.tor_off && !r.tor_ready);
    cr_assert_eq(judged("bootstrapping", "0.1.0", &r), FINDINGS_WARN);
    cr_assert_eq(judged("resting", "0.1.0", &r), FINDINGS_FAIL);
    cr_assert_eq(judged("failed", "0.1.0", &r), FINDINGS_FAIL);
    cr_assert(!r.tor_ready && !r.tor_off);
    cr_assert_eq(judged("ready", "0.2.0", &r), FINDINGS_WARN, "another version");
}

/* What is no such reply is nobody's fault but its own. */
BEAM_TEST(running, a_reply_that_lacks_everything)
{
    struct running r = {.there = false};
    struct findings fs = {.count = 0};
    cJSON *o = cJSON_Parse("{\"beam\":7,\"tor\":[]}");
    cr_assert_not_null(o);
    running_judge(&fs, o, "0.1.0", &r);
    cr_assert_eq(findings_worst(&fs), FINDINGS_WARN);
    cJSON_Delete(o);
}
