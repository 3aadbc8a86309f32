/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/post.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"

enum {
    FIELD_FROM = 1,
    FIELD_DATA = 2,
    FIELD_SEQNO = 3,
    FIELD_TOPIC = 4,
    FIELD_SIGNATURE = 5,
    FIELD_KEY = 6,
    FIELDS_KNOWN = 6
};

static const char signed_prefix[] = "libp2p-pubsub:";
enum { PREFIX_LEN = sizeof(signed_prefix) - 1 };

/* ---- reading -------------------------------------------------------------------------------- */

static void read_seqno(struct pb_reader *r, const struct pb_field *f, struct post_view *v)
{
    struct wire_reader w;
    wire_read_init(&w, f->at, f->len);
    v->seqno = wire_read_be64(&w);
    if (wire_read_end(&w, true) < 0)
        pb_fail(r, BEAM_EINVAL);
}

static void read_field(struct pb_reader *r, const struct pb_field *f, struct post_view *v)
{
    if (f->wire != PB_BYTES) {
        pb_fail(r, BEAM_EINVAL);
        return;
    }
    switch (f->number) {
    case FIELD_FROM:
        if (peer_id_decode(f->at, f->len, &v->from, NULL) < 0)
            pb_fail(r, BEAM_EINVAL);
        return;
    case FIELD_DATA:
        v->data = f->at;
        v->data_len = f->len;
        return;
    case FIELD_SEQNO:
        read_seqno(r, f, v);
        return;
    case FIELD_TOPIC:
        v->topic = f->at;
        v->topic_len = f->len;
        return;
    case FIELD_SIGNATURE:
        v->signature = f->at;
        v->signature_len = f->len;
        return;
    default:
        v->key = f->at;
        v->key_len = f->len;
    }
}

int post_read(const void *data, size_t len, struct post_view *out)
{
    struct pb_reader r;
    struct pb_field f;
    struct post_view v = {.at = data, .len = len};
    unsigned seen = 0;
    const unsigned needed = 1u << FIELD_FROM | 1u << FIELD_SEQNO | 1u << FIELD_SIGNATURE;
    if (len > POST_MAX)
        return BEAM_ELIMIT;
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f)) {
        if (f.number > FIELDS_KNOWN)
            continue;
        if (seen & 1u << f.number)
            pb_fail(&r, BEAM_EINVAL);
        seen |= 1u << f.number;
        read_field(&r, &f, &v);
    }
    int err = pb_end(&r);
    if (err < 0)
        return err;
    if ((seen & needed) != needed || v.topic_len == 0 || v.topic_len > POST_TOPIC_MAX ||
        memchr(v.topic, '\0', v.topic_len))
        return BEAM_EINVAL;
    *out = v;
    return 0;
}

void post_id_of(const struct post_view *v, struct post_id *out)
{
    struct wire_writer w;
    size_t len = 0;
    wire_write_init(&w, out->bytes, sizeof(out->bytes));
    wire_write_bytes(&w, v->from.bytes, v->from.len);
    wire_write_be64(&w, v->seqno);
    (void)wire_write_end(&w, &len);
    out->len = (uint8_t)len;
}

/* ---- the signature -------------------------------------------------------------------------- */

/* The key is beside the message where the author's id has only its hash. */
static int author_key(const struct post_view *v, struct key_public *out)
{
    if (v->key_len == 0)
        return peer_id_key(&v->from, out) < 0 ? BEAM_EAUTH : 0;
    int err = key_public_decode(v->key, v->key_len, out);
    if (err == BEAM_ENOMEM)
        return err;
    return err < 0 || !peer_id_is_of(&v->from, out) ? BEAM_EAUTH : 0;
}

