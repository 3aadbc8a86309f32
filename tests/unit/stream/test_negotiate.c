/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/negotiate.h"

#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

struct end {
    struct negotiate *negotiate;
    struct stream *stream;
    bool answered;
    int err;
    struct beam_why why;
    char protocol[NEGOTIATE_LINE_MAX];
};

struct scene {
    struct loop *loop;
    struct stream *under[2];
    struct end near, far; /* the asking, the answering */
    struct buf bytes;
};

static void scene_open(struct scene *s, size_t window)
{
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    cr_assert_eq(stream_memory(s->loop, window, &s->under[0], &s->under[1]), 0);
    buf_init(&s->bytes, loop_pool(s->loop), 4096);
}

static void scene_close(struct scene *s)
{
    negotiate_cancel(s->near.negotiate);
    negotiate_cancel(s->far.negotiate);
    stream_free(s->near.stream);
    stream_free(s->far.stream);
    stream_free(s->under[0]);
    stream_free(s->under[1]);
    buf_clear(&s->bytes);
    cr_assert_eq(loop_turn(s->loop), 0);
    cr_assert_eq(buf_pool_used(loop_pool(s->loop)), 0u);
    loop_free(s->loop);
}

static void on_done(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol)
{
    struct end *e = arg;
    cr_assert(!e->answered);
    cr_assert((err == 0) == (s != NULL) && (err == 0) == (protocol != NULL));
    e->answered = true;
    e->negotiate = NULL;
    e->err = err;
    e->stream = s;
    if (err < 0)
        e->why = *why;
    if (protocol)
        memcpy(e->protocol, protocol, strlen(protocol) + 1);
}

static bool speaks_b(void *arg, const char *protocol, size_t len)
{
    (void)arg;
    return len == 2 && memcmp(protocol, "/b", 2) == 0;
}

static const char *const a_b[] = {"/a", "/b"};

static void asks(struct scene *s, const char *const *protocols, size_t count, unsigned flags)
{
    cr_assert_eq(negotiate_ask(s->loop, s->under[0], protocols, count, flags, 0, on_done, &s->near,
                               &s->near.negotiate),
                 0);
    s->under[0] = NULL;
}

static void answers(struct scene *s, uint64_t timeout_ms)
{
    cr_assert_eq(negotiate_answer(s->loop, s->under[1], speaks_b, timeout_ms, on_done, &s->far,
                                  &s->far.negotiate),
                 0);
    s->under[1] = NULL;
}

static bool both_answered(void *arg)
{
    struct scene *s = arg;
    return s->near.answered && s->far.answered;
}

static void hears(struct scene *s, struct stream *from, const char *text)
{
    char got[64] = "";
    ssize_t n;
    while (buf_len(&s->bytes) < strlen(text)) {
        n = stream_read(from, &s->bytes, strlen(text) - buf_len(&s->bytes));
        cr_assert(n > 0 || n == BEAM_EAGAIN);
        cr_assert_eq(loop_turn(s->loop), 0);
    }
    buf_peek(&s->bytes, 0, got, sizeof(got) - 1);
    cr_assert_str_eq(got, text);
    buf_clear(&s->bytes);
}

static void says(struct scene *s, struct stream *to, const char *text)
{
    cr_assert_eq(buf_add(&s->bytes, text, strlen(text)), 0);
    cr_assert_eq(stream_write(to, &s->bytes), (ssize_t)strlen(text));
}

BEAM_TEST(negotiate, agrees_and_leaves_the_rest_alone)
{
    static const size_t windows[] = {1, 24, 50000};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct scene s;
        scene_open(&s, windows[i]);
        asks(&s, a_b, 2, 0);
        answers(&s, 0);
        cr_assert(until(s.loop, both_answered, &s));
        cr_assert(s.near.err == 0 && s.far.err == 0);
        cr_assert_str_eq(s.near.protocol, "/b");
        cr_assert_str_eq(s.far.protocol, "/b");
        cr_assert_str_eq(stream_kind(s.near.stream), "memory");
        says(&s, s.near.stream, "x");
        hears(&s, s.far.stream, "x");
        says(&s, s.far.stream, "y");
        hears(&s, s.near.stream, "y");
        scene_close(&s);
    }
}

/* The bytes of the protocol come with the negotiation in one piece. */
BEAM_TEST(negotiate, early_bytes_are_the_protocols)
{
    struct scene s;
    scene_open(&s, 50000);
    says(&s, s.under[0], "\x13/multistream/1.0.0\n\x03/b\nearly");
    answers(&s, 0);
    cr_assert(until_flag(s.loop, &s.far.answered));
    cr_assert_eq(s.far.err, 0);
    hears(&s, s.far.stream, "early");
    hears(&s, s.under[0], "\x13/multistream/1.0.0\n\x03/b\n");
    scene_close(&s);
}

BEAM_TEST(negotiate, nothing_in_common)
{
    struct scene s;
    scene_open(&s, 50000);
    asks(&s, a_b, 1, 0);
    answers(&s, 0);
    cr_assert(until(s.loop, both_answered, &s));
    cr_assert_eq(s.near.err, BEAM_ENOTFOUND);
    cr_assert_str_eq(s.near.why.text, "/a: the peer does not speak it");
    cr_assert_eq(s.far.err, BEAM_ENOTFOUND);
    cr_assert_str_eq(s.far.why.text, "the peer asked for no protocol that is spoken here");
    scene_close(&s);
}

