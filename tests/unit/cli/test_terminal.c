/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/terminal.h"

#include <string.h>

#include "tests/unit/harness.h"

static const char *term, *no_color;

static const char *get(const char *name)
{
    if (strcmp(name, "TERM") == 0)
        return term;
    return strcmp(name, "NO_COLOR") == 0 ? no_color : NULL;
}

static void judge(bool tty, int width, bool utf8, bool live, bool colour, bool emoji)
{
    struct terminal t;
    terminal_judge(tty, width, utf8, get, &t);
    cr_expect_eq(t.live, live);
    cr_expect_eq(t.colour, colour);
    cr_expect_eq(t.utf8, emoji);
    cr_expect_geq(t.width, 40);
    cr_expect(width < 40 || t.width == width);
}

BEAM_TEST(terminal, shows_what_it_can)
{
    term = "xterm";
    no_color = NULL;
    judge(true, 100, true, true, true, true);
    judge(true, 100, false, true, true, false);
    judge(false, 0, true, false, false, false);
    judge(true, 3, true, true, true, true);
    no_color = "";
    judge(true, 80, true, true, true, true);
    no_color = "1";
    judge(true, 80, true, true, false, true);
    term = "dumb";
    judge(true, 80, true, false, false, false);
    term = NULL;
    judge(true, 80, true, false, false, false);
}
