/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/datagram.h"

#include <string.h>

#include "tests/unit/harness.h"

static uint8_t big[DATAGRAM_MAX + 1], out[DATAGRAM_MAX];

struct scene {
    struct buf_pool *pool;
    struct buf b;
};

static void begin(struct scene *s, size_t ceiling)
{
    cr_assert_eq(buf_pool_new(0, &s->pool), 0);
    buf_init(&s->b, s->pool, ceiling);
    memset(big, 0x5a, sizeof(big));
}

static void end(struct scene *s)
{
    buf_clear(&s->b);
    buf_pool_free(s->pool);
}

BEAM_TEST(datagram, is_two_bytes_of_length_and_its_own)
{
    struct scene s;
    uint8_t bytes[8];
    begin(&s, DATAGRAM_ROOM);
    int err = datagram_put(&s.b, "abc", 3);
    if (err == 0)
        err = datagram_put(&s.b, NULL, 0);
    size_t n = buf_peek(&s.b, 0, bytes, sizeof(bytes));
    ssize_t first = datagram_take(&s.b, out);
    bool same = memcmp(out, "abc", 3) == 0;
    ssize_t second = datagram_take(&s.b, out), none = datagram_take(&s.b, out);
    end(&s);
    cr_assert_eq(err, 0);
    cr_assert(n == 7 && memcmp(bytes, "\0\3abc\0\0", 7) == 0);
    cr_assert(first == 3 && same && second == 0);
    cr_assert_eq(none, BEAM_EAGAIN);
}

BEAM_TEST(datagram, the_longest_goes_and_a_longer_one_does_not)
{
    struct scene s;
    begin(&s, DATAGRAM_ROOM);
    int longer = datagram_put(&s.b, big, DATAGRAM_MAX + 1);
    int longest = datagram_put(&s.b, big, DATAGRAM_MAX);
    int full = datagram_put(&s.b, NULL, 0);
    ssize_t n = datagram_take(&s.b, out);
    bool same = memcmp(out, big, DATAGRAM_MAX) == 0;
    size_t left = buf_len(&s.b);
    end(&s);
    cr_assert_eq(longer, BEAM_ELIMIT);
    cr_assert_eq(longest, 0);
    cr_assert_eq(full, BEAM_ELIMIT);
    cr_assert(n == DATAGRAM_MAX && same && left == 0);
}

BEAM_TEST(datagram, in_pieces_it_waits_for_its_last_byte)
{
    static const uint8_t wire[] = {0, 2, 'h', 'i'};
    struct scene s;
    ssize_t got[sizeof(wire)];
    begin(&s, DATAGRAM_ROOM);
    for (size_t i = 0; i < sizeof(wire); i++)
        got[i] = buf_add(&s.b, &wire[i], 1) < 0 ? BEAM_ENOMEM : datagram_take(&s.b, out);
    end(&s);
    cr_assert(got[0] == BEAM_EAGAIN && got[1] == BEAM_EAGAIN && got[2] == BEAM_EAGAIN);
    cr_assert_eq(got[3], 2);
}

BEAM_TEST(datagram, a_length_that_none_has_is_an_error)
{
    struct scene s;
    begin(&s, DATAGRAM_ROOM);
    int err = buf_add(&s.b, "\xff\xe4", 2); /* 65508 */
    ssize_t n = datagram_take(&s.b, out);
    end(&s);
    cr_assert_eq(err, 0);
    cr_assert_eq(n, BEAM_EPROTO);
}

BEAM_TEST(datagram, what_does_not_fit_leaves_nothing_behind)
{
    struct scene s;
    begin(&s, 10);
    int first = datagram_put(&s.b, "1234", 4), second = datagram_put(&s.b, "1234", 4);
    size_t left = buf_len(&s.b);
    end(&s);
    cr_assert(first == 0 && second == BEAM_ELIMIT);
    cr_assert_eq(left, 6u);
}
