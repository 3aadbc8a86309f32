/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/multistream.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"

struct talk {
    struct buf_pool *pool;
    struct buf in, out;
    struct multistream m;
    size_t asked; /* how often `supports` was called */
};

static bool speaks_noise(void *arg, const char *protocol, size_t len)
{
    ((struct talk *)arg)->asked++;
    cr_assert_eq(strlen(protocol), len);
    return strcmp(protocol, "/noise") == 0;
}

static void talk_open(struct talk *t)
{
    memset(t, 0, sizeof(*t));
    cr_assert_eq(buf_pool_new(4, &t->pool), 0);
    cr_assert_not_null(t->pool);
    buf_init(&t->in, t->pool, 1 << 20);
    buf_init(&t->out, t->pool, MULTISTREAM_OUT_MAX);
}

static void answers(struct talk *t)
{
    talk_open(t);
    multistream_answer(&t->m, speaks_noise, t);
}

static void asks(struct talk *t, const char *const *protocols, size_t count)
{
    talk_open(t);
    cr_assert_eq(multistream_ask(&t->m, protocols, count, &t->out), 0);
}

static void talk_close(struct talk *t)
{
    buf_clear(&t->in);
    buf_clear(&t->out);
    buf_pool_free(t->pool);
}

static int hears(struct talk *t, const void *bytes, size_t len)
{
    cr_assert_eq(buf_add(&t->in, bytes, len), 0);
    return multistream_input(&t->m, &t->in, &t->out);
}

static int hears_hex(struct talk *t, const char *text)
{
    struct hex h = hex(text);
    return hears(t, h.bytes, h.len);
}

/* What is to be sent now is exactly this. */
static void says(struct talk *t, const char *text)
{
    struct hex want = hex(text);
    uint8_t got[MULTISTREAM_OUT_MAX];
    cr_assert_eq(buf_peek(&t->out, 0, got, sizeof(got)), want.len);
    cr_assert_eq(memcmp(got, want.bytes, want.len), 0);
    buf_clear(&t->out);
}

#define HEADER LIBP2P_MULTISTREAM_HEADER
#define NA     LIBP2P_MULTISTREAM_NA
#define NOISE  LIBP2P_MULTISTREAM_NOISE
#define YAMUX  LIBP2P_MULTISTREAM_YAMUX

static const char *const both[] = {"/noise", "/yamux/1.0.0"};

/* As js-libp2p has the bytes; both messages of an end in one piece. */
BEAM_TEST(multistream, agrees)
{
    struct talk t;
    asks(&t, both, 1);
    says(&t, HEADER NOISE);
    cr_assert_eq(hears_hex(&t, HEADER NOISE), 0);
    cr_assert_str_eq(multistream_protocol(&t.m), "/noise");
    cr_assert_eq(buf_len(&t.out), 0u);
    talk_close(&t);

    answers(&t);
    cr_assert_eq(buf_len(&t.out), 0u);
    cr_assert_eq(hears_hex(&t, HEADER NOISE), 0);
    says(&t, HEADER NOISE);
    cr_assert_str_eq(multistream_protocol(&t.m), "/noise");
    talk_close(&t);
}

/* Both headers first, with nothing behind them. */
BEAM_TEST(multistream, headers_may_cross)
{
    struct talk t;
    answers(&t);
    cr_assert_eq(hears_hex(&t, HEADER), BEAM_EAGAIN);
    says(&t, HEADER);
    cr_assert_eq(hears_hex(&t, NOISE), 0);
    says(&t, NOISE);
    talk_close(&t);

    asks(&t, both, 1);
    cr_assert_eq(hears_hex(&t, HEADER), BEAM_EAGAIN);
    cr_assert_eq(hears_hex(&t, NOISE), 0);
    talk_close(&t);
}

BEAM_TEST(multistream, tries_one_after_another)
{
    static const char *const three[] = {"/yamux/1.0.0", "/x", "/noise"};
    struct talk t;
    asks(&t, three, 3);
    says(&t, HEADER YAMUX);
    cr_assert_eq(hears_hex(&t, HEADER NA), BEAM_EAGAIN);
    says(&t, "032f780a");
    cr_assert_eq(hears_hex(&t, NA), BEAM_EAGAIN);
    says(&t, NOISE);
    cr_assert_eq(hears_hex(&t, NOISE), 0);
    cr_assert_str_eq(multistream_protocol(&t.m), "/noise");
    talk_close(&t);

    asks(&t, three, 1);
    cr_assert_eq(hears_hex(&t, HEADER NA), BEAM_ENOTFOUND);
    talk_close(&t);
}

/* "ls" is a protocol like any other that is not spoken; so are an empty line and a NUL. */
BEAM_TEST(multistream, refuses_and_goes_on)
{
    struct talk t;
    answers(&t);
    cr_assert_eq(hears_hex(&t, HEADER YAMUX "036c730a"
                                            "010a"
                                            "082f6e6f697365000a"),
                 BEAM_EAGAIN);
    says(&t, HEADER NA NA NA NA);
    cr_assert_eq(t.asked, 2u);
    cr_assert_eq(hears_hex(&t, NOISE), 0);
    says(&t, NOISE);
    talk_close(&t);
}

