/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/info.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "base/text.h"
#include "identity/envelope.h"

enum {
    FIELD_MADE = 1,
    FIELD_ADDR = 2,
    FIELD_URL = 3,
    FIELD_KINDS = 4,
    FIELD_RESERVATIONS = 5,
    FIELD_MAX_RESERVATIONS = 6,
    FIELD_VERSION = 7,
    FIELD_CONTACT = 8
};

static const char prefix[] = "/beam-relay/";
static const uint8_t type[] = "/beam/relay-info";
static const struct envelope_kind kind = {"beam-relay-info", type, sizeof(type) - 1};

/* ---- writing ---- */

static void write_text(struct wire_writer *w, uint32_t number, const char *text)
{
    if (text[0])
        pb_write_bytes(w, number, text, strlen(text));
}

int info_seal(const struct key_pair *pair, const struct relay_info *info, void *out, size_t size,
              size_t *out_len)
{
    struct wire_writer w;
    size_t len;
    uint8_t bytes[INFO_MAX];
    wire_write_init(&w, bytes, sizeof(bytes));
    pb_write_number(&w, FIELD_MADE, info->made);
    for (size_t i = 0; i < info->addr_count; i++)
        pb_write_bytes(&w, FIELD_ADDR, info->addrs[i].bytes, info->addrs[i].len);
    write_text(&w, FIELD_URL, info->url);
    pb_write_number(&w, FIELD_KINDS, info->kinds);
    pb_write_number(&w, FIELD_RESERVATIONS, info->reservations);
    pb_write_number(&w, FIELD_MAX_RESERVATIONS, info->max_reservations);
    write_text(&w, FIELD_VERSION, info->version);
    write_text(&w, FIELD_CONTACT, info->contact);
    int err = wire_write_end(&w, &len);
    if (err == 0)
        err =
            envelope_seal(pair, &kind, bytes, len, out, size < INFO_MAX ? size : INFO_MAX, out_len);
    return err;
}

/* ---- reading ---- */

static void take_text(struct pb_reader *r, const struct pb_field *f, char *out, size_t size)
{
    if (f->len >= size || memchr(f->at, 0, f->len) ||
        !text_utf8_valid((const char *)f->at, f->len)) {
        pb_fail(r, BEAM_EINVAL);
        return;
    }
    memcpy(out, f->at, f->len);
    out[f->len] = '\0';
}

static void take_number(struct pb_reader *r, const struct pb_field *f, struct relay_info *out)
{
    (void)r;
    switch (f->number) {
    case FIELD_MADE:
        out->made = f->value;
        break;
    case FIELD_KINDS:
        out->kinds = (unsigned)(f->value & INFO_KINDS);
        break;
    case FIELD_RESERVATIONS:
        out->reservations = f->value;
        break;
    case FIELD_MAX_RESERVATIONS:
        out->max_reservations = f->value;
        break;
    default:
        break;
    }
}

static void take_bytes(struct pb_reader *r, const struct pb_field *f, struct relay_info *out)
{
    switch (f->number) {
    case FIELD_ADDR:
        if (out->addr_count < INFO_ADDRS_MAX &&
            multiaddr_decode(f->at, f->len, &out->addrs[out->addr_count], NULL) == 0)
            out->addr_count++;
        break;
    case FIELD_URL:
        take_text(r, f, out->url, sizeof(out->url));
        break;
    case FIELD_VERSION:
        take_text(r, f, out->version, sizeof(out->version));
        break;
    case FIELD_CONTACT:
        take_text(r, f, out->contact, sizeof(out->contact));
        break;
    default:
        break;
    }
}

typedef int reader_fn(const void *data, size_t len, const struct envelope_kind *k,
                      struct envelope *out, struct beam_why *why);

static int read_sealed(reader_fn *reader, const void *data, size_t len, struct relay_info *out)
{
    struct envelope e;
    struct pb_reader r;
    struct pb_field f;
    if (len > INFO_MAX)
        return BEAM_ELIMIT;
    memset(out, 0, sizeof(*out));
    int err = reader(data, len, &kind, &e, NULL);
    if (err == 0)
        err = peer_id_from_key(&e.key, &out->id);
    if (err < 0)
        return err;
    pb_read_init(&r, e.payload, e.payload_len);
    while (pb_next(&r, &f)) {
        if (f.wire == PB_VARINT)
            take_number(&r, &f, out);
        else if (f.wire == PB_BYTES)
            take_bytes(&r, &f, out);
    }
    return pb_end(&r);
}

int info_open(const void *data, size_t len, struct relay_info *out)
{
    return read_sealed(envelope_open, data, len, out);
}

/* ---- in the DHT ---- */

size_t info_key(const struct peer_id *id, uint8_t key[INFO_KEY_MAX])
{
    memcpy(key, prefix, sizeof(prefix) - 1);
    memcpy(key + sizeof(prefix) - 1, id->bytes, id->len);
    return sizeof(prefix) - 1 + id->len;
}

/* SHA-256 of "beam community relay", as a multihash. */
struct kad_text info_topic(void)
{
    static const uint8_t topic[] = {0x12, 0x20, 0xc7, 0xc0, 0x2f, 0x25, 0xcc, 0x9a, 0xc1,
                                    0xc7, 0x58, 0x4d, 0xc3, 0xc8, 0x64, 0x36, 0xcf, 0x35,
                                    0x2d, 0x1d, 0xb7, 0x9c, 0xa2, 0xb5, 0xa7, 0x1c, 0x5c,
                                    0xf4, 0xca, 0x56, 0x4c, 0x7b, 0xb2, 0xf2};
    return (struct kad_text){.at = topic, .len = sizeof(topic)};
}

/* What it says is looked at before its signature: that costs far less. */
static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    uint8_t expected[INFO_KEY_MAX];
    struct relay_info *info = malloc(sizeof(*info));
    (void)arg;
    if (!info)
        return BEAM_ENOMEM;
    int err = read_sealed(envelope_peek, value.at, value.len, info);
    if (err == 0 &&
        (info_key(&info->id, expected) != key.len || memcmp(expected, key.at, key.len) != 0))
        err = BEAM_EAUTH;
    if (err == 0 && (info->made > wall_ms + INFO_AHEAD_MS || info->made + INFO_LIFE_MS < wall_ms))
        err = BEAM_ETIMEOUT;
    if (err == 0)
        err = info_open(value.at, value.len, info);
    free(info);
    return err;
}

static uint64_t made(struct kad_text value)
{
    struct relay_info *info = malloc(sizeof(*info));
    bool is_one = info && read_sealed(envelope_peek, value.at, value.len, info) == 0;
    uint64_t when = is_one ? info->made : 0;
    free(info);
    return when;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    uint64_t left = made(a), right = made(b);
    (void)arg;
    (void)key;
    if (left != right)
        return left > right ? -1 : 1;
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return memcmp(a.at, b.at, a.len);
}

static uint64_t until(void *arg, struct kad_text key, struct kad_text value)
{
    (void)arg;
    (void)key;
    return made(value) + INFO_LIFE_MS;
}

/* A relay that is there says it again itself. */
const struct kad_validator info_validator = {
    .name = "beam-relay", .check = check, .compare = compare, .until = until};
