/* SPDX-License-Identifier: BSD-3-Clause */
/* Open addressing with linear probing; a removal shifts back what follows, so
 * that no grave-stones are left and probes stay short. */
#include "base/map.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"

struct entry {
    uint64_t hash;
    void *value;
    size_t len;
    uint8_t key[];
};

struct map {
    struct entry **slots;
    size_t mask; /* slots - 1; a power of two of them */
    size_t count, ceiling;
    uint8_t key[crypto_shorthash_KEYBYTES];
};

enum { FIRST_SLOTS = 8 };

int map_new(const struct rng *rng, size_t ceiling, struct map **out)
{
    struct map *m = calloc(1, sizeof(*m));
    if (!m)
        return BEAM_ENOMEM;
    m->slots = calloc(FIRST_SLOTS, sizeof(struct entry *));
    if (!m->slots) {
        free(m);
        return BEAM_ENOMEM;
    }
    m->mask = FIRST_SLOTS - 1;
    m->ceiling = ceiling;
    rng->fill(rng->arg, m->key, sizeof(m->key));
    *out = m;
    return 0;
}

void map_free(struct map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i <= m->mask; i++)
        free(m->slots[i]);
    free(m->slots);
    sodium_memzero(m->key, sizeof(m->key));
    free(m);
}

static uint64_t hash_of(const struct map *m, const void *key, size_t len)
{
    static const uint8_t nothing[1];
    uint64_t h;
    static_assert(sizeof(h) == crypto_shorthash_BYTES, "a hash is 64 bits");
    crypto_shorthash((unsigned char *)&h, len ? key : nothing, len, m->key);
    return h;
}

/* The slot that holds the key, or the free one where it would go. */
static size_t find(const struct map *m, uint64_t hash, const void *key, size_t len)
{
    size_t i = (size_t)hash & m->mask;
    for (;; i = (i + 1) & m->mask) {
        const struct entry *e = m->slots[i];
        if (!e)
            return i;
        if (e->hash == hash && e->len == len && (len == 0 || memcmp(e->key, key, len) == 0))
            return i;
    }
}

static int grow(struct map *m)
{
    size_t size = (m->mask + 1) * 2;
    struct entry **slots = calloc(size, sizeof(struct entry *));
    if (!slots)
        return BEAM_ENOMEM;
    for (size_t i = 0; i <= m->mask; i++) {
        if (!m->slots[i])
            continue;
        size_t at = (size_t)m->slots[i]->hash & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = m->slots[i];
    }
    free(m->slots);
    m->slots = slots;
    m->mask = size - 1;
    return 0;
}

int map_put(struct map *m, const void *key, size_t len, void *value)
{
    assert(value);
    uint64_t hash = hash_of(m, key, len);
    if (m->slots[find(m, hash, key, len)])
        return BEAM_EEXIST;
    if (m->count >= m->ceiling)
        return BEAM_ELIMIT;
    if (len > SIZE_MAX - sizeof(struct entry))
        return BEAM_ENOMEM;
    /* At most three quarters full, so that a probe always meets a free slot. */
    if (m->count >= (m->mask + 1) / 4 * 3 && grow(m) < 0)
        return BEAM_ENOMEM;
    struct entry *e = malloc(sizeof(*e) + len);
    if (!e)
        return BEAM_ENOMEM;
    e->hash = hash;
    e->value = value;
    e->len = len;
    if (len > 0)
        memcpy(e->key, key, len);
    m->slots[find(m, hash, key, len)] = e;
    m->count++;
    return 0;
}

void *map_get(const struct map *m, const void *key, size_t len)
{
    const struct entry *e = m->slots[find(m, hash_of(m, key, len), key, len)];
    return e ? e->value : NULL;
}

void *map_swap(struct map *m, const void *key, size_t len, void *value)
{
    assert(value);
    struct entry *e = m->slots[find(m, hash_of(m, key, len), key, len)];
    if (!e)
        return NULL;
    void *old = e->value;
    e->value = value;
    return old;
}

/* Closes the gap at `hole`: an entry moves into it unless its home lies
 * between the hole (not counted) and where it is. */
static void close_gap(struct map *m, size_t hole)
{
    for (size_t i = (hole + 1) & m->mask; m->slots[i]; i = (i + 1) & m->mask) {
        size_t home = (size_t)m->slots[i]->hash & m->mask;
        if (((i - home) & m->mask) < ((i - hole) & m->mask))
            continue;
        m->slots[hole] = m->slots[i];
        m->slots[i] = NULL;
        hole = i;
    }
}

void *map_take(struct map *m, const void *key, size_t len)
{
    size_t at = find(m, hash_of(m, key, len), key, len);
    struct entry *e = m->slots[at];
    if (!e)
        return NULL;
    void *value = e->value;
    m->slots[at] = NULL;
    m->count--;
    free(e);
    close_gap(m, at);
    return value;
}

size_t map_count(const struct map *m)
{
    return m->count;
}

void *map_next(const struct map *m, size_t *at)
{
    while (*at <= m->mask) {
        const struct entry *e = m->slots[(*at)++];
        if (e)
            return e->value;
    }
    return NULL;
}
