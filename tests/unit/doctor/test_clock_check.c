/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/clock_check.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

enum { NOON = 1767355200, DAY = 86400 }; /* 2026-01-02 12:00:00 UTC */

static enum findings_status judged(const struct clock_check_facts *facts, const char *words)
{
    struct findings fs = {.count = 0};
    clock_check_judge(&fs, facts);
    cr_assert_eq(fs.count, 1);
    cr_assert_not_null(strstr(fs.list[0].text, words), "%s", fs.list[0].text);
    return fs.list[0].status;
}

BEAM_TEST(clock_check, what_it_is_held_against)
{
    struct clock_check_facts facts = {.now = NOON};
    cr_assert_eq(judged(&facts, "2026-01-02T12:00:00Z"), FINDINGS_OK);
    facts.program = NOON - DAY;
    facts.consensus = NOON - 3600;
    cr_assert_eq(judged(&facts, "2026-01-02"), FINDINGS_OK);
    facts.unsynced = true;
    cr_assert_eq(judged(&facts, "nothing keeps it right"), FINDINGS_WARN);
    facts.consensus = NOON + 3600;
    cr_assert_eq(judged(&facts, "2026-01-02T13:00:00Z: it is behind"), FINDINGS_FAIL);
    facts.program = NOON + DAY;
    cr_assert_eq(judged(&facts, "installed at 2026-01-03T12:00:00Z"), FINDINGS_FAIL);
}

BEAM_TEST(clock_check, the_time_of_a_consensus)
{
    static const char *const bad[] = {"",
                                      "valid-after 2026-01-02 12:00:00\n",
                                      "\nvalid-after 2026-01-02 12:00\n",
                                      "\nvalid-after 2026-01-02 12:00:00",
                                      "\nvalid-after x\n",
                                      "\nvalid-after 1969-01-02 12:00:00\n"};
    cr_assert_eq(clock_check_consensus("network-status-version 3 microdesc\n"
                                       "valid-after 2026-01-02 12:00:00\nfresh-until …\n"),
                 NOON);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(clock_check_consensus(bad[i]), 0, "%s", bad[i]);
}

BEAM_TEST(clock_check, looks_at_what_tor_kept)
{
    struct findings fs = {.count = 0};
    kit_init();
    char *dir = kit_dir();
    char *path = kit_file(dir, "cached-microdesc-consensus", 0600,
                          "network-status-version 3\nvalid-after 2999-01-02 12:00:00\n");
    clock_check_run(&fs, dir);
    cr_assert_eq(fs.count, 1);
    cr_assert_eq(fs.list[0].status, FINDINGS_FAIL, "%s", fs.list[0].text);
    cr_assert_not_null(strstr(fs.list[0].text, "2999-01-02"), "%s", fs.list[0].text);
    cr_assert_eq(file_remove(path), 0);
    fs.count = 0;
    clock_check_run(&fs, dir);
    cr_assert_neq(fs.list[0].status, FINDINGS_FAIL, "%s", fs.list[0].text);
    free(path);
    kit_remove(dir);
}
