/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_wire.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 16 };

/* ---- OpenSSL asks --------------------------------------------------------------------------- */

/* Sees to it that there is something to read, or notes why not. */
static int fill(struct tls_wire *w)
{
    if (buf_len(&w->in) > 0)
        return 0;
    if (w->turns == 0)
        return BEAM_EAGAIN;
    w->turns--;
    ssize_t n = stream_read(w->under, &w->in, TLS_WIRE_READ);
    return n < 0 ? (int)n : 0;
}

static int on_read(BIO *b, char *out, size_t len, size_t *got)
{
    struct tls_wire *w = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    w->failure = fill(w);
    if (w->failure == BEAM_EAGAIN)
        BIO_set_retry_read(b);
    if (w->failure < 0)
        return 0;
    *got = buf_peek(&w->in, 0, out, len);
    buf_drain(&w->in, *got);
    return 1;
}

/* It all fits, as long as the peer behaves: what is written waits for the stream below before more
 * is. What comes in between are answers, and whoever wants many should read them. */
static int on_write(BIO *b, const char *data, size_t len, size_t *put)
{
    struct tls_wire *w = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    w->failure = buf_add(&w->out, data, len);
    if (w->failure < 0)
        return 0;
    *put = len;
    return 1;
}

static long on_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

/* ---- its life ------------------------------------------------------------------------------- */

static int open_bio(struct tls_wire *w)
{
    w->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");
    if (!w->method || BIO_meth_set_read_ex(w->method, on_read) != 1 ||
        BIO_meth_set_write_ex(w->method, on_write) != 1 ||
        BIO_meth_set_ctrl(w->method, on_ctrl) != 1)
        return BEAM_ENOMEM;
    BIO *b = BIO_new(w->method);
    if (!b)
        return BEAM_ENOMEM;
    BIO_set_data(b, w);
    BIO_set_init(b, 1);
    SSL_set_bio(w->ssl, b, b);
    return 0;
}

int tls_wire_new(struct loop *l, const struct tls_context *c, struct stream *under,
                 struct tls_wire **out)
{
    struct tls_wire *w = calloc(1, sizeof(*w));
    if (!w)
        return BEAM_ENOMEM;
    w->ssl = tls_context_ssl(c);
    int err = w->ssl ? open_bio(w) : BEAM_ENOMEM;
    if (err < 0) {
        ERR_clear_error();
        tls_wire_free(w);
        return err;
    }
    w->under = under;
    buf_init(&w->in, loop_pool(l), TLS_WIRE_READ);
    buf_init(&w->out, loop_pool(l), TLS_WIRE_OUT);
    *out = w;
    return 0;
}

void tls_wire_free(struct tls_wire *w)
{
    if (!w)
        return;
    SSL_free(w->ssl);
    BIO_meth_free(w->method);
    stream_free(w->under);
    if (w->in.pool) {
        buf_clear(&w->in);
        buf_clear(&w->out);
    }
    free(w);
}

/* ---- errors --------------------------------------------------------------------------------- */

void tls_wire_begin(struct tls_wire *w)
{
    ERR_clear_error();
    w->turns = TURNS;
    w->failure = 0;
}

static int of_openssl(const char **reason)
{
    unsigned long e = ERR_peek_error();
    *reason = ERR_reason_error_string(e);
    ERR_clear_error();
    if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
        return BEAM_ENOMEM;
    bool untrusted =
        ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    return untrusted ? BEAM_EAUTH : BEAM_EPROTO;
}

int tls_wire_error(struct tls_wire *w, int ret, const char **reason)
{
    const char *unused;
    int kind = SSL_get_error(w->ssl, ret), failure = w->failure;
    if (!reason)
        reason = &unused;
    *reason = NULL;
    if (kind == SSL_ERROR_WANT_READ)
        return BEAM_EAGAIN;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return BEAM_ECLOSED;
    if (failure == BEAM_ECLOSED)
        failure = BEAM_ERESET;
    if (failure < 0) {
        ERR_clear_error();
        return failure;
    }
    return of_openssl(reason);
}

int tls_wire_flush(struct tls_wire *w)
{
    ssize_t n = stream_write(w->under, &w->out);
    return n < 0 && n != BEAM_EAGAIN ? (int)n : 0;
}
