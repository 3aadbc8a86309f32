/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/secure.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "stream/memory.h"
#include "stream/noise.h"
#include "stream/noise_payload.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/secure_pair.h"

struct scene {
    struct loop *loop;
    struct stream *under[2];
    struct secure_end near, far; /* the initiator, the responder */
};

static void scene_open(struct scene *s, size_t window)
{
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    cr_assert_eq(stream_memory(s->loop, window, &s->under[0], &s->under[1]), 0);
    secure_end_open(&s->near, 1, true);
    secure_end_open(&s->far, 2, false);
}

static void scene_close(struct scene *s)
{
    secure_end_close(&s->near);
    secure_end_close(&s->far);
    stream_free(s->under[0]);
    stream_free(s->under[1]);
    cr_assert_eq(loop_turn(s->loop), 0);
    cr_assert_eq(buf_pool_used(loop_pool(s->loop)), 0u);
    loop_free(s->loop);
}

static bool both_answered(void *arg)
{
    struct scene *s = arg;
    return s->near.answered && s->far.answered;
}

static void starts(struct secure_end *e, struct loop *l, struct stream **under)
{
    struct stream *mine = *under;
    *under = NULL;
    secure_end_start(e, l, mine);
}

static void shake_hands(struct scene *s)
{
    starts(&s->near, s->loop, &s->under[0]);
    starts(&s->far, s->loop, &s->under[1]);
    cr_assert(until(s->loop, both_answered, s));
}

BEAM_TEST(secure, each_learns_who_the_other_is)
{
    static const size_t windows[] = {1, 24, 50000};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct scene s;
        scene_open(&s, windows[i]);
        s.near.spec.expect = &s.far.id;
        s.far.spec.expect = &s.near.id;
        shake_hands(&s);
        cr_assert(s.near.err == 0 && s.far.err == 0);
        cr_assert(peer_id_equal(&s.near.result.peer, &s.far.id));
        cr_assert(peer_id_equal(&s.far.result.peer, &s.near.id));
        cr_assert(peer_id_is_of(&s.far.id, &s.near.result.key));
        cr_assert(!s.near.result.muxer && !s.far.result.muxer);
        cr_assert_str_eq(stream_kind(s.near.stream), "noise");
        scene_close(&s);
    }
}

/* The initiator finds out first, and says nothing about itself. */
BEAM_TEST(secure, somebody_else_is_refused)
{
    struct scene s;
    scene_open(&s, 50000);
    s.near.spec.expect = &s.near.id;
    shake_hands(&s);
    cr_assert_eq(s.near.err, BEAM_EAUTH);
    cr_assert_not_null(strstr(s.near.why.text, "somebody else is there, 12D3KooW"));
    cr_assert_eq(s.far.err, BEAM_ERESET);
    scene_close(&s);

    scene_open(&s, 50000);
    s.far.spec.expect = &s.far.id;
    shake_hands(&s);
    cr_assert_eq(s.far.err, BEAM_EAUTH);
    cr_assert_eq(s.near.err, 0);
    struct buf got;
    buf_init(&got, loop_pool(s.loop), 10);
    cr_assert_eq(stream_read(s.near.stream, &got, 10), BEAM_ERESET);
    scene_close(&s);
}

static const char *const a_b[] = {"/a", "/b"}, *const b_a[] = {"/b", "/a"}, *const c[] = {"/c"};

static void offers(struct secure_end *e, const char *const *muxers, size_t count)
{
    e->spec.muxers = muxers;
    e->spec.muxer_count = count;
}

BEAM_TEST(secure, a_multiplexer_is_agreed_on)
{
    struct scene s;
    scene_open(&s, 50000);
    offers(&s.near, a_b, 2);
    offers(&s.far, b_a, 2);
    shake_hands(&s);
    cr_assert(s.near.err == 0 && s.far.err == 0);
    cr_assert_str_eq(s.near.result.muxer, "/a");
    cr_assert_str_eq(s.far.result.muxer, "/a");
    scene_close(&s);

    for (int i = 0; i < 2; i++) {
        scene_open(&s, 50000);
        offers(i ? &s.near : &s.far, a_b, 2);
        shake_hands(&s);
        cr_assert(s.near.err == 0 && s.far.err == 0);
        cr_assert(!s.near.result.muxer && !s.far.result.muxer);
        scene_close(&s);
    }

    scene_open(&s, 50000);
    offers(&s.near, a_b, 2);
    offers(&s.far, c, 1);
    shake_hands(&s);
    cr_assert_eq(s.near.err, BEAM_EPROTO);
    cr_assert_not_null(strstr(s.near.why.text, "no multiplexer"));
    scene_close(&s);
}

BEAM_TEST(secure, a_peer_that_never_finishes)
{
    struct scene s;
    struct buf bytes;
    scene_open(&s, 50000);
    s.near.spec.timeout_ms = 30;
    starts(&s.near, s.loop, &s.under[0]);
    cr_assert(until_flag(s.loop, &s.near.answered));
    cr_assert_eq(s.near.err, BEAM_ETIMEOUT);
    buf_init(&bytes, loop_pool(s.loop), 100);
    cr_assert_eq(stream_read(s.under[1], &bytes, 100),
                 34); /* the first message, and not a byte more */
    cr_assert_eq(stream_read(s.under[1], &bytes, 100), BEAM_ERESET);
    buf_clear(&bytes);
    scene_close(&s);
}

BEAM_TEST(secure, a_peer_that_leaves)
{
    struct scene s;
    scene_open(&s, 50000);
    starts(&s.near, s.loop, &s.under[0]);
    cr_assert_eq(stream_shut(s.under[1]), 0);
    cr_assert(until_flag(s.loop, &s.near.answered));
    cr_assert_eq(s.near.err, BEAM_ERESET);
    cr_assert_not_null(strstr(s.near.why.text, "during the handshake"));
    scene_close(&s);
}

