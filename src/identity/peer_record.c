/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/peer_record.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/pb.h"
#include "base/wire.h"
#include "identity/envelope.h"

/* RFC 0003, "Address Record Format". */
enum { FIELD_ID = 1, FIELD_SEQ = 2, FIELD_ADDRESS = 3, FIELD_MULTIADDR = 1 };

static const uint8_t record_type[] = {0x03, 0x01};
static const struct envelope_kind record_kind = {"libp2p-peer-record", record_type,
                                                 sizeof(record_type)};

int peer_record_seal(const struct key_pair *pair, const struct peer_record *record, void *out,
                     size_t size, size_t *out_len)
{
    struct key_public key;
    struct peer_id id;
    struct wire_writer w;
    size_t len;
    if (record->n > PEER_RECORD_ADDRS_MAX)
        return BEAM_ELIMIT;
    key_pair_public(pair, &key);
    int err = peer_id_from_key(&key, &id);
    if (err < 0)
        return err;
    uint8_t *bytes = malloc(ENVELOPE_MAX);
    if (!bytes)
        return BEAM_ENOMEM;
    wire_write_init(&w, bytes, ENVELOPE_MAX);
    pb_write_bytes(&w, FIELD_ID, id.bytes, id.len);
    if (record->seq > 0) /* proto3 leaves a zero out */
        pb_write_number(&w, FIELD_SEQ, record->seq);
    for (size_t i = 0; i < record->n; i++) {
        const struct multiaddr *a = &record->addrs[i];
        pb_write_head(&w, FIELD_ADDRESS, pb_bytes_size(FIELD_MULTIADDR, a->len));
        pb_write_bytes(&w, FIELD_MULTIADDR, a->bytes, a->len);
    }
    err = wire_write_end(&w, &len);
    if (err == 0)
        err = envelope_seal(pair, &record_kind, bytes, len, out, size, out_len);
    free(bytes);
    return err;
}

/* An AddressInfo. One that cannot be read ends the record; one that is not known does not. */
static int read_address(const struct pb_field *info, struct peer_record *out)
{
    struct pb_reader r;
    struct pb_field f, addr = {.at = NULL};
    pb_read_init(&r, info->at, info->len);
    while (pb_next(&r, &f)) {
        if (f.number != FIELD_MULTIADDR)
            continue;
        if (f.wire != PB_BYTES || addr.at)
            pb_fail(&r, BEAM_EINVAL);
        addr = f;
    }
    if (pb_end(&r) < 0)
        return BEAM_EINVAL;
    if (out->n < PEER_RECORD_ADDRS_MAX &&
        multiaddr_decode(addr.at, addr.len, &out->addrs[out->n], NULL) == 0)
        out->n++;
    return 0;
}

static int read_record(const struct envelope *envelope, struct peer_record *out)
{
    struct pb_reader r;
    struct pb_field f;
    bool seen[FIELD_ADDRESS] = {false};
    int err = 0;
    pb_read_init(&r, envelope->payload, envelope->payload_len);
    out->id.len = 0;
    out->seq = 0;
    out->n = 0;
    while (err == 0 && pb_next(&r, &f)) {
        if (f.number > FIELD_ADDRESS)
            continue;
        if (f.wire != (f.number == FIELD_SEQ ? PB_VARINT : PB_BYTES) ||
            (f.number < FIELD_ADDRESS && seen[f.number]))
            return BEAM_EINVAL;
        if (f.number == FIELD_ADDRESS) {
            err = read_address(&f, out);
            continue;
        }
        seen[f.number] = true;
        if (f.number == FIELD_SEQ)
            out->seq = f.value;
        else
            err = peer_id_decode(f.at, f.len, &out->id, NULL);
    }
    return err < 0 ? err : pb_end(&r);
}

int peer_record_open(const void *data, size_t len, struct peer_record *out, struct beam_why *why)
{
    struct envelope envelope;
    int err = envelope_open(data, len, &record_kind, &envelope, why);
    if (err < 0)
        return err;
    err = read_record(&envelope, out);
    if (err < 0)
        return beam_why(why, err, "peer record: not a protobuf message of its form");
    if (!peer_id_is_of(&out->id, &envelope.key))
        return beam_why(why, BEAM_EAUTH, "peer record: of another peer than the one that signed");
    return 0;
}
