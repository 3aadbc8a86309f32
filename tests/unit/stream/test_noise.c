/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/noise.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/noise.h"

/* Gives the keys that a vector names, in the order in which they are drawn. */
struct script {
    struct hex keys[2];
    size_t at;
};

static void fill_script(void *arg, void *out, size_t len)
{
    struct script *s = arg;
    cr_assert(s->at < 2 && len == s->keys[s->at].len);
    memcpy(out, s->keys[s->at++].bytes, len);
}

static struct noise *of_vector(const struct noise_vector *v, bool initiator)
{
    struct script s = {0};
    struct rng rng = {fill_script, &s};
    struct hex prologue = hex(v->prologue);
    struct noise *n = NULL;
    s.keys[0] = hex(initiator ? v->initiator_static : v->responder_static);
    s.keys[1] = hex(initiator ? v->initiator_ephemeral : v->responder_ephemeral);
    cr_assert_eq(noise_new(initiator, prologue.bytes, prologue.len, &rng, &n), 0);
    cr_assert_not_null(n);
    return n;
}

static struct noise *fresh(bool initiator)
{
    struct noise *n = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(noise_new(initiator, NULL, 0, rng_system(), &n), 0);
    cr_assert_not_null(n);
    return n;
}

struct message {
    size_t len;
    uint8_t bytes[NOISE_MESSAGE_MAX + 1];
};

static void says(struct noise *n, const void *payload, size_t len, struct message *m)
{
    cr_assert(noise_writes(n));
    cr_assert_eq(noise_write(n, payload, len, m->bytes, sizeof(m->bytes), &m->len), 0);
}

static void hears(struct noise *n, const struct message *m, const void *payload, size_t len)
{
    static uint8_t got[NOISE_MESSAGE_MAX];
    size_t got_len = 0;
    cr_assert(!noise_writes(n));
    cr_assert_eq(noise_read(n, m->bytes, m->len, got, sizeof(got), &got_len), 0);
    cr_assert_eq(got_len, len);
    cr_assert(len == 0 || memcmp(got, payload, len) == 0);
}

static void plays(const struct noise_vector *v)
{
    static struct message m;
    struct noise *ends[2] = {of_vector(v, true), of_vector(v, false)};
    for (int i = 0; i < 3; i++) {
        struct hex payload = hex(v->messages[i].payload), want = hex(v->messages[i].message);
        cr_assert(!noise_is_over(ends[0]) && !noise_is_over(ends[1]));
        says(ends[i % 2], payload.bytes, payload.len, &m);
        cr_assert_eq(m.len, want.len);
        cr_assert_eq(memcmp(m.bytes, want.bytes, m.len), 0, "%s, message %d", v->name, i);
        hears(ends[1 - i % 2], &m, payload.bytes, payload.len);
    }
    for (int i = 0; i < 2; i++) {
        cr_assert(noise_is_over(ends[i]) && !noise_writes(ends[i]));
        if (v->hash)
            cr_assert_eq(memcmp(noise_hash(ends[i]), hex(v->hash).bytes, NOISE_HASH_SIZE), 0);
        cr_assert_eq(memcmp(noise_peer_key(ends[i]), noise_own_key(ends[1 - i]), NOISE_KEY_SIZE),
                     0);
    }
    for (int i = 3; i < NOISE_VECTOR_MESSAGES && v->messages[i].payload; i++) {
        struct hex payload = hex(v->messages[i].payload), want = hex(v->messages[i].message);
        uint8_t nonce[12] = {0}, got[256];
        unsigned long long len;
        nonce[4] = (uint8_t)((i - 3) / 2);
        cr_assert_eq(crypto_aead_chacha20poly1305_ietf_decrypt(got, &len, NULL, want.bytes,
                                                               want.len, NULL, 0, nonce,
                                                               noise_receive_key(ends[1 - i % 2])),
                     0, "%s, message %d", v->name, i);
        cr_assert(len == payload.len && memcmp(got, payload.bytes, len) == 0);
        cr_assert_eq(
            memcmp(noise_send_key(ends[i % 2]), noise_receive_key(ends[1 - i % 2]), NOISE_KEY_SIZE),
            0);
    }
    noise_free(ends[0]);
    noise_free(ends[1]);
}

BEAM_TEST(noise, published_vectors)
{
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < sizeof(noise_vectors) / sizeof(noise_vectors[0]); i++)
        plays(&noise_vectors[i]);
}

/* Both ends, with `step` messages through and the next one written. */
static void up_to(int step, struct noise *ends[2], struct message *m)
{
    ends[0] = fresh(true);
    ends[1] = fresh(false);
    for (int i = 0;; i++) {
        says(ends[i % 2], "payload", 7, m);
        if (i == step)
            return;
        hears(ends[1 - i % 2], m, "payload", 7);
    }
}

