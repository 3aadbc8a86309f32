/* SPDX-License-Identifier: BSD-3-Clause */
#include "names/binding.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "identity/envelope.h"

_Static_assert((int)BINDING_HASH_SIZE == (int)crypto_hash_sha256_BYTES, "it is SHA-256");

enum {
    FIELD_SEQ = 1,
    FIELD_TUNNEL = 2,
    FIELD_ADDR = 3,
    FIELD_URL = 4,
    FIELD_TTL = 5,
    FIELD_MADE = 6,
    FIELD_NOT_AFTER = 7,
    FIELDS
};

static const char prefix[] = "/beam-name/";
static const uint8_t type[] = "/beam/name-binding";
static const struct envelope_kind kind = {"beam-name-binding", type, sizeof(type) - 1};

/* ---- what is allowed ---- */

/* http:// or https://, and printable ASCII behind it. */
static bool is_url(const uint8_t *at, size_t len)
{
    static const char plain[] = "http://", secure[] = "https://";
    size_t head = sizeof(plain) - 1;
    if (len > sizeof(secure) - 1 && memcmp(at, secure, sizeof(secure) - 1) == 0)
        head = sizeof(secure) - 1;
    else if (len <= head || memcmp(at, plain, head) != 0)
        return false;
    for (size_t i = head; i < len; i++)
        if (at[i] <= ' ' || at[i] > '~')
            return false;
    return len < BINDING_URL_SIZE;
}

static bool is_sound(const struct binding *b)
{
    return b->seq > 0 && b->tunnel.len > 0 && b->ttl > 0 && b->ttl <= BINDING_TTL_MAX &&
           b->made < b->not_after && b->not_after - b->made <= BINDING_LIFE_MS;
}

bool binding_holds(const struct binding *b, uint64_t wall_ms)
{
    return b->not_after > wall_ms && b->made <= wall_ms + BINDING_AHEAD_MS;
}

/* ---- writing ---- */

int binding_seal(const struct key_pair *pair, const struct binding *b, void *out, size_t size,
                 size_t *out_len)
{
    struct wire_writer w;
    uint8_t bytes[BINDING_MAX];
    size_t len;
    if (!is_sound(b) || b->addr_count > BINDING_ADDRS_MAX || b->url_count > BINDING_URLS_MAX)
        return BEAM_EINVAL;
    wire_write_init(&w, bytes, sizeof(bytes));
    pb_write_number(&w, FIELD_SEQ, b->seq);
    pb_write_bytes(&w, FIELD_TUNNEL, b->tunnel.bytes, b->tunnel.len);
    for (size_t i = 0; i < b->addr_count; i++)
        pb_write_bytes(&w, FIELD_ADDR, b->addrs[i].bytes, b->addrs[i].len);
    for (size_t i = 0; i < b->url_count; i++) {
        size_t url_len = strnlen(b->urls[i], BINDING_URL_SIZE);
        if (!is_url((const uint8_t *)b->urls[i], url_len))
            return BEAM_EINVAL;
        pb_write_bytes(&w, FIELD_URL, b->urls[i], url_len);
    }
    pb_write_number(&w, FIELD_TTL, b->ttl);
    pb_write_number(&w, FIELD_MADE, b->made);
    pb_write_number(&w, FIELD_NOT_AFTER, b->not_after);
    int err = wire_write_end(&w, &len);
    return err < 0 ? err
                   : envelope_seal(pair, &kind, bytes, len, out,
                                   size < BINDING_MAX ? size : BINDING_MAX, out_len);
}

/* ---- reading ---- */

static void take_number(struct pb_reader *r, const struct pb_field *f, struct binding *out)
{
    switch (f->number) {
    case FIELD_SEQ:
        out->seq = f->value;
        break;
    case FIELD_TTL:
        if (f->value > BINDING_TTL_MAX)
            pb_fail(r, BEAM_EINVAL);
        else
            out->ttl = (uint32_t)f->value;
        break;
    case FIELD_MADE:
        out->made = f->value;
        break;
    case FIELD_NOT_AFTER:
        out->not_after = f->value;
        break;
    default:
        pb_fail(r, BEAM_EINVAL); /* it is of bytes */
        break;
    }
}

static void take_bytes(struct pb_reader *r, const struct pb_field *f, struct binding *out)
{
    switch (f->number) {
    case FIELD_TUNNEL:
        if (peer_id_decode(f->at, f->len, &out->tunnel, NULL) < 0)
            pb_fail(r, BEAM_EINVAL);
        break;
    case FIELD_ADDR:
        if (out->addr_count == BINDING_ADDRS_MAX)
            pb_fail(r, BEAM_ELIMIT);
        else if (multiaddr_decode(f->at, f->len, &out->addrs[out->addr_count], NULL) == 0)
            out->addr_count++;
        break;
    case FIELD_URL:
        if (out->url_count == BINDING_URLS_MAX)
            pb_fail(r, BEAM_ELIMIT);
        else if (!is_url(f->at, f->len))
            pb_fail(r, BEAM_EINVAL);
        else
            memcpy(out->urls[out->url_count++], f->at, f->len); /* zeroed before */
        break;
    default:
        pb_fail(r, BEAM_EINVAL); /* it is a number */
        break;
    }
}

