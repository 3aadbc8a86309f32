/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/reservation.h"

#include <string.h>

#include "base/pb.h"
#include "base/text.h"

enum {
    REQUEST_VERB = 1,
    REQUEST_KIND = 2,
    REQUEST_NAME = 3,
    REQUEST_ID = 4,
    REQUEST_TOKEN = 5,
    REQUEST_VISITOR_ADDRESS = 6,
    REQUEST_SEED = 7,
    REQUEST_NONCE = 8,
    REQUEST_PORT = 9
};

enum {
    ANSWER_STATUS = 1,
    ANSWER_ID = 2,
    ANSWER_TOKEN = 3,
    ANSWER_URL = 4,
    ANSWER_LEASE = 5,
    ANSWER_LIMITS = 6,
    ANSWER_VISITOR_ADDRESS = 7,
    ANSWER_REASON = 8,
    ANSWER_RETRY = 9,
    ANSWER_SEED = 10,
    ANSWER_BITS = 11
};

enum { LIMITS_MAX_BODY = 1, LIMITS_MAX_STREAMS = 2 };

/* ---- parts of both -------------------------------------------------------------------------- */

/* Fields come once each, but for those that a message says may come again. */
static bool once(uint32_t *seen, const struct pb_field *f)
{
    uint32_t bit = 1u << (f->number & 31);
    bool first = !(*seen & bit);
    *seen |= bit;
    return first;
}

static int take_fixed(const struct pb_field *f, uint8_t *out, size_t size)
{
    if (f->wire != PB_BYTES || f->len != size)
        return BEAM_EINVAL;
    memcpy(out, f->at, size);
    return 0;
}

static int take_number(const struct pb_field *f, uint64_t *out)
{
    if (f->wire != PB_VARINT)
        return BEAM_EINVAL;
    *out = f->value;
    return 0;
}

static int take_port(const struct pb_field *f, uint16_t *out)
{
    if (f->wire != PB_VARINT || f->value > UINT16_MAX)
        return BEAM_EINVAL;
    *out = (uint16_t)f->value;
    return 0;
}

static int take_bool(const struct pb_field *f, bool *out)
{
    if (f->wire != PB_VARINT || f->value > 1)
        return BEAM_EINVAL;
    *out = f->value == 1;
    return 0;
}

/* Text without a NUL in it, which a C string would be cut at. */
static int take_text(const struct pb_field *f, char *out, size_t size)
{
    if (f->wire != PB_BYTES || f->len >= size || memchr(f->at, 0, f->len) ||
        !text_utf8_valid((const char *)f->at, f->len))
        return BEAM_EINVAL;
    memcpy(out, f->at, f->len);
    out[f->len] = '\0';
    return 0;
}

static void write_text(struct wire_writer *w, uint32_t number, const char *text)
{
    if (text[0])
        pb_write_bytes(w, number, text, strlen(text));
}

static void write_number(struct wire_writer *w, uint32_t number, uint64_t value)
{
    if (value > 0) /* proto3 leaves a zero out */
        pb_write_number(w, number, value);
}

/* ---- requests ------------------------------------------------------------------------------- */

int reservation_request_encode(const struct reservation_request *r, void *out, size_t size,
                               size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    write_number(&w, REQUEST_VERB, r->verb);
    write_number(&w, REQUEST_KIND, r->kind);
    write_text(&w, REQUEST_NAME, r->name);
    if (r->has_id) {
        pb_write_bytes(&w, REQUEST_ID, r->id, sizeof(r->id));
        pb_write_bytes(&w, REQUEST_TOKEN, r->token, sizeof(r->token));
    }
    write_number(&w, REQUEST_VISITOR_ADDRESS, r->visitor_address);
    if (r->has_work) {
        pb_write_bytes(&w, REQUEST_SEED, r->seed, sizeof(r->seed));
        pb_write_bytes(&w, REQUEST_NONCE, r->nonce, sizeof(r->nonce));
    }
    write_number(&w, REQUEST_PORT, r->port);
    return wire_write_end(&w, out_len);
}

static int take_request(const struct pb_field *f, struct reservation_request *out)
{
    switch (f->number) {
    case REQUEST_VERB:
        return take_number(f, &out->verb);
    case REQUEST_KIND:
        return take_number(f, &out->kind);
    case REQUEST_NAME:
        return take_text(f, out->name, sizeof(out->name));
    case REQUEST_ID:
        out->has_id = true;
        return take_fixed(f, out->id, sizeof(out->id));
    case REQUEST_TOKEN:
        return take_fixed(f, out->token, sizeof(out->token));
    case REQUEST_VISITOR_ADDRESS:
        return take_bool(f, &out->visitor_address);
    case REQUEST_SEED:
        out->has_work = true;
        return take_fixed(f, out->seed, sizeof(out->seed));
    case REQUEST_NONCE:
        return take_fixed(f, out->nonce, sizeof(out->nonce));
    case REQUEST_PORT:
        return take_port(f, &out->port);
    default:
        return 0;
    }
}