BEAM_TEST(negotiate, a_peer_of_another_protocol)
{
    struct scene s;
    scene_open(&s, 50000);
    says(&s, s.under[0], "GET / HTTP/1.1\r\n\r\n");
    answers(&s, 0);
    cr_assert(until_flag(s.loop, &s.far.answered));
    cr_assert_eq(s.far.err, BEAM_EPROTO);
    cr_assert_str_eq(s.far.why.text, "the peer does not speak multistream-select 1.0.0");
    cr_assert_eq(stream_read(s.under[0], &s.bytes, 100), BEAM_ERESET);
    scene_close(&s);
}

BEAM_TEST(negotiate, a_peer_that_never_finishes)
{
    struct scene s;
    scene_open(&s, 50000);
    says(&s, s.under[0], "\x13/multistream/1.0.0\n\x09/");
    answers(&s, 30);
    cr_assert(until_flag(s.loop, &s.far.answered));
    cr_assert_eq(s.far.err, BEAM_ETIMEOUT);
    scene_close(&s);
}

BEAM_TEST(negotiate, a_peer_that_leaves)
{
    struct scene s;
    scene_open(&s, 50000);
    says(&s, s.under[0], "\x13/multistream/1.0.0\n\x09/");
    cr_assert_eq(stream_shut(s.under[0]), 0);
    answers(&s, 0);
    cr_assert(until_flag(s.loop, &s.far.answered));
    cr_assert_eq(s.far.err, BEAM_ERESET);
    scene_close(&s);
}

BEAM_TEST(negotiate, cancelled)
{
    struct scene s;
    scene_open(&s, 50000);
    asks(&s, a_b, 2, 0);
    negotiate_cancel(s.near.negotiate);
    s.near.negotiate = NULL;
    negotiate_cancel(NULL);
    cr_assert_eq(stream_read(s.under[1], &s.bytes, 100), BEAM_ERESET);
    cr_assert(!s.near.answered);
    scene_close(&s);
}

BEAM_TEST(negotiate, protocols_that_cannot_be_asked_for)
{
    static const char *const empty[] = {""};
    struct scene s;
    struct negotiate *n = NULL;
    scene_open(&s, 50000);
    for (unsigned flags = 0; flags <= NEGOTIATE_LAZY; flags++) {
        cr_assert_eq(negotiate_ask(s.loop, s.under[0], empty, 1, flags, 0, on_done, NULL, &n),
                     BEAM_EINVAL);
        cr_assert_eq(negotiate_ask(s.loop, s.under[0], a_b, 0, flags, 0, on_done, NULL, &n),
                     BEAM_EINVAL);
    }
    cr_assert_eq(negotiate_ask(s.loop, s.under[0], a_b, 2, NEGOTIATE_LAZY, 0, on_done, NULL, &n),
                 BEAM_EINVAL);
    cr_assert_null(n);
    scene_close(&s);
}

/* ---- lazily --------------------------------------------------------------------------------- */

BEAM_TEST(negotiate, lazily_in_one_flight)
{
    struct scene s;
    scene_open(&s, 50000);
    asks(&s, a_b + 1, 1, NEGOTIATE_LAZY);
    cr_assert(until_flag(s.loop, &s.near.answered));
    cr_assert_eq(s.near.err, 0);
    cr_assert_str_eq(s.near.protocol, "/b");
    says(&s, s.near.stream, "at once");
    cr_assert_eq(stream_read(s.near.stream, &s.bytes, 10), BEAM_EAGAIN);
    answers(&s, 0);
    cr_assert(until_flag(s.loop, &s.far.answered));
    cr_assert_eq(s.far.err, 0);
    hears(&s, s.far.stream, "at once");
    says(&s, s.far.stream, "so soon");
    hears(&s, s.near.stream, "so soon");
    scene_close(&s);
}

BEAM_TEST(negotiate, lazily_refused)
{
    struct scene s;
    scene_open(&s, 50000);
    asks(&s, a_b, 1, NEGOTIATE_LAZY);
    cr_assert(until_flag(s.loop, &s.near.answered));
    says(&s, s.under[1], "\x13/multistream/1.0.0\n\x03na\n");
    cr_assert_eq(stream_read(s.near.stream, &s.bytes, 10), BEAM_ENOTFOUND);
    cr_assert_eq(stream_write(s.near.stream, &s.bytes), BEAM_ENOTFOUND);
    cr_assert_eq(stream_shut(s.near.stream), BEAM_ENOTFOUND);
    scene_close(&s);
}

static void note_call(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    *(bool *)arg = ready == (STREAM_READABLE | STREAM_WRITABLE);
}

/* Who only writes hears of it too. */
BEAM_TEST(negotiate, a_lazy_refusal_is_called_out)
{
    struct scene s;
    bool called = false;
    scene_open(&s, 50000);
    asks(&s, a_b, 1, NEGOTIATE_LAZY);
    cr_assert(until_flag(s.loop, &s.near.answered));
    stream_own(s.near.stream, note_call, &called);
    answers(&s, 0);
    cr_assert(until_flag(s.loop, &called));
    cr_assert_eq(buf_add(&s.bytes, "x", 1), 0);
    cr_assert_eq(stream_write(s.near.stream, &s.bytes), BEAM_ENOTFOUND);
    scene_close(&s);
}

BEAM_TEST(negotiate, lazily_with_a_peer_of_another_protocol)
{
    struct scene s;
    scene_open(&s, 50000);
    asks(&s, a_b, 1, NEGOTIATE_LAZY);
    cr_assert(until_flag(s.loop, &s.near.answered));
    says(&s, s.under[1], "220 mail.example");
    cr_assert_eq(stream_read(s.near.stream, &s.bytes, 10), BEAM_EPROTO);
    hears(&s, s.under[1], "\x13/multistream/1.0.0\n\x03/a\n");
    cr_assert_eq(stream_read(s.under[1], &s.bytes, 1000), BEAM_ERESET);
    scene_close(&s);
}
