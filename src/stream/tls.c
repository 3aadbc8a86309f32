/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "stream/tls_stream.h"
#include "stream/tls_wire.h"

struct tls {
    struct loop *loop;
    struct tls_wire *wire;
    bool server, pinned;
    uint8_t pin[TLS_DIGEST_SIZE];
    struct loop_task go;
    struct loop_timer deadline;
    struct beam_why why;
    tls_fn *done;
    void *arg;
};

static void tls_free(struct tls *t)
{
    loop_task_cancel(t->loop, &t->go);
    loop_timer_clear(&t->deadline);
    tls_wire_free(t->wire);
    free(t);
}

/* ---- its end -------------------------------------------------------------------------------- */

/* SHA-256 of the certificate that a server showed. */
static bool read_digest(const struct tls *t, uint8_t out[TLS_DIGEST_SIZE])
{
    unsigned len = TLS_DIGEST_SIZE;
    const X509 *x = SSL_get0_peer_certificate(t->wire->ssl);
    return x && X509_digest(x, EVP_sha256(), out, &len) == 1;
}

static void read_result(const struct tls *t, struct tls_result *out)
{
    const SSL *ssl = t->wire->ssl;
    const unsigned char *alpn;
    unsigned len;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_get0_alpn_selected(ssl, &alpn, &len);
    *out = (struct tls_result){.resumed = SSL_session_reused(ssl) == 1};
    if (name)
        snprintf(out->name, sizeof(out->name), "%s", name);
    if (len < sizeof(out->alpn))
        memcpy(out->alpn, alpn ? (const char *)alpn : "", len);
    (void)read_digest(t, out->digest);
}

static void answer(struct tls *t, int err)
{
    struct stream *stream = NULL;
    struct tls_result result;
    struct beam_why why = t->why;
    tls_fn *done = t->done;
    void *arg = t->arg;
    if (err == 0)
        err = stream_tls(t->loop, t->wire, &stream);
    if (err == 0) {
        read_result(t, &result);
        t->wire = NULL;
    }
    tls_free(t);
    if (err < 0 && why.code != err)
        beam_why(&why, err, "TLS handshake: %s", beam_err_text(err));
    done(arg, err, &why, stream, err == 0 ? &result : NULL);
}

/* ---- the handshake -------------------------------------------------------------------------- */

static int untrusted(struct tls *t)
{
    long result = SSL_get_verify_result(t->wire->ssl);
    return beam_why(&t->why, BEAM_EAUTH, "TLS: the certificate there is not trusted: %s",
                    X509_verify_cert_error_string(result));
}

/* The certificate that was expected, whoever vouches for it. */
static int check_pin(struct tls *t)
{
    uint8_t digest[TLS_DIGEST_SIZE];
    if (!t->pinned)
        return 0;
    if (read_digest(t, digest) && sodium_memcmp(digest, t->pin, sizeof(digest)) == 0)
        return 0;
    return beam_why(&t->why, BEAM_EAUTH, "TLS: another certificate than the expected one is shown");
}

static int failed(struct tls *t, int ret)
{
    const char *reason;
    int err = tls_wire_error(t->wire, ret, &reason);
    if (err == BEAM_EAGAIN)
        return err;
    (void)tls_wire_flush(t->wire); /* an alert tells the peer why */
    if (err == BEAM_EAUTH)
        return untrusted(t);
    if (err == BEAM_ERESET || err == BEAM_ECLOSED)
        return beam_why(&t->why, BEAM_ERESET,
                        "TLS: the peer ended the connection during the "
                        "handshake");
    return reason ? beam_why(&t->why, err, "TLS handshake: %s", reason) : err;
}

/* 0: it is over; BEAM_EAGAIN: the stream below has to be waited for; or why it failed. */
static int go_on(struct tls *t)
{
    tls_wire_begin(t->wire);
    int ret = SSL_do_handshake(t->wire->ssl);
    if (ret == 1) {
        int err = check_pin(t);
        return err < 0 ? err : tls_wire_flush(t->wire);
    }
    int err = failed(t, ret);
    if (err != BEAM_EAGAIN)
        return err;
    err = tls_wire_flush(t->wire);
    if (err == 0 && t->wire->turns == 0)
        loop_post(t->loop, &t->go);
    return err < 0 ? err : BEAM_EAGAIN;
}

static void on_go(void *arg)
{
    int err = go_on(arg);
    if (err != BEAM_EAGAIN)
        answer(arg, err);
}

static void on_ready(void *arg, struct stream *under, unsigned ready)
{
    (void)under;
    (void)ready;
    on_go(arg);
}

static void on_deadline(void *arg)
{
    struct tls *t = arg;
    answer(t, beam_why(&t->why, BEAM_ETIMEOUT, "TLS: the peer did not finish the handshake"));
}

/* ---- its beginning -------------------------------------------------------------------------- */

static int set_name(SSL *ssl, const char *name)
{
    struct addr addr;
    if (!name || !name[0] || strlen(name) >= TLS_NAME_SIZE)
        return BEAM_EINVAL;
    if (addr_ip(name, strlen(name), 1, &addr) == 0)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ? 0 : BEAM_ENOMEM;
    /* As browsers have it: "f*.example" is no pattern, and a subject is no name. */
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (SSL_set1_host(ssl, name) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1)
        return BEAM_ENOMEM;
    return 0;
}

static int take_spec(struct tls *t, const struct tls_spec *spec)
{
    SSL *ssl = t->wire->ssl;
    if (t->server)
        return 0;
    int err = set_name(ssl, spec->name);
    if (err < 0 || (!spec->pin && !spec->anybody))
        return err;
    t->pinned = spec->pin != NULL;
    if (t->pinned)
        memcpy(t->pin, spec->pin, sizeof(t->pin));
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    return 0;
}

int tls_start(struct loop *l, struct stream *under, const struct tls_context *context,
              const struct tls_spec *spec, tls_fn *done, void *arg, struct tls **out)
{
    struct tls *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    int err = tls_wire_new(l, context, under, &t->wire);
    if (err < 0) {
        free(t);
        return err;
    }
    t->loop = l;
    t->server = tls_context_is_server(context);
    t->done = done;
    t->arg = arg;
    loop_task_init(&t->go, on_go, t);
    loop_timer_init(l, &t->deadline, on_deadline, t);
    err = take_spec(t, spec);
    ERR_clear_error();
    if (err < 0) {
        t->wire->under = NULL;
        tls_free(t);
        return err;
    }
    loop_timer_set(&t->deadline, spec->timeout_ms ? spec->timeout_ms : TLS_TIMEOUT_MS);
    stream_own(under, on_ready, t);
    loop_post(l, &t->go);
    *out = t;
    return 0;
}

void tls_cancel(struct tls *t)
{
    if (!t)
        return;
    stream_reset(t->wire->under);
    tls_free(t);
}
