/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { BLOCK = BUF_BLOCK_SIZE, MIB = 1024 * 1024 };

static struct buf_pool *pool_new(size_t keep)
{
    struct buf_pool *pool = NULL;
    cr_assert_eq(buf_pool_new(keep, &pool), 0);
    cr_assert_not_null(pool);
    return pool;
}

static bool holds(const struct buf *b, const char *text)
{
    char got[256] = "";
    size_t len = buf_peek(b, 0, got, sizeof(got));
    return len == strlen(text) && buf_len(b) == len && memcmp(got, text, len) == 0;
}

BEAM_TEST(buf, add_peek_drain)
{
    struct buf_pool *pool = pool_new(2);
    struct buf b;
    char out[8];
    buf_init(&b, pool, 100);
    cr_assert(buf_len(&b) == 0 && buf_room(&b) == 100 && buf_pool_used(pool) == 0);
    cr_assert_eq(buf_add(&b, "hello ", 6), 0);
    cr_assert_eq(buf_addf(&b, "%s %d", "world", 7), 0);
    cr_assert(holds(&b, "hello world 7"));
    cr_assert_eq(buf_room(&b), 87u);
    cr_assert_eq(buf_pool_used(pool), 1u);
    cr_assert_eq(buf_peek(&b, 6, out, 5), 5u);
    cr_assert_eq(memcmp(out, "world", 5), 0);
    cr_assert_eq(buf_peek(&b, 12, out, 5), 1u);
    cr_assert_eq(buf_peek(&b, 13, out, 5), 0u);
    cr_assert_eq(buf_peek(&b, SIZE_MAX, out, 5), 0u);
    buf_drain(&b, 6);
    cr_assert(holds(&b, "world 7"));
    buf_drain(&b, 7);
    cr_assert_eq(buf_len(&b), 0u);
    cr_assert_eq(buf_pool_used(pool), 0u, "an empty buf holds no block");
    cr_assert_eq(buf_add(&b, NULL, 0), 0);
    cr_assert_eq(buf_pool_used(pool), 0u);
    buf_clear(&b);
    buf_pool_free(pool);
    buf_pool_free(NULL);
}

BEAM_TEST(buf, the_ceiling_holds)
{
    struct buf_pool *pool = pool_new(2);
    struct buf b, c;
    struct iovec iov[8];
    int n = 8;
    buf_init(&b, pool, 5);
    buf_init(&c, pool, 100);
    cr_assert_eq(buf_add(&b, "123456", 6), BEAM_ELIMIT);
    cr_assert_eq(buf_len(&b), 0u);
    cr_assert_eq(buf_add(&b, "1234", 4), 0);
    cr_assert_eq(buf_addf(&b, "%d", 56), BEAM_ELIMIT);
    cr_assert_eq(buf_add(&c, "56", 2), 0);
    cr_assert_eq(buf_move(&b, &c, 2), BEAM_ELIMIT);
    cr_assert(holds(&b, "1234") && holds(&c, "56"));
    cr_assert_eq(buf_prepare(&b, 1000, iov, &n), 0);
    cr_assert(n == 1 && iov[0].iov_len == 1, "what is asked is cut to the room");
    memcpy(iov[0].iov_base, "5", 1);
    buf_commit(&b, 1);
    cr_assert(holds(&b, "12345"));
    n = 8;
    cr_assert_eq(buf_prepare(&b, 1, iov, &n), BEAM_ELIMIT);
    cr_assert_eq(buf_add(&b, "", 0), 0);
    cr_assert_eq(buf_add(&b, "6", 1), BEAM_ELIMIT);
    buf_clear(&b);
    buf_clear(&c);
    buf_pool_free(pool);
}

BEAM_TEST(buf, formatted_text_has_a_limit)
{
    struct buf_pool *pool = pool_new(2);
    struct buf b;
    buf_init(&b, pool, MIB);
    cr_assert_eq(buf_addf(&b, "%*s", 4096, "x"), 0);
    cr_assert_eq(buf_len(&b), 4096u);
    cr_assert_eq(buf_addf(&b, "%*s", 4097, "x"), BEAM_ELIMIT);
    cr_assert_eq(buf_len(&b), 4096u);
    buf_clear(&b);
    buf_pool_free(pool);
}

