/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/logline.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static enum logline_level level_of(const char *name, size_t len)
{
    static const struct {
        const char *name;
        enum logline_level level;
    } levels[] = {{"err", LOGLINE_ERR}, {"warn", LOGLINE_WARN}, {"notice", LOGLINE_NOTICE}};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strlen(levels[i].name) == len && memcmp(levels[i].name, name, len) == 0)
            return levels[i].level;
    return LOGLINE_OTHER;
}

void logline_parse(const char *line, size_t len, struct logline *out)
{
    enum { STAMP_MAX = 32 }; /* the bracket comes no later */
    const char *open = memchr(line, '[', len < STAMP_MAX ? len : STAMP_MAX);
    const char *close = open ? memchr(open, ']', len - (size_t)(open - line)) : NULL;
    out->level = LOGLINE_OTHER;
    if (close)
        out->level = level_of(open + 1, (size_t)(close - open) - 1);
    if (out->level != LOGLINE_OTHER) {
        len -= (size_t)(close + 1 - line);
        line = close + 1;
        if (len > 0 && *line == ' ') {
            line++;
            len--;
        }
    }
    text_escape(line, len, out->text, sizeof(out->text));
}

void complaints_note(struct complaints *c, const struct logline *l)
{
    static const char trace[] = "Bug:     "; /* a line of a stack */
    /* This one only points at those before it. */
    static const char empty_words[] = "Reading config failed";
    if (strncmp(l->text, trace, sizeof(trace) - 1) == 0)
        return;
    if (l->level == LOGLINE_WARN) {
        memcpy(c->warn[1], c->warn[0], LOGLINE_SIZE);
        memcpy(c->warn[0], l->text, LOGLINE_SIZE);
    } else if (l->level == LOGLINE_ERR &&
               strncmp(l->text, empty_words, sizeof(empty_words) - 1) != 0) {
        memcpy(c->err, l->text, LOGLINE_SIZE);
    }
}

void complaints_text(const struct complaints *c, char *out, size_t size)
{
    const char *const parts[] = {c->warn[1], c->warn[0], c->err};
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!parts[i][0] || len >= size)
            continue;
        int n = snprintf(out + len, size - len, "%s%s", len ? "; " : "", parts[i]);
        if (n > 0)
            len += (size_t)n;
    }
}
