/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a secure channel costs. Handshakes a second on one core, both ends counted, against the
 * operations that one takes, as OpenSSL does them; and the rate of one channel over loopback TCP
 * against what plain TCP and ChaCha20-Poly1305 come to when a byte goes through one after the
 * other. All by turns, in the same run.
 *
 *     secure [MEGABYTES [ROUNDS]]
 */
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

#include "bench/kit.h"
#include "bench/pump.h"
#include "stream/memory.h"
#include "stream/secure.h"

enum {
    MEGABYTES = 2000,
    ROUNDS = 5,
    ALARM_S = 180,
    PIECE = 256 * 1024,
    HANDSHAKES = 400, /* a round */
    OPERATIONS = 400, /* of each kind, a round */
};
#define HANDSHAKES_WANTED 0.5
#define RATE_WANTED       0.85

/* Of a handshake, both ends together. */
enum { DERIVATIONS = 6, KEYS = 4, SIGNATURES = 2, VERIFICATIONS = 2 };

/* ---- handshakes ----------------------------------------------------------------------------- */

struct end {
    struct key_pair *identity;
    struct stream *stream;
    int *left; /* answers to wait for */
    struct loop *loop;
};

static struct end ends[2];

static void on_secure(void *arg, int err, const struct beam_why *why, struct stream *s,
                      const struct secure_result *r)
{
    struct end *e = arg;
    (void)why;
    (void)r;
    pump_must(err == 0, "a handshake");
    e->stream = s;
    if (--*e->left == 0)
        loop_stop(e->loop);
}

static void start(struct end *e, struct loop *l, struct stream *under, bool initiator, int *left)
{
    struct secure *secure;
    struct secure_spec spec = {.identity = e->identity, .initiator = initiator};
    e->loop = l;
    e->left = left;
    pump_must(secure_start(l, under, &spec, on_secure, e, &secure) == 0, "secure_start");
}

static double handshakes(void)
{
    struct loop *l;
    pump_must(loop_new(&l) == 0, "a loop");
    double begun = kit_now();
    for (int i = 0; i < HANDSHAKES; i++) {
        struct stream *a, *b;
        int left = 2;
        pump_must(stream_memory(l, PIECE, &a, &b) == 0, "a pair");
        start(&ends[0], l, a, true, &left);
        start(&ends[1], l, b, false, &left);
        pump_must(loop_run(l) == 0, "the loop");
        stream_free(ends[0].stream);
        stream_free(ends[1].stream);
    }
    double took = kit_now() - begun;
    loop_free(l);
    return HANDSHAKES / took;
}

static EVP_PKEY *key_of(int type)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(type, NULL);
    pump_must(ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &key) == 1, "a key");
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static double derive_seconds(void)
{
    EVP_PKEY *own = key_of(EVP_PKEY_X25519), *peer = key_of(EVP_PKEY_X25519);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    uint8_t out[32];
    pump_must(ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1,
              "X25519");
    double begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++) {
        size_t len = sizeof(out);
        pump_must(EVP_PKEY_derive(ctx, out, &len) == 1, "X25519");
    }
    double took = kit_now() - begun;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return took / OPERATIONS;
}

static double key_seconds(void)
{
    double begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++)
        EVP_PKEY_free(key_of(EVP_PKEY_X25519));
    return (kit_now() - begun) / OPERATIONS;
}

static void sign_seconds(double *sign, double *verify)
{
    EVP_PKEY *key = key_of(EVP_PKEY_ED25519);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t text[56] = {1}, sig[64];
    size_t len;
    pump_must(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1, "Ed25519");
    double begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++) {
        len = sizeof(sig);
        pump_must(EVP_DigestSign(ctx, sig, &len, text, sizeof(text)) == 1, "Ed25519");
    }
    *sign = (kit_now() - begun) / OPERATIONS;
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    pump_must(ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1, "Ed25519");
    begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++)
        pump_must(EVP_DigestVerify(ctx, sig, len, text, sizeof(text)) == 1, "Ed25519");
    *verify = (kit_now() - begun) / OPERATIONS;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
}

/* Handshakes a second, were they nothing but their operations. */
static double operations(void)
{
    double sign, verify;
    sign_seconds(&sign, &verify);
    return 1 / (DERIVATIONS * derive_seconds() + KEYS * key_seconds() + SIGNATURES * sign +
                VERIFICATIONS * verify);
}

/* ---- the rate of one channel ---------------------------------------------------------------- */

static struct stream *make(struct loop *l, struct stream *under, bool sends)
{
    struct end *e = &ends[!sends];
    int left = 1;
    start(e, l, under, sends, &left);
    pump_must(loop_run(l) == 0, "the loop");
    return e->stream;
}

/* ---- the table ------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
    static struct kit_figure shakes = {.name = "secure handshakes",
                                       .unit = "/s",
                                       .yardstick = "their operations",
                                       .wanted = HANDSHAKES_WANTED},
                             bulk = {.name = "secure rate",
                                     .unit = "GB/s",
                                     .yardstick = "TCP, then ChaCha20",
                                     .wanted = RATE_WANTED};
    uint64_t megabytes = MEGABYTES, rounds = ROUNDS;
    const struct kit_argument arguments[] = {{"MEGABYTES", &megabytes, 1000000},
                                             {"ROUNDS", &rounds, KIT_ROUNDS_MAX}};
    kit_begin(argc, argv, arguments, 2, ALARM_S);
    pump_must(sodium_init() >= 0 && key_pair_new(rng_system(), &ends[0].identity) == 0 &&
                  key_pair_new(rng_system(), &ends[1].identity) == 0,
              "keys");
    for (size_t n = 0; n < rounds; n++) {
        kit_fill(&shakes, handshakes(), operations());
        kit_fill(&bulk, pump_rate(make, megabytes * 1000000), pump_bound(megabytes * 1000000));
    }
    key_pair_free(ends[0].identity);
    key_pair_free(ends[1].identity);
    bool quick = kit_line(&shakes), fast = kit_line(&bulk);
    return quick && fast ? 0 : 1;
}
