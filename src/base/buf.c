/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block is filled from its start to its end, once, by whoever holds its
 * frontier: the first byte that no segment covers. Small pieces that arrive one
 * after another thus lie side by side in one block even when they are handed to
 * different bufs, and pieces that are neighbours in a block become one segment
 * when they meet in a buf.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"

struct block {
    struct block *next; /* among the idle */
    size_t refs;
    size_t filled; /* the frontier */
    bool lent;     /* a buf_prepare holds what lies beyond the frontier */
    bool apart;    /* filled by one buf alone */
    bool secret;   /* wiped before it is idle or freed */
    uint8_t data[BUF_BLOCK_SIZE];
};

struct buf_seg {
    struct buf_seg *next;
    struct block *block;
    size_t start, end; /* bytes [start, end) of the block */
};

struct buf_pool {
    struct block *idle;
    struct buf_seg *idle_segs;
    struct block *open; /* the block filled last, while in use and not full; not counted as a ref */
    size_t idle_count, idle_seg_count;
    size_t keep, used;
};

int buf_pool_new(size_t keep, struct buf_pool **out)
{
    struct buf_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return BEAM_ENOMEM;
    pool->keep = keep;
    *out = pool;
    return 0;
}

void buf_pool_free(struct buf_pool *pool)
{
    if (!pool)
        return;
    assert(pool->used == 0);
    for (struct block *b = pool->idle, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    for (struct buf_seg *s = pool->idle_segs, *next; s; s = next) {
        next = s->next;
        free(s);
    }
    free(pool);
}

size_t buf_pool_used(const struct buf_pool *pool)
{
    return pool->used;
}

static struct block *block_take(struct buf_pool *pool)
{
    struct block *block = pool->idle;
    if (block) {
        pool->idle = block->next;
        pool->idle_count--;
    } else {
        block = malloc(sizeof(*block));
        if (!block)
            return NULL;
    }
    block->next = NULL;
    block->refs = 0;
    block->filled = 0;
    block->lent = false;
    block->apart = false;
    block->secret = false;
    pool->used++;
    return block;
}

static void block_release(struct buf_pool *pool, struct block *block)
{
    if (--block->refs > 0)
        return;
    if (pool->open == block)
        pool->open = NULL;
    if (block->secret)
        sodium_memzero(block->data, block->filled);
    pool->used--;
    if (pool->idle_count >= pool->keep) {
        free(block);
        return;
    }
    block->next = pool->idle;
    pool->idle = block;
    pool->idle_count++;
}

/* A segment of nothing yet. */
static struct buf_seg *seg_take(struct buf_pool *pool)
{
    struct buf_seg *seg = pool->idle_segs;
    if (!seg)
        return malloc(sizeof(*seg));
    pool->idle_segs = seg->next;
    pool->idle_seg_count--;
    return seg;
}

static void seg_set(struct buf_seg *seg, struct block *block, size_t start, size_t end)
{
    block->refs++;
    *seg = (struct buf_seg){.block = block, .start = start, .end = end};
}

/* Lets go of one that covers no block. NULL allowed. */
static void seg_put(struct buf_pool *pool, struct buf_seg *seg)
{
    if (!seg || pool->idle_seg_count >= pool->keep) {
        free(seg);
        return;
    }
    seg->next = pool->idle_segs;
    pool->idle_segs = seg;
    pool->idle_seg_count++;
}

static void seg_release(struct buf_pool *pool, struct buf_seg *seg)
{
    block_release(pool, seg->block);
    seg_put(pool, seg);
}

void buf_init(struct buf *b, struct buf_pool *pool, size_t ceiling)
{
    *b = (struct buf){.pool = pool, .ceiling = ceiling};
}

/* Gives back what buf_prepare lent. */
static void spare_release(struct buf *b)
{
    struct buf_seg *seg = b->spare;
    b->spare = NULL;
    for (struct buf_seg *next; seg; seg = next) {
        next = seg->next;
        seg->block->lent = false;
        seg_release(b->pool, seg);
    }
}

void buf_clear(struct buf *b)
{
    spare_release(b);
    buf_drain(b, b->len);
}

/* Links the chain [first, last] of `len` bytes to the tail. */
static void append(struct buf *b, struct buf_seg *first, struct buf_seg *last, size_t len)
{
    struct buf_seg *tail = b->tail;
    b->len += len;
    if (tail && tail->block == first->block && tail->end == first->start) {
        struct buf_seg *next = first->next;
        tail->end = first->end;
        seg_release(b->pool, first);
        tail->next = next;
        if (next)
            b->tail = last;
        return;
    }
    if (tail)
        tail->next = first;
    else
        b->head = first;
    b->tail = last;
}

/* The block to go on filling: our tail's, or the one that was filled last. */
static struct block *frontier(const struct buf *b, bool apart)
{
    struct block *block = b->tail ? b->tail->block : NULL;
    if (block && b->tail->end == block->filled && block->filled < BUF_BLOCK_SIZE && !block->lent &&
        block->apart >= apart)
        return block;
    block = apart ? NULL : b->pool->open;
    return block && !block->lent ? block : NULL;
}

/* Lends b one piece more, of at most `want` bytes: of this block, or a fresh one. */
static struct buf_seg *lend_one(struct buf *b, struct block *block, size_t want, bool apart)
{
    struct buf_seg *seg = seg_take(b->pool);
    if (!seg)
        return NULL;
    if (!block)
        block = block_take(b->pool);
    if (!block) {
        seg_put(b->pool, seg);
        return NULL;
    }
    block->apart |= apart;
    size_t left = BUF_BLOCK_SIZE - block->filled;
    seg_set(seg, block, block->filled, block->filled + (want < left ? want : left));
    block->lent = true;
    return seg;
}

/* Lends b room for `want` bytes in at most `max` pieces; all of it, or as much
 * as the pieces hold. Nothing was lent before. */
static int lend(struct buf *b, size_t want, size_t max, bool apart)
{
    struct buf_seg *last = NULL;
    for (; want > 0 && max > 0; max--) {
        struct buf_seg *seg = lend_one(b, last ? NULL : frontier(b, apart), want, apart);
        if (!seg) {
            spare_release(b);
            return BEAM_ENOMEM;
        }
        if (last)
            last->next = seg;
        else
            b->spare = seg;
        last = seg;
        want -= seg->end - seg->start;
    }
    return 0;
}

int buf_prepare(struct buf *b, size_t want, struct iovec *iov, int *n)
{
    spare_release(b);
    if (want > buf_room(b))
        want = buf_room(b);
    if (want == 0 || *n < 1)
        return BEAM_ELIMIT;
    int err = lend(b, want, (size_t)*n, false);
    if (err < 0)
        return err;
    *n = 0;
    for (const struct buf_seg *seg = b->spare; seg; seg = seg->next)
        iov[(*n)++] = (struct iovec){seg->block->data + seg->start, seg->end - seg->start};
    return 0;
}

void buf_commit(struct buf *b, size_t len)
{
    struct buf_pool *pool = b->pool;
    while (len > 0) {
        struct buf_seg *seg = b->spare;
        assert(seg);
        struct block *block = seg->block;
        size_t n = seg->end - seg->start;
        if (n > len)
            n = len;
        b->spare = seg->next;
        seg->next = NULL;
        seg->end = seg->start + n;
        block->filled = seg->end;
        block->lent = false;
        if (block->filled < BUF_BLOCK_SIZE && !block->apart)
            pool->open = block;
        else if (pool->open == block)
            pool->open = NULL;
        append(b, seg, seg, n);
        len -= n;
    }
    spare_release(b);
}

static int add(struct buf *b, const void *data, size_t len, bool secret, bool apart)
{
    if (len > buf_room(b))
        return BEAM_ELIMIT;
    spare_release(b);
    int err = lend(b, len, SIZE_MAX, apart);
    if (err < 0)
        return err;
    const uint8_t *from = data;
    for (const struct buf_seg *seg = b->spare; seg; seg = seg->next) {
        size_t n = seg->end - seg->start;
        memcpy(seg->block->data + seg->start, from, n);
        seg->block->secret |= secret;
        from += n;
    }
    buf_commit(b, len);
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    return add(b, data, len, false, false);
}

int buf_add_secret(struct buf *b, const void *data, size_t len)
{
    return add(b, data, len, true, false);
}

int buf_add_apart(struct buf *b, const void *data, size_t len)
{
    return add(b, data, len, false, true);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    char text[4096 + 1];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text))
        return BEAM_ELIMIT;
    return buf_add(b, text, (size_t)n);
}

