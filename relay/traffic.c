/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/map.h"
#include "base/text.h"

enum {
    SECOND_MS = 1000,
    BURST_SECONDS = 2, /* of a rate, that may pass at once */
    LINE_SIZE = RESERVATION_ID_TEXT + 24,
    MONTH_SIZE = 16
};

/* Of a month: bytes, those of them that were not reported, and what was told of them. */
struct use {
    uint64_t used, unreported, told;
};

struct traffic_account {
    uint8_t id[RESERVATION_ID_SIZE];
    struct use use;
    struct bucket bucket;
    size_t holders;
};

struct traffic {
    char *path;
    const struct clock_source *clock;
    struct traffic_limits limits;
    struct bucket_rate rate, tunnel_rate;
    struct bucket bucket;
    struct map *accounts;
    char month[MONTH_SIZE];
    struct use use;
    bool changed; /* since it was written */
    bool behind;  /* some of what was to be reported was not taken */
};

static void use_more(struct use *u, uint64_t n)
{
    u->used += n;
    u->unreported += n;
}

static void use_less(struct use *u, uint64_t n)
{
    u->used -= n < u->used ? n : u->used;
    u->unreported -= n < u->unreported ? n : u->unreported;
}

static uint64_t now(const struct traffic *t)
{
    return t->clock->monotonic_ms(t->clock->arg);
}

/* ---- months --------------------------------------------------------------------------------- */

static void read_calendar(const struct traffic *t, struct tm *out)
{
    time_t seconds = (time_t)(t->clock->wall_ms(t->clock->arg) / 1000);
    memset(out, 0, sizeof(*out));
    (void)gmtime_r(&seconds, out);
}

static void this_month(const struct traffic *t, char out[MONTH_SIZE])
{
    struct tm tm;
    read_calendar(t, &tm);
    snprintf(out, MONTH_SIZE, "%04u-%02u", (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)(tm.tm_mon + 1) % 100);
}

uint64_t traffic_rest(const struct traffic *t)
{
    struct tm tm;
    time_t seconds = (time_t)(t->clock->wall_ms(t->clock->arg) / 1000);
    read_calendar(t, &tm);
    tm.tm_mon++;
    tm.tm_mday = 1;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    time_t next = timegm(&tm);
    return next > seconds ? (uint64_t)(next - seconds) : 1;
}

/* Accounts that nobody holds go; those that are held begin anew. */
static void forget_accounts(struct traffic *t, bool all)
{
    struct traffic_account *a, **gone = calloc(map_count(t->accounts) + 1, sizeof(*gone));
    size_t at = 0, n = 0;
    while ((a = map_next(t->accounts, &at)) != NULL) {
        a->use = (struct use){.used = 0};
        if (gone && (all || a->holders == 0))
            gone[n++] = a;
    }
    while (n-- > 0) {
        map_take(t->accounts, gone[n]->id, sizeof(gone[n]->id));
        free(gone[n]);
    }
    free(gone);
}

/* A clock that was set back changes nothing. */
static void begin_month(struct traffic *t)
{
    char month[MONTH_SIZE];
    this_month(t, month);
    if (strcmp(month, t->month) <= 0)
        return;
    memcpy(t->month, month, sizeof(t->month));
    t->use = (struct use){.used = 0};
    t->changed = true;
    forget_accounts(t, false);
}

/* ---- on disk -------------------------------------------------------------------------------- */

static int save(struct traffic *t)
{
    size_t size = (map_count(t->accounts) + 2) * LINE_SIZE, n, at = 0;
    char *text = malloc(size), id[RESERVATION_ID_TEXT];
    const struct traffic_account *a;
    if (!text)
        return BEAM_ENOMEM;
    n = (size_t)snprintf(text, size, "month %s\nall %llu\n", t->month,
                         (unsigned long long)t->use.used);
    while ((a = map_next(t->accounts, &at)) != NULL) {
        if (a->use.used == 0)
            continue;
        reservation_id_text(a->id, id);
        n += (size_t)snprintf(text + n, size - n, "%s %llu\n", id, (unsigned long long)a->use.used);
    }
    int err = file_write(t->path, 0600, text, n);
    free(text);
    t->changed = err < 0;
    return err;
}

int traffic_turn(struct traffic *t)
{
    begin_month(t);
    return t->changed && t->path ? save(t) : 0;
}

