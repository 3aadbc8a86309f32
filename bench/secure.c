/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a secure channel costs. Handshakes a second on one core, both ends counted, against the
 * operations that one takes, as OpenSSL does them; and the rate of one channel over loopback TCP
 * against what plain TCP and ChaCha20-Poly1305 come to when a byte goes through one after the
 * other. All by turns, in the same run.
 *
 *     secure [MEGABYTES [ROUNDS]]
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/kit.h"
#include "stream/memory.h"
#include "stream/secure.h"
#include "stream/socket.h"

enum {
    MEGABYTES = 2000,
    ROUNDS = 5,
    ALARM_S = 180,
    PIECE = 256 * 1024,
    HANDSHAKES = 400,    /* a round */
    OPERATIONS = 400,    /* of each kind, a round */
    BLOCK = 16 * 1024,   /* that `openssl speed` seals at a time */
    SEALED_BLOCKS = 6000 /* a round */
};
#define HANDSHAKES_WANTED 0.5
#define RATE_WANTED       0.85

/* Of a handshake, both ends together. */
enum { DERIVATIONS = 6, KEYS = 4, SIGNATURES = 2, VERIFICATIONS = 2 };

static void must(int ok, const char *what)
{
    if (!ok)
        kit_die(what);
}

/* ---- handshakes ----------------------------------------------------------------------------- */

struct end {
    struct key_pair *identity;
    struct stream *stream;
    int *left; /* answers to wait for */
    struct loop *loop;
};

static void on_secure(void *arg, int err, const struct beam_why *why, struct stream *s,
                      const struct secure_result *r)
{
    struct end *e = arg;
    (void)why;
    (void)r;
    must(err == 0, "a handshake");
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
    must(secure_start(l, under, &spec, on_secure, e, &secure) == 0, "secure_start");
}

