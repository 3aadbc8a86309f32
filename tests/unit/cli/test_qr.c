/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/qr.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static const char url[] = "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion";

/* Characters, of one byte or three. */
static size_t columns(const char *line)
{
    size_t n = 0;
    for (; *line && *line != '\n'; line++)
        n += ((unsigned char)*line & 0xc0) != 0x80;
    return n;
}

BEAM_TEST(qr, is_a_square_with_a_light_border)
{
    char *text = NULL;
    cr_assert_eq(qr_text(url, false, &text), 0);
    size_t width = columns(text), lines = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        cr_expect_eq(columns(line), width);
        cr_expect_eq(strncmp(line, "██", strlen("██")), 0, "line %zu", lines);
        lines++;
    }
    cr_expect_eq(lines, (width + 1) / 2);
    cr_expect_null(strchr(text, '\033'));
    free(text);
}

BEAM_TEST(qr, coloured_each_line_sets_and_resets)
{
    char *text = NULL;
    cr_assert_eq(qr_text(url, true, &text), 0);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        cr_expect_eq(strncmp(line, "\033[97;40m", 8), 0);
        cr_expect_eq(strncmp(strchr(line, '\n') - 4, "\033[0m", 4), 0);
    }
    free(text);
}

BEAM_TEST(qr, too_long_is_a_limit)
{
    static char letters[4000];
    char *text = NULL;
    memset(letters, 'a', sizeof(letters) - 1);
    cr_expect_eq(qr_text(letters, false, &text), BEAM_ELIMIT);
    cr_expect_null(text);
}
