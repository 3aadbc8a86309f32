/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/secure.h"

#include <stdlib.h>
#include <string.h>

#include "stream/noise.h"
#include "stream/noise_payload.h"
#include "stream/noise_stream.h"

enum { MESSAGE_MAX = NOISE_PAYLOAD_MAX + NOISE_OVERHEAD_MAX, HEAD_SIZE = RECORD_HEAD_SIZE };

struct secure {
    struct loop *loop;
    struct stream *under;
    struct noise *noise;
    struct secure_spec spec;
    struct peer_id expect;
    const char *muxers[SECURE_MUXERS_MAX];
    struct buf in, out;
    struct loop_task begin;
    struct loop_timer deadline;
    struct secure_result result;
    struct beam_why why;
    secure_fn *done;
    void *arg;
};

static void secure_free(struct secure *s)
{
    loop_task_cancel(s->loop, &s->begin);
    loop_timer_clear(&s->deadline);
    noise_free(s->noise);
    stream_free(s->under);
    buf_clear(&s->in);
    buf_clear(&s->out);
    free(s);
}

/* The answer, and the end of the handshake's own part. */
static void answer(struct secure *s, int err)
{
    struct stream *stream = NULL;
    struct secure_result result = s->result;
    struct beam_why why = s->why;
    secure_fn *done = s->done;
    void *arg = s->arg;
    if (err == 0)
        err = stream_noise(s->loop, s->under, s->noise, &stream);
    if (err == 0)
        s->under = NULL;
    else
        stream_reset(s->under);
    secure_free(s);
    if (err < 0 && why.code != err)
        beam_why(&why, err, "Noise handshake: %s", beam_err_text(err));
    done(arg, err, &why, stream, err == 0 ? &result : NULL);
}

/* ---- what is said --------------------------------------------------------------------------- */

/* The first message is the initiator's, and anybody may read it: it says nothing. */
static int compose_payload(struct secure *s, bool is_first, uint8_t out[NOISE_PAYLOAD_MAX],
                           size_t *len)
{
    *len = 0;
    if (is_first)
        return 0;
    return noise_payload_write(s->spec.identity, noise_own_key(s->noise), s->spec.muxers,
                               s->spec.muxer_count, out, NOISE_PAYLOAD_MAX, len);
}

static int write_message(struct secure *s)
{
    uint8_t payload[NOISE_PAYLOAD_MAX], message[HEAD_SIZE + MESSAGE_MAX];
    size_t payload_len, len;
    bool is_first = s->spec.initiator && !noise_peer_key(s->noise);
    int err = compose_payload(s, is_first, payload, &payload_len);
    if (err == 0)
        err = noise_write(s->noise, payload, payload_len, message + HEAD_SIZE, MESSAGE_MAX, &len);
    if (err < 0)
        return err;
    message[0] = (uint8_t)(len >> 8);
    message[1] = (uint8_t)len;
    return buf_add(&s->out, message, HEAD_SIZE + len);
}

/* ---- what is heard -------------------------------------------------------------------------- */

static int check_peer(struct secure *s, const struct peer_id *peer)
{
    char is[PEER_ID_TEXT_SIZE], expected[PEER_ID_TEXT_SIZE];
    if (!s->spec.expect || peer_id_equal(peer, s->spec.expect))
        return 0;
    peer_id_text(peer, is);
    peer_id_text(s->spec.expect, expected);
    return beam_why(&s->why, BEAM_EAUTH,
                    "peer %s: somebody else is there, %s; the connection was ended", expected, is);
}

/* Both or neither end negotiates the multiplexer here; where both do, one must be found. */
static int choose_muxer(struct secure *s, const struct noise_payload *p)
{
    if (s->spec.muxer_count == 0 || p->muxer_count == 0)
        return 0;
    s->result.muxer =
        noise_payload_muxer(p, s->spec.muxers, s->spec.muxer_count, s->spec.initiator);
    if (s->result.muxer)
        return 0;
    return beam_why(&s->why, BEAM_EPROTO, "Noise: the peer has no multiplexer that this end has");
}

static int take_payload(struct secure *s, const uint8_t *payload, size_t len)
{
    struct noise_payload p;
    int err = noise_payload_read(payload, len, noise_peer_key(s->noise), &p, &s->why);
    if (err == 0)
        err = peer_id_from_key(&p.key, &s->result.peer);
    if (err == 0)
        err = check_peer(s, &s->result.peer);
    if (err == 0)
        err = choose_muxer(s, &p);
    if (err == 0)
        s->result.key = p.key;
    return err;
}