/* What was signed: never longer than the prefix and the message. */
static size_t signed_bytes(const struct post_view *v, uint8_t *out)
{
    struct pb_reader r;
    struct pb_field f;
    size_t n = PREFIX_LEN;
    memcpy(out, signed_prefix, PREFIX_LEN);
    pb_read_init(&r, v->at, v->len);
    for (const uint8_t *at = r.wire.at; pb_next(&r, &f); at = r.wire.at) {
        size_t len = (size_t)(r.wire.at - at);
        if (f.number == FIELD_SIGNATURE || f.number == FIELD_KEY)
            continue;
        memcpy(out + n, at, len);
        n += len;
    }
    return n;
}

int post_verify(const struct post_view *v)
{
    struct key_public key;
    int err = author_key(v, &key);
    if (err < 0)
        return err;
    uint8_t *bytes = malloc(PREFIX_LEN + v->len);
    if (!bytes)
        return BEAM_ENOMEM;
    size_t len = signed_bytes(v, bytes);
    err = key_public_verify(&key, bytes, len, v->signature, v->signature_len);
    free(bytes);
    return err;
}

/* ---- keeping -------------------------------------------------------------------------------- */

/* With room for `len` bytes. NULL: out of memory. */
static struct post *post_new(size_t len)
{
    struct post *p = calloc(1, sizeof(*p) + len);
    if (p)
        p->holders = 1;
    return p;
}

/* Its bytes are there. */
static int finish(struct post *p, size_t len)
{
    int err = post_read(p->bytes, len, &p->view);
    if (err == 0)
        post_id_of(&p->view, &p->id);
    return err;
}

int post_keep(const struct post_view *v, struct post **out)
{
    struct post *p = post_new(v->len);
    if (!p)
        return BEAM_ENOMEM;
    memcpy(p->bytes, v->at, v->len);
    int err = finish(p, v->len);
    if (err < 0) {
        free(p);
        return err;
    }
    *out = p;
    return 0;
}

int post_sign(const struct key_pair *pair, const struct peer_id *self, const char *topic,
              uint64_t seqno, const void *data, size_t len, struct post **out)
{
    struct wire_writer w;
    uint8_t number[POST_SEQNO_SIZE], sig[KEY_SIGNATURE_SIZE];
    size_t topic_len = strlen(topic), whole = 0;
    if (topic_len == 0 || topic_len > POST_TOPIC_MAX)
        return BEAM_EINVAL;
    if (len > POST_MAX)
        return BEAM_ELIMIT;
    wire_write_init(&w, number, sizeof(number));
    wire_write_be64(&w, seqno);
    const size_t size = pb_bytes_size(FIELD_FROM, self->len) + pb_bytes_size(FIELD_DATA, len) +
                        pb_bytes_size(FIELD_SEQNO, sizeof(number)) +
                        pb_bytes_size(FIELD_TOPIC, topic_len);
    struct post *p = post_new(PREFIX_LEN + size + pb_bytes_size(FIELD_SIGNATURE, sizeof(sig)));
    if (!p)
        return BEAM_ENOMEM;
    wire_write_init(&w, p->bytes, PREFIX_LEN + size);
    wire_write_bytes(&w, signed_prefix, PREFIX_LEN);
    pb_write_bytes(&w, FIELD_FROM, self->bytes, self->len);
    pb_write_bytes(&w, FIELD_DATA, data, len);
    pb_write_bytes(&w, FIELD_SEQNO, number, sizeof(number));
    pb_write_bytes(&w, FIELD_TOPIC, topic, topic_len);
    key_pair_sign(pair, p->bytes, PREFIX_LEN + size, sig);
    memmove(p->bytes, p->bytes + PREFIX_LEN, size);
    wire_write_init(&w, p->bytes + size, pb_bytes_size(FIELD_SIGNATURE, sizeof(sig)));
    pb_write_bytes(&w, FIELD_SIGNATURE, sig, sizeof(sig));
    (void)wire_write_end(&w, &whole);
    int err = finish(p, size + whole);
    if (err < 0) {
        free(p);
        return err;
    }
    *out = p;
    return 0;
}

struct post *post_hold(struct post *p)
{
    p->holders++;
    return p;
}

void post_drop(struct post *p)
{
    if (p && --p->holders == 0)
        free(p);
}
