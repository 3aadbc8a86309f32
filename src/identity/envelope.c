/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/envelope.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/pb.h"
#include "base/wire.h"

/* RFC 0002, "Wire Format". There is no field 4. */
enum { FIELD_KEY = 1, FIELD_TYPE = 2, FIELD_PAYLOAD = 3, FIELD_SIGNATURE = 5 };

struct view {
    const uint8_t *at;
    size_t len;
};

/* One length, as a varint, before each of domain, type and payload. 0, BEAM_ELIMIT, BEAM_ENOMEM;
 * *out is the caller's to free. */
static int signed_bytes(const struct envelope_kind *kind, const void *payload, size_t len,
                        uint8_t **out, size_t *out_len)
{
    const struct view parts[] = {{(const uint8_t *)kind->domain, strlen(kind->domain)},
                                 {kind->type, kind->type_len},
                                 {payload, len}};
    struct wire_writer w;
    uint8_t *bytes = malloc(ENVELOPE_MAX);
    if (!bytes)
        return BEAM_ENOMEM;
    wire_write_init(&w, bytes, ENVELOPE_MAX);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        wire_write_varint(&w, parts[i].len);
        wire_write_bytes(&w, parts[i].at, parts[i].len);
    }
    int err = wire_write_end(&w, out_len);
    if (err < 0)
        free(bytes);
    else
        *out = bytes;
    return err;
}

int envelope_seal(const struct key_pair *pair, const struct envelope_kind *kind,
                  const void *payload, size_t len, void *out, size_t size, size_t *out_len)
{
    struct key_public public;
    struct wire_writer w;
    uint8_t key[KEY_ENCODED_MAX], sig[KEY_SIGNATURE_SIZE], *bytes;
    size_t n, key_len;
    key_pair_public(pair, &public);
    int err = key_public_encode(&public, key, sizeof(key), &key_len);
    if (err == 0)
        err = signed_bytes(kind, payload, len, &bytes, &n);
    if (err < 0)
        return err;
    key_pair_sign(pair, bytes, n, sig);
    free(bytes);
    wire_write_init(&w, out, size < ENVELOPE_MAX ? size : ENVELOPE_MAX);
    pb_write_bytes(&w, FIELD_KEY, key, key_len);
    pb_write_bytes(&w, FIELD_TYPE, kind->type, kind->type_len);
    pb_write_bytes(&w, FIELD_PAYLOAD, payload, len);
    pb_write_bytes(&w, FIELD_SIGNATURE, sig, sizeof(sig));
    return wire_write_end(&w, out_len);
}

/* The four fields, by their numbers. proto3 leaves empty ones out, so each may be missing. */
static int read_fields(const void *data, size_t len, struct view *fields)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f)) {
        if (f.number > FIELD_SIGNATURE || f.number == 4)
            continue;
        if (f.wire != PB_BYTES || fields[f.number].at)
            pb_fail(&r, BEAM_EINVAL);
        else
            fields[f.number] = (struct view){f.at, f.len};
    }
    return pb_end(&r);
}

/* All of it but whether the signature is good. */
static int read_all(const void *data, size_t len, const struct envelope_kind *kind,
                    struct envelope *out, struct view *sig, struct beam_why *why)
{
    struct view fields[FIELD_SIGNATURE + 1] = {{NULL, 0}};
    const struct view *key = &fields[FIELD_KEY], *type = &fields[FIELD_TYPE],
                      *payload = &fields[FIELD_PAYLOAD];
    struct key_public public;
    if (len > ENVELOPE_MAX)
        return beam_why(why, BEAM_ELIMIT, "envelope: %zu bytes: at most %d", len, ENVELOPE_MAX);
    if (read_fields(data, len, fields) < 0)
        return beam_why(why, BEAM_EINVAL, "envelope: not a protobuf message of its form");
    if (type->len != kind->type_len ||
        (type->len > 0 && memcmp(type->at, kind->type, type->len) != 0))
        return beam_why(why, BEAM_EINVAL, "envelope: holds another type of payload");
    if (key_public_decode(key->at, key->len, &public) < 0)
        return beam_why(why, BEAM_EINVAL, "envelope: its public key is not one");
    *out = (struct envelope){.key = public, .payload = payload->at, .payload_len = payload->len};
    *sig = fields[FIELD_SIGNATURE];
    return 0;
}

int envelope_open(const void *data, size_t len, const struct envelope_kind *kind,
                  struct envelope *out, struct beam_why *why)
{
    struct envelope e;
    struct view sig;
    uint8_t *bytes;
    size_t n;
    int err = read_all(data, len, kind, &e, &sig, why);
    if (err < 0)
        return err;
    err = signed_bytes(kind, e.payload, e.payload_len, &bytes, &n);
    if (err < 0)
        return beam_why(why, err, "envelope: %s", beam_err_text(err));
    err = key_public_verify(&e.key, bytes, n, sig.at, sig.len);
    free(bytes);
    if (err < 0)
        return beam_why(why, err, "envelope: the signature is not the key's for %s", kind->domain);
    *out = e;
    return 0;
}

int envelope_peek(const void *data, size_t len, const struct envelope_kind *kind,
                  struct envelope *out, struct beam_why *why)
{
    struct view sig;
    return read_all(data, len, kind, out, &sig, why);
}
