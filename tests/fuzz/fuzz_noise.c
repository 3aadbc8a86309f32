/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a Noise handshake and libp2p's payload in them. The first byte tells what the
 * others are: a first message, a second one, or the payload of an honest peer, sealed as it should
 * be. Keys are the same in each run.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/noise_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_up(void *arg, void *out, size_t len)
{
    uint8_t *next = arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

static struct noise *noise_of(bool initiator)
{
    uint8_t next = initiator ? 1 : 101;
    struct rng rng = {count_up, &next};
    struct noise *n;
    if (noise_new(initiator, NULL, 0, &rng, &n) < 0)
        abort();
    return n;
}

static uint8_t message[NOISE_MESSAGE_MAX], payload[NOISE_MESSAGE_MAX];

static void write_message(struct noise *n, const void *text, size_t size, size_t *len)
{
    if (!noise_writes(n))
        abort();
    if (noise_write(n, text, size, message, sizeof(message), len) < 0)
        *len = 0; /* too long, or a point of small order came before */
}

/* What is refused leaves a handshake that goes nowhere. */
static void hear(struct noise *n, const uint8_t *data, size_t size)
{
    size_t len = SIZE_MAX;
    int err = noise_read(n, data, size, payload, sizeof(payload), &len);
    if (err == 0 && (len > size || noise_is_over(n)))
        abort();
    if (err < 0 && (noise_writes(n) || noise_is_over(n) || len != SIZE_MAX))
        abort();
}

static void first_message(const uint8_t *data, size_t size)
{
    struct noise *n = noise_of(false);
    size_t len;
    hear(n, data, size);
    if (noise_writes(n))
        write_message(n, "x", 1, &len);
    noise_free(n);
}

static void second_message(const uint8_t *data, size_t size)
{
    struct noise *n = noise_of(true);
    size_t len;
    write_message(n, NULL, 0, &len);
    hear(n, data, size);
    noise_free(n);
}

static void check_payload(const uint8_t *data, size_t size, const uint8_t *key)
{
    static const char *const ours[] = {"/yamux/1.0.0", "/a"};
    struct noise_payload p;
    struct beam_why why = {0};
    int err = noise_payload_read(data, size, key, &p, &why);
    if (err < 0) {
        if (err != BEAM_ENOMEM && (why.code != err || why.text[0] == '\0'))
            abort();
        return;
    }
    for (size_t i = 0; i < p.muxer_count; i++)
        if (p.muxers[i].at < data || p.muxers[i].at + p.muxers[i].len > data + size)
            abort();
    bool one = noise_payload_muxer(&p, ours, 2, true) != NULL;
    if (one != (noise_payload_muxer(&p, ours, 2, false) != NULL))
        abort();
}

/* Through both handshakes: what goes in comes out. */
static void sealed_payload(const uint8_t *data, size_t size)
{
    struct noise *initiator = noise_of(true), *responder = noise_of(false);
    size_t len, got;
    write_message(initiator, NULL, 0, &len);
    if (noise_read(responder, message, len, payload, sizeof(payload), &got) < 0)
        abort();
    write_message(responder, data, size, &len);
    if (len > 0) {
        if (noise_read(initiator, message, len, payload, sizeof(payload), &got) < 0 ||
            got != size || (size > 0 && memcmp(payload, data, size) != 0))
            abort();
        check_payload(payload, got, noise_peer_key(initiator));
    }
    noise_free(initiator);
    noise_free(responder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parts[])(const uint8_t *, size_t) = {first_message, second_message,
                                                             sealed_payload};
    if (size == 0 || sodium_init() < 0)
        return 0;
    parts[data[0] % 3](data + 1, size - 1);
    return 0;
}
