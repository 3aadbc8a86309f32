/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/counts.h"

#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(counts, are_text_that_prometheus_reads)
{
    static char text[COUNTS_TEXT_MAX];
    struct counts c = {.visitors = 7};
    struct counts_now now = {.bans = 3};
    c.refused[TERMS_NAVIGATION] = 2;
    counts_decline(&c, RESERVATION_WORK);
    counts_decline(&c, RESERVATION_OK);
    size_t len = counts_text(&c, &now, text);
    cr_assert_eq(len, strlen(text));
    cr_expect_lt(len, (size_t)COUNTS_TEXT_MAX - 1, "all of it");
    cr_expect_not_null(strstr(text, "\nbeam_relay_visitors_total 7\n"));
    cr_expect_not_null(strstr(text, "\nbeam_relay_bans 3\n"));
    cr_expect_not_null(
        strstr(text, "\nbeam_relay_requests_refused_total{rule=\"navigation\"} 2\n"));
    cr_expect_not_null(strstr(text, "\nbeam_relay_asked_declined_total{status=\"work\"} 1\n"));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        cr_expect(line[0] == '#' || strncmp(line, "beam_relay_", 11) == 0, "%.60s", line);
}

BEAM_TEST(counts, fit_however_large_they_are)
{
    static char text[COUNTS_TEXT_MAX];
    struct counts c;
    struct counts_now now;
    memset(&c, 0xff, sizeof(c));
    memset(&now, 0xff, sizeof(now));
    cr_expect_lt(counts_text(&c, &now, text), (size_t)COUNTS_TEXT_MAX - 1);
}
