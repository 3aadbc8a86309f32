/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/pump.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/kit.h"
#include "loop/tcp.h"
#include "stream/socket.h"

enum {
    PIECE = 256 * 1024,
    BLOCK = 16 * 1024,
    SEALED_BLOCKS = 6000 /* a round */
};

struct pump {
    struct loop *loop;
    struct stream *stream;
    struct buf bytes;
    uint64_t left;
    bool sends;
};

void pump_must(int ok, const char *what)
{
    if (!ok)
        kit_die(what);
}

/* Bytes that nobody has looked at: they were not written, so that making them costs nothing. */
static void more(struct pump *p)
{
    struct iovec iov[PIECE / BUF_BLOCK_SIZE + 1];
    int n = PIECE / BUF_BLOCK_SIZE + 1;
    size_t len = p->left < PIECE ? (size_t)p->left : PIECE;
    pump_must(buf_prepare(&p->bytes, len, iov, &n) == 0, "bytes");
    buf_commit(&p->bytes, len);
}

static bool send_some(struct pump *p)
{
    while (p->left > 0) {
        if (buf_len(&p->bytes) == 0)
            more(p);
        ssize_t n = stream_write(p->stream, &p->bytes);
        pump_must(n > 0 || n == BEAM_EAGAIN, "a write");
        if (n < 0)
            return false;
        p->left -= (uint64_t)n;
        if (buf_len(&p->bytes) > 0)
            return false;
    }
    pump_must(stream_shut(p->stream) == 0, "the end");
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
    pump_must(n == BEAM_EAGAIN || (n == BEAM_ECLOSED && p->left == 0), "a read");
    if (n == BEAM_ECLOSED)
        loop_stop(p->loop);
}

/* Sends or receives all of it, and for a sender the far end's end. Returns the seconds. */
static double pump(int fd, bool sends, pump_make_fn *make, uint64_t bytes)
{
    struct stream *under;
    struct pump p = {.left = bytes, .sends = sends};
    pump_must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && tcp_tune(fd) == 0, "a socket");
    pump_must(loop_new(&p.loop) == 0 && stream_socket(p.loop, fd, &under) == 0, "a stream");
    buf_init(&p.bytes, loop_pool(p.loop), PIECE);
    p.stream = make(p.loop, under, sends);
    double begun = kit_now();
    stream_own(p.stream, on_ready, &p);
    on_ready(&p, p.stream, 0);
    pump_must(loop_run(p.loop) == 0, "the loop");
    double took = kit_now() - begun;
    stream_free(p.stream);
    for (int i = 0; i < 10; i++) /* what the free has left to say */
        (void)loop_turn(p.loop);
    return took;
}

static double pump_plain(int fd, bool sends, pump_make_fn *make, uint64_t bytes)
{
    static char piece[PIECE];
    (void)make;
    double begun = kit_now();
    while (bytes > 0) {
        size_t want = bytes < sizeof(piece) ? (size_t)bytes : sizeof(piece);
        ssize_t n = sends ? write(fd, piece, want) : read(fd, piece, sizeof(piece));
        pump_must(n > 0, "plain TCP");
        bytes -= (uint64_t)n;
    }
    pump_must(shutdown(fd, SHUT_WR) == 0 && read(fd, piece, sizeof(piece)) == 0, "the end");
    return kit_now() - begun;
}

/* Each end in a process that goes when it is done. */
static double rate(double (*run)(int, bool, pump_make_fn *, uint64_t), pump_make_fn *make,
                   uint64_t bytes)
{
    int fds[2], told[2];
    double took = 0;
    kit_tcp_pair(fds);
    pump_must(pipe(told) == 0, "a pipe");
    pid_t receiver = kit_child();
    if (receiver == 0) {
        close(fds[0]);
        run(fds[1], false, make, bytes);
        _exit(0);
    }
    pid_t sender = kit_child();
    if (sender == 0) {
        close(fds[1]);
        took = run(fds[0], true, make, bytes);
        _exit(write(told[1], &took, sizeof(took)) == sizeof(took) ? 0 : 1);
    }
    close(fds[0]);
    close(fds[1]);
    close(told[1]);
    pump_must(read(told[0], &took, sizeof(took)) == sizeof(took), "the sender");
    close(told[0]);
    kit_reap(sender);
    kit_reap(receiver);
    return (double)bytes / 1e9 / took;
}

double pump_rate(pump_make_fn *make, uint64_t bytes)
{
    return rate(pump, make, bytes);
}

double pump_plain_rate(uint64_t bytes)
{
    return rate(pump_plain, NULL, bytes);
}

void pump_send(int fd, pump_make_fn *make, uint64_t bytes)
{
    (void)(make ? pump : pump_plain)(fd, true, make, bytes);
}

void pump_drain(int fd, uint64_t bytes)
{
    (void)pump_plain(fd, false, NULL, bytes);
}

/* Seconds a GB, by `now`. */
static double cipher_seconds(double (*now)(void))
{
    static uint8_t block[BLOCK];
    uint8_t key[32] = {1}, nonce[12] = {0};
    int len;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    pump_must(ctx && EVP_EncryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce) == 1,
              "a cipher");
    double begun = now();
    for (int i = 0; i < SEALED_BLOCKS; i++)
        pump_must(EVP_EncryptUpdate(ctx, block, &len, block, BLOCK) == 1, "ChaCha20-Poly1305");
    double took = now() - begun;
    EVP_CIPHER_CTX_free(ctx);
    return took / ((double)SEALED_BLOCKS * BLOCK / 1e9);
}

static double processor_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double pump_cipher_rate(void)
{
    return 1 / cipher_seconds(kit_now);
}

double pump_cipher_cost(void)
{
    return cipher_seconds(processor_now);
}

double pump_bound(uint64_t bytes)
{
    return 1 / (1 / pump_plain_rate(bytes) + 1 / pump_cipher_rate());
}