/* Whether it has what its verb needs; one that is not known may need anything. */
static bool request_is_whole(const struct reservation_request *r, uint32_t seen)
{
    bool id = seen & 1u << REQUEST_ID, token = seen & 1u << REQUEST_TOKEN;
    bool seed = seen & 1u << REQUEST_SEED, nonce = seen & 1u << REQUEST_NONCE;
    if (id != token || seed != nonce || r->verb == 0)
        return false;
    if (r->verb == RESERVATION_RESERVE)
        return r->kind != 0;
    return id || r->verb > RESERVATION_FORGET;
}

int reservation_request_decode(const void *data, size_t len, struct reservation_request *out)
{
    struct reservation_request r = {.verb = 0};
    struct pb_reader reader;
    struct pb_field f;
    uint32_t seen = 0;
    pb_read_init(&reader, data, len);
    while (pb_next(&reader, &f)) {
        if (f.number > REQUEST_PORT)
            continue;
        if (!once(&seen, &f) || take_request(&f, &r) < 0)
            pb_fail(&reader, BEAM_EINVAL);
    }
    if (len > RESERVATION_MAX || pb_end(&reader) < 0 || !request_is_whole(&r, seen))
        return BEAM_EINVAL;
    *out = r;
    return 0;
}

/* ---- answers -------------------------------------------------------------------------------- */

static void write_limits(struct wire_writer *w, const struct reservation_answer *a)
{
    uint8_t bytes[32];
    struct wire_writer limits;
    size_t len;
    wire_write_init(&limits, bytes, sizeof(bytes));
    write_number(&limits, LIMITS_MAX_BODY, a->max_body);
    write_number(&limits, LIMITS_MAX_STREAMS, a->max_streams);
    if (wire_write_end(&limits, &len) == 0 && len > 0)
        pb_write_bytes(w, ANSWER_LIMITS, bytes, len);
}

int reservation_answer_encode(const struct reservation_answer *a, void *out, size_t size,
                              size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    write_number(&w, ANSWER_STATUS, a->status);
    if (a->status == RESERVATION_OK && a->url_count > 0) {
        pb_write_bytes(&w, ANSWER_ID, a->id, sizeof(a->id));
        pb_write_bytes(&w, ANSWER_TOKEN, a->token, sizeof(a->token));
        for (size_t i = 0; i < a->url_count; i++)
            write_text(&w, ANSWER_URL, a->url[i]);
        write_number(&w, ANSWER_LEASE, a->lease);
        write_limits(&w, a);
        write_number(&w, ANSWER_VISITOR_ADDRESS, a->visitor_address);
    }
    write_text(&w, ANSWER_REASON, a->reason);
    write_number(&w, ANSWER_RETRY, a->retry);
    if (a->status == RESERVATION_WORK) {
        pb_write_bytes(&w, ANSWER_SEED, a->seed, sizeof(a->seed));
        write_number(&w, ANSWER_BITS, a->bits);
    }
    return wire_write_end(&w, out_len);
}

static int take_limits(const struct pb_field *f, struct reservation_answer *out)
{
    struct pb_reader r;
    struct pb_field limit;
    if (f->wire != PB_BYTES)
        return BEAM_EINVAL;
    pb_read_init(&r, f->at, f->len);
    while (pb_next(&r, &limit)) {
        if (limit.number == LIMITS_MAX_BODY && take_number(&limit, &out->max_body) < 0)
            pb_fail(&r, BEAM_EINVAL);
        if (limit.number == LIMITS_MAX_STREAMS && take_number(&limit, &out->max_streams) < 0)
            pb_fail(&r, BEAM_EINVAL);
    }
    return pb_end(&r) < 0 ? BEAM_EINVAL : 0;
}

/* A URL of visible ASCII and no other: it will stand on screens and in requests. */
static int take_url(const struct pb_field *f, struct reservation_answer *out)
{
    if (out->url_count == RESERVATION_URLS_MAX || f->wire != PB_BYTES || f->len == 0)
        return BEAM_EINVAL;
    for (size_t i = 0; i < f->len; i++)
        if (f->at[i] <= ' ' || f->at[i] >= 0x7f)
            return BEAM_EINVAL;
    return take_text(f, out->url[out->url_count++], RESERVATION_URL_SIZE);
}

static int take_answer(const struct pb_field *f, struct reservation_answer *out)
{
    switch (f->number) {
    case ANSWER_STATUS:
        return take_number(f, &out->status);
    case ANSWER_ID:
        return take_fixed(f, out->id, sizeof(out->id));
    case ANSWER_TOKEN:
        return take_fixed(f, out->token, sizeof(out->token));
    case ANSWER_URL:
        return take_url(f, out);
    case ANSWER_LEASE:
        return take_number(f, &out->lease);
    case ANSWER_LIMITS:
        return take_limits(f, out);
    case ANSWER_VISITOR_ADDRESS:
        return take_bool(f, &out->visitor_address);
    case ANSWER_REASON:
        return take_text(f, out->reason, sizeof(out->reason));
    case ANSWER_RETRY:
        return take_number(f, &out->retry);
    case ANSWER_SEED:
        return take_fixed(f, out->seed, sizeof(out->seed));
    case ANSWER_BITS:
        return take_number(f, &out->bits);
    default:
        return 0;
    }
}

