/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_UNKNOWN = 80, WIDTH_MIN = 40 };

void terminal_judge(bool tty, int width, bool utf8, const char *(*get)(const char *name),
                    struct terminal *out)
{
    const char *term = get("TERM"), *no_color = get("NO_COLOR");
    bool live = tty && term && term[0] && strcmp(term, "dumb") != 0;
    *out = (struct terminal){.live = live,
                             .colour = live && !(no_color && no_color[0]),
                             .utf8 = live && utf8,
                             .width = width == 0 ? WIDTH_UNKNOWN : width};
    if (out->width < WIDTH_MIN)
        out->width = WIDTH_MIN;
}

static const char *get_environment(const char *name)
{
    return getenv(name);
}

void terminal_look(struct terminal *out)
{
    struct winsize size = {0};
    bool tty = isatty(STDOUT_FILENO);
    if (tty)
        (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    setlocale(LC_CTYPE, "");
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    terminal_judge(tty, size.ws_col, utf8, get_environment, out);
}
