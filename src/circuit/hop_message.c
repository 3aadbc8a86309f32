/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/hop_message.h"

#include <string.h>

#include "base/pb.h"

/* The numbers of a message's fields; 0: it has none of these. */
struct numbers {
    uint32_t type, peer, reservation, limit, status;
    uint64_t first_type;
};

static const struct numbers numbers[] = {
    [HOP_SIDE] = {.type = 1, .peer = 2, .reservation = 3, .limit = 4, .status = 5},
    [STOP_SIDE] = {.type = 1, .peer = 2, .limit = 3, .status = 4, .first_type = HOP_CONNECT}};

enum { PEER_ID_FIELD = 1 };
enum { RESERVATION_EXPIRE = 1, RESERVATION_ADDR = 2, RESERVATION_VOUCHER = 3 };
enum { LIMIT_DURATION = 1, LIMIT_DATA = 2 };
enum { SMALL = 64 }; /* bytes that hold a Peer or a Limit */

/* ---- writing -------------------------------------------------------------------------------- */

static void write_peer(struct wire_writer *w, uint32_t number, const struct peer_id *id)
{
    pb_write_head(w, number, pb_bytes_size(PEER_ID_FIELD, id->len));
    pb_write_bytes(w, PEER_ID_FIELD, id->bytes, id->len);
}

static void write_limit(struct wire_writer *w, uint32_t number, const struct hop_limit *limit)
{
    uint8_t bytes[SMALL];
    struct wire_writer inner;
    size_t len;
    wire_write_init(&inner, bytes, sizeof(bytes));
    pb_write_number(&inner, LIMIT_DURATION, limit->duration);
    pb_write_number(&inner, LIMIT_DATA, limit->data);
    if (wire_write_end(&inner, &len) == 0)
        pb_write_bytes(w, number, bytes, len);
}

static void write_reservation(struct wire_writer *w, uint32_t number, const struct hop_message *m)
{
    size_t len = 1 + wire_varint_size(m->expire);
    for (size_t i = 0; i < m->addr_count; i++)
        len += pb_bytes_size(RESERVATION_ADDR, m->addrs[i].len);
    if (m->voucher)
        len += pb_bytes_size(RESERVATION_VOUCHER, m->voucher_len);
    pb_write_head(w, number, len);
    pb_write_number(w, RESERVATION_EXPIRE, m->expire);
    for (size_t i = 0; i < m->addr_count; i++)
        pb_write_bytes(w, RESERVATION_ADDR, m->addrs[i].bytes, m->addrs[i].len);
    if (m->voucher)
        pb_write_bytes(w, RESERVATION_VOUCHER, m->voucher, m->voucher_len);
}