/* A reservation is given whole (id, token, URL, lease) or not at all, as to a RELEASE. */
static bool answer_is_whole(const struct reservation_answer *a, uint32_t seen)
{
    const uint32_t parts =
        1u << ANSWER_ID | 1u << ANSWER_TOKEN | 1u << ANSWER_URL | 1u << ANSWER_LEASE;
    const uint32_t work = 1u << ANSWER_SEED | 1u << ANSWER_BITS;
    if (a->status == RESERVATION_WORK ? (seen & work) != work || a->bits == 0 : (seen & work) != 0)
        return false;
    if (a->status != RESERVATION_OK)
        return a->status > RESERVATION_OK && !(seen & parts);
    return (seen & parts) == 0 || ((seen & parts) == parts && a->lease > 0);
}

int reservation_answer_decode(const void *data, size_t len, struct reservation_answer *out)
{
    struct pb_reader reader;
    struct pb_field f;
    uint32_t seen = 0;
    memset(out, 0, sizeof(*out));
    pb_read_init(&reader, data, len);
    while (pb_next(&reader, &f)) {
        if (f.number > ANSWER_BITS)
            continue;
        if ((!once(&seen, &f) && f.number != ANSWER_URL) || take_answer(&f, out) < 0)
            pb_fail(&reader, BEAM_EINVAL);
    }
    return len > RESERVATION_MAX || pb_end(&reader) < 0 || !answer_is_whole(out, seen) ? BEAM_EINVAL
                                                                                       : 0;
}

/* ---- names and ids -------------------------------------------------------------------------- */

void reservation_id_text(const uint8_t id[RESERVATION_ID_SIZE], char out[RESERVATION_ID_TEXT])
{
    (void)text_base32_encode(id, RESERVATION_ID_SIZE, out, RESERVATION_ID_TEXT);
}

int reservation_id_parse(const char *text, size_t len, uint8_t out[RESERVATION_ID_SIZE])
{
    uint8_t id[RESERVATION_ID_SIZE];
    char again[RESERVATION_ID_TEXT];
    size_t n;
    if (len != RESERVATION_ID_TEXT - 1 || text_base32_decode(text, len, id, sizeof(id), &n) < 0 ||
        n != sizeof(id))
        return BEAM_EINVAL;
    reservation_id_text(id, again);
    if (memcmp(text, again, len) != 0)
        return BEAM_EINVAL;
    memcpy(out, id, sizeof(id));
    return 0;
}

const char *reservation_kind_text(uint64_t kind)
{
    static const char *const names[] = {[RESERVATION_HTTP] = "http",
                                        [RESERVATION_TCP] = "tcp",
                                        [RESERVATION_UDP] = "udp",
                                        [RESERVATION_TLS] = "tls-passthrough"};
    return kind <= RESERVATION_KINDS ? names[kind] : NULL;
}

unsigned reservation_kind_bit(uint64_t kind)
{
    return kind > 0 && kind <= RESERVATION_KINDS ? 1u << (kind - 1) : 0;
}

const char *reservation_status_text(uint64_t status)
{
    switch (status) {
    case RESERVATION_OK:
        return "granted";
    case RESERVATION_MALFORMED:
        return "the request is malformed";
    case RESERVATION_UNSUPPORTED:
        return "the relay has no endpoints of this kind";
    case RESERVATION_NAME_TAKEN:
        return "the name is taken";
    case RESERVATION_NAME_REFUSED:
        return "the name is not given to anybody";
    case RESERVATION_FORBIDDEN:
        return "there is no such reservation of ours";
    case RESERVATION_LIMIT:
        return "this key has as many reservations as it may have";
    case RESERVATION_BUSY:
        return "the relay takes no more reservations now";
    case RESERVATION_BARRED:
        return "the relay's operator does not serve this key";
    case RESERVATION_NO_PORT:
        return "the relay has no port of this kind left";
    case RESERVATION_WORK:
        return "a new reservation costs work now";
    default:
        return "refused";
    }
}

int reservation_status_err(uint64_t status)
{
    switch (status) {
    case RESERVATION_OK:
        return 0;
    case RESERVATION_NAME_TAKEN:
        return BEAM_EEXIST;
    case RESERVATION_FORBIDDEN:
        return BEAM_EAUTH;
    case RESERVATION_LIMIT:
    case RESERVATION_BUSY:
    case RESERVATION_WORK:
    case RESERVATION_NO_PORT:
        return BEAM_ELIMIT;
    case RESERVATION_MALFORMED:
        return BEAM_EPROTO;
    default:
        return BEAM_EREFUSED;
    }
}
