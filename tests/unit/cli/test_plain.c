/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/plain.h"

#include <string.h>

#include "tests/unit/harness.h"

static void is_plain(const char *words, size_t size, const char *wanted)
{
    char out[64];
    memset(out, 'z', sizeof(out));
    size_t len = plain_text(words, out, size);
    cr_expect_str_eq(out, wanted);
    cr_expect_eq(len, strlen(wanted));
}

BEAM_TEST(plain, escapes_all_but_backslashes)
{
    is_plain("", 64, "");
    is_plain("a\\x1bb", 64, "a\\x1bb");
    is_plain("a\033b", 64, "a\\x1bb");
    is_plain("\\", 64, "\\");
    is_plain("\\\\\xc3\xa4\x9b", 64, "\\\\\xc3\xa4\\x9b");
}

BEAM_TEST(plain, fits)
{
    is_plain("\\\\\\\\", 3, "\\\\");
    is_plain("a", 1, "");
    char out[16];
    for (size_t size = 1; size <= sizeof(out); size++)
        cr_expect_lt(plain_text("ab\\cd\033ef\\\\gh\xc3\xa4ijklmnop", out, size), size);
}
