/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/denylists.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "relay/where.h"

enum { STEP_MS = 1, SEQUENCES_MAX = 256, FILE_MAX = 64 * 1024, NAME_BYTES = 16 };

static const char kept[] = "denylist-", brought[] = ".part";

struct subscription {
    struct peer_id signer;
    char path[DENYLISTS_PATH_SIZE];
    char url[WHERE_TEXT_SIZE]; /* ""; else `path` is what was fetched last, and ours */
    bool part;                 /* `reading` was brought, and is not at `path` yet */
    struct timespec seen;      /* the file's time when it was last looked into */
    ino_t file; /* a clock is coarse: a file that was replaced at once is another file */
    uint64_t size;
    struct denylist *used, *reading;
};

struct sequence {
    struct peer_id signer;
    uint64_t value;
};

struct denylists {
    struct loop *loop;
    char *dir, *path;
    bool writes;
    void (*changed)(void *arg);
    void *arg;
    struct subscription *all; /* DENYLISTS_MAX */
    size_t count;
    struct sequence sequences[SEQUENCES_MAX];
    size_t known;
    struct loop_timer look, step;
};

/* ---- sequences ------------------------------------------------------------------------------ */

static bool is_signer(const struct denylists *d, const struct peer_id *key)
{
    for (size_t i = 0; i < d->count; i++)
        if (peer_id_equal(&d->all[i].signer, key))
            return true;
    return false;
}

/* Forgets those that are subscribed to no longer. */
static void prune(struct denylists *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->known; i++)
        if (is_signer(d, &d->sequences[i].signer))
            d->sequences[n++] = d->sequences[i];
    d->known = n;
}

static struct sequence *find_sequence(struct denylists *d, const struct peer_id *signer)
{
    for (size_t i = 0; i < d->known; i++)
        if (peer_id_equal(&d->sequences[i].signer, signer))
            return &d->sequences[i];
    return NULL;
}

static struct sequence *add_sequence(struct denylists *d, const struct peer_id *signer)
{
    struct sequence *s = &d->sequences[d->known++];
    s->signer = *signer;
    s->value = 0;
    return s;
}

/* Of one that is subscribed to: there is room for all of those. */
static struct sequence *sequence_of(struct denylists *d, const struct peer_id *signer)
{
    _Static_assert((int)SEQUENCES_MAX > (int)DENYLISTS_MAX, "there is room after prune");
    struct sequence *s = find_sequence(d, signer);
    if (!s && d->known == SEQUENCES_MAX)
        prune(d);
    return s ? s : add_sequence(d, signer);
}

static int take_sequence(struct denylists *d, const char *line, size_t len)
{
    struct peer_id signer;
    uint64_t value;
    const char *blank = memchr(line, ' ', len);
    if (!blank || peer_id_parse(line, (size_t)(blank - line), &signer, NULL) < 0 ||
        text_number(blank + 1, len - (size_t)(blank + 1 - line), UINT64_MAX, &value) < 0)
        return BEAM_EINVAL;
    struct sequence *s = find_sequence(d, &signer);
    if (!s && d->known == SEQUENCES_MAX)
        return BEAM_EINVAL;
    if (!s)
        s = add_sequence(d, &signer);
    s->value = value;
    return 0;
}

static int load(struct denylists *d, struct beam_why *why)
{
    char *text = NULL;
    size_t len = 0;
    int err = file_check_mode(d->path, 0600, why);
    if (err < 0)
        return err;
    err = file_read(d->path, FILE_MAX, &text, &len);
    if (err == BEAM_ENOTFOUND)
        return 0;
    if (err < 0)
        return beam_why(why, err, "%s: cannot be read: %s", d->path, beam_err_text(err));
    for (const char *at = text; err == 0 && len > 0;) {
        const char *end = memchr(at, '\n', len);
        size_t n = end ? (size_t)(end - at) : len;
        if (take_sequence(d, at, n) < 0)
            err = beam_why(why, BEAM_EINVAL,
                           "%s: makes no sense (remove it: older lists are taken "
                           "once more then)",
                           d->path);
        at += n + (end != NULL);
        len -= n + (end != NULL);
    }
    free(text);
    return err;
}

