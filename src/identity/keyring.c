/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/keyring.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/wire.h"

enum { ENTRY_HEAD = 3 /* purpose and both lengths */ };

struct keyring {
    size_t len, count;
    uint8_t bytes[]; /* as they are in the file: the seed, then the entries in their order */
};

struct entry {
    uint8_t purpose;
    size_t len, secret_len;
    const uint8_t *context, *secret;
};

/* sodium_malloc aligns the end of what it gives; so that the start is aligned too, the size is. */
static struct keyring *ring_new(size_t len)
{
    enum { ALIGN = _Alignof(struct keyring) };
    struct keyring *k = sodium_malloc(sizeof(*k) + (len + ALIGN - 1) / ALIGN * ALIGN);
    if (k)
        *k = (struct keyring){.len = len};
    return k;
}

/* The next entry; false at the end or on a fault, which r keeps. */
static bool next(struct wire_reader *r, struct entry *e)
{
    if (r->failed || wire_read_left(r) == 0)
        return false;
    e->purpose = wire_read_u8(r);
    e->len = wire_read_u8(r);
    e->context = wire_read_bytes(r, e->len);
    e->secret_len = wire_read_u8(r);
    e->secret = wire_read_bytes(r, e->secret_len);
    return !r->failed;
}

/* By purpose, then context: bytes first, the shorter of two that agree first. */
static int compare(const struct entry *a, const struct entry *b)
{
    if (a->purpose != b->purpose)
        return a->purpose < b->purpose ? -1 : 1;
    size_t both = a->len < b->len ? a->len : b->len;
    int order = both ? memcmp(a->context, b->context, both) : 0;
    if (order != 0 || a->len == b->len)
        return order;
    return a->len < b->len ? -1 : 1;
}

static void read_entries(const struct keyring *k, struct wire_reader *r)
{
    wire_read_init(r, k->bytes + DERIVE_SEED_SIZE, k->len - DERIVE_SEED_SIZE);
}

int keyring_new(const struct rng *rng, struct keyring **out)
{
    struct keyring *k = ring_new(DERIVE_SEED_SIZE);
    if (!k)
        return BEAM_ENOMEM;
    rng->fill(rng->arg, k->bytes, DERIVE_SEED_SIZE);
    *out = k;
    return 0;
}

/* Counts the entries; false when they are not in the one form. */
static bool check(struct keyring *k)
{
    struct wire_reader r;
    struct entry e, last = {.context = k->bytes};
    read_entries(k, &r);
    for (k->count = 0; next(&r, &e); k->count++) {
        if (!derive_purpose_name((enum derive_purpose)e.purpose) || e.secret_len == 0 ||
            (k->count > 0 && compare(&last, &e) >= 0))
            return false;
        last = e;
    }
    return wire_read_end(&r, true) == 0;
}

int keyring_decode(const void *data, size_t len, struct keyring **out)
{
    if (len < DERIVE_SEED_SIZE)
        return BEAM_EINVAL;
    if (len > KEYRING_MAX)
        return BEAM_ELIMIT;
    struct keyring *k = ring_new(len);
    if (!k)
        return BEAM_ENOMEM;
    memcpy(k->bytes, data, len);
    if (!check(k)) {
        keyring_free(k);
        return BEAM_EINVAL;
    }
    *out = k;
    return 0;
}

const uint8_t *keyring_bytes(const struct keyring *k, size_t *len)
{
    *len = k->len;
    return k->bytes;
}

void keyring_free(struct keyring *k)
{
    sodium_free(k);
}

const uint8_t *keyring_master(const struct keyring *k)
{
    return k->bytes;
}

size_t keyring_count(const struct keyring *k)
{
    return k->count;
}

const uint8_t *keyring_find(const struct keyring *k, enum derive_purpose purpose,
                            const void *context, size_t len, size_t *secret_len)
{
    struct wire_reader r;
    struct entry e;
    read_entries(k, &r);
    while (next(&r, &e)) {
        if (e.purpose != (uint8_t)purpose || e.len != len ||
            (len > 0 && memcmp(e.context, context, len) != 0))
            continue;
        *secret_len = e.secret_len;
        return e.secret;
    }
    return NULL;
}

/* Where an entry belongs: the offset of the first that does not come before it. */
static int place(const struct keyring *k, const struct entry *e, size_t *out)
{
    struct wire_reader r;
    struct entry other;
    read_entries(k, &r);
    size_t at = DERIVE_SEED_SIZE;
    while (next(&r, &other)) {
        int order = compare(&other, e);
        if (order == 0)
            return BEAM_EEXIST;
        if (order > 0)
            break;
        at += ENTRY_HEAD + other.len + other.secret_len;
    }
    *out = at;
    return 0;
}

static void insert(const struct keyring *k, size_t at, const struct entry *e, struct keyring *out)
{
    struct wire_writer w;
    wire_write_init(&w, out->bytes, out->len);
    wire_write_bytes(&w, k->bytes, at);
    wire_write_u8(&w, e->purpose);
    wire_write_u8(&w, (uint8_t)e->len);
    if (e->len > 0)
        wire_write_bytes(&w, e->context, e->len);
    wire_write_u8(&w, (uint8_t)e->secret_len);
    wire_write_bytes(&w, e->secret, e->secret_len);
    wire_write_bytes(&w, k->bytes + at, k->len - at);
    out->count = k->count + 1;
}

int keyring_with(const struct keyring *k, enum derive_purpose purpose, const void *context,
                 size_t len, const void *secret, size_t secret_len, struct keyring **out)
{
    const struct entry e = {.purpose = (uint8_t)purpose,
                            .len = len,
                            .context = context,
                            .secret_len = secret_len,
                            .secret = secret};
    size_t at;
    if (!derive_purpose_name(purpose))
        return BEAM_EINVAL;
    if (len > DERIVE_CONTEXT_MAX || secret_len == 0 || secret_len > KEYRING_SECRET_MAX)
        return BEAM_ELIMIT;
    int err = place(k, &e, &at);
    if (err < 0)
        return err;
    if (k->len + ENTRY_HEAD + len + secret_len > KEYRING_MAX)
        return BEAM_ELIMIT;
    struct keyring *more = ring_new(k->len + ENTRY_HEAD + len + secret_len);
    if (!more)
        return BEAM_ENOMEM;
    insert(k, at, &e, more);
    *out = more;
    return 0;
}