int buf_iov(const struct buf *b, struct iovec *iov, int max)
{
    int n = 0;
    for (const struct buf_seg *seg = b->head; seg && n < max; seg = seg->next)
        iov[n++] = (struct iovec){seg->block->data + seg->start, seg->end - seg->start};
    return n;
}

void buf_drain(struct buf *b, size_t len)
{
    assert(len <= b->len);
    b->len -= len;
    while (len > 0) {
        struct buf_seg *seg = b->head;
        assert(seg);
        size_t n = seg->end - seg->start;
        if (n > len) {
            seg->start += len;
            return;
        }
        len -= n;
        b->head = seg->next;
        if (!b->head)
            b->tail = NULL;
        seg_release(b->pool, seg);
    }
}

int buf_move(struct buf *dst, struct buf *src, size_t len)
{
    if (dst == src || dst->pool != src->pool || len > src->len)
        return BEAM_EINVAL;
    if (len > buf_room(dst))
        return BEAM_ELIMIT;
    if (len == 0)
        return 0;

    bool whole = len == src->len;
    struct buf_seg *first = src->head, *last = whole ? src->tail : first;
    size_t before = whole ? len - (last->end - last->start) : 0; /* bytes before `last` */
    while (len - before > last->end - last->start) {
        before += last->end - last->start;
        last = last->next;
    }
    struct buf_seg *rest = last->next;
    size_t cut = last->start + (len - before);
    if (cut < last->end) {
        rest = seg_take(src->pool);
        if (!rest)
            return BEAM_ENOMEM;
        seg_set(rest, last->block, cut, last->end);
        rest->next = last->next;
        last->end = cut;
        if (src->tail == last)
            src->tail = rest;
    }
    last->next = NULL;
    src->head = rest;
    if (!rest)
        src->tail = NULL;
    src->len -= len;
    append(dst, first, last, len);
    return 0;
}

