/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stream/tls_tickets.h"

enum {
    ALPN_WIRE_MAX = TLS_ALPN_MAX * 32,
    TICKET_LIFE_S = (TLS_TICKETS_KEPT - 1) * (TLS_TICKETS_TURN_MS / 1000)
};

/* Of TLS 1.2; those of 1.3 are all of this kind. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const uint8_t session_context[] = "beam";

struct tls_context {
    SSL_CTX *ssl;
    bool server;
    const struct clock_source *clock;
    const struct tls_certificates *certificates;
    struct tls_tickets *tickets;
    uint8_t alpn[ALPN_WIRE_MAX]; /* as it is sent: a byte of length before each */
    unsigned alpn_len;
};

static int take_alpn(struct tls_context *c, const char *const *alpn, size_t count)
{
    if (count > TLS_ALPN_MAX)
        return BEAM_EINVAL;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(alpn[i]);
        if (len == 0 || len >= ALPN_WIRE_MAX / TLS_ALPN_MAX)
            return BEAM_EINVAL;
        c->alpn[c->alpn_len++] = (uint8_t)len;
        memcpy(c->alpn + c->alpn_len, alpn[i], len);
        c->alpn_len += (unsigned)len;
    }
    return 0;
}

/* What holds at both ends. */
static int open_context(bool server, const char *const *alpn, size_t alpn_count,
                        struct tls_context **out)
{
    struct tls_context *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    int err = take_alpn(c, alpn, alpn_count);
    c->server = server;
    if (err == 0 && !(c->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())))
        err = BEAM_ENOMEM;
    if (err == 0 && (SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION) != 1 ||
                     SSL_CTX_set_cipher_list(c->ssl, ciphers) != 1))
        err = BEAM_EINVAL;
    if (err < 0) {
        tls_context_free(c);
        return err;
    }
    SSL_CTX_set_app_data(c->ssl, c);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* A stream's owner offers what it has anew, from wherever that lies then; and ten thousand
     * visitors who rest hold no buffers. */
    SSL_CTX_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    *out = c;
    return 0;
}

/* ---- a server ------------------------------------------------------------------------------- */

/* That the name was understood is told to the client, and the session is that name's. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    (void)arg;
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK
                                                              : SSL_TLSEXT_ERR_NOACK;
}

static int on_certificate(SSL *ssl, void *arg)
{
    const struct tls_context *c = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return tls_certificates_use(c->certificates, name ? name : "", ssl) == 0;
}

/* RFC 7301, 3.2: the server's choice among what the client offers. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    const struct tls_context *c = arg;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, c->alpn, c->alpn_len, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int set_ticket_keys(const struct tls_ticket_key *k, const uint8_t *iv,
                           EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
    uint8_t key[TLS_TICKETS_KEY_SIZE];
    memcpy(key, k->mac, sizeof(key));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, sizeof(key)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end()};
    int ok = EVP_MAC_CTX_set_params(mac, params) == 1 &&
             EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), k->cipher, iv, seal, NULL) == 1;
    OPENSSL_cleanse(key, sizeof(key));
    return ok ? 1 : -1;
}

/* As OpenSSL wants it: 1 done; 2 done, and a new ticket is due; 0 no such key; -1 failed. With TLS
 * 1.3 one always is: a client uses each but once, so that it cannot be known by it again (RFC 8446
 * appendix C.4). */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int seal)
{
    struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    uint64_t now = c->clock->monotonic_ms(c->clock->arg);
    const struct tls_ticket_key *k;
    bool old = false;
    if (seal) {
        k = tls_tickets_newest(c->tickets, now);
        memcpy(name, k->name, sizeof(k->name));
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return -1;
    } else if (!(k = tls_tickets_find(c->tickets, name, now, &old))) {
        return 0;
    }
    int ok = set_ticket_keys(k, iv, cipher, mac, seal);
    bool due = !seal && (old || SSL_version(ssl) == TLS1_3_VERSION);
    return ok == 1 && due ? 2 : ok;
}

int tls_context_server(const struct tls_server_spec *spec, struct tls_context **out)
{
    struct tls_context *c;
    int err = open_context(true, spec->alpn, spec->alpn_count, &c);
    if (err < 0)
        return err;
    c->clock = spec->clock;
    c->certificates = spec->certificates;
    err = tls_tickets_new(spec->rng, spec->clock->monotonic_ms(spec->clock->arg), &c->tickets);
    if (err < 0) {
        tls_context_free(c);
        return err;
    }
    SSL_CTX_set_tlsext_servername_callback(c->ssl, on_name);
    SSL_CTX_set_cert_cb(c->ssl, on_certificate, c);
    if (c->alpn_len > 0)
        SSL_CTX_set_alpn_select_cb(c->ssl, on_alpn, c);
    SSL_CTX_set_session_id_context(c->ssl, session_context, sizeof(session_context) - 1);
    SSL_CTX_set_timeout(c->ssl, TICKET_LIFE_S);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(c->ssl, on_ticket);
    *out = c;
    return 0;
}

void tls_context_turn(struct tls_context *c)
{
    (void)tls_tickets_newest(c->tickets, c->clock->monotonic_ms(c->clock->arg));
}

/* ---- a client ------------------------------------------------------------------------------- */

static int take_trust(struct tls_context *c, const char *ca_file, struct beam_why *why)
{
    if (SSL_CTX_set_default_verify_paths(c->ssl) != 1)
        return beam_why(why, BEAM_ENOMEM, "TLS: out of memory");
    if (ca_file && ca_file[0] && SSL_CTX_load_verify_file(c->ssl, ca_file) != 1)
        return beam_why(why, BEAM_EINVAL, "%s: not a file of certificates in PEM", ca_file);
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    return 0;
}

int tls_context_client(const struct tls_client_spec *spec, struct tls_context **out,
                       struct beam_why *why)
{
    struct tls_context *c;
    int err = open_context(false, spec->alpn, spec->alpn_count, &c);
    if (err < 0)
        return beam_why(why, err, "TLS: %s", beam_err_text(err));
    err = take_trust(c, spec->ca_file, why);
    /* Contrary to all others this one gives 0 when it went well. */
    if (err == 0 && c->alpn_len > 0 && SSL_CTX_set_alpn_protos(c->ssl, c->alpn, c->alpn_len) != 0)
        err = beam_why(why, BEAM_ENOMEM, "TLS: out of memory");
    ERR_clear_error();
    if (err < 0) {
        tls_context_free(c);
        return err;
    }
    *out = c;
    return 0;
}

/* ---- both ----------------------------------------------------------------------------------- */

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    tls_tickets_free(c->tickets);
    free(c);
}

bool tls_context_is_server(const struct tls_context *c)
{
    return c->server;
}

struct tls_tickets *tls_context_tickets(const struct tls_context *c)
{
    return c->tickets;
}

SSL *tls_context_ssl(const struct tls_context *c)
{
    SSL *ssl = SSL_new(c->ssl);
    if (!ssl)
        return NULL;
    if (c->server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}