static double handshakes(struct end ends[2])
{
    struct loop *l;
    must(loop_new(&l) == 0, "a loop");
    double begun = kit_now();
    for (int i = 0; i < HANDSHAKES; i++) {
        struct stream *a, *b;
        int left = 2;
        must(stream_memory(l, PIECE, &a, &b) == 0, "a pair");
        start(&ends[0], l, a, true, &left);
        start(&ends[1], l, b, false, &left);
        must(loop_run(l) == 0, "the loop");
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
    must(ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &key) == 1, "a key");
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static double derive_seconds(void)
{
    EVP_PKEY *own = key_of(EVP_PKEY_X25519), *peer = key_of(EVP_PKEY_X25519);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    uint8_t out[32];
    must(ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1,
         "X25519");
    double begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++) {
        size_t len = sizeof(out);
        must(EVP_PKEY_derive(ctx, out, &len) == 1, "X25519");
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
    must(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1, "Ed25519");
    double begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++) {
        len = sizeof(sig);
        must(EVP_DigestSign(ctx, sig, &len, text, sizeof(text)) == 1, "Ed25519");
    }
    *sign = (kit_now() - begun) / OPERATIONS;
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    must(ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1, "Ed25519");
    begun = kit_now();
    for (int i = 0; i < OPERATIONS; i++)
        must(EVP_DigestVerify(ctx, sig, len, text, sizeof(text)) == 1, "Ed25519");
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

struct pump {
    struct end end;
    struct buf bytes;
    uint64_t left;
    bool sends;
};

/* Bytes that nobody has looked at: they were not written, so that making them costs nothing. */
static void more(struct pump *p)
{
    struct iovec iov[PIECE / BUF_BLOCK_SIZE + 1];
    int n = PIECE / BUF_BLOCK_SIZE + 1;
    size_t len = p->left < PIECE ? (size_t)p->left : PIECE;
    must(buf_prepare(&p->bytes, len, iov, &n) == 0, "bytes");
    buf_commit(&p->bytes, len);
}

static bool send_some(struct pump *p)
{
    while (p->left > 0) {
        if (buf_len(&p->bytes) == 0)
            more(p);
        ssize_t n = stream_write(p->end.stream, &p->bytes);
        must(n > 0 || n == BEAM_EAGAIN, "a write");
        if (n < 0)
            return false;
        p->left -= (uint64_t)n;
        if (buf_len(&p->bytes) > 0)
            return false;
    }
    must(stream_shut(p->end.stream) == 0, "the end");
    p->sends = false;
    return true;
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct pump *p = arg;
    ssize_t n;
    (void)ready;
    if (p->sends && !send_some(p))
        return;
    while ((n = stream_read(s, &p->bytes, PIECE)) > 0) {
        p->left -= (uint64_t)n;
        buf_clear(&p->bytes);
    }
    must(n == BEAM_EAGAIN || (n == BEAM_ECLOSED && p->left == 0), "a read");
    if (n == BEAM_ECLOSED)
        loop_stop(p->end.loop);
}

/* The handshake, then all the bytes one way. Returns the seconds that they took. */
static double pump_secure(int fd, bool sends, struct key_pair *identity, uint64_t bytes)
{
    struct loop *l;
    struct stream *under;
    struct pump p = {.left = bytes, .sends = sends, .end.identity = identity};
    int left = 1;
    must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
    must(loop_new(&l) == 0 && stream_socket(l, fd, &under) == 0, "a stream");
    buf_init(&p.bytes, loop_pool(l), PIECE);
    start(&p.end, l, under, sends, &left);
    must(loop_run(l) == 0, "the loop");
    double begun = kit_now();
    stream_own(p.end.stream, on_ready, &p);
    on_ready(&p, p.end.stream, 0);
    must(loop_run(l) == 0, "the loop");
    double took = kit_now() - begun;
    stream_free(p.end.stream);
    loop_free(l);
    return took;
}

static double pump_plain(int fd, bool sends, struct key_pair *identity, uint64_t bytes)
{
    static char piece[PIECE];
    (void)identity;
    double begun = kit_now();
    while (bytes > 0) {
        size_t want = bytes < sizeof(piece) ? (size_t)bytes : sizeof(piece);
        ssize_t n = sends ? write(fd, piece, want) : read(fd, piece, sizeof(piece));
        must(n > 0, "plain TCP");
        bytes -= (uint64_t)n;
    }
    must(shutdown(fd, SHUT_WR) == 0 && read(fd, piece, sizeof(piece)) == 0, "the end");
    double took = kit_now() - begun;
    close(fd);
    return took;
}

/* GB a second from one process to another. */
static double rate(double (*pump)(int, bool, struct key_pair *, uint64_t), struct end ends[2],
                   uint64_t bytes)
{
    int fds[2];
    kit_tcp_pair(fds);
    pid_t receiver = kit_child();
    if (receiver == 0) {
        close(fds[0]);
        pump(fds[1], false, ends[1].identity, bytes);
        exit(0);
    }
    close(fds[1]);
    double took = pump(fds[0], true, ends[0].identity, bytes);
    kit_reap(receiver);
    return (double)bytes / 1e9 / took;
}

/* GB a second, as `openssl speed -evp chacha20-poly1305` seals them. */
static double cipher_rate(void)
{
    static uint8_t block[BLOCK];
    uint8_t key[32] = {1}, nonce[12] = {0};
    int len;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    must(ctx && EVP_EncryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce) == 1,
         "a cipher");
    double begun = kit_now();
    for (int i = 0; i < SEALED_BLOCKS; i++)
        must(EVP_EncryptUpdate(ctx, block, &len, block, BLOCK) == 1, "ChaCha20-Poly1305");
    double took = kit_now() - begun;
    EVP_CIPHER_CTX_free(ctx);
    return (double)SEALED_BLOCKS * BLOCK / 1e9 / took;
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
    struct end ends[2] = {0};
    kit_begin(argc, argv, arguments, 2, ALARM_S);
    must(sodium_init() >= 0 && key_pair_new(rng_system(), &ends[0].identity) == 0 &&
             key_pair_new(rng_system(), &ends[1].identity) == 0,
         "keys");
    for (size_t n = 0; n < rounds; n++) {
        kit_fill(&shakes, handshakes(ends), operations());
        double tcp = rate(pump_plain, ends, megabytes * 1000000);
        kit_fill(&bulk, rate(pump_secure, ends, megabytes * 1000000),
                 1 / (1 / tcp + 1 / cipher_rate()));
    }
    key_pair_free(ends[0].identity);
    key_pair_free(ends[1].identity);
    bool quick = kit_line(&shakes), fast = kit_line(&bulk);
    return quick && fast ? 0 : 1;
}