/* The segment that holds offset `from`, which becomes the offset in it. */
static const struct buf_seg *seek(const struct buf *b, size_t *from)
{
    const struct buf_seg *seg = b->head;
    while (seg && *from >= seg->end - seg->start) {
        *from -= seg->end - seg->start;
        seg = seg->next;
    }
    return seg;
}

size_t buf_peek(const struct buf *b, size_t from, void *out, size_t len)
{
    uint8_t *at = out;
    size_t left = len;
    for (const struct buf_seg *seg = seek(b, &from); seg && left > 0; seg = seg->next, from = 0) {
        size_t n = seg->end - seg->start - from;
        if (n > left)
            n = left;
        memcpy(at, seg->block->data + seg->start + from, n);
        at += n;
        left -= n;
    }
    return len - left;
}

ssize_t buf_find(const struct buf *b, size_t from, size_t limit, uint8_t byte)
{
    if (limit > b->len)
        limit = b->len;
    if (from >= limit)
        return -1;
    size_t at = from, left = limit - from;
    for (const struct buf_seg *seg = seek(b, &from); seg && left > 0; seg = seg->next, from = 0) {
        const uint8_t *data = seg->block->data + seg->start + from;
        size_t n = seg->end - seg->start - from;
        if (n > left)
            n = left;
        const uint8_t *hit = memchr(data, byte, n);
        if (hit)
            return (ssize_t)(at + (size_t)(hit - data));
        at += n;
        left -= n;
    }
    return -1;
}
