/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/page.h"

#include <stdarg.h>
#include <stdio.h>

void page_init(struct page *p, char *out, size_t size)
{
    *p = (struct page){.at = out, .left = size};
    if (size > 0)
        out[0] = '\0';
}

void page_put(struct page *p, const char *fmt, ...)
{
    if (p->err < 0)
        return;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(p->at, p->left, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= p->left) {
        p->err = BEAM_ELIMIT;
        return;
    }
    p->at += n;
    p->left -= (size_t)n;
}

/* Inside of quotes, with what ends or escapes them escaped. */
static void put_quoted(struct page *p, const char *text)
{
    for (const char *s = text; *s && p->err == 0; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            p->err = BEAM_EINVAL;
        else
            page_put(p, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
    }
}

void page_put_path(struct page *p, const char *before, const char *dir, const char *name,
                   const char *after)
{
    page_put(p, "%s\"", before);
    put_quoted(p, dir);
    if (name) {
        page_put(p, "/");
        put_quoted(p, name);
    }
    page_put(p, "\"%s\n", after);
}