static struct traffic_account *account_of(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct traffic_account *a = map_get(t->accounts, id, RESERVATION_ID_SIZE);
    if (a)
        return a;
    a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    memcpy(a->id, id, sizeof(a->id));
    if (map_put(t->accounts, a->id, sizeof(a->id), a) == 0)
        return a;
    free(a);
    return NULL;
}

static bool is_month(const char *text, size_t len)
{
    return len == 7 && text[4] == '-' && strspn(text, "0123456789") == 4 &&
           strspn(text + 5, "0123456789") >= 2;
}

/* "month YEAR-MM", "all BYTES", "ID BYTES". */
static int take_line(struct traffic *t, const char *line, size_t len)
{
    uint8_t id[RESERVATION_ID_SIZE];
    const char *blank = memchr(line, ' ', len);
    size_t word = blank ? (size_t)(blank - line) : len, left = blank ? len - word - 1 : 0;
    uint64_t bytes = 0;
    if (!blank)
        return BEAM_EINVAL;
    if (word == 5 && memcmp(line, "month", 5) == 0) {
        if (!is_month(blank + 1, left))
            return BEAM_EINVAL;
        memcpy(t->month, blank + 1, left);
        t->month[left] = '\0';
        return 0;
    }
    if (text_number(blank + 1, left, UINT64_MAX / 2, &bytes) < 0)
        return BEAM_EINVAL;
    if (word == 3 && memcmp(line, "all", 3) == 0) {
        t->use.used = bytes;
        return 0;
    }
    if (reservation_id_parse(line, word, id) < 0)
        return BEAM_EINVAL;
    struct traffic_account *a = account_of(t, id);
    if (a)
        a->use.used = bytes;
    return 0;
}

static int load(struct traffic *t, struct beam_why *why)
{
    char *text = NULL;
    size_t len = 0, number = 0;
    int err = file_check_mode(t->path, 0600, why);
    if (err < 0)
        return err;
    err = file_read(t->path, TRAFFIC_FILE_MAX, &text, &len);
    if (err == BEAM_ENOTFOUND)
        return 0;
    if (err < 0)
        return beam_why(why, err, "%s: cannot be read: %s", t->path, beam_err_text(err));
    for (const char *at = text; err == 0 && len > 0;) {
        const char *end = memchr(at, '\n', len);
        size_t n = end ? (size_t)(end - at) : len;
        number++;
        if (take_line(t, at, n) < 0)
            err = beam_why(why, BEAM_EINVAL,
                           "%s:%zu: makes no sense (put a copy back, or remove the file: what was "
                           "used this month is forgotten then)",
                           t->path, number);
        at += n + (end != NULL);
        len -= n + (end != NULL);
    }
    free(text);
    return err;
}

int traffic_open(const char *path, size_t tunnels, const struct rng *rng,
                 const struct clock_source *clock, struct traffic **out, struct beam_why *why)
{
    struct traffic *t = calloc(1, sizeof(*t));
    if (!t)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    t->clock = clock;
    t->path = path ? strdup(path) : NULL;
    int err = path && !t->path ? BEAM_ENOMEM : map_new(rng, tunnels, &t->accounts);
    if (err < 0)
        beam_why(why, err, "relay: out of memory");
    else if (path)
        err = load(t, why);
    if (err < 0) {
        t->changed = false;
        traffic_close(t);
        return err;
    }
    begin_month(t);
    *out = t;
    return 0;
}

void traffic_close(struct traffic *t)
{
    struct traffic_account *a;
    size_t at = 0;
    if (!t)
        return;
    if (t->changed && t->path)
        (void)save(t);
    while (t->accounts && (a = map_next(t->accounts, &at)) != NULL)
        free(a);
    map_free(t->accounts);
    free(t->path);
    free(t);
}

/* ---- what may pass -------------------------------------------------------------------------- */

void traffic_limit(struct traffic *t, const struct traffic_limits *l)
{
    t->limits = *l;
    t->rate = bucket_rate(l->rate, SECOND_MS, l->rate * BURST_SECONDS);
    t->tunnel_rate = bucket_rate(l->tunnel_rate, SECOND_MS, l->tunnel_rate * BURST_SECONDS);
}

bool traffic_limited(const struct traffic *t)
{
    const struct traffic_limits *l = &t->limits;
    return l->rate || l->month || l->tunnel_rate || l->tunnel_month;
}

