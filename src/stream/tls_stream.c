/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_stream.h"

#include <stdlib.h>

#include "stream/sealed.h"

enum {
    PIECES = 4,          /* of a buf, that one read fills */
    SMALL = 4096,        /* pieces below this are put together before they are sealed */
    READ_MAX = 64 * 1024 /* bytes of one read */
};

struct tls_stream {
    struct sealed sealed;
    struct tls_wire *wire;
};

static struct tls_wire *wire_of(struct sealed *x)
{
    return ((struct tls_stream *)x)->wire;
}

/* ---- reading -------------------------------------------------------------------------------- */

static ssize_t not_opened(struct tls_wire *w, int ret, const char **reason)
{
    int err = tls_wire_error(w, ret, reason);
    return err == BEAM_EAGAIN && w->turns == 0 ? 0 : err;
}

/* Opens records into these pieces. */
static ssize_t open_records(struct tls_wire *w, const struct iovec *piece, int count,
                            const char **reason)
{
    size_t total = 0;
    tls_wire_begin(w);
    for (int i = 0; i < count; i++) {
        size_t filled = 0, n;
        while (filled < piece[i].iov_len) {
            int ret = SSL_read_ex(w->ssl, (uint8_t *)piece[i].iov_base + filled,
                                  piece[i].iov_len - filled, &n);
            if (ret != 1 && total > 0)
                return (ssize_t)total; /* OpenSSL says so again when it is asked again */
            if (ret != 1)
                return not_opened(w, ret, reason);
            filled += n;
            total += n;
        }
    }
    return (ssize_t)total;
}

static ssize_t tls_open(struct sealed *x, struct buf *into, size_t max, const char **reason)
{
    struct iovec piece[PIECES];
    int count = PIECES;
    int err = buf_prepare(into, max < READ_MAX ? max : READ_MAX, piece, &count);
    if (err < 0)
        return err;
    ssize_t n = open_records(wire_of(x), piece, count, reason);
    buf_commit(into, n > 0 ? (size_t)n : 0);
    return n;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* One record of what is at the head of `from`. Bytes, or why it failed. */
static ssize_t seal_record(struct tls_wire *w, struct buf *from)
{
    uint8_t together[TLS_WIRE_RECORD];
    struct iovec piece;
    size_t n;
    (void)buf_iov(from, &piece, 1);
    if (piece.iov_len < SMALL && piece.iov_len < buf_len(from)) {
        piece.iov_len = buf_peek(from, 0, together, sizeof(together));
        piece.iov_base = together;
    }
    if (piece.iov_len > TLS_WIRE_RECORD)
        piece.iov_len = TLS_WIRE_RECORD;
    tls_wire_begin(w);
    int ret = SSL_write_ex(w->ssl, piece.iov_base, piece.iov_len, &n);
    if (ret != 1)
        return tls_wire_error(w, ret, NULL);
    buf_drain(from, n);
    return (ssize_t)n;
}

static ssize_t tls_seal(struct sealed *x, struct buf *from)
{
    struct tls_wire *w = wire_of(x);
    size_t taken = 0;
    while (buf_len(from) > 0 && buf_len(&w->out) < TLS_WIRE_BATCH) {
        ssize_t n = seal_record(w, from);
        if (n < 0)
            return n == BEAM_EAGAIN ? BEAM_EPROTO : n;
        taken += (size_t)n;
    }
    return (ssize_t)taken;
}

/* ---- its life ------------------------------------------------------------------------------- */

static int tls_end(struct sealed *x)
{
    struct tls_wire *w = wire_of(x);
    tls_wire_begin(w);
    int ret = SSL_shutdown(w->ssl); /* writes close_notify; 0: the peer's is still to come */
    return ret < 0 ? tls_wire_error(w, ret, NULL) : 0;
}

static void tls_drop(struct sealed *x)
{
    tls_wire_free(wire_of(x));
    free(x);
}

static const struct stream_ops tls_stream_ops = SEALED_STREAM_OPS("tls", NULL);
static const struct sealed_ops tls_ops = {
    .open = tls_open,
    .seal = tls_seal,
    .end = tls_end,
    .drop = tls_drop,
};

int stream_tls(struct loop *l, struct tls_wire *w, struct stream **out)
{
    struct tls_stream *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->wire = w;
    t->sealed.loop = l;
    t->sealed.under = w->under;
    t->sealed.in = &w->in;
    t->sealed.out = &w->out;
    sealed_start(&t->sealed, &tls_stream_ops, &tls_ops);
    *out = &t->sealed.stream;
    return 0;
}
