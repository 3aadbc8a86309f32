/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/plain.h"

enum {
    PROGRESS_STEP = 25,
    PROGRESS_DONE = 100,
    ESCAPED_MAX = 1024,
    TARGET_MIN = 20,
    TARGET_MAX = 200,
    REQUEST_REST = 46
};

/* How a path shows itself. */
struct label {
    const char *kind, *emoji, *word, *guard;
};

static const struct label labels[] = {
    {"onion", "\U0001F9C5", "Tor", "onion: end to end, Tor v3"},
    {"relay", "\U0001F310", "Relay", "to the relay: Noise XX, ChaCha20-Poly1305"},
};

/* ---- putting text together ---- */

static void __attribute__((format(printf, 2, 3))) put(struct screen *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s->text + s->len, sizeof(s->text) - s->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        s->len += (size_t)n;
    if (s->len >= sizeof(s->text))
        s->len = sizeof(s->text) - 1; /* cut, as vsnprintf has */
}

static void colour(struct screen *s, const char *code)
{
    if (s->terminal.colour)
        put(s, "\033[%sm", code);
}

/* Text of others, in at most `columns`. */
static void put_foreign(struct screen *s, const char *text, size_t columns)
{
    char escaped[ESCAPED_MAX];
    size_t size = columns + 1 < sizeof(escaped) ? columns + 1 : sizeof(escaped);
    text_escape(text, strlen(text), escaped, size);
    put(s, "%s", escaped);
}

/* Words in which what is not printable may be written \xNN already, in at most `columns`. */
static void put_words(struct screen *s, const char *words, size_t columns)
{
    char plain[ESCAPED_MAX];
    plain_text(words, plain, columns + 1 < sizeof(plain) ? columns + 1 : sizeof(plain));
    put(s, "%s", plain);
}

/* Makes way for a line that stays. */
static void begin_line(struct screen *s)
{
    if (s->in_place)
        put(s, "\r\033[K");
    s->in_place = false;
}

/* "emoji Word     ", the start of a line about something. */
static void put_head(struct screen *s, const char *emoji, const char *word)
{
    if (s->terminal.utf8)
        put(s, "%s ", emoji);
    put(s, "%-8s ", word);
}

static const struct label *label_of(const char *kind)
{
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (strcmp(labels[i].kind, kind) == 0)
            return &labels[i];
    return NULL;
}

static void put_path(struct screen *s, const char *kind)
{
    const struct label *l = label_of(kind);
    if (l)
        put_head(s, l->emoji, l->word);
    else
        put_foreign(s, kind, 8);
}

/* ---- reading events ---- */

static uint64_t number_of(const cJSON *event, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(event, key);
    return cJSON_IsNumber(m) && m->valuedouble >= 0 && m->valuedouble < 1e18
               ? (uint64_t)m->valuedouble
               : 0;
}

static void put_duration(struct screen *s, uint64_t ms)
{
    if (ms < 1000)
        put(s, "%llu ms", (unsigned long long)ms);
    else
        put(s, "%llu.%llu s", (unsigned long long)(ms / 1000),
            (unsigned long long)(ms % 1000 / 100));
}

static void put_bytes(struct screen *s, uint64_t n)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    if (n < 1000) {
        put(s, "%llu B", (unsigned long long)n);
        return;
    }
    for (; n >= 1000000; n /= 1000)
        unit++;
    put(s, "%llu.%llu %s", (unsigned long long)(n / 1000), (unsigned long long)(n % 1000 / 100),
        units[unit]);
}

/* The hour here, of a time in RFC 3339. */
static void put_time(struct screen *s, const char *time)
{
    struct tm utc = {0}, here;
    char text[16] = "--:--:--";
    if (strptime(time, "%Y-%m-%dT%H:%M:%S", &utc)) {
        time_t at = timegm(&utc);
        if (localtime_r(&at, &here))
            strftime(text, sizeof(text), "%H:%M:%S", &here);
    }
    colour(s, "2");
    put(s, "%s", text);
    colour(s, "0");
}

/* ---- events ---- */

static void show_starting(struct screen *s, const cJSON *e)
{
    snprintf(s->name, sizeof(s->name), "%s", json_text(e, "name"));
    begin_line(s);
    put(s, "%sBeam %s (", s->terminal.utf8 ? "⚡ " : "", s->version);
    put_foreign(s, json_text(e, "policy"), 64);
    put(s, ")\n\n");
    put_head(s, "🔗", "Local");
    put_foreign(s, s->name, 64);
    put(s, " %s ", s->terminal.utf8 ? "→" : "->");
    put_foreign(s, json_text(e, "target"), 256);
    put(s, "\n");
}

static void show_progress(struct screen *s, const cJSON *e)
{
    int percent = (int)(number_of(e, "percent") % 1000);
    if (!s->terminal.live && percent < PROGRESS_DONE && percent < s->shown + PROGRESS_STEP &&
        percent >= s->shown && s->shown > 0)
        return;
    s->shown = percent;
    begin_line(s);
    put_path(s, json_text(e, "path"));
    put(s, "%3d %% ", percent);
    put_words(s, json_text(e, "summary"), (size_t)s->terminal.width - 20);
    s->in_place = s->terminal.live;
    if (!s->in_place)
        put(s, "\n");
}

