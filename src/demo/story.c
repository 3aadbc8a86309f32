/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { STEP = 25, SUMMARY_MAX = 70 };

static uint64_t now(void)
{
    const struct clock_source *clock = clock_system();
    return clock->monotonic_ms(clock->arg);
}

static void put_time(const struct story *s)
{
    uint64_t ms = now() - s->began;
    printf("%5llu.%llu s  ", (unsigned long long)(ms / 1000),
           (unsigned long long)(ms % 1000 / 100));
}

static void make_way(struct story *s)
{
    if (s->in_place)
        fputs("\r\033[K", stdout);
    s->in_place = false;
}

void story_begin(struct story *s)
{
    const char *term = getenv("TERM");
    *s = (struct story){.began = now(), .shown = -1};
    s->live = isatty(STDOUT_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

void story_say(struct story *s, const char *fmt, ...)
{
    va_list ap;
    make_way(s);
    s->shown = -1;
    put_time(s);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

void story_progress(struct story *s, const char *what, int percent, const char *summary)
{
    char plain[SUMMARY_MAX];
    if (!s->live && s->shown >= 0 && percent >= s->shown && percent < s->shown + STEP)
        return;
    s->shown = percent < 0 ? 0 : percent;
    make_way(s);
    put_time(s);
    text_escape(summary, strlen(summary), plain, sizeof(plain));
    if (percent >= 0)
        printf("... %s: %d %%  %s", what, percent, plain);
    else
        printf("... %s: %s", what, plain);
    s->in_place = s->live;
    if (!s->live)
        putchar('\n');
    fflush(stdout);
}

void story_pause(struct story *s)
{
    make_way(s);
    putchar('\n');
    fflush(stdout);
}

void story_end(struct story *s)
{
    make_way(s);
    fflush(stdout);
}