static void save(const struct denylists *d)
{
    enum { LINE = PEER_ID_TEXT_SIZE + 24 };
    char *text = malloc(SEQUENCES_MAX * LINE + 1), signer[PEER_ID_TEXT_SIZE];
    size_t n = 0;
    for (size_t i = 0; text && i < d->known; i++) {
        peer_id_text(&d->sequences[i].signer, signer);
        n += (size_t)snprintf(text + n, LINE, "%s %llu\n", signer,
                              (unsigned long long)d->sequences[i].value);
    }
    if (!text || file_write(d->path, 0600, text, n) < 0)
        log_error("relay", "which denylists were seen cannot be written");
    free(text);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void look_at(struct denylists *d, struct subscription *s);

static bool part_of(const struct subscription *s, char out[DENYLISTS_PATH_SIZE])
{
    int n = snprintf(out, DENYLISTS_PATH_SIZE, "%s%s", s->path, brought);
    return n < DENYLISTS_PATH_SIZE;
}

/* As it is from now on: what is at its path was seen. */
static bool see(struct subscription *s)
{
    struct stat st;
    if (stat(s->path, &st) != 0 ||
        (st.st_mtim.tv_sec == s->seen.tv_sec && st.st_mtim.tv_nsec == s->seen.tv_nsec &&
         (uint64_t)st.st_size == s->size && st.st_ino == s->file))
        return false;
    s->seen = st.st_mtim;
    s->size = (uint64_t)st.st_size;
    s->file = st.st_ino;
    return true;
}

static void give_up(struct denylists *d, struct subscription *s, const struct beam_why *why)
{
    char part[DENYLISTS_PATH_SIZE];
    log_warn("relay", "a denylist is not taken: %s", why->text);
    denylist_free(s->reading);
    s->reading = NULL;
    if (!s->part)
        return;
    s->part = false;
    if (part_of(s, part))
        (void)file_remove(part);
    s->file = 0; /* what it may have displaced while that was read */
    if (!s->used)
        look_at(d, s);
}

/* What was brought, and good, is for the next start too. */
static void keep(struct subscription *s)
{
    char part[DENYLISTS_PATH_SIZE];
    s->part = false;
    if (!part_of(s, part) || rename(part, s->path) != 0)
        log_error("relay", "a denylist that was fetched cannot be kept: %s", strerror(errno));
    (void)see(s);
}

static void adopt(struct denylists *d, struct subscription *s)
{
    struct sequence *q = sequence_of(d, &s->signer);
    denylist_free(s->used);
    s->used = s->reading;
    s->reading = NULL;
    if (s->part)
        keep(s);
    if (q->value < denylist_head(s->used)->sequence) {
        q->value = denylist_head(s->used)->sequence;
        if (d->writes)
            save(d);
    }
    log_info("relay", "a denylist of %llu entries is in use",
             (unsigned long long)denylist_head(s->used)->entries);
    d->changed(d->arg);
}

/* A part of the first that is being read. */
static void on_step(void *arg)
{
    struct denylists *d = arg;
    struct beam_why why = {.text = ""};
    size_t i = 0;
    while (i < d->count && !d->all[i].reading)
        i++;
    if (i == d->count)
        return;
    loop_timer_set(&d->step, STEP_MS);
    int err = denylist_read(d->all[i].reading, &why);
    if (err == 0)
        adopt(d, &d->all[i]);
    else if (err != BEAM_EAGAIN)
        give_up(d, &d->all[i], &why);
}

static void start(struct denylists *d, struct subscription *s, const char *path)
{
    struct beam_why why = {.text = ""};
    struct sequence *q = sequence_of(d, &s->signer);
    const char *dir = s->url[0] ? NULL : d->dir;
    if (denylist_open(path, dir, &s->signer, q->value, &s->reading, &why) < 0)
        give_up(d, s, &why);
    else
        loop_timer_set(&d->step, 0);
}

static void look_at(struct denylists *d, struct subscription *s)
{
    if (!s->reading && see(s))
        start(d, s, s->path);
}

static void on_look(void *arg)
{
    struct denylists *d = arg;
    for (size_t i = 0; i < d->count; i++)
        look_at(d, &d->all[i]);
    loop_timer_set(&d->look, DENYLISTS_LOOK_MS);
}

/* ---- subscriptions -------------------------------------------------------------------------- */

/* Where what is fetched from there is kept. */
static int name_kept(const struct denylists *d, const char *line, size_t len,
                     struct subscription *out, struct beam_why *why)
{
    uint8_t hash[NAME_BYTES];
    char hex[TEXT_HEX_SIZE(NAME_BYTES)];
    struct where_url url;
    struct beam_why fault = {.text = ""};
    int err = where_parse_url(out->url, &url, &fault);
    if (err < 0)
        return beam_why(why, err, "relay.denylist %s", fault.text);
    crypto_generichash(hash, sizeof(hash), (const uint8_t *)line, len, NULL, 0);
    (void)text_hex_encode(hash, sizeof(hash), hex, sizeof(hex));
    int n = snprintf(out->path, sizeof(out->path), "%s/%s%s", d->dir, kept, hex);
    return n < DENYLISTS_PATH_SIZE ? 0 : beam_why(why, BEAM_ELIMIT, "%s: too long", d->dir);
}

static int take_line(const struct denylists *d, const char *line, size_t len,
                     struct subscription *out, struct beam_why *why)
{
    const char *blank = memchr(line, ' ', len);
    size_t word = blank ? (size_t)(blank - line) : len;
    size_t left = blank ? len - word - 1 : 0;
    memset(out, 0, sizeof(*out));
    bool far = left > 4 && memcmp(blank + 1, "http", 4) == 0;
    if (left == 0 || left >= (far ? sizeof(out->url) : sizeof(out->path)) ||
        (!far && blank[1] != '/') || peer_id_parse(line, word, &out->signer, NULL) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "relay.denylist %.*s: must be SIGNER /PATH or SIGNER URL, the peer id of "
                        "who signs it and where it is",
                        (int)(len < 120 ? len : 120), line);
    memcpy(far ? out->url : out->path, blank + 1, left);
    return far ? name_kept(d, line, len, out, why) : 0;
}

static void clear(struct subscription *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        denylist_free(all[i].used);
        denylist_free(all[i].reading);
    }
}