BEAM_TEST(buf, prepare_lends_and_commit_takes)
{
    struct buf_pool *pool = pool_new(16);
    struct buf b;
    struct iovec iov[8];
    int n = 8;
    buf_init(&b, pool, 10 * MIB);
    cr_assert_eq(buf_prepare(&b, MIB, iov, &n), 0);
    cr_assert_eq(n, 8);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(iov[i].iov_len, (size_t)BLOCK);
    cr_assert_eq(buf_pool_used(pool), 8u);
    cr_assert_eq(buf_len(&b), 0u, "not part of it yet");
    memset(iov[0].iov_base, 'a', BLOCK);
    memset(iov[1].iov_base, 'b', 1);
    buf_commit(&b, BLOCK + 1);
    cr_assert_eq(buf_len(&b), BLOCK + 1u);
    cr_assert_eq(buf_pool_used(pool), 2u, "what was not used went back");

    char last[2];
    cr_assert_eq(buf_peek(&b, BLOCK - 1, last, 2), 2u);
    cr_assert_eq(memcmp(last, "ab", 2), 0);

    /* What was begun is filled first. */
    const char *tail = (const char *)iov[1].iov_base + 1;
    n = 1;
    cr_assert_eq(buf_prepare(&b, MIB, iov, &n), 0);
    cr_assert(n == 1 && iov[0].iov_base == tail && iov[0].iov_len == BLOCK - 1);
    n = 2;
    cr_assert_eq(buf_prepare(&b, 10, iov, &n), 0, "asked again, the old offer lapses");
    cr_assert(n == 1 && iov[0].iov_base == tail && iov[0].iov_len == 10);
    cr_assert_eq(buf_pool_used(pool), 2u);
    buf_commit(&b, 0);
    cr_assert_eq(buf_len(&b), BLOCK + 1u);

    n = 0;
    cr_assert_eq(buf_prepare(&b, 10, iov, &n), BEAM_ELIMIT);
    n = 8;
    cr_assert_eq(buf_prepare(&b, MIB, iov, &n), 0);
    buf_clear(&b);
    cr_assert_eq(buf_pool_used(pool), 0u, "an offer that was open too");
    buf_pool_free(pool);
}

BEAM_TEST(buf, a_second_offer_never_overlaps_the_first)
{
    struct buf_pool *pool = pool_new(4);
    struct buf a, b;
    struct iovec in_a[2], in_b[2];
    int n = 2;
    buf_init(&a, pool, MIB);
    buf_init(&b, pool, MIB);
    cr_assert_eq(buf_add(&a, "a", 1), 0);
    cr_assert_eq(buf_prepare(&a, 100, in_a, &n), 0);
    n = 2;
    cr_assert_eq(buf_prepare(&b, 100, in_b, &n), 0);
    memset(in_a[0].iov_base, '1', 50);
    memset(in_b[0].iov_base, '2', 50);
    buf_commit(&b, 50);
    buf_commit(&a, 50);
    char out[64];
    cr_assert_eq(buf_peek(&a, 0, out, 64), 51u);
    cr_assert(out[0] == 'a' && out[1] == '1' && out[50] == '1');
    cr_assert_eq(buf_peek(&b, 0, out, 64), 50u);
    cr_assert(out[0] == '2' && out[49] == '2');
    buf_clear(&a);
    buf_clear(&b);
    buf_pool_free(pool);
}