/* The responder hears these bytes. */
static int responder_hears(const uint8_t *bytes, size_t len, struct beam_why *why)
{
    struct scene s;
    struct buf out;
    scene_open(&s, 100000);
    buf_init(&out, loop_pool(s.loop), len);
    cr_assert_eq(buf_add(&out, bytes, len), 0);
    cr_assert_eq(stream_write(s.under[0], &out), (ssize_t)len);
    s.far.spec.timeout_ms = 30;
    starts(&s.far, s.loop, &s.under[1]);
    cr_assert(until_flag(s.loop, &s.far.answered));
    *why = s.far.why;
    int err = s.far.err;
    scene_close(&s);
    return err;
}

BEAM_TEST(secure, lengths_at_their_limits)
{
    enum { MOST = NOISE_PAYLOAD_MAX + NOISE_OVERHEAD_MAX };
    struct beam_why why;
    uint8_t bytes[2 + MOST] = {0};
    bytes[2 + 31] = 9; /* a public key like any other */
    for (size_t len = 0; len < 32; len++) {
        bytes[1] = (uint8_t)len;
        cr_assert_eq(responder_hears(bytes, 2 + len, &why), BEAM_EPROTO, "%zu", len);
    }
    bytes[1] = 32;
    cr_assert_eq(responder_hears(bytes, 2 + 32, &why), BEAM_ETIMEOUT);
    cr_assert_eq(responder_hears(bytes, 2 + 31, &why), BEAM_ETIMEOUT);
    cr_assert_eq(responder_hears(bytes, 1, &why), BEAM_ETIMEOUT);
    /* The first message may say something; nobody listens. */
    size_t most = NOISE_PAYLOAD_MAX + NOISE_KEY_SIZE;
    bytes[0] = (uint8_t)(most >> 8);
    bytes[1] = (uint8_t)most;
    cr_assert_eq(responder_hears(bytes, 2 + most, &why), BEAM_ETIMEOUT);
    bytes[0] = (uint8_t)((MOST + 1) >> 8);
    bytes[1] = (uint8_t)(MOST + 1);
    cr_assert_eq(responder_hears(bytes, 2, &why), BEAM_EPROTO);
    cr_assert_str_eq(why.text, "Noise: a handshake message of 4193 bytes; at most 4192 are taken");
    bytes[0] = bytes[1] = 0xff;
    cr_assert_eq(responder_hears(bytes, 2, &why), BEAM_EPROTO);
}

/* A liar: the handshake is in order, but the proof is somebody else's, made for another key. */
BEAM_TEST(secure, a_borrowed_proof_is_refused)
{
    struct scene s;
    struct noise *liar = NULL;
    struct buf wire;
    uint8_t proof[NOISE_PAYLOAD_MAX], message[8192], other_key[NOISE_KEY_SIZE] = {7};
    size_t proof_len, len, none;
    scene_open(&s, 50000);
    cr_assert_eq(noise_new(false, NULL, 0, rng_system(), &liar), 0);
    cr_assert_eq(
        noise_payload_write(s.far.identity, other_key, NULL, 0, proof, sizeof(proof), &proof_len),
        0);
    s.near.spec.expect = &s.far.id;
    starts(&s.near, s.loop, &s.under[0]);
    cr_assert_eq(loop_turn(s.loop), 0);
    buf_init(&wire, loop_pool(s.loop), 8192);
    cr_assert_eq(stream_read(s.under[1], &wire, 8192), 34);
    cr_assert_eq(buf_peek(&wire, 2, message, 32), 32u);
    buf_clear(&wire);
    cr_assert_eq(noise_read(liar, message, 32, NULL, 0, &none), 0);
    cr_assert_eq(noise_write(liar, proof, proof_len, message + 2, sizeof(message) - 2, &len), 0);
    message[0] = (uint8_t)(len >> 8);
    message[1] = (uint8_t)len;
    cr_assert_eq(buf_add(&wire, message, 2 + len), 0);
    cr_assert_gt(stream_write(s.under[1], &wire), 0);
    cr_assert(until_flag(s.loop, &s.near.answered));
    cr_assert_eq(s.near.err, BEAM_EAUTH);
    cr_assert_not_null(strstr(s.near.why.text, "not who it says"));
    cr_assert_eq(stream_read(s.under[1], &wire, 8192), BEAM_ERESET);
    noise_free(liar);
    scene_close(&s);
}

BEAM_TEST(secure, cancelled)
{
    struct scene s;
    scene_open(&s, 50000);
    starts(&s.near, s.loop, &s.under[0]);
    cr_assert_eq(loop_turn(s.loop), 0);
    secure_cancel(s.near.secure);
    s.near.secure = NULL;
    secure_cancel(NULL);
    struct buf got;
    buf_init(&got, loop_pool(s.loop), 100);
    cr_assert_eq(stream_read(s.under[1], &got, 100), 34);
    cr_assert_eq(stream_read(s.under[1], &got, 100), BEAM_ERESET);
    cr_assert(!s.near.answered);
    buf_clear(&got);
    scene_close(&s);
}

BEAM_TEST(secure, more_multiplexers_than_it_takes)
{
    static const char *const many[SECURE_MUXERS_MAX + 1] = {"/a"};
    struct scene s;
    struct secure *secure = NULL;
    scene_open(&s, 50000);
    offers(&s.near, many, SECURE_MUXERS_MAX + 1);
    cr_assert_eq(secure_start(s.loop, s.under[0], &s.near.spec, NULL, NULL, &secure), BEAM_EINVAL);
    cr_assert_null(secure);
    scene_close(&s);
}
