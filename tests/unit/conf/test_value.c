/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static const struct conf_key text_key = {"s", "text", "TEXT", "", "", "", 0, 0};
static const struct conf_key path_key = {"s", "path", "PATH", "", "", "", 0, 0};
static const struct conf_key bool_key = {"s", "bool", "BOOL", "", "", "", 0, 0};
static const struct conf_key number_key = {"s", "number", "NUMBER", "", "", "", 5, 500};
static const struct conf_key time_key = {"s", "time", "TIME", "", "", "", 100, 7200000};
static const struct conf_key level_key = {"s", "level", "LEVEL", "", "", "", 0, 0};

BEAM_TEST(value, numbers_in_their_range)
{
    static const char *const good[] = {"5", "500", "77"};
    static const char *const bad[] = {
        "4", "501", "", "05", "-5", "5 ", "five", "5.0", "18446744073709551616"};
    struct beam_why why = {0};
    for (size_t i = 0; i < 3; i++) {
        uint64_t v = 0;
        char out[8];
        cr_assert_eq(value_parse(&number_key, good[i], NULL, &v, "-o", &why), 0);
        cr_assert_eq(value_print(&number_key, &v, out, sizeof(out)), 0);
        cr_assert_str_eq(out, good[i]);
        cr_assert_eq(value_print(&number_key, &v, out, strlen(good[i])), BEAM_ELIMIT);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t v = 42;
        int err = value_parse(&number_key, bad[i], NULL, &v, "-o", &why);
        cr_assert(err == BEAM_EINVAL || err == BEAM_ELIMIT, "%s", bad[i]);
        cr_assert_eq(v, 42u);
        cr_assert_not_null(strstr(why.text, "-o: s.number: "));
        cr_assert_not_null(strstr(why.text, "from 5 to 500"));
    }
}

BEAM_TEST(value, times_and_their_units)
{
    static const struct {
        const char *text;
        uint64_t ms;
        const char *back;
    } good[] = {{"100ms", 100, "100ms"}, {"1s", 1000, "1s"},       {"1500ms", 1500, "1500ms"},
                {"60s", 60000, "1m"},    {"61s", 61000, "61s"},    {"5m", 300000, "5m"},
                {"2h", 7200000, "2h"},   {"7200s", 7200000, "2h"}, {"90m", 5400000, "90m"}};
    static const char *const bad[] = {
        "",         "1",   "s",   "1 s",   "1d", "1S",  "1.5s", "99ms",
        "3h",       "-1s", "1sm", "1m30s", "0",  "01s", "1mss", "18446744073709551615h",
        "7200001ms"};
    struct beam_why why = {0};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t v = 0;
        char out[32];
        cr_assert_eq(value_parse(&time_key, good[i].text, NULL, &v, "-o", &why), 0, "%s",
                     good[i].text);
        cr_assert_eq(v, good[i].ms);
        cr_assert_eq(value_print(&time_key, &v, out, sizeof(out)), 0);
        cr_assert_str_eq(out, good[i].back);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t v = 42;
        cr_assert_lt(value_parse(&time_key, bad[i], NULL, &v, "-o", &why), 0, "%s", bad[i]);
        cr_assert_eq(v, 42u);
        cr_assert_not_null(strstr(why.text, "from 100ms to 2h"));
    }
    struct conf_key from_zero = time_key;
    from_zero.low = 0;
    uint64_t v = 42;
    char out[32];
    cr_assert_eq(value_parse(&from_zero, "0", NULL, &v, "-o", &why), 0);
    cr_assert_eq(v, 0u);
    v = 42;
    cr_assert_lt(value_parse(&from_zero, "00", NULL, &v, "-o", &why), 0);
    cr_assert_eq(value_parse(&from_zero, "0ms", NULL, &v, "-o", &why), 0);
    cr_assert_eq(value_print(&from_zero, &v, out, sizeof(out)), 0);
    cr_assert_str_eq(out, "0s");
}

BEAM_TEST(value, yes_and_no)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    static const char *const bad[] = {"", "Yes", "y", "2", "yes ", "enabled"};
    struct beam_why why = {0};
    char out[4];
    for (size_t i = 0; i < 4; i++) {
        bool v = false;
        cr_assert_eq(value_parse(&bool_key, yes[i], NULL, &v, "-o", &why), 0);
        cr_assert(v);
        cr_assert_eq(value_print(&bool_key, &v, out, sizeof(out)), 0);
        cr_assert_str_eq(out, "yes");
        cr_assert_eq(value_parse(&bool_key, no[i], NULL, &v, "-o", &why), 0);
        cr_assert_not(v);
        cr_assert_eq(value_print(&bool_key, &v, out, sizeof(out)), 0);
        cr_assert_str_eq(out, "no");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool v = true;
        cr_assert_eq(value_parse(&bool_key, bad[i], NULL, &v, "-o", &why), BEAM_EINVAL);
        cr_assert(v);
    }
    cr_assert_not_null(strstr(why.text, "`enabled` is not yes or no"));
}

