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
    DEBT_SHARES = 2,   /* for each process: times of telling, that one may owe of a rate */
    LINE_SIZE = RESERVATION_ID_TEXT + 24,
    YEAR = 100 /* a month as a number is its year times this and itself */
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
    unsigned month; /* 202611; 0: none so far */
    struct use use;
    bool runs;    /* it was told its limits */
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

static unsigned this_month(const struct traffic *t)
{
    struct tm tm;
    read_calendar(t, &tm);
    return ((unsigned)tm.tm_year + 1900) * YEAR + (unsigned)tm.tm_mon + 1;
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
static void forget_accounts(struct traffic *t)
{
    struct traffic_account *a, **gone = calloc(map_count(t->accounts) + 1, sizeof(*gone));
    size_t at = 0, n = 0;
    while ((a = map_next(t->accounts, &at)) != NULL) {
        a->use = (struct use){.used = 0};
        if (gone && a->holders == 0)
            gone[n++] = a;
    }
    while (n-- > 0) {
        map_take(t->accounts, gone[n]->id, sizeof(gone[n]->id));
        free(gone[n]);
    }
    free(gone);
}

/* A clock that was set back changes nothing. */
static void begin_month(struct traffic *t, unsigned month)
{
    if (month <= t->month)
        return;
    t->month = month;
    t->use = (struct use){.used = 0};
    t->changed = true;
    forget_accounts(t);
}

/* ---- on disk -------------------------------------------------------------------------------- */

static int save(struct traffic *t)
{
    size_t size = (map_count(t->accounts) + 2) * LINE_SIZE, n, at = 0;
    char *text = malloc(size), id[RESERVATION_ID_TEXT];
    const struct traffic_account *a;
    if (!text)
        return BEAM_ENOMEM;
    n = (size_t)snprintf(text, size, "month %04u-%02u\nall %llu\n", t->month / YEAR,
                         t->month % YEAR, (unsigned long long)t->use.used);
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
    begin_month(t, this_month(t));
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

/* YEAR-MM. */
static int read_month(const char *text, size_t len, unsigned *out)
{
    uint64_t year = 0, month = 0;
    size_t zero = len == 7 && text[5] == '0'; /* which no number begins with */
    if (len != 7 || text[4] != '-' || text_number(text, 4, 9999, &year) < 0 ||
        text_number(text + 5 + zero, 2 - zero, 12, &month) < 0 || month == 0)
        return BEAM_EINVAL;
    *out = (unsigned)(year * YEAR + month);
    return 0;
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
    if (word == 5 && memcmp(line, "month", 5) == 0)
        return read_month(blank + 1, left, &t->month);
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
    begin_month(t, this_month(t));
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

static uint64_t processes(const struct traffic *t)
{
    return t->limits.among > 1 ? t->limits.among : 1;
}

/* The whole rate is everybody's, and what may pass at once is shared out. */
static struct bucket_rate rate_of(const struct traffic *t, uint64_t rate)
{
    uint64_t n = processes(t);
    return bucket_rate(rate, SECOND_MS, (rate * BURST_SECONDS + n - 1) / n);
}

static void charge(const struct traffic *t, struct bucket *b, const struct bucket_rate *rate,
                   uint64_t bytes)
{
    if (rate->cost > 0)
        bucket_charge(b, rate, bytes, processes(t) * DEBT_SHARES * TRAFFIC_SHARE_MS, now(t));
}

/* What is owed was so at another rate, and is forgiven. Where there was none, nobody was quiet for
 * what may pass at once, but at the beginning. */
void traffic_limit(struct traffic *t, const struct traffic_limits *l)
{
    struct traffic_account *a;
    uint64_t at = now(t), all = t->runs && t->rate.cost == 0 ? UINT64_MAX : 0;
    uint64_t each = t->runs && t->tunnel_rate.cost == 0 ? UINT64_MAX : 0;
    size_t i = 0;
    t->runs = true;
    t->limits = *l;
    t->rate = rate_of(t, l->rate);
    t->tunnel_rate = rate_of(t, l->tunnel_rate);
    bucket_charge(&t->bucket, &t->rate, all, 0, at);
    while ((a = map_next(t->accounts, &i)) != NULL)
        bucket_charge(&a->bucket, &t->tunnel_rate, each, 0, at);
}

bool traffic_paced(const struct traffic *t)
{
    return t->limits.rate || t->limits.tunnel_rate;
}

bool traffic_limited(const struct traffic *t)
{
    return traffic_paced(t) || t->limits.month || t->limits.tunnel_month;
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

unsigned traffic_month(struct traffic *t)
{
    begin_month(t, this_month(t));
    return t->month;
}

bool traffic_follow(struct traffic *t, unsigned month)
{
    begin_month(t, month);
    return month == traffic_month(t);
}

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

/* What is counted of all tunnels, or of one. */
struct place {
    struct use *use; /* NULL: there is no room to tell it apart */
    struct bucket *bucket;
    const struct bucket_rate *rate;
};

static struct place place_of(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct traffic_account *a = id ? account_of(t, id) : NULL;
    if (!id)
        return (struct place){&t->use, &t->bucket, &t->rate};
    return a ? (struct place){&a->use, &a->bucket, &t->tunnel_rate} : (struct place){.use = NULL};
}

void traffic_add(struct traffic *t, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes)
{
    struct place p = place_of(t, id);
    t->changed = true;
    if (!p.use)
        return;
    p.use->used += bytes;
    charge(t, p.bucket, p.rate, bytes);
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
    struct place p = place_of(t, id);
    uint64_t before = p.use ? p.use->used : 0;
    if (!p.use)
        return;
    p.use->used = bytes + p.use->unreported;
    if (p.use->used < before) /* what was reported has crossed this on its way */
        bucket_give_back(p.bucket, p.rate, before - p.use->used);
    else if (before > 0) /* else it is of the past */
        charge(t, p.bucket, p.rate, p.use->used - before);
}