/* What the same subscription had before goes on. */
static void inherit(struct denylists *d, struct subscription *s)
{
    for (size_t i = 0; i < d->count; i++) {
        struct subscription *old = &d->all[i];
        if (!peer_id_equal(&old->signer, &s->signer) || strcmp(old->path, s->path) != 0 ||
            strcmp(old->url, s->url) != 0)
            continue;
        *s = *old;
        old->used = old->reading = NULL;
        return;
    }
}

/* What is being brought, by another process perhaps, does too. */
static bool belongs(const struct denylists *d, const char *path)
{
    char part[DENYLISTS_PATH_SIZE];
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->all[i].path, path) == 0 ||
            (d->all[i].url[0] && part_of(&d->all[i], part) && strcmp(part, path) == 0))
            return true;
    return false;
}

/* Removes what was fetched for subscriptions that there are no longer. */
static void tidy(const struct denylists *d)
{
    DIR *dir = opendir(d->dir);
    struct dirent *e;
    while (dir && (e = readdir(dir)) != NULL) {
        char *path =
            strncmp(e->d_name, kept, strlen(kept)) == 0 ? file_join(d->dir, e->d_name) : NULL;
        if (path && !belongs(d, path))
            (void)file_remove(path);
        free(path);
    }
    if (dir)
        closedir(dir);
}

int denylists_set(struct denylists *d, const char *list, struct beam_why *why)
{
    struct subscription *fresh = calloc(DENYLISTS_MAX, sizeof(*fresh));
    size_t n = 0;
    int err = fresh ? 0 : beam_why(why, BEAM_ENOMEM, "relay.denylist: out of memory");
    for (const char *at = list; err == 0 && *at;) {
        size_t len = strcspn(at, "\n");
        if (n == DENYLISTS_MAX)
            err = beam_why(why, BEAM_ELIMIT, "relay.denylist: at most %d", DENYLISTS_MAX);
        else
            err = take_line(d, at, len, &fresh[n++], why);
        at += len + (at[len] == '\n');
    }
    if (err < 0) {
        free(fresh);
        return err;
    }
    for (size_t i = 0; i < n; i++)
        inherit(d, &fresh[i]);
    clear(d->all, d->count);
    free(d->all);
    d->all = fresh;
    d->count = n;
    tidy(d);
    on_look(d);
    return 0;
}