static void show_path_up(struct screen *s, const cJSON *e)
{
    const struct label *l = label_of(json_text(e, "path"));
    begin_line(s);
    s->shown = 0;
    if (l)
        s->up |= 1U << (l - labels);
    put_path(s, json_text(e, "path"));
    colour(s, "1");
    put_foreign(s, json_text(e, "url"), 256);
    colour(s, "0");
    put(s, "  ready in ");
    put_duration(s, number_of(e, "ms"));
    if (json_text(e, "peer")[0]) {
        put(s, ", via ");
        put_foreign(s, json_text(e, "peer"), 64);
        put(s, json_true(e, "sealed") ? " (cannot read this traffic: TLS is opened here)"
                                      : " (can read this traffic)");
    }
    put(s, "\n");
}

static void show_ready(struct screen *s)
{
    begin_line(s);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (s->up & 1U << i)
            put(s, "%s%s\n", s->terminal.utf8 ? "🔒 " : "", labels[i].guard);
    if (s->detach)
        put(s, "It stays up in the background: `beam stop %s` ends it.\n", s->name);
    else
        put(s, "Ctrl-C stops.\n");
}

static void show_path_down(struct screen *s, const cJSON *e)
{
    uint64_t retry = number_of(e, "retry_ms");
    begin_line(s);
    put_path(s, json_text(e, "path"));
    colour(s, "33");
    put(s, "down: ");
    put_words(s, json_text(e, "reason"), 512);
    colour(s, "0");
    if (retry > 0) {
        put(s, "; next try in ");
        put_duration(s, retry);
    }
    put(s, "\n");
}

static const char *status_colour(int status)
{
    static const char *const by_class[] = {"0", "36", "32", "36", "33", "31"};
    return status >= 100 && status < 600 ? by_class[status / 100] : "0";
}

/* Columns for a target: what the rest of the line leaves of a terminal's. */
static size_t target_room(const struct screen *s)
{
    if (!s->terminal.live)
        return TARGET_MAX;
    int room = s->terminal.width - REQUEST_REST;
    return room > TARGET_MIN ? (size_t)room : TARGET_MIN;
}

static void show_request(struct screen *s, const cJSON *e)
{
    const char *method = json_text(e, "method"), *target = json_text(e, "target");
    int status = (int)(number_of(e, "status") % 1000);
    begin_line(s);
    put_time(s, json_text(e, "time"));
    put(s, "  ");
    if (method[0]) {
        put_foreign(s, method, 16);
        put(s, " ");
        put_words(s, target, target_room(s));
        put(s, "  ");
        colour(s, status_colour(status));
        put(s, status ? "%d" : "-", status);
        colour(s, "0");
    } else {
        put(s, "connection  in ");
        put_bytes(s, number_of(e, "in"));
    }
    put(s, "  ");
    put_duration(s, number_of(e, "ms"));
    put(s, method[0] ? "  " : "  out ");
    put_bytes(s, number_of(e, "out"));
    put(s, "  ");
    put_foreign(s, json_text(e, "path"), 16);
    if (json_text(e, "circuit")[0]) {
        put(s, "  ");
        put_foreign(s, json_text(e, "circuit"), 16);
    }
    put(s, "\n");
}

static void show_warning(struct screen *s, const cJSON *e)
{
    begin_line(s);
    colour(s, "33");
    put_head(s, "⚠️ ", "Warning");
    put_words(s, json_text(e, "text"), 600);
    colour(s, "0");
    put(s, "\n");
}

/* Over the ^C that a terminal echoes. */
static void show_stopped(struct screen *s)
{
    s->in_place = s->terminal.live;
    begin_line(s);
    put(s, "Stopped.\n");
}

void screen_init(struct screen *s, const struct terminal *t, const char *version, bool detach)
{
    *s = (struct screen){.terminal = *t, .version = version, .detach = detach};
}

const char *screen_event(struct screen *s, const cJSON *event, size_t *len)
{
    const char *name = json_text(event, "event");
    s->len = 0;
    s->text[0] = '\0';
    if (strcmp(name, "starting") == 0)
        show_starting(s, event);
    else if (strcmp(name, "progress") == 0)
        show_progress(s, event);
    else if (strcmp(name, "path_up") == 0)
        show_path_up(s, event);
    else if (strcmp(name, "ready") == 0)
        show_ready(s);
    else if (strcmp(name, "path_down") == 0)
        show_path_down(s, event);
    else if (strcmp(name, "request") == 0)
        show_request(s, event);
    else if (strcmp(name, "warning") == 0)
        show_warning(s, event);
    else if (strcmp(name, "stopped") == 0)
        show_stopped(s);
    *len = s->len;
    return s->text;
}

const char *screen_end(struct screen *s, size_t *len)
{
    s->len = 0;
    s->text[0] = '\0';
    begin_line(s);
    *len = s->len;
    return s->text;
}