BEAM_TEST(value, levels)
{
    enum log_level v = LOG_WARN;
    struct beam_why why = {0};
    char out[8];
    cr_assert_eq(value_parse(&level_key, "debug", NULL, &v, "-o", &why), 0);
    cr_assert_eq(v, LOG_DEBUG);
    cr_assert_eq(value_print(&level_key, &v, out, sizeof(out)), 0);
    cr_assert_str_eq(out, "debug");
    cr_assert_eq(value_parse(&level_key, "loud", NULL, &v, "-o", &why), BEAM_EINVAL);
    cr_assert_eq(v, LOG_DEBUG);
    cr_assert_not_null(strstr(why.text, "error, warn, info or debug"));
}

BEAM_TEST(value, texts_and_paths)
{
    const char *v = NULL;
    struct beam_why why = {0};
    char cwd[4096], want[4200], *big = malloc(CONF_LINE_MAX + 2);
    cr_assert_not_null(big);
    cr_assert_not_null(getcwd(cwd, sizeof(cwd)));
    cr_assert_eq(value_parse(&text_key, "a b", "/d", &v, "-o", &why), 0);
    cr_assert_str_eq(v, "a b");
    cr_assert_eq(value_parse(&path_key, "x/y", "/d", &v, "-o", &why), 0);
    cr_assert_str_eq(v, "/d/x/y");
    cr_assert_eq(value_parse(&path_key, "/x", "/d", &v, "-o", &why), 0);
    cr_assert_str_eq(v, "/x");
    cr_assert_eq(value_parse(&path_key, "x", NULL, &v, "-o", &why), 0);
    snprintf(want, sizeof(want), "%s/x", cwd);
    cr_assert_str_eq(v, want);
    cr_assert_eq(value_parse(&path_key, "", "/d", &v, "-o", &why), 0);
    cr_assert_str_eq(v, "");

    memset(big, 'b', CONF_LINE_MAX + 2);
    big[CONF_LINE_MAX] = '\0';
    cr_assert_eq(value_parse(&text_key, big, NULL, &v, "-o", &why), 0);
    cr_assert_str_eq(v, big);
    big[CONF_LINE_MAX] = 'b';
    big[CONF_LINE_MAX + 1] = '\0';
    cr_assert_eq(value_parse(&text_key, big, NULL, &v, "-o", &why), BEAM_EINVAL);
    static const char *const bad[] = {"a\nb", "\x1b", "a\r", "\xff", "\x7f"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(value_parse(&path_key, bad[i], "/d", &v, "-o", &why), BEAM_EINVAL);
        cr_assert_null(strpbrk(why.text, "\n\r\x1b\x7f"), "it is not repeated");
    }
    cr_assert_eq(strlen(v), (size_t)CONF_LINE_MAX, "a refused value leaves the old one");
    value_clear(&text_key, &v);
    cr_assert_null(v);
    free(big);
}

BEAM_TEST(value, copies_are_equal_and_apart)
{
    struct beam_why why = {0};
    const char *a = NULL, *b = NULL;
    cr_assert_eq(value_parse(&text_key, "one", NULL, &a, "-o", &why), 0);
    cr_assert_eq(value_copy(&text_key, &b, &a), 0);
    cr_assert(value_holds(&text_key, &a, &b));
    cr_assert_neq(a, b);
    cr_assert_eq(value_parse(&text_key, "two", NULL, &b, "-o", &why), 0);
    cr_assert_not(value_holds(&text_key, &a, &b));
    cr_assert_str_eq(a, "one");
    value_clear(&text_key, &a);
    value_clear(&text_key, &b);

    uint64_t x = 1000, y = 0;
    cr_assert_not(value_holds(&time_key, &x, &y));
    cr_assert_eq(value_copy(&time_key, &y, &x), 0);
    cr_assert(value_holds(&time_key, &x, &y));
    bool yes = true, no = false;
    cr_assert_not(value_holds(&bool_key, &yes, &no));
    cr_assert_eq(value_copy(&bool_key, &no, &yes), 0);
    cr_assert(no);
    enum log_level debug = LOG_DEBUG, warn = LOG_WARN;
    cr_assert_not(value_holds(&level_key, &debug, &warn));
    cr_assert_eq(value_copy(&level_key, &warn, &debug), 0);
    cr_assert_eq(warn, LOG_DEBUG);
}