static int take_message(struct secure *s, const uint8_t *message, size_t len)
{
    uint8_t payload[NOISE_PAYLOAD_MAX];
    size_t payload_len;
    int err = noise_read(s->noise, message, len, payload, sizeof(payload), &payload_len);
    if (err < 0)
        return beam_why(&s->why, BEAM_EPROTO,
                        "Noise: the peer's bytes are no handshake of %s, or were changed on the "
                        "way",
                        "Noise_XX_25519_ChaChaPoly_SHA256");
    /* What comes with the first message is nobody's yet; it is passed over. */
    return noise_peer_key(s->noise) ? take_payload(s, payload, payload_len) : 0;
}

/* How many bytes of the message are still to come; its length is told in the first two. */
static size_t missing(const struct secure *s, size_t *len)
{
    uint8_t head[HEAD_SIZE];
    size_t have = buf_len(&s->in);
    if (buf_peek(&s->in, 0, head, sizeof(head)) < sizeof(head))
        return sizeof(head) - have;
    *len = (size_t)head[0] << 8 | head[1];
    return HEAD_SIZE + *len - have;
}

/* Not a byte more is read than the message has, so that the records begin where they begin. */
static int read_message(struct secure *s)
{
    uint8_t message[MESSAGE_MAX];
    size_t len = 0, more;
    while ((more = missing(s, &len)) > 0) {
        if (len > MESSAGE_MAX)
            return beam_why(&s->why, BEAM_EPROTO,
                            "Noise: a handshake message of %zu bytes; at most %d are taken", len,
                            MESSAGE_MAX);
        ssize_t n = stream_read(s->under, &s->in, more);
        if (n == BEAM_ECLOSED)
            return beam_why(&s->why, BEAM_ERESET,
                            "Noise: the peer ended the connection during the handshake");
        if (n < 0)
            return (int)n;
    }
    buf_drain(&s->in, HEAD_SIZE);
    buf_peek(&s->in, 0, message, len);
    buf_drain(&s->in, len);
    return take_message(s, message, len);
}

/* ---- going on ------------------------------------------------------------------------------- */

/* 0: it is over; BEAM_EAGAIN: the stream below has to be waited for; or why it failed. */
static int go_on(struct secure *s)
{
    for (;;) {
        int err = noise_writes(s->noise) ? write_message(s) : 0;
        if (err < 0)
            return err;
        ssize_t n = stream_write(s->under, &s->out);
        if (n < 0 && n != BEAM_EAGAIN)
            return (int)n;
        if (buf_len(&s->out) > 0)
            return BEAM_EAGAIN;
        if (noise_is_over(s->noise))
            return 0;
        err = read_message(s);
        if (err < 0)
            return err;
    }
}

static void on_ready(void *arg, struct stream *under, unsigned ready)
{
    int err = go_on(arg);
    (void)under;
    (void)ready;
    if (err != BEAM_EAGAIN)
        answer(arg, err);
}

static void on_begin(void *arg)
{
    on_ready(arg, NULL, 0);
}

static void on_deadline(void *arg)
{
    struct secure *s = arg;
    answer(s, beam_why(&s->why, BEAM_ETIMEOUT, "Noise: the peer did not finish the handshake"));
}

static void copy_spec(struct secure *s, const struct secure_spec *spec)
{
    s->spec = *spec;
    for (size_t i = 0; i < spec->muxer_count; i++)
        s->muxers[i] = spec->muxers[i];
    s->spec.muxers = s->muxers;
    if (spec->expect) {
        s->expect = *spec->expect;
        s->spec.expect = &s->expect;
    }
}

int secure_start(struct loop *l, struct stream *under, const struct secure_spec *spec,
                 secure_fn *done, void *arg, struct secure **out)
{
    if (spec->muxer_count > SECURE_MUXERS_MAX)
        return BEAM_EINVAL;
    struct secure *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    int err = noise_new(spec->initiator, NULL, 0, spec->rng ? spec->rng : rng_system(), &s->noise);
    if (err < 0) {
        free(s);
        return err;
    }
    s->loop = l;
    s->under = under;
    s->done = done;
    s->arg = arg;
    copy_spec(s, spec);
    buf_init(&s->in, loop_pool(l), HEAD_SIZE + MESSAGE_MAX);
    buf_init(&s->out, loop_pool(l), HEAD_SIZE + MESSAGE_MAX);
    loop_task_init(&s->begin, on_begin, s);
    loop_timer_init(l, &s->deadline, on_deadline, s);
    loop_timer_set(&s->deadline, spec->timeout_ms ? spec->timeout_ms : SECURE_TIMEOUT_MS);
    stream_own(under, on_ready, s);
    loop_post(l, &s->begin);
    *out = s;
    return 0;
}

void secure_cancel(struct secure *s)
{
    if (!s)
        return;
    stream_reset(s->under);
    secure_free(s);
}
