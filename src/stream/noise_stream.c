/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/noise_stream.h"

#include <stdlib.h>

#include "stream/sealed.h"

enum { READS_MAX = 8 }; /* of records that are all empty, in one go */

struct noise_stream {
    struct sealed sealed;
    struct record *seals, *opens;
    struct buf in, plain, out; /* `plain`: opened, not yet taken */
    uint64_t received, sent;   /* bytes of records */
};

static struct noise_stream *of(struct sealed *x)
{
    return (struct noise_stream *)x;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Opens what is whole, until there are `want` bytes. */
static int open_records(struct noise_stream *k, size_t want, const char **reason)
{
    while (buf_len(&k->plain) < want) {
        ssize_t n = record_open(k->opens, &k->in, &k->plain);
        if (n == BEAM_EAGAIN || n == BEAM_ELIMIT)
            break;
        if (n == BEAM_EPROTO)
            *reason = "a record is not authentic, or not the one that was due";
        if (n < 0)
            return (int)n;
    }
    return buf_len(&k->plain) > 0 ? 0 : BEAM_EAGAIN;
}

/* Sees to it that there is something in `plain`. 0; 1, when there was nothing but empty records; or
 * why there is nothing. */
static int fill(struct noise_stream *k, size_t want, const char **reason)
{
    for (int i = 0; i < READS_MAX; i++) {
        int err = open_records(k, want, reason);
        if (err != BEAM_EAGAIN)
            return err;
        ssize_t n = stream_read(k->sealed.under, &k->in, NOISE_STREAM_READ);
        if (n == BEAM_ECLOSED && buf_len(&k->in) > 0) {
            *reason = "the peer's bytes end in the midst of a record";
            return BEAM_ERESET;
        }
        if (n < 0)
            return (int)n;
        k->received += (uint64_t)n;
    }
    return 1;
}

static ssize_t noise_open(struct sealed *x, struct buf *into, size_t max, const char **reason)
{
    struct noise_stream *k = of(x);
    if (buf_len(&k->plain) == 0) {
        int err = fill(k, max, reason);
        if (err != 0)
            return err < 0 ? err : 0;
    }
    size_t n = buf_len(&k->plain) < max ? buf_len(&k->plain) : max;
    int err = buf_move(into, &k->plain, n);
    return err < 0 ? err : (ssize_t)n;
}

/* ---- writing -------------------------------------------------------------------------------- */

static ssize_t noise_seal(struct sealed *x, struct buf *from)
{
    struct noise_stream *k = of(x);
    size_t taken = 0, before = buf_len(&k->out);
    while (buf_len(from) > 0) {
        ssize_t n = record_seal(k->seals, from, &k->out);
        if (n == BEAM_ELIMIT)
            break;
        if (n < 0)
            return n;
        taken += (size_t)n;
    }
    k->sent += buf_len(&k->out) - before;
    return (ssize_t)taken;
}

/* ---- its life ------------------------------------------------------------------------------- */

static void noise_drop(struct sealed *x)
{
    struct noise_stream *k = of(x);
    stream_free(x->under);
    record_free(k->seals);
    record_free(k->opens);
    buf_clear(&k->in);
    buf_clear(&k->plain);
    buf_clear(&k->out);
    free(k);
}

static uint64_t noise_below(const struct stream *s)
{
    const struct noise_stream *k = (const struct noise_stream *)s;
    return k->received > k->sent ? k->received : k->sent;
}

static const struct stream_ops noise_stream_ops = SEALED_STREAM_OPS("noise", noise_below);
static const struct sealed_ops noise_ops = {
    .open = noise_open,
    .seal = noise_seal,
    .drop = noise_drop,
};

int stream_noise(struct loop *l, struct stream *under, const struct noise *n, struct stream **out)
{
    struct noise_stream *k = calloc(1, sizeof(*k));
    if (!k)
        return BEAM_ENOMEM;
    int err = record_new(noise_send_key(n), true, &k->seals);
    if (err == 0)
        err = record_new(noise_receive_key(n), false, &k->opens);
    if (err < 0) {
        record_free(k->seals);
        free(k);
        return err;
    }
    buf_init(&k->in, loop_pool(l), NOISE_STREAM_READ);
    buf_init(&k->plain, loop_pool(l), NOISE_STREAM_READ);
    buf_init(&k->out, loop_pool(l), NOISE_STREAM_BATCH);
    k->sealed.loop = l;
    k->sealed.under = under;
    k->sealed.in = &k->in;
    k->sealed.out = &k->out;
    sealed_start(&k->sealed, &noise_stream_ops, &noise_ops);
    *out = &k->sealed.stream;
    return 0;
}