int denylists_new(struct loop *l, const char *dir, bool writes, void (*changed)(void *arg),
                  void *arg, struct denylists **out, struct beam_why *why)
{
    struct denylists *d = calloc(1, sizeof(*d));
    if (!d)
        return beam_why(why, BEAM_ENOMEM, "denylists: out of memory");
    d->loop = l;
    d->writes = writes;
    d->changed = changed;
    d->arg = arg;
    loop_timer_init(l, &d->look, on_look, d);
    loop_timer_init(l, &d->step, on_step, d);
    d->dir = strdup(dir);
    d->path = file_join(dir, "denylists");
    int err =
        d->dir && d->path ? load(d, why) : beam_why(why, BEAM_ENOMEM, "denylists: out of memory");
    if (err < 0)
        denylists_free(d);
    else
        *out = d;
    return err;
}

void denylists_free(struct denylists *d)
{
    if (!d)
        return;
    loop_timer_clear(&d->look);
    loop_timer_clear(&d->step);
    clear(d->all, d->count);
    free(d->all);
    free(d->dir);
    free(d->path);
    free(d);
}

/* ---- asked ---------------------------------------------------------------------------------- */

static bool has(const struct denylists *d, enum denylist_kind kind, const void *value, size_t len)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->all[i].used && denylist_has(d->all[i].used, kind, value, len))
            return true;
    return false;
}

bool denylists_key(const struct denylists *d, const struct peer_id *key)
{
    return has(d, DENYLIST_KEY, key->bytes, key->len);
}

bool denylists_endpoint(const struct denylists *d, const uint8_t id[RESERVATION_ID_SIZE])
{
    return has(d, DENYLIST_ENDPOINT, id, RESERVATION_ID_SIZE);
}

uint64_t denylists_entries(const struct denylists *d)
{
    uint64_t n = 0;
    for (size_t i = 0; i < d->count; i++)
        n += d->all[i].used ? denylist_head(d->all[i].used)->entries : 0;
    return n;
}

/* ---- fetched -------------------------------------------------------------------------------- */

size_t denylists_count(const struct denylists *d)
{
    return d->count;
}

const char *denylists_url(const struct denylists *d, size_t i)
{
    return d->all[i].url;
}

const char *denylists_where(const struct denylists *d, size_t i)
{
    const struct subscription *s = &d->all[i];
    return s->url[0] ? s->url : s->path;
}

bool denylists_made(const struct denylists *d, size_t i, uint64_t *out)
{
    if (!d->all[i].used)
        return false;
    *out = denylist_head(d->all[i].used)->created;
    return true;
}

uint64_t denylists_sequence(const struct denylists *d, size_t i)
{
    return d->all[i].used ? denylist_head(d->all[i].used)->sequence : 0;
}

bool denylists_reads(const struct denylists *d, size_t i)
{
    return d->all[i].part;
}

bool denylists_part(const struct denylists *d, size_t i, char out[DENYLISTS_PATH_SIZE])
{
    return part_of(&d->all[i], out);
}

int denylists_judge(const struct denylists *d, size_t i, const void *data, size_t len,
                    uint64_t *sequence, struct beam_why *why)
{
    const struct subscription *s = &d->all[i];
    struct denylist_head h;
    int err = denylist_head_parse(data, len, &s->signer, &h, why);
    if (err < 0)
        return err;
    for (size_t n = 0; n < d->known; n++)
        if (peer_id_equal(&d->sequences[n].signer, &s->signer) &&
            h.sequence < d->sequences[n].value)
            return beam_why(why, BEAM_EEXIST, "it is older (%llu) than what we had (%llu)",
                            (unsigned long long)h.sequence,
                            (unsigned long long)d->sequences[n].value);
    const struct denylist *here = s->reading ? s->reading : s->used;
    if (here && denylist_head(here)->sequence == h.sequence)
        return DENYLISTS_SAME;
    *sequence = h.sequence;
    return 0;
}

void denylists_bring(struct denylists *d, size_t i)
{
    struct subscription *s = &d->all[i];
    char part[DENYLISTS_PATH_SIZE];
    if (!part_of(s, part))
        return;
    denylist_free(s->reading);
    s->reading = NULL;
    s->part = true;
    start(d, s, part);
}
