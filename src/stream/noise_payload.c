/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/noise_payload.h"

#include <string.h>

#include "base/pb.h"

/* Fields of NoiseHandshakePayload, and of NoiseExtensions in it. */
enum { IDENTITY_KEY = 1, IDENTITY_SIG = 2, EXTENSIONS = 4, STREAM_MUXERS = 2 };

#define DOMAIN "noise-libp2p-static-key:"
enum { DOMAIN_LEN = sizeof(DOMAIN) - 1, SIGNED_SIZE = DOMAIN_LEN + NOISE_KEY_SIZE };

static void to_sign(const uint8_t key[NOISE_KEY_SIZE], uint8_t out[SIGNED_SIZE])
{
    memcpy(out, DOMAIN, DOMAIN_LEN);
    memcpy(out + DOMAIN_LEN, key, NOISE_KEY_SIZE);
}

static void write_muxers(struct wire_writer *w, const char *const *muxers, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += pb_bytes_size(STREAM_MUXERS, strlen(muxers[i]));
    pb_write_head(w, EXTENSIONS, len);
    for (size_t i = 0; i < count; i++)
        pb_write_bytes(w, STREAM_MUXERS, muxers[i], strlen(muxers[i]));
}

int noise_payload_write(const struct key_pair *identity, const uint8_t own_key[NOISE_KEY_SIZE],
                        const char *const *muxers, size_t count, void *out, size_t size,
                        size_t *out_len)
{
    struct key_public key;
    uint8_t encoded[KEY_ENCODED_MAX], sig[KEY_SIGNATURE_SIZE], signed_data[SIGNED_SIZE];
    size_t encoded_len;
    struct wire_writer w;
    key_pair_public(identity, &key);
    int err = key_public_encode(&key, encoded, sizeof(encoded), &encoded_len);
    if (err < 0)
        return err;
    to_sign(own_key, signed_data);
    key_pair_sign(identity, signed_data, sizeof(signed_data), sig);
    wire_write_init(&w, out, size);
    pb_write_bytes(&w, IDENTITY_KEY, encoded, encoded_len);
    pb_write_bytes(&w, IDENTITY_SIG, sig, sizeof(sig));
    if (count > 0)
        write_muxers(&w, muxers, count);
    return wire_write_end(&w, out_len);
}

/* Fields that come again add to the list, as protobuf has it. */
static int read_extensions(const struct pb_field *message, struct noise_payload *out)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, message->at, message->len);
    while (pb_next(&r, &f)) {
        if (!pb_is(&f, STREAM_MUXERS, PB_BYTES))
            continue;
        if (out->muxer_count == NOISE_MUXERS_MAX)
            return BEAM_ELIMIT;
        out->muxers[out->muxer_count].at = f.at;
        out->muxers[out->muxer_count++].len = f.len;
    }
    return pb_end(&r);
}

/* Of a field that comes again the last one counts. */
static int read_fields(const void *data, size_t len, struct pb_field *key, struct pb_field *sig,
                       struct noise_payload *out)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, IDENTITY_KEY, PB_BYTES))
            *key = f;
        else if (pb_is(&f, IDENTITY_SIG, PB_BYTES))
            *sig = f;
        else if (pb_is(&f, EXTENSIONS, PB_BYTES))
            pb_fail(&r, read_extensions(&f, out));
    }
    return pb_end(&r);
}

int noise_payload_read(const void *data, size_t len, const uint8_t peer_key[NOISE_KEY_SIZE],
                       struct noise_payload *out, struct beam_why *why)
{
    struct noise_payload p = {.muxer_count = 0};
    struct pb_field key = {.number = 0}, sig = {.number = 0};
    uint8_t signed_data[SIGNED_SIZE];
    if (read_fields(data, len, &key, &sig, &p) < 0)
        return beam_why(why, BEAM_EPROTO,
                        "Noise: the peer's proof of identity is no message of libp2p");
    int err = key_public_decode(key.at, key.len, &p.key);
    if (err == BEAM_ENOMEM)
        return err;
    if (err < 0)
        return beam_why(why, BEAM_EAUTH, "Noise: the peer's identity key is not one that is known");
    to_sign(peer_key, signed_data);
    err = key_public_verify(&p.key, signed_data, sizeof(signed_data), sig.at, sig.len);
    if (err == BEAM_ENOMEM)
        return err;
    if (err < 0)
        return beam_why(why, BEAM_EAUTH,
                        "Noise: the peer's signature is not its identity key's: it is not who it "
                        "says, or somebody is in between");
    *out = p;
    return 0;
}

static bool is_theirs(const struct noise_payload *theirs, size_t i, const char *muxer)
{
    return strlen(muxer) == theirs->muxers[i].len &&
           memcmp(muxer, theirs->muxers[i].at, theirs->muxers[i].len) == 0;
}

const char *noise_payload_muxer(const struct noise_payload *theirs, const char *const *ours,
                                size_t count, bool we_initiated)
{
    size_t outer = we_initiated ? count : theirs->muxer_count;
    size_t inner = we_initiated ? theirs->muxer_count : count;
    for (size_t i = 0; i < outer; i++)
        for (size_t k = 0; k < inner; k++)
            if (is_theirs(theirs, we_initiated ? k : i, ours[we_initiated ? i : k]))
                return ours[we_initiated ? i : k];
    return NULL;
}
