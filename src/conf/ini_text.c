/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/ini_text.h"

#include <ini.h>
#include <string.h>

#include "base/text.h"
#include "conf/conf.h"

/*
 * inih is built with a ceiling for lines, beyond which it takes the rest for
 * another line. Debian's lets its users raise it; another build's is told to
 * the reader, which then refuses what does not fit.
 */
extern int library_max_line __asm__("ini_max_line") __attribute__((weak));

struct reading {
    const char *name, *at, *end;
    const struct ini_text_sink *sink;
    void *arg;
    struct beam_why *why;
    unsigned line;
    int err;
};

bool ini_text_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return text_utf8_valid(text, len);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Moves the reading on by a line, given without its end and the blanks around
 * it. (Those in front would make inih take it for the last value's next line.) */
static bool next_line(struct reading *r, const char **line, size_t *len)
{
    if (r->at == r->end)
        return false;
    const char *start = r->at, *newline = memchr(start, '\n', (size_t)(r->end - start));
    const char *end = newline ? newline : r->end;
    r->at = newline ? newline + 1 : r->end;
    r->line++;
    if (r->line == 1 && end - start >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0)
        start += 3; /* a byte order mark */
    if (end > start && newline && end[-1] == '\r')
        end--;
    while (start < end && blank(*start))
        start++;
    while (start < end && blank(end[-1]))
        end--;
    *line = start;
    *len = (size_t)(end - start);
    return true;
}

/* inih says nothing of a section without keys, and passes over what follows the bracket. */
static int check_section(struct reading *r, const char *line, size_t len)
{
    char name[INI_TEXT_SECTION_MAX + 1];
    const char *close = memchr(line, ']', len), *end = line + len;
    if (!close)
        return beam_why(r->why, BEAM_EINVAL, "%s:%u: the section's `]` is missing", r->name,
                        r->line);
    size_t name_len = (size_t)(close - line) - 1;
    if (name_len > INI_TEXT_SECTION_MAX)
        return beam_why(r->why, BEAM_ELIMIT,
                        "%s:%u: the section's name is too long (at most %d bytes)", r->name,
                        r->line, INI_TEXT_SECTION_MAX);
    memcpy(name, line + 1, name_len);
    name[name_len] = '\0';
    const char *rest = close + 1;
    while (rest < end && blank(*rest))
        rest++;
    if (strchr(name, ';') || (rest < end && *rest != ';' && *rest != '#'))
        return beam_why(r->why, BEAM_EINVAL,
                        "%s:%u: only a comment may follow a section's `]`, and its name holds none",
                        r->name, r->line);
    return r->sink->section(r->arg, r->line, name);
}

/* inih's ini_reader: the next line into out, or NULL at the end or after a fault. */
static char *read_line(char *out, int size, void *arg)
{
    struct reading *r = arg;
    const char *line;
    size_t len, most = CONF_LINE_MAX;
    if (r->err < 0 || size < 1 || !next_line(r, &line, &len))
        return NULL;
    if (most > (size_t)size - 1)
        most = (size_t)size - 1;
    if (len > most)
        r->err = beam_why(r->why, BEAM_ELIMIT, "%s:%u: the line is too long (at most %zu bytes)",
                          r->name, r->line, most);
    else if (!ini_text_clean(line, len))
        r->err =
            beam_why(r->why, BEAM_EINVAL,
                     "%s:%u: the line holds a control character or is not UTF-8", r->name, r->line);
    else if (len > 0 && line[0] == '[')
        r->err = check_section(r, line, len);
    if (r->err < 0)
        return NULL;
    memcpy(out, line, len);
    out[len] = '\0';
    return out;
}

/* inih's ini_handler: 1 is fine, 0 a fault. */
static int take_value(void *arg, const char *section, const char *key, const char *value)
{
    struct reading *r = arg;
    (void)section; /* told already */
    if (r->err == 0)
        r->err = r->sink->value(r->arg, r->line, key, value);
    return r->err == 0;
}

int ini_text_read(const char *name, const char *text, size_t len, const struct ini_text_sink *sink,
                  void *arg, struct beam_why *why)
{
    struct reading r = {
        .name = name, .at = text, .end = text + len, .sink = sink, .arg = arg, .why = why};
    if (&library_max_line)
        library_max_line = CONF_LINE_MAX + 1;
    int line = ini_parse_stream(read_line, &r, take_value, &r);
    if (line < 0)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", name);
    /* inih remembers the first line it could not take, and goes on. */
    if (line > 0 && (r.err == 0 || (unsigned)line < r.line))
        return beam_why(why, BEAM_EINVAL,
                        "%s:%d: neither a [section] nor `key = value` nor a comment", name, line);
    return r.err;
}