struct traffic_account *traffic_hold(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct traffic_account *a = account_of(t, id);
    if (a)
        a->holders++;
    return a;
}

void traffic_release(struct traffic *t, struct traffic_account *a)
{
    if (!a || --a->holders > 0 || a->use.used > 0)
        return;
    map_take(t->accounts, a->id, sizeof(a->id));
    free(a);
}

static uint64_t left(uint64_t month, uint64_t used, uint64_t most)
{
    uint64_t n = month == 0 ? most : month > used ? month - used : 0;
    return n < most ? n : most;
}

size_t traffic_take(struct traffic *t, struct traffic_account *a, size_t most, uint64_t *wait_ms)
{
    uint64_t at = now(t), n = left(t->limits.month, t->use.used, most), more;
    if (a)
        n = left(t->limits.tunnel_month, a->use.used, n);
    if (n == 0) {
        *wait_ms = most > 0 ? UINT64_MAX : 0;
        return 0;
    }
    n = bucket_take_some(&t->bucket, &t->rate, n, at);
    more = n;
    if (a && n > 0)
        n = bucket_take_some(&a->bucket, &t->tunnel_rate, n, at);
    bucket_give_back(&t->bucket, &t->rate, more - n);
    if (n == 0) {
        uint64_t all = bucket_wait(&t->bucket, &t->rate, 1, at);
        uint64_t own = a ? bucket_wait(&a->bucket, &t->tunnel_rate, 1, at) : 0;
        *wait_ms = (all > own ? all : own) + 1;
        return 0;
    }
    use_more(&t->use, n);
    t->changed = true;
    if (a)
        use_more(&a->use, n);
    return (size_t)n;
}

void traffic_give_back(struct traffic *t, struct traffic_account *a, size_t n)
{
    bucket_give_back(&t->bucket, &t->rate, n);
    use_less(&t->use, n);
    if (!a)
        return;
    bucket_give_back(&a->bucket, &t->tunnel_rate, n);
    use_less(&a->use, n);
}

/* ---- what was used -------------------------------------------------------------------------- */

bool traffic_sleeps(const struct traffic *t)
{
    return t->limits.month > 0 && t->use.used >= t->limits.month;
}

uint64_t traffic_used(const struct traffic *t)
{
    return t->use.used;
}

uint64_t traffic_tunnel_used(const struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE])
{
    const struct traffic_account *a = map_get(t->accounts, id, RESERVATION_ID_SIZE);
    return a ? a->use.used : 0;
}

bool traffic_tunnel_sleeps(const struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE])
{
    return t->limits.tunnel_month > 0 && traffic_tunnel_used(t, id) >= t->limits.tunnel_month;
}

/* ---- among several processes ---------------------------------------------------------------- */

static bool report(struct use *u, const uint8_t *id, traffic_fn *each, void *arg)
{
    if (u->unreported > 0 && each(arg, id, u->unreported))
        u->unreported = 0;
    return u->unreported == 0;
}

void traffic_report(struct traffic *t, traffic_fn *each, void *arg)
{
    struct traffic_account *a;
    size_t at = 0;
    if (t->use.unreported == 0 && !t->behind)
        return;
    t->behind = !report(&t->use, NULL, each, arg);
    while ((a = map_next(t->accounts, &at)) != NULL)
        t->behind |= !report(&a->use, a->id, each, arg);
}

/* NULL: there is no room to tell it apart. */
static struct use *use_of(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct traffic_account *a = id ? account_of(t, id) : NULL;
    return !id ? &t->use : a ? &a->use : NULL;
}

void traffic_add(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes)
{
    struct use *u = use_of(t, id);
    if (u)
        u->used += bytes;
    t->changed = true;
}

static void tell(struct use *u, bool anew, const uint8_t *id, traffic_fn *each, void *arg)
{
    bool wanted = u->used > 0 && (anew || u->used != u->told);
    u->told = !wanted || each(arg, id, u->used) ? u->used : 0;
}

void traffic_tell(struct traffic *t, bool anew, traffic_fn *each, void *arg)
{
    struct traffic_account *a;
    size_t at = 0;
    tell(&t->use, anew, NULL, each, arg);
    while ((a = map_next(t->accounts, &at)) != NULL)
        tell(&a->use, anew, a->id, each, arg);
}

void traffic_set(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes)
{
    struct use *u = use_of(t, id);
    if (u)
        u->used = bytes + u->unreported;
}