BEAM_TEST(multistream, an_answer_that_is_none)
{
    static const char *const wrong[] = {HEADER HEADER,
                                        HEADER YAMUX,
                                        HEADER "036e620a",
                                        HEADER "072f6e6f697365"
                                               "61",
                                        HEADER "00",
                                        HEADER "8000",
                                        "132f6d756c746973747265616d2f322e302e300a",
                                        "04",
                                        NOISE};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct talk t;
        asks(&t, both, 1);
        struct hex bytes = hex(wrong[i]);
        int err = BEAM_EAGAIN;
        for (size_t at = 0; at < bytes.len && err == BEAM_EAGAIN; at++)
            err = hears(&t, bytes.bytes + at, 1);
        cr_assert_eq(err == BEAM_EAGAIN ? hears(&t, "xx", 2) : err, BEAM_EPROTO, "%zu", i);
        talk_close(&t);
    }
}

/* A line of `len` bytes, its newline counted, to an end that answers. */
static int hears_line(size_t len)
{
    uint8_t line[2 + NEGOTIATE_LINE_MAX + 1];
    struct talk t;
    size_t at = 0;
    answers(&t);
    cr_assert_eq(hears_hex(&t, HEADER), BEAM_EAGAIN);
    if (len >= 0x80)
        line[at++] = (uint8_t)(len & 0x7f) | 0x80;
    line[at++] = (uint8_t)(len >= 0x80 ? len >> 7 : len);
    memset(line + at, 'x', len);
    line[at + len - 1] = '\n';
    int err = hears(&t, line, at + len);
    talk_close(&t);
    return err;
}

BEAM_TEST(multistream, lengths_at_their_limits)
{
    static const size_t good[] = {1, 2, 127, 128, NEGOTIATE_LINE_MAX};
    static char longest[NEGOTIATE_LINE_MAX + 1];
    const char *protocol = longest;
    struct talk t;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert_eq(hears_line(good[i]), BEAM_EAGAIN);
    cr_assert_eq(hears_line(NEGOTIATE_LINE_MAX + 1), BEAM_EPROTO);

    memset(longest, 'x', NEGOTIATE_LINE_MAX - 1);
    asks(&t, &protocol, 1);
    cr_assert_eq(buf_len(&t.out), 20u + 2 + NEGOTIATE_LINE_MAX);
    talk_close(&t);
    longest[NEGOTIATE_LINE_MAX - 1] = 'x';
    talk_open(&t);
    cr_assert_eq(multistream_ask(&t.m, &protocol, 1, &t.out), BEAM_EINVAL);
    protocol = "";
    cr_assert_eq(multistream_ask(&t.m, &protocol, 1, &t.out), BEAM_EINVAL);
    protocol = "/a\n";
    cr_assert_eq(multistream_ask(&t.m, &protocol, 1, &t.out), BEAM_EINVAL);
    cr_assert_eq(multistream_ask(&t.m, both, 0, &t.out), BEAM_EINVAL);
    cr_assert_eq(multistream_ask(&t.m, both, NEGOTIATE_PROPOSALS_MAX + 1, &t.out), BEAM_EINVAL);
    talk_close(&t);
}

BEAM_TEST(multistream, no_more_proposals_than_that)
{
    struct talk t;
    answers(&t);
    cr_assert_eq(hears_hex(&t, HEADER), BEAM_EAGAIN);
    for (int i = 0; i < NEGOTIATE_PROPOSALS_MAX; i++) {
        cr_assert_eq(hears_hex(&t, YAMUX), BEAM_EAGAIN);
        buf_clear(&t.out);
    }
    cr_assert_eq(hears_hex(&t, NOISE), BEAM_ELIMIT);
    talk_close(&t);
}

/* Read as a reader does, no more at a time than is due: what follows is left alone. */
BEAM_TEST(multistream, takes_not_a_byte_too_many)
{
    static const char *const answer = HEADER NA YAMUX "68656c6c6f";
    struct hex bytes = hex(answer);
    for (size_t most = 1; most < 30; most++) {
        struct talk t;
        size_t at = 0, need;
        asks(&t, both, 2);
        while ((need = multistream_need(&t.m, &t.in)) > 0) {
            size_t n = need < most ? need : most;
            int err = hears(&t, bytes.bytes + at, n);
            at += n;
            cr_assert(err == BEAM_EAGAIN || err == 0);
        }
        cr_assert_str_eq(multistream_protocol(&t.m), "/yamux/1.0.0");
        cr_assert_eq(at, bytes.len - 5);
        cr_assert_eq(buf_len(&t.in), 0u);
        talk_close(&t);
    }
}
