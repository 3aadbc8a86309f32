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

/* The reason is shown, whether the next is on its way or rested for. */
BEAM_TEST(running, why_tor_ended)
{
    static const char *const states[] = {"resting", "starting", "bootstrapping", "failed"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        char text[256];
        bool said = false;
        struct findings fs = {.count = 0};
        struct running r = {.there = false};
        snprintf(text, sizeof(text),
                 "{\"beam\":\"1\",\"pid\":7,\"tor\":{\"state\":\"%s\",\"reason\":\"signal 11\"}}",
                 states[i]);
        cJSON *o = cJSON_Parse(text);
        cr_assert_not_null(o);
        running_judge(&fs, o, "1", &r);
        cJSON_Delete(o);
        for (size_t k = 0; k < fs.count; k++)
            said = said || strstr(fs.list[k].text, "signal 11");
        cr_expect(said, "%s", states[i]);
    }
}

static enum findings_status told(const char *const *pages, size_t n, const char *words)
{
    struct running_tunnels t = {.count = 0};
    struct findings fs = {.count = 0};
    for (size_t i = 0; i < n; i++) {
        cJSON *o = cJSON_Parse(pages[i]);
        cr_assert_not_null(o);
        running_count(&t, o);
        cJSON_Delete(o);
    }
    running_tell(&fs, &t);
    cr_assert_eq(fs.count, words ? 1 : 0);
    if (words)
        cr_assert_not_null(strstr(fs.list[0].text, words), "%s", fs.list[0].text);
    return findings_worst(&fs);
}

BEAM_TEST(running, its_tunnels)
{
#define TUNNEL(name, a, b)                                                                         \
    "{\"name\":\"" name "\",\"paths\":[{\"path\":\"onion\",\"state\":\"" a                         \
    "\"},{\"path\":\"relay\",\"state\":\"" b "\"}]}"
    static const char *const pages[] = {
        "{\"tunnels\":[]}", "{\"tunnels\":[" TUNNEL("a", "up", "up") "]}",
        "{\"tunnels\":[" TUNNEL("b", "up", "up") "," TUNNEL("c", "up", "opening") "]}",
        "{\"tunnels\":[" TUNNEL("d", "waiting", "failed") "]}",
        "{\"tunnels\":[7,{\"paths\":[7,{}]}]}"};
    cr_assert_eq(told(pages, 1, NULL), FINDINGS_OK);
    cr_assert_eq(told(pages, 2, "1, and all are up"), FINDINGS_OK);
    cr_assert_eq(told(pages, 3,
                      "1 of 3 cannot be reached as they should be: of c the path relay is "
                      "opening"),
                 FINDINGS_WARN);
    cr_assert_eq(told(pages, 4, "2 of 4"), FINDINGS_WARN);
    cr_assert_eq(told(pages + 4, 1, "1 of 2"), FINDINGS_WARN);
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