BEAM_TEST(buf, move_hands_over_without_copying)
{
    struct buf_pool *pool = pool_new(4);
    struct buf a, b;
    struct iovec before[4], after[4];
    buf_init(&a, pool, MIB);
    buf_init(&b, pool, MIB);
    cr_assert_eq(buf_add(&a, "hello world", 11), 0);
    cr_assert_eq(buf_iov(&a, before, 4), 1);
    cr_assert_eq(buf_move(&b, &a, 6), 0);
    cr_assert(holds(&b, "hello ") && holds(&a, "world"));
    cr_assert_eq(buf_pool_used(pool), 1u, "a cut shares the block");
    cr_assert_eq(buf_iov(&b, after, 4), 1);
    cr_assert_eq(after[0].iov_base, before[0].iov_base);

    cr_assert_eq(buf_move(&b, &a, 5), 0);
    cr_assert(holds(&b, "hello world") && holds(&a, ""));
    cr_assert_eq(buf_iov(&b, after, 4), 1, "neighbours that meet again are one piece");
    cr_assert_eq(buf_add(&a, "x", 1), 0);
    cr_assert_eq(buf_add(&b, "!", 1), 0);
    cr_assert(holds(&b, "hello world!") && holds(&a, "x"));

    cr_assert_eq(buf_move(&b, &a, 0), 0);
    cr_assert_eq(buf_move(&b, &a, 2), BEAM_EINVAL);
    cr_assert_eq(buf_move(&b, &b, 1), BEAM_EINVAL);
    struct buf_pool *other_pool = pool_new(0);
    struct buf other;
    buf_init(&other, other_pool, 10);
    cr_assert_eq(buf_move(&other, &a, 1), BEAM_EINVAL);
    buf_clear(&a);
    buf_clear(&b);
    buf_pool_free(other_pool);
    buf_pool_free(pool);
}

/* A slow reader's queue of a thousand small pieces, each read into another buf first. */
BEAM_TEST(buf, small_reads_share_blocks)
{
    struct buf_pool *pool = pool_new(4);
    struct buf in, out;
    struct iovec iov[8];
    buf_init(&in, pool, MIB);
    buf_init(&out, pool, MIB);
    for (int i = 0; i < 1000; i++) {
        int n = 8;
        BEAM_CHECK(buf_prepare(&in, 256 * 1024, iov, &n) == 0);
        size_t first = iov[0].iov_len < 100 ? iov[0].iov_len : 100;
        memset(iov[0].iov_base, 'a' + i % 26, first);
        memset(iov[1].iov_base, 'a' + i % 26, 100 - first);
        buf_commit(&in, 100);
        BEAM_CHECK(buf_move(&out, &in, 100) == 0);
    }
    BEAM_CHECK(buf_len(&out) == 100000u);
    BEAM_CHECK(buf_pool_used(pool) == 4u);
    BEAM_CHECK(buf_iov(&out, iov, 8) == 4);
    for (size_t i = 0; i < 100000; i++) {
        char c;
        buf_peek(&out, i, &c, 1);
        BEAM_CHECK(c == 'a' + (int)(i / 100 % 26));
    }
    buf_clear(&out);
    BEAM_CHECK(buf_pool_used(pool) == 0u);
    buf_pool_free(pool);
}

BEAM_TEST(buf, find)
{
    struct buf_pool *pool = pool_new(4);
    struct buf b;
    buf_init(&b, pool, MIB);
    cr_assert_eq(buf_find(&b, 0, 100, 'x'), -1);
    char *zeros = calloc(1, 2 * BLOCK);
    cr_assert_not_null(zeros);
    cr_assert_eq(buf_add(&b, zeros, BLOCK - 1), 0);
    cr_assert_eq(buf_add(&b, "xyx", 3), 0);
    cr_assert_eq(buf_add(&b, zeros, BLOCK), 0);
    free(zeros);
    cr_assert_eq(buf_find(&b, 0, SIZE_MAX, 'x'), BLOCK - 1);
    cr_assert_eq(buf_find(&b, BLOCK - 1, SIZE_MAX, 'x'), BLOCK - 1);
    cr_assert_eq(buf_find(&b, BLOCK, SIZE_MAX, 'x'), BLOCK + 1);
    cr_assert_eq(buf_find(&b, BLOCK, BLOCK + 1, 'x'), -1, "the limit itself is not looked at");
    cr_assert_eq(buf_find(&b, BLOCK, BLOCK + 2, 'x'), BLOCK + 1);
    cr_assert_eq(buf_find(&b, 0, BLOCK, 'y'), -1);
    cr_assert_eq(buf_find(&b, 0, BLOCK + 1, 'y'), BLOCK);
    cr_assert_eq(buf_find(&b, 5, 4, 0), -1);
    cr_assert_eq(buf_find(&b, buf_len(&b), SIZE_MAX, 0), -1);
    cr_assert_eq(buf_find(&b, buf_len(&b) - 1, SIZE_MAX, 0), (ssize_t)buf_len(&b) - 1);
    buf_clear(&b);
    buf_pool_free(pool);
}

