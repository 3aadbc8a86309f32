/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/bans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "base/text.h"

struct bans {
    char *path; /* NULL: of no file */
    const struct rng *rng;
    struct map *rows;                     /* struct bans_row, by what is shut out */
    size_t prefixes[2][NET_IP6_BITS + 1]; /* how many there are of each length */
};

/* ---- one of them ---------------------------------------------------------------------------- */

enum { KEY_MAX = 1 + PEER_ID_MAX };

/* By which bytes one is found. Returns how many. */
static size_t key_of(const struct ban *b, uint8_t out[KEY_MAX])
{
    out[0] = (uint8_t)b->kind;
    switch (b->kind) {
    case BAN_KEY:
        memcpy(out + 1, b->key.bytes, b->key.len);
        return 1 + (size_t)b->key.len;
    case BAN_ENDPOINT:
        memcpy(out + 1, b->id, sizeof(b->id));
        return 1 + sizeof(b->id);
    case BAN_NET:
        break;
    }
    memcpy(out + 1, &b->net, sizeof(b->net));
    return 1 + sizeof(b->net);
}

int ban_parse(const char *text, struct ban *out, struct beam_why *why)
{
    struct ban b = {.kind = BAN_NET};
    size_t len = strlen(text);
    if (net_parse(text, &b.net) < 0) {
        b.kind = BAN_ENDPOINT;
        if (reservation_id_parse(text, len, b.id) < 0) {
            b.kind = BAN_KEY;
            if (peer_id_parse(text, len, &b.key, NULL) < 0)
                return beam_why(
                    why, BEAM_EINVAL,
                    "%.80s: neither a peer id (12D3KooW…), nor an endpoint's id, nor an "
                    "address or prefix as in 192.0.2.0/24 (with no bits set behind it)",
                    text);
        }
    }
    *out = b;
    return 0;
}

void ban_text(const struct ban *b, char out[BANS_WHAT_SIZE])
{
    char text[BANS_WHAT_SIZE] = "";
    switch (b->kind) {
    case BAN_KEY:
        peer_id_text(&b->key, text);
        break;
    case BAN_ENDPOINT:
        reservation_id_text(b->id, text);
        break;
    case BAN_NET:
        net_text(&b->net, text);
        break;
    }
    memcpy(out, text, sizeof(text));
}

/* ---- in memory ------------------------------------------------------------------------------ */

static void count(struct bans *b, const struct ban *ban, int by)
{
    if (ban->kind == BAN_NET)
        b->prefixes[ban->net.version == 6][ban->net.bits] += (size_t)by;
}

static int put(struct bans *b, const struct bans_row *row)
{
    uint8_t key[KEY_MAX];
    size_t len = key_of(&row->ban, key);
    struct bans_row *copy = malloc(sizeof(*copy));
    if (!copy)
        return BEAM_ENOMEM;
    *copy = *row;
    int err = map_put(b->rows, key, len, copy);
    if (err < 0)
        free(copy);
    else
        count(b, &row->ban, 1);
    return err;
}

static bool has(const struct bans *b, const struct ban *ban)
{
    uint8_t key[KEY_MAX];
    size_t len = key_of(ban, key);
    return map_get(b->rows, key, len) != NULL;
}

static struct bans_row *take(struct bans *b, const struct ban *ban)
{
    uint8_t key[KEY_MAX];
    size_t len = key_of(ban, key);
    struct bans_row *row = map_take(b->rows, key, len);
    if (row)
        count(b, ban, -1);
    return row;
}

bool bans_key(const struct bans *b, const struct peer_id *key)
{
    struct ban ban = {.kind = BAN_KEY, .key = *key};
    return has(b, &ban);
}

bool bans_endpoint(const struct bans *b, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct ban ban = {.kind = BAN_ENDPOINT};
    memcpy(ban.id, id, sizeof(ban.id));
    return has(b, &ban);
}

bool bans_net(const struct bans *b, const struct net *from)
{
    struct ban ban = {.kind = BAN_NET};
    if (from->version == 0)
        return false;
    for (int bits = from->bits; bits >= 0; bits--) {
        if (b->prefixes[from->version == 6][bits] == 0)
            continue;
        net_cut(from, (uint8_t)bits, &ban.net);
        if (has(b, &ban))
            return true;
    }
    return false;
}

size_t bans_count(const struct bans *b)
{
    return map_count(b->rows);
}

const struct bans_row *bans_next(const struct bans *b, size_t *at)
{
    return map_next(b->rows, at);
}

/* ---- on disk -------------------------------------------------------------------------------- */

enum { SINCE_SIZE = 24, /* digits */ LINE_SIZE = BANS_WHAT_SIZE + SINCE_SIZE + BANS_WHY_SIZE + 4 };

/* All of it, in fresh memory; NULL: out of memory. */
static char *write_text(const struct bans *b, size_t *len)
{
    size_t size = (map_count(b->rows) + 1) * LINE_SIZE, n = 0, at = 0;
    char *text = malloc(size), what[BANS_WHAT_SIZE];
    const struct bans_row *row;
    if (!text)
        return NULL;
    while ((row = bans_next(b, &at)) != NULL) {
        ban_text(&row->ban, what);
        n += (size_t)snprintf(text + n, size - n, "%s\t%llu\t%s\n", what,
                              (unsigned long long)row->since, row->why);
    }
    *len = n;
    return text;
}

static int save(const struct bans *b, struct beam_why *why)
{
    size_t len;
    if (!b->path)
        return 0;
    char *text = write_text(b, &len);
    int err = text ? file_write(b->path, 0600, text, len) : BEAM_ENOMEM;
    free(text);
    return err < 0
               ? beam_why(why, err, "%s: the bans cannot be written: %s", b->path, file_fault(err))
               : 0;
}