int hop_message_encode(enum hop_message_side side, const struct hop_message *m, void *out,
                       size_t size, size_t *out_len)
{
    const struct numbers *n = &numbers[side];
    struct wire_writer w;
    wire_write_init(&w, out, size < HOP_MESSAGE_MAX ? size : HOP_MESSAGE_MAX);
    pb_write_number(&w, n->type, (uint64_t)m->type - n->first_type);
    if (m->has_peer)
        write_peer(&w, n->peer, &m->peer);
    if (m->has_reservation && n->reservation)
        write_reservation(&w, n->reservation, m);
    if (m->has_limit)
        write_limit(&w, n->limit, &m->limit);
    if (m->status)
        pb_write_number(&w, n->status, m->status);
    return wire_write_end(&w, out_len);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Whether a field that comes once comes for the first time. */
static bool once(uint32_t *seen, const struct pb_field *f)
{
    uint32_t bit = 1u << (f->number & 31);
    bool first = !(*seen & bit);
    *seen |= bit;
    return first;
}

static int read_peer(const struct pb_field *f, struct hop_message *m)
{
    struct pb_reader r;
    struct pb_field inner;
    uint32_t seen = 0;
    pb_read_init(&r, f->at, f->len);
    while (pb_next(&r, &inner)) {
        if (inner.number != PEER_ID_FIELD)
            continue; /* addresses: a relay dials nobody */
        if (inner.wire != PB_BYTES || !once(&seen, &inner) ||
            peer_id_decode(inner.at, inner.len, &m->peer, NULL) < 0)
            pb_fail(&r, BEAM_EINVAL);
    }
    m->has_peer = seen != 0;
    return pb_end(&r);
}

static int read_limit(const struct pb_field *f, struct hop_message *m)
{
    struct pb_reader r;
    struct pb_field inner;
    uint32_t seen = 0;
    pb_read_init(&r, f->at, f->len);
    while (pb_next(&r, &inner)) {
        if (inner.number != LIMIT_DURATION && inner.number != LIMIT_DATA)
            continue;
        if (inner.wire != PB_VARINT || !once(&seen, &inner) ||
            (inner.number == LIMIT_DURATION && inner.value > UINT32_MAX))
            pb_fail(&r, BEAM_EINVAL);
        else if (inner.number == LIMIT_DURATION)
            m->limit.duration = (uint32_t)inner.value;
        else
            m->limit.data = inner.value;
    }
    m->has_limit = true;
    return pb_end(&r);
}

/* One that is of no use to us is of none to others. */
static int read_addr(const struct pb_field *f, struct hop_message *m)
{
    if (f->wire != PB_BYTES)
        return BEAM_EINVAL;
    if (m->addr_count < HOP_MESSAGE_ADDRS &&
        multiaddr_decode(f->at, f->len, &m->addrs[m->addr_count], NULL) == 0)
        m->addr_count++;
    return 0;
}

static int read_part(const struct pb_field *f, uint32_t *seen, struct hop_message *m)
{
    if (f->number == RESERVATION_ADDR)
        return read_addr(f, m);
    if (f->number > RESERVATION_VOUCHER)
        return 0;
    if (!once(seen, f) || f->wire != (f->number == RESERVATION_EXPIRE ? PB_VARINT : PB_BYTES))
        return BEAM_EINVAL;
    if (f->number == RESERVATION_EXPIRE) {
        m->expire = f->value;
    } else {
        m->voucher = f->at;
        m->voucher_len = f->len;
    }
    return 0;
}

static int read_reservation(const struct pb_field *f, struct hop_message *m)
{
    struct pb_reader r;
    struct pb_field inner;
    uint32_t seen = 0;
    pb_read_init(&r, f->at, f->len);
    while (pb_next(&r, &inner))
        if (read_part(&inner, &seen, m) < 0)
            pb_fail(&r, BEAM_EINVAL);
    m->has_reservation = true;
    return pb_end(&r);
}

static int read_type(const struct numbers *n, const struct pb_field *f, struct hop_message *m)
{
    if (f->value > HOP_STATUS - n->first_type)
        return BEAM_EINVAL;
    m->type = (enum hop_message_type)(f->value + n->first_type);
    return 0;
}

static int read_field(const struct numbers *n, const struct pb_field *f, struct hop_message *m)
{
    bool number = f->number == n->type || f->number == n->status;
    if (f->wire != (number ? PB_VARINT : PB_BYTES))
        return BEAM_EINVAL;
    if (f->number == n->type)
        return read_type(n, f, m);
    if (f->number == n->peer)
        return read_peer(f, m);
    if (f->number == n->limit)
        return read_limit(f, m);
    if (f->number == n->reservation)
        return read_reservation(f, m);
    m->status = f->value;
    return 0;
}

int hop_message_decode(enum hop_message_side side, const void *data, size_t len,
                       struct hop_message *out)
{
    const struct numbers *n = &numbers[side];
    struct pb_reader r;
    struct pb_field f;
    uint32_t seen = 0;
    memset(out, 0, sizeof(*out));
    if (len > HOP_MESSAGE_MAX)
        return BEAM_EINVAL;
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f)) {
        if (f.number > n->status)
            continue;
        if (!once(&seen, &f) || read_field(n, &f, out) < 0)
            pb_fail(&r, BEAM_EINVAL);
    }
    if (pb_end(&r) < 0 || !(seen & 1u << n->type))
        return BEAM_EINVAL;
    return out->type == HOP_STATUS && out->status == 0 ? BEAM_EINVAL : 0;
}

/* ---- statuses ------------------------------------------------------------------------------- */

const char *hop_status_text(uint64_t status)
{
    switch (status) {
    case HOP_OK:
        return "granted";
    case HOP_RESERVATION_REFUSED:
        return "the relay gives no reservation";
    case HOP_RESOURCE_LIMIT:
        return "the relay carries as many circuits as it may";
    case HOP_PERMISSION_DENIED:
        return "the relay does not permit it";
    case HOP_CONNECTION_FAILED:
        return "the relay does not get through to the peer";
    case HOP_NO_RESERVATION:
        return "the peer has no reservation there";
    case HOP_MALFORMED:
        return "the relay does not understand what it was sent";
    case HOP_UNEXPECTED:
        return "the relay did not expect what it was sent";
    default:
        return "the relay refuses";
    }
}

int hop_status_err(uint64_t status)
{
    switch (status) {
    case HOP_OK:
        return 0;
    case HOP_RESERVATION_REFUSED:
    case HOP_RESOURCE_LIMIT:
        return BEAM_ELIMIT;
    case HOP_CONNECTION_FAILED:
        return BEAM_EUNREACH;
    case HOP_NO_RESERVATION:
        return BEAM_ENOTFOUND;
    case HOP_MALFORMED:
    case HOP_UNEXPECTED:
        return BEAM_EPROTO;
    default:
        return BEAM_EREFUSED;
    }
}