/* Two readers could take two different ones of a field that is there twice. */
static bool is_again(unsigned *seen, uint32_t number)
{
    unsigned bit = 1u << number;
    bool again = number != FIELD_ADDR && number != FIELD_URL && (*seen & bit) != 0;
    *seen |= bit;
    return again;
}

static int read_payload(const struct envelope *e, struct binding *out)
{
    struct pb_reader r;
    struct pb_field f;
    unsigned seen = 0;
    pb_read_init(&r, e->payload, e->payload_len);
    while (pb_next(&r, &f)) {
        if (f.number >= FIELDS)
            continue;
        if (is_again(&seen, f.number))
            pb_fail(&r, BEAM_EINVAL);
        else if (f.wire == PB_VARINT)
            take_number(&r, &f, out);
        else if (f.wire == PB_BYTES)
            take_bytes(&r, &f, out);
        else
            pb_fail(&r, BEAM_EINVAL);
    }
    int err = pb_end(&r);
    return err == 0 && !is_sound(out) ? BEAM_EINVAL : err;
}

typedef int reader_fn(const void *data, size_t len, const struct envelope_kind *k,
                      struct envelope *out, struct beam_why *why);

static int read_sealed(reader_fn *reader, const void *data, size_t len, struct binding *out)
{
    struct envelope e;
    if (len > BINDING_MAX)
        return BEAM_ELIMIT;
    int err = reader(data, len, &kind, &e, NULL);
    if (err < 0)
        return err;
    if (e.key.type != KEY_ED25519)
        return BEAM_EINVAL;
    memset(out, 0, sizeof(*out));
    memcpy(out->key, e.key.data, sizeof(out->key));
    return read_payload(&e, out);
}

int binding_open(const void *data, size_t len, struct binding *out)
{
    return read_sealed(envelope_open, data, len, out);
}

/* ---- which is the better ---- */

void binding_rank(const struct binding *b, const void *data, size_t len, struct binding_rank *out)
{
    out->seq = b->seq;
    (void)crypto_hash_sha256(out->hash, data, len);
}

int binding_rank_compare(const struct binding_rank *a, const struct binding_rank *b)
{
    if (a->seq != b->seq)
        return a->seq > b->seq ? -1 : 1;
    return memcmp(a->hash, b->hash, sizeof(a->hash));
}

/* ---- in the DHT ---- */

void binding_key(const uint8_t key[KEY_ED25519_SIZE], uint8_t out[BINDING_KEY_SIZE])
{
    memcpy(out, prefix, sizeof(prefix) - 1);
    memcpy(out + sizeof(prefix) - 1, key, KEY_ED25519_SIZE);
}

/* What it says is looked at before its signature: that costs far less. */
static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    uint8_t expected[BINDING_KEY_SIZE];
    struct binding *b = malloc(sizeof(*b));
    (void)arg;
    if (!b)
        return BEAM_ENOMEM;
    int err = read_sealed(envelope_peek, value.at, value.len, b);
    if (err == 0) {
        binding_key(b->key, expected);
        if (key.len != sizeof(expected) || memcmp(key.at, expected, sizeof(expected)) != 0)
            err = BEAM_EAUTH;
        else if (!binding_holds(b, wall_ms))
            err = BEAM_ETIMEOUT;
        else
            err = binding_open(value.at, value.len, b);
    }
    free(b);
    return err;
}

/* Of none it is the lowest. */
static struct binding_rank rank_of(struct kad_text value)
{
    struct binding_rank rank = {.seq = 0};
    struct binding *b = malloc(sizeof(*b));
    if (b && read_sealed(envelope_peek, value.at, value.len, b) == 0)
        binding_rank(b, value.at, value.len, &rank);
    free(b);
    return rank;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    struct binding_rank left = rank_of(a), right = rank_of(b);
    (void)arg;
    (void)key;
    return binding_rank_compare(&left, &right);
}

static uint64_t until(void *arg, struct kad_text key, struct kad_text value)
{
    struct binding *b = malloc(sizeof(*b));
    bool is_one = b && read_sealed(envelope_peek, value.at, value.len, b) == 0;
    uint64_t when = is_one ? b->not_after : 0;
    (void)arg;
    (void)key;
    free(b);
    return when;
}

/* Whose name it is may be away for days. */
const struct kad_validator binding_validator = {
    .name = "beam-name", .check = check, .compare = compare, .until = until, .repeated = true};
