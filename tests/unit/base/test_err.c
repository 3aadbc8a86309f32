/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "tests/unit/harness.h"

BEAM_TEST(err, why_records_and_returns)
{
    struct beam_why why;
    cr_assert_eq(beam_why(&why, BEAM_EINVAL, "port %d: too large", 65536), BEAM_EINVAL);
    cr_assert_eq(why.code, BEAM_EINVAL);
    cr_assert_str_eq(why.text, "port 65536: too large");
    cr_assert_eq(beam_why(NULL, BEAM_EIO, "nobody asks"), BEAM_EIO);
}

BEAM_TEST(err, why_may_quote_itself)
{
    struct beam_why why;
    beam_why(&why, BEAM_EIO, "disk full");
    beam_why(&why, BEAM_EPERM, "log: %s (%s)", why.text, why.text);
    cr_assert_str_eq(why.text, "log: disk full (disk full)");
}

BEAM_TEST(err, why_fills_the_field_exactly)
{
    struct beam_why why;
    char text[sizeof(why.text) + 1];
    memset(text, 'a', sizeof(text));
    text[sizeof(why.text) - 1] = '\0';
    beam_why(&why, BEAM_EIO, "%s", text);
    cr_assert_str_eq(why.text, text);

    text[sizeof(why.text) - 1] = 'b';
    text[sizeof(why.text)] = '\0';
    beam_why(&why, BEAM_EIO, "%s", text);
    cr_assert_eq(strlen(why.text), sizeof(why.text) - 1);
    cr_assert(strstr(why.text, "a...a") && why.text[sizeof(why.text) - 2] == 'b', "%s", why.text);
}

BEAM_TEST(err, why_keeps_what_to_do_behind_a_long_word)
{
    struct beam_why why;
    char word[10001] = "";
    memset(word, 'x', sizeof(word) - 1);
    beam_why(&why, BEAM_EUSAGE, "--%s: no such option (`beam help` lists them)", word);
    cr_assert_eq(strncmp(why.text, "--xxx", 5), 0);
    cr_assert_not_null(strstr(why.text, "xxx...xxx"));
    cr_assert_not_null(strstr(why.text, "x: no such option (`beam help` lists them)"));
}

BEAM_TEST(err, why_cuts_between_characters)
{
    static const char euro[] = "\xe2\x82\xac", clef[] = "\xf0\x9d\x84\x9e";
    for (size_t lead = 0; lead < 8; lead++) {
        char text[1024] = "";
        memset(text, 'a', lead);
        for (size_t at = lead; at + 5 < sizeof(text); at += strlen(text + at))
            strncpy(text + at, (at & 1) ? euro : clef, 5);
        struct beam_why why;
        beam_why(&why, BEAM_EIO, "%s", text);
        size_t len = strlen(why.text);
        const char *cut = strstr(why.text, "...");
        cr_assert(len < sizeof(why.text) && len + 7 >= sizeof(why.text), "%zu", len);
        cr_assert(text_utf8_valid(why.text, len), "lead %zu", lead);
        cr_assert_not_null(cut);
        cr_assert_eq(strncmp(why.text, text, (size_t)(cut - why.text)), 0);
        cr_assert_str_eq(cut + 3, text + strlen(text) - strlen(cut + 3));
    }
}

BEAM_TEST(err, every_code_has_words_of_its_own)
{
    for (int code = BEAM_ENODAEMON; code < 0; code++) {
        cr_assert_str_neq(beam_err_name(code), "unknown", "%d", code);
        cr_assert_gt(strlen(beam_err_text(code)), 3u);
        for (int other = BEAM_ENODAEMON; other < code; other++) {
            cr_assert_str_neq(beam_err_name(code), beam_err_name(other));
            cr_assert_str_neq(beam_err_text(code), beam_err_text(other));
        }
    }
    cr_assert_str_eq(beam_err_name(BEAM_ENODAEMON - 1), "unknown");
    cr_assert_str_eq(beam_err_name(1), "unknown");
    cr_assert_str_eq(beam_err_name(BEAM_ETIMEOUT), "timeout");
    cr_assert_str_eq(beam_err_name(BEAM_EPOLICY), "policy");
    cr_assert_str_eq(beam_err_text(BEAM_ETIMEOUT), "timed out");
}

BEAM_TEST(err, exit_statuses)
{
    for (int code = BEAM_ENODAEMON - 1; code <= 0; code++) {
        int want = code == 0                ? 0
                   : code == BEAM_EUSAGE    ? 2
                   : code == BEAM_ENODAEMON ? 3
                   : code == BEAM_EPOLICY   ? 4
                   : code == BEAM_ENOTFOUND ? 5
                   : code == BEAM_ETIMEOUT  ? 6
                                            : 1;
        cr_assert_eq(beam_err_exit(code), want, "%d", code);
    }
}

BEAM_TEST(err, errno_values)
{
    cr_assert_eq(beam_err_errno(0), BEAM_EIO);
    cr_assert_eq(beam_err_errno(EIO), BEAM_EIO);
    cr_assert_eq(beam_err_errno(-1), BEAM_EIO);
    cr_assert_eq(beam_err_errno(ENOENT), BEAM_ENOTFOUND);
    cr_assert_eq(beam_err_errno(ENOMEM), BEAM_ENOMEM);
    cr_assert_eq(beam_err_errno(EMFILE), BEAM_ELIMIT);
    cr_assert_eq(beam_err_errno(EAGAIN), BEAM_EAGAIN);
    cr_assert_eq(beam_err_errno(EADDRINUSE), BEAM_EEXIST);
    cr_assert_eq(beam_err_errno(ECONNREFUSED), BEAM_EREFUSED);
    cr_assert_eq(beam_err_errno(ECONNRESET), BEAM_ERESET);
    cr_assert_eq(beam_err_errno(EPIPE), BEAM_ERESET);
    cr_assert_eq(beam_err_errno(ENETUNREACH), BEAM_EUNREACH);
    cr_assert_eq(beam_err_errno(ETIMEDOUT), BEAM_ETIMEOUT);
    cr_assert_eq(beam_err_errno(EACCES), BEAM_EPERM);
}