BEAM_TEST(buf, secrets_are_wiped_when_the_last_holder_lets_go)
{
    struct buf_pool *pool = pool_new(2); /* keeps the block, so that it may be looked at */
    struct buf a, b;
    struct iovec iov;
    buf_init(&a, pool, 100);
    buf_init(&b, pool, 100);
    cr_assert_eq(buf_add(&a, "plain ", 6), 0);
    cr_assert_eq(buf_add_secret(&a, "secret", 6), 0);
    cr_assert(holds(&a, "plain secret"));
    cr_assert_eq(buf_iov(&a, &iov, 1), 1);
    const char *memory = iov.iov_base;
    cr_assert_eq(buf_move(&b, &a, 9), 0);
    buf_clear(&a);
    cr_assert(holds(&b, "plain sec"));
    cr_assert_eq(memcmp(memory, "plain secret", 12), 0, "b holds the block");
    buf_clear(&b);
    for (size_t i = 0; i < 12; i++)
        cr_assert_eq(memory[i], 0, "byte %zu", i);
    /* The same block serves for plain bytes again, and is left as it is. */
    cr_assert_eq(buf_add(&a, "open", 4), 0);
    buf_clear(&a);
    cr_assert_eq(memcmp(memory, "open", 4), 0);
    buf_pool_free(pool);
}

BEAM_TEST(buf, the_pool_keeps_what_it_may)
{
    struct buf_pool *pool = pool_new(1);
    struct buf b;
    struct iovec first, again;
    buf_init(&b, pool, MIB);
    cr_assert_eq(buf_add(&b, "x", 1), 0);
    cr_assert_eq(buf_iov(&b, &first, 1), 1);
    buf_clear(&b);
    cr_assert_eq(buf_add(&b, "y", 1), 0);
    cr_assert_eq(buf_iov(&b, &again, 1), 1);
    cr_assert_eq(first.iov_base, again.iov_base, "the same block, from its start");
    buf_clear(&b);
    buf_pool_free(pool);
}

/* Three bufs against three plain arrays. */
enum { BUFS = 3, CEILING = 5 * BLOCK };

struct model {
    struct buf buf;
    uint8_t bytes[CEILING];
    size_t len;
};

static void model_append(struct model *m, const void *data, size_t len)
{
    memcpy(m->bytes + m->len, data, len);
    m->len += len;
}

static void model_drain(struct model *m, size_t len)
{
    memmove(m->bytes, m->bytes + len, m->len - len);
    m->len -= len;
}

static size_t some(struct seed *s)
{
    static const size_t limits[] = {2, 40, 2000, BLOCK + 2, 3 * BLOCK};
    return seed_below(s, limits[seed_below(s, 5)]);
}

static void step_add(struct seed *s, struct model *m)
{
    static uint8_t data[3 * BLOCK];
    size_t len = some(s);
    seed_fill(s, data, len < 64 ? len : 64);
    int err = buf_add(&m->buf, data, len);
    BEAM_CHECK(err == (len > CEILING - m->len ? BEAM_ELIMIT : 0));
    if (err == 0)
        model_append(m, data, len);
}

static void step_prepare(struct seed *s, struct model *m)
{
    struct iovec iov[8];
    int n = 1 + (int)seed_below(s, 8);
    size_t want = 1 + some(s), total = 0;
    int err = buf_prepare(&m->buf, want, iov, &n);
    if (m->len == CEILING) {
        BEAM_CHECK(err == BEAM_ELIMIT);
        return;
    }
    BEAM_CHECK(err == 0);
    for (int i = 0; i < n; i++) {
        seed_fill(s, iov[i].iov_base, iov[i].iov_len < 64 ? iov[i].iov_len : 64);
        total += iov[i].iov_len;
    }
    BEAM_CHECK(total > 0 && total <= want && total <= CEILING - m->len);
    size_t len = seed_below(s, total + 1), left = len;
    for (int i = 0; left > 0; i++) {
        size_t part = iov[i].iov_len < left ? iov[i].iov_len : left;
        model_append(m, iov[i].iov_base, part);
        left -= part;
    }
    buf_commit(&m->buf, len);
}

