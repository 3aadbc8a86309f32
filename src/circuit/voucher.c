/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/voucher.h"

#include "base/pb.h"
#include "identity/envelope.h"

enum { FIELD_RELAY = 1, FIELD_PEER = 2, FIELD_EXPIRES = 3 };
enum { PAYLOAD_MAX = 128 };

static const uint8_t voucher_type[] = {0x03, 0x02};
static const struct envelope_kind voucher_kind = {"libp2p-relay-rsvp", voucher_type,
                                                  sizeof(voucher_type)};

int voucher_seal(const struct key_pair *pair, const struct voucher *v, void *out, size_t size,
                 size_t *out_len)
{
    uint8_t bytes[PAYLOAD_MAX];
    struct key_public key;
    struct peer_id relay;
    struct wire_writer w;
    size_t len;
    key_pair_public(pair, &key);
    int err = peer_id_from_key(&key, &relay);
    if (err < 0)
        return err;
    wire_write_init(&w, bytes, sizeof(bytes));
    pb_write_bytes(&w, FIELD_RELAY, relay.bytes, relay.len);
    pb_write_bytes(&w, FIELD_PEER, v->peer.bytes, v->peer.len);
    pb_write_number(&w, FIELD_EXPIRES, v->expires);
    err = wire_write_end(&w, &len);
    return err < 0 ? err : envelope_seal(pair, &voucher_kind, bytes, len, out, size, out_len);
}

static int read_voucher(const struct envelope *envelope, struct voucher *out)
{
    struct pb_reader r;
    struct pb_field f;
    unsigned seen = 0;
    pb_read_init(&r, envelope->payload, envelope->payload_len);
    while (pb_next(&r, &f)) {
        if (f.number > FIELD_EXPIRES)
            continue;
        if (f.wire != (f.number == FIELD_EXPIRES ? PB_VARINT : PB_BYTES) || (seen & 1u << f.number))
            return BEAM_EINVAL;
        seen |= 1u << f.number;
        if (f.number == FIELD_EXPIRES)
            out->expires = f.value;
        else if (peer_id_decode(f.at, f.len, f.number == FIELD_PEER ? &out->peer : &out->relay,
                                NULL) < 0)
            return BEAM_EINVAL;
    }
    const unsigned all = 1u << FIELD_RELAY | 1u << FIELD_PEER | 1u << FIELD_EXPIRES;
    return pb_end(&r) < 0 || seen != all ? BEAM_EINVAL : 0;
}

int voucher_open(const void *data, size_t len, struct voucher *out, struct beam_why *why)
{
    struct envelope envelope;
    struct voucher v;
    int err = envelope_open(data, len, &voucher_kind, &envelope, why);
    if (err < 0)
        return err;
    err = read_voucher(&envelope, &v);
    if (err < 0)
        return beam_why(why, err, "voucher: not a protobuf message of its form");
    if (!peer_id_is_of(&v.relay, &envelope.key))
        return beam_why(why, BEAM_EAUTH, "voucher: of another relay than the one that signed");
    *out = v;
    return 0;
}
