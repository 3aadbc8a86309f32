/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static struct {
    enum log_level level;
    bool scrub;
    int fd;
} sink = {LOG_WARN, true, STDERR_FILENO};

int log_level_parse(const char *text, enum log_level *out)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return BEAM_EINVAL;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

void log_set_level(enum log_level level)
{
    sink.level = level;
}

void log_set_scrub(bool on)
{
    sink.scrub = on;
}

int log_open(const char *path)
{
    int fd = STDERR_FILENO;
    if (path) {
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd < 0)
            return beam_err_errno(errno);
    }
    if (sink.fd != STDERR_FILENO)
        close(sink.fd);
    sink.fd = fd;
    return 0;
}

/* The log has nobody to complain to: what cannot be written is lost. */
static void put(const char *line, size_t len)
{
    while (len > 0) {
        ssize_t n = write(sink.fd, line, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        len -= (size_t)n;
    }
}

void log_write(enum log_level level, const char *area, const char *fmt, ...)
{
    if (level > sink.level)
        return;
    int saved = errno;
    char when[CLOCK_TEXT_SIZE], text[LOG_LINE_MAX], line[LOG_LINE_MAX];
    const struct clock_source *clock = clock_system();
    clock_text(clock->wall_ms(clock->arg), when);

    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    size_t text_len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;

    n = snprintf(line, sizeof(line) / 2, "%s %s %s: ", when, level_names[level], area);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof(line) / 2 ? (size_t)n : sizeof(line) / 2 - 1;
    /* The newline takes the place of the final NUL. */
    len += text_escape(text, text_len, line + len, sizeof(line) - len);
    line[len++] = '\n';
    put(line, len);
    errno = saved;
}

const char *log_scrub(const char *text)
{
    return sink.scrub ? "[scrubbed]" : text;
}
