/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/fuzz/strict.h"

#include <string.h>
#include <strings.h>

#include "tests/fuzz/must.h"

char *strict_line(char **at, char *end)
{
    char *lf = memchr(*at, '\n', (size_t)(end - *at)), *line = *at;
    MUST(lf && lf > line && lf[-1] == '\r');
    lf[-1] = '\0';
    MUST(strlen(line) == (size_t)(lf - 1 - line) && !strchr(line, '\r'));
    *at = lf + 1;
    return line;
}

/* What no trailer may be, for whoever puts them to the head. */
static void trailers(char **at, char *end)
{
    static const char *const never[] = {"content-length",
                                        "transfer-encoding",
                                        "host",
                                        "connection",
                                        "te",
                                        "authorization",
                                        "cookie",
                                        "expect",
                                        "x-forwarded-for",
                                        "set-cookie"};
    char *line;
    while (*(line = strict_line(at, end))) {
        char *colon = strchr(line, ':');
        MUST(line[0] != ' ' && line[0] != '\t' && colon);
        *colon = '\0';
        for (char *c = line; *c; c++)
            *c = *c == '_' ? '-' : *c;
        for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
            MUST(strcasecmp(line, never[i]) != 0);
    }
}

void strict_chunks(char **at, char *end)
{
    for (;;) {
        char *line = strict_line(at, end), *stop;
        MUST(line[0] && strspn(line, "0123456789abcdef") == strlen(line));
        size_t n = strtoul(line, &stop, 16);
        if (n == 0)
            break;
        MUST(n <= (size_t)(end - *at));
        *at += n;
        line = strict_line(at, end);
        MUST(line[0] == '\0');
    }
    trailers(at, end);
}
