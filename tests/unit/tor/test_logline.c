/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/logline.h"

#include <string.h>

#include "tests/unit/harness.h"

static struct logline parse(const char *line)
{
    struct logline l;
    logline_parse(line, strlen(line), &l);
    return l;
}

static void expect(const char *line, enum logline_level level, const char *text)
{
    struct logline l = parse(line);
    cr_assert_eq(l.level, level, "%s", line);
    cr_assert_str_eq(l.text, text);
}

BEAM_TEST(logline, levels_and_texts)
{
    expect("Nov 21 08:51:41.448 [notice] Tor 0.4.9.11 running", LOGLINE_NOTICE,
           "Tor 0.4.9.11 running");
    expect("Nov 21 08:51:41.448 [warn] a [b] c", LOGLINE_WARN, "a [b] c");
    expect("Nov 21 08:51:41.448 [err] Exiting.", LOGLINE_ERR, "Exiting.");
    expect("Nov 21 08:51:41.448 [err]", LOGLINE_ERR, "");
    expect("Nov 21 08:51:41.448 [info] x", LOGLINE_OTHER, "Nov 21 08:51:41.448 [info] x");
    expect("[warn", LOGLINE_OTHER, "[warn");
    expect("", LOGLINE_OTHER, "");
    expect("auth0 ABCD", LOGLINE_OTHER, "auth0 ABCD");
    expect("a line in which the bracket comes too late [warn] x", LOGLINE_OTHER,
           "a line in which the bracket comes too late [warn] x");
}

BEAM_TEST(logline, nothing_reaches_a_terminal_raw)
{
    struct logline l = parse("Nov 21 08:51:41.448 [warn] \x1b[31mred\x07");
    cr_assert_eq(l.level, LOGLINE_WARN);
    cr_assert_null(strchr(l.text, '\x1b'));
    cr_assert_null(strchr(l.text, '\x07'));
    cr_assert_not_null(strstr(l.text, "red"));
}

BEAM_TEST(logline, long_lines_are_cut)
{
    char line[4096];
    struct logline l;
    memset(line, 'x', sizeof(line));
    logline_parse(line, sizeof(line), &l);
    cr_assert_lt(strlen(l.text), sizeof(l.text));
    cr_assert_gt(strlen(l.text), sizeof(l.text) / 2);
}

static void note(struct complaints *c, const char *line)
{
    struct logline l = parse(line);
    complaints_note(c, &l);
}

BEAM_TEST(logline, complaints_are_the_last_two_warnings_and_the_error)
{
    struct complaints c = {.err = ""};
    char text[LOGLINE_SIZE];
    complaints_text(&c, text, sizeof(text));
    cr_assert_str_eq(text, "");
    note(&c, "Nov 21 08:51:41.448 [warn] one");
    note(&c, "Nov 21 08:51:41.448 [notice] nothing");
    complaints_text(&c, text, sizeof(text));
    cr_assert_str_eq(text, "one");
    note(&c, "Nov 21 08:51:41.448 [warn] two");
    note(&c, "Nov 21 08:51:41.448 [warn] three");
    note(&c, "Nov 21 08:51:41.448 [err] four");
    note(&c, "Nov 21 08:51:41.448 [err] Reading config failed--see warnings above.");
    complaints_text(&c, text, sizeof(text));
    cr_assert_str_eq(text, "two; three; four");
    char cut[10];
    complaints_text(&c, cut, sizeof(cut));
    cr_assert_str_eq(cut, "two; thre");
}