/* The part of a line up to the next tab, which is passed over. */
static size_t part(const char **at, size_t *left, char *out, size_t size)
{
    const char *tab = memchr(*at, '\t', *left);
    size_t len = tab ? (size_t)(tab - *at) : *left, taken = len < size ? len : size - 1;
    memcpy(out, *at, taken);
    out[taken] = '\0';
    *at += len + (tab != NULL);
    *left -= len + (tab != NULL);
    return len;
}

static int take_line(struct bans *b, const char *name, size_t number, const char *line, size_t len,
                     struct beam_why *why)
{
    struct bans_row row = {.since = 0};
    char what[BANS_WHAT_SIZE], since[SINCE_SIZE];
    struct beam_why fault = {.text = ""};
    if (len == 0 || line[0] == '#')
        return 0;
    if (memchr(line, 0, len) || !text_utf8_valid(line, len))
        return beam_why(why, BEAM_EINVAL, "%s:%zu: not text", name, number);
    if (part(&line, &len, what, sizeof(what)) >= sizeof(what) ||
        ban_parse(what, &row.ban, &fault) < 0)
        return beam_why(why, BEAM_EINVAL, "%s:%zu: %s", name, number,
                        fault.text[0] ? fault.text : "too long");
    size_t digits = part(&line, &len, since, sizeof(since));
    if (digits > 0 && text_number(since, digits, UINT32_MAX, &row.since) < 0)
        return beam_why(why, BEAM_EINVAL, "%s:%zu: %s is no number of seconds", name, number,
                        since);
    (void)part(&line, &len, row.why, sizeof(row.why));
    int err = put(b, &row);
    if (err == 0 || err == BEAM_EEXIST)
        return 0;
    return beam_why(why, err, "%s:%zu: %s", name, number,
                    err == BEAM_ELIMIT ? "more bans than may be" : beam_err_text(err));
}

int bans_parse(const struct rng *rng, const char *name, const char *text, size_t len,
               struct bans **out, struct beam_why *why)
{
    struct bans *b = calloc(1, sizeof(*b));
    int err = b ? map_new(rng, BANS_MAX, &b->rows) : BEAM_ENOMEM;
    if (err < 0)
        beam_why(why, err, "%s: out of memory", name);
    size_t number = 0;
    while (err == 0 && len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        err = take_line(b, name, ++number, text, n, why);
        text += n + (end != NULL);
        len -= n + (end != NULL);
    }
    if (err < 0) {
        bans_free(b);
        return err;
    }
    b->rng = rng;
    *out = b;
    return 0;
}

static int load(const char *path, const struct rng *rng, struct bans **out, struct beam_why *why)
{
    char *text = NULL;
    size_t len = 0;
    int err = file_check_mode(path, 0644, why);
    if (err < 0)
        return err;
    err = file_read(path, BANS_FILE_MAX, &text, &len);
    if (err < 0 && err != BEAM_ENOTFOUND)
        return beam_why(why, err, "%s: the bans cannot be read: %s", path, beam_err_text(err));
    err = bans_parse(rng, path, text ? text : "", len, out, why);
    free(text);
    return err;
}

int bans_open(const char *path, const struct rng *rng, struct bans **out, struct beam_why *why)
{
    struct bans *b;
    int err = load(path, rng, &b, why);
    if (err < 0)
        return err;
    b->path = strdup(path);
    if (!b->path) {
        bans_free(b);
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    }
    *out = b;
    return 0;
}

void bans_free(struct bans *b)
{
    struct bans_row *row;
    size_t at = 0;
    if (!b)
        return;
    while (b->rows && (row = map_next(b->rows, &at)) != NULL)
        free(row);
    map_free(b->rows);
    free(b->path);
    free(b);
}

int bans_reread(struct bans *b, struct beam_why *why)
{
    struct bans *fresh, old = *b;
    int err = load(b->path, b->rng, &fresh, why);
    if (err < 0)
        return err;
    b->rows = fresh->rows;
    memcpy(b->prefixes, fresh->prefixes, sizeof(b->prefixes));
    fresh->rows = old.rows;
    bans_free(fresh);
    return 0;
}

/* ---- changes -------------------------------------------------------------------------------- */

int bans_add(struct bans *b, const struct bans_row *row, struct beam_why *why)
{
    struct bans_row clean = *row;
    char what[BANS_WHAT_SIZE];
    ban_text(&row->ban, what);
    /* What is written has to be read again. */
    (void)text_escape(row->why, strlen(row->why), clean.why, sizeof(clean.why));
    int err = put(b, &clean);
    if (err == BEAM_EEXIST)
        return beam_why(why, err, "%s: banned already", what);
    if (err < 0)
        return beam_why(why, err, "%s: %s", what,
                        err == BEAM_ELIMIT ? "there are as many bans as may be"
                                           : beam_err_text(err));
    err = save(b, why);
    if (err < 0)
        free(take(b, &clean.ban));
    return err;
}

int bans_remove(struct bans *b, const struct ban *ban, struct beam_why *why)
{
    char what[BANS_WHAT_SIZE];
    ban_text(ban, what);
    struct bans_row *row = take(b, ban);
    if (!row)
        return beam_why(why, BEAM_ENOTFOUND, "%s: not banned (`beam relay list` shows what is)",
                        what);
    int err = save(b, why);
    if (err < 0)
        (void)put(b, row);
    free(row);
    return err;
}
