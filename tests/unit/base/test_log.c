/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "tests/unit/harness.h"

/* A log in a fresh folder; what it holds is read back, and all is removed. */
static char dir[] = "/tmp/beam-log-XXXXXX", path[64];

static void begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/beam-log-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/log", dir);
    cr_assert_eq(log_open(path), 0);
}

static char *end(void)
{
    char *text = NULL;
    size_t len;
    cr_assert_eq(log_open(NULL), 0);
    cr_assert_eq(file_read(path, 1 << 20, &text, &len), 0);
    cr_assert_not_null(text);
    unlink(path);
    rmdir(dir);
    return text;
}

BEAM_TEST(log, a_line_is_time_level_area_text)
{
    begin();
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600u);
    log_warn("tor", "died with status %d", 9);
    log_info("tor", "not at this level");
    log_set_level(LOG_DEBUG);
    log_debug("loop", "now it is");
    log_set_level(LOG_ERROR);
    log_warn("tor", "no more");
    log_error("tor", "but this");
    char *text = end();
    static const char *const want[] = {" warn tor: died with status 9", " debug loop: now it is",
                                       " error tor: but this"};
    char *line = text;
    for (size_t i = 0; i < 3; i++) {
        char *newline = strchr(line, '\n');
        cr_assert_not_null(newline);
        *newline = '\0';
        cr_assert_eq(strlen(line), CLOCK_TEXT_SIZE - 1 + strlen(want[i]));
        cr_assert_str_eq(line + CLOCK_TEXT_SIZE - 1, want[i]);
        cr_assert(line[4] == '-' && line[10] == 'T' && line[23] == 'Z');
        line = newline + 1;
    }
    cr_assert_str_eq(line, "");
    free(text);
}

BEAM_TEST(log, nothing_escapes_the_escaping)
{
    begin();
    log_error("tunnel", "GET /%s", "\x1b]0;title\x07\r\nfake line\xe2\x80\xae");
    char *text = end();
    cr_assert_not_null(strstr(text, " error tunnel: GET "
                                    "/\\x1b]0;title\\x07\\x0d\\x0afake line\\xe2\\x80\\xae\n"));
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "one line");
    free(text);
}

BEAM_TEST(log, lines_are_cut_at_the_limit)
{
    static char big[3 * LOG_LINE_MAX];
    for (size_t over = 0; over < 2; over++) {
        /* The longest text that fits, and one byte more. */
        size_t len = LOG_LINE_MAX - 1 - (CLOCK_TEXT_SIZE - 1) - strlen(" error x: ") + over;
        memset(big, 'a', len);
        big[len] = '\0';
        begin();
        log_error("x", "%s", big);
        char *text = end();
        cr_assert_eq(strlen(text), (size_t)LOG_LINE_MAX);
        cr_assert_eq(strcmp(text + LOG_LINE_MAX - 4, "...\n") == 0, over == 1);
        free(text);
    }
    memset(big, '\x01', sizeof(big) - 1);
    begin();
    log_error("x", "%s", big);
    char *text = end();
    size_t len = strlen(text);
    cr_assert(len <= LOG_LINE_MAX && len > LOG_LINE_MAX - 8);
    cr_assert_str_eq(text + len - 8, "\\x01...\n");
    free(text);
}

BEAM_TEST(log, keeps_errno_and_appends)
{
    begin();
    log_error("a", "one");
    cr_assert_eq(log_open(path), 0);
    errno = EBADF;
    log_error("a", "two");
    cr_assert_eq(errno, EBADF);
    char *text = end();
    char *one = strstr(text, "one\n"), *two = strstr(text, "two\n");
    cr_assert(one && two && one < two);
    free(text);
}

BEAM_TEST(log, a_sink_that_cannot_be_opened_leaves_the_old_one)
{
    begin();
    cr_assert_eq(log_open("/proc/none/log"), BEAM_ENOTFOUND);
    log_error("a", "still here");
    char *text = end();
    cr_assert_not_null(strstr(text, "still here"));
    free(text);
}

BEAM_TEST(log, scrub_is_on_until_told)
{
    cr_assert_str_eq(log_scrub("192.0.2.1"), "[scrubbed]");
    log_set_scrub(false);
    const char *name = "alice";
    cr_assert_eq(log_scrub(name), name);
    log_set_scrub(true);
    cr_assert_str_eq(log_scrub(name), "[scrubbed]");
}

BEAM_TEST(log, level_names)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (int i = 0; i < 4; i++) {
        enum log_level level = LOG_ERROR;
        cr_assert_eq(log_level_parse(names[i], &level), 0);
        cr_assert_eq((int)level, i);
        cr_assert_str_eq(log_level_name(level), names[i]);
    }
    static const char *const bad[] = {"", "Error", "warning", "debug ", "4"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum log_level level = LOG_INFO;
        cr_assert_eq(log_level_parse(bad[i], &level), BEAM_EINVAL);
        cr_assert_eq(level, LOG_INFO);
    }
}