static void step_move(struct seed *s, struct model *dst, struct model *src)
{
    size_t len = seed_below(s, 4) ? some(s) : src->len;
    int err = buf_move(&dst->buf, &src->buf, len);
    if (dst == src || len > src->len) {
        BEAM_CHECK(err == BEAM_EINVAL);
    } else if (len > CEILING - dst->len) {
        BEAM_CHECK(err == BEAM_ELIMIT);
    } else {
        BEAM_CHECK(err == 0);
        model_append(dst, src->bytes, len);
        model_drain(src, len);
    }
}

static void check(struct seed *s, const struct model *m)
{
    BEAM_CHECK(buf_len(&m->buf) == m->len);
    BEAM_CHECK(buf_room(&m->buf) == CEILING - m->len);
    /* All of it by iov… */
    static struct iovec iov[4096];
    int n = buf_iov(&m->buf, iov, 4096);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        BEAM_CHECK(iov[i].iov_len > 0 && at + iov[i].iov_len <= m->len);
        BEAM_CHECK(memcmp(iov[i].iov_base, m->bytes + at, iov[i].iov_len) == 0);
        at += iov[i].iov_len;
    }
    BEAM_CHECK(at == m->len);
    /* …a piece by peek, and a byte by find. */
    uint8_t out[100];
    size_t from = seed_below(s, m->len + 2), len = seed_below(s, sizeof(out));
    size_t want = from >= m->len ? 0 : m->len - from < len ? m->len - from : len;
    BEAM_CHECK(buf_peek(&m->buf, from, out, len) == want);
    BEAM_CHECK(memcmp(out, m->bytes + from, want) == 0);
    uint8_t byte = (uint8_t)seed_next(s);
    size_t limit = from + seed_below(s, 2 * BLOCK), stop = limit < m->len ? limit : m->len;
    const uint8_t *hit = from < stop ? memchr(m->bytes + from, byte, stop - from) : NULL;
    BEAM_CHECK(buf_find(&m->buf, from, limit, byte) == (hit ? hit - m->bytes : -1));
}

BEAM_TEST(buf, random_steps_follow_a_plain_array)
{
    struct seed s = seed_start("buf");
    struct buf_pool *pool = pool_new(4);
    static struct model models[BUFS];
    for (int i = 0; i < BUFS; i++)
        buf_init(&models[i].buf, pool, CEILING);
    for (int step = 0; step < 20000; step++) {
        struct model *m = &models[seed_below(&s, BUFS)];
        size_t len;
        switch (seed_below(&s, 20)) {
        case 0:
            buf_clear(&m->buf);
            m->len = 0;
            break;
        case 1:
        case 2:
        case 3:
        case 4:
            step_add(&s, m);
            break;
        case 5:
        case 6:
        case 7:
        case 8:
            step_prepare(&s, m);
            break;
        case 9:
        case 10:
        case 11:
        case 12:
        case 13:
            len = seed_below(&s, 3) ? some(&s) : m->len;
            len = len < m->len ? len : m->len;
            buf_drain(&m->buf, len);
            model_drain(m, len);
            break;
        default:
            step_move(&s, m, &models[seed_below(&s, BUFS)]);
        }
        check(&s, m);
    }
    for (int i = 0; i < BUFS; i++)
        buf_clear(&models[i].buf);
    cr_assert_eq(buf_pool_used(pool), 0u);
    buf_pool_free(pool);
}

/* Many small pieces of a buf that is read late keep no block that others fill. */
BEAM_TEST(buf, apart)
{
    struct buf_pool *pool = NULL;
    struct buf a, b;
    char piece[1000];
    memset(piece, 'a', sizeof(piece));
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&a, pool, 100000);
    buf_init(&b, pool, 10000000);
    for (int i = 0; i < 60; i++) {
        cr_assert_eq(buf_add_apart(&a, piece, 1000), 0);
        cr_assert_eq(buf_add(&b, piece, 1000), 0);
        for (int more = 0; more < 40; more++)
            cr_assert_eq(buf_add(&b, piece, 1000), 0);
        buf_drain(&b, buf_len(&b));
    }
    cr_assert_eq(buf_len(&a), 60000u);
    cr_assert_leq(buf_pool_used(pool), 2u);
    buf_clear(&a);
    buf_clear(&b);
    cr_assert_eq(buf_pool_used(pool), 0u);
    buf_pool_free(pool);
}