/* Cut anywhere, or with any bit of the sealed parts changed: refused, and dead from then on. */
BEAM_TEST(noise, what_is_not_whole_and_authentic_is_refused)
{
    static struct message m;
    uint8_t out[64];
    size_t len;
    static const size_t least[] = {32, 96, 64};
    for (int step = 0; step < 3; step++) {
        struct noise *ends[2];
        up_to(step, ends, &m);
        size_t all = m.len;
        noise_free(ends[0]);
        noise_free(ends[1]);
        for (size_t at = 0; at < all; at += 3) {
            up_to(step, ends, &m);
            struct noise *reader = ends[1 - step % 2];
            if (at % 2 == 0)
                m.bytes[at] ^= 0x40;
            else
                m.len = at;
            int err = noise_read(reader, m.bytes, m.len, out, sizeof(out), &len);
            bool is_plain = step == 0 && (at % 2 == 0 || at >= least[0]);
            cr_assert_eq(err, is_plain ? 0 : BEAM_EPROTO, "message %d, byte %zu", step, at);
            if (err < 0) {
                cr_assert_eq(noise_read(reader, m.bytes, m.len, out, sizeof(out), &len),
                             BEAM_EINVAL);
                cr_assert(!noise_writes(reader) && !noise_is_over(reader));
            }
            noise_free(ends[0]);
            noise_free(ends[1]);
        }
    }
}

BEAM_TEST(noise, lengths_at_their_limits)
{
    static const size_t overhead[] = {32, 96, 64};
    static uint8_t payload[NOISE_MESSAGE_MAX];
    static struct message m;
    struct noise *ends[2] = {fresh(true), fresh(false)};
    for (int i = 0; i < 3; i++) {
        struct noise *from = ends[i % 2], *to = ends[1 - i % 2];
        size_t most = NOISE_MESSAGE_MAX - overhead[i], len = 0;
        cr_assert_eq(noise_write(from, payload, most + 1, m.bytes, sizeof(m.bytes), &m.len),
                     BEAM_ELIMIT);
        cr_assert_eq(noise_write(from, payload, 1, m.bytes, overhead[i], &m.len), BEAM_ELIMIT);
        cr_assert_eq(noise_write(from, payload, most, m.bytes, sizeof(m.bytes), &m.len), 0);
        cr_assert_eq(m.len, (size_t)NOISE_MESSAGE_MAX);
        cr_assert_eq(noise_read(to, m.bytes, m.len, payload, most - 1, &len), BEAM_ELIMIT);
        cr_assert_eq(noise_read(to, m.bytes, m.len, payload, most, &len), 0);
        cr_assert_eq(len, most);
    }
    noise_free(ends[0]);
    noise_free(ends[1]);
    ends[0] = fresh(false);
    size_t len;
    cr_assert_eq(
        noise_read(ends[0], m.bytes, NOISE_MESSAGE_MAX + 1, payload, sizeof(payload), &len),
        BEAM_EPROTO);
    noise_free(ends[0]);
}

BEAM_TEST(noise, only_in_turn)
{
    static struct message m;
    uint8_t out[64];
    size_t len;
    struct noise *initiator = fresh(true), *responder = fresh(false);
    cr_assert(noise_writes(initiator) && !noise_writes(responder));
    cr_assert_null(noise_peer_key(responder));
    cr_assert_eq(noise_read(initiator, m.bytes, 32, out, sizeof(out), &len), BEAM_EINVAL);
    cr_assert_eq(noise_write(responder, NULL, 0, m.bytes, sizeof(m.bytes), &len), BEAM_EINVAL);
    for (int i = 0; i < 3; i++) {
        says(i == 1 ? responder : initiator, NULL, 0, &m);
        hears(i == 1 ? initiator : responder, &m, NULL, 0);
    }
    cr_assert_eq(noise_write(initiator, NULL, 0, m.bytes, sizeof(m.bytes), &len), BEAM_EINVAL);
    cr_assert_eq(noise_write(responder, NULL, 0, m.bytes, sizeof(m.bytes), &len), BEAM_EINVAL);
    cr_assert_eq(noise_read(initiator, m.bytes, 64, out, sizeof(out), &len), BEAM_EINVAL);
    noise_free(initiator);
    noise_free(responder);
    noise_free(NULL);
}

/* A point of small order would make the shared secret one that anybody knows. */
BEAM_TEST(noise, points_of_small_order_are_refused)
{
    static struct message m;
    uint8_t out[64];
    size_t len;
    struct noise *responder = fresh(false);
    memset(m.bytes, 0, NOISE_KEY_SIZE);
    cr_assert_eq(noise_read(responder, m.bytes, NOISE_KEY_SIZE, out, sizeof(out), &len), 0);
    cr_assert_eq(noise_write(responder, NULL, 0, m.bytes, sizeof(m.bytes), &len), BEAM_EPROTO);
    cr_assert(!noise_writes(responder));
    noise_free(responder);
}
