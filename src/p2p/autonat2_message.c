/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat2_message.h"

#include "base/err.h"
#include "base/pb.h"

/* The numbers of the fields. */
enum { REQUEST_ADDR = 1, REQUEST_NONCE = 2 };
enum { RESPONSE_STATUS = 1, RESPONSE_ADDR = 2, RESPONSE_DIALLED = 3 };
enum { DATA_REQUEST_ADDR = 1, DATA_REQUEST_BYTES = 2, DATA = 1 };
enum { BACK_NONCE = 1, BACK_STATUS = 1 };

enum { FIXED64_SIZE = 1 + 8 /* of a field, with its head */ };

static struct autonat_view view(const struct pb_field *f)
{
    return (struct autonat_view){f->at, f->len};
}

/* A number beyond 32 bits is none that anybody knows. */
static uint32_t narrow(const struct pb_field *f)
{
    return f->value > UINT32_MAX ? UINT32_MAX : (uint32_t)f->value;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void read_request(const struct pb_field *f, struct autonat2_message *out)
{
    if (pb_is(f, REQUEST_ADDR, PB_BYTES) && out->n < AUTONAT2_ADDRS_MAX)
        out->addrs[out->n++] = view(f);
    else if (pb_is(f, REQUEST_NONCE, PB_FIXED64))
        out->nonce = f->value;
}

static void read_response(const struct pb_field *f, struct autonat2_message *out)
{
    if (pb_is(f, RESPONSE_STATUS, PB_VARINT))
        out->status = narrow(f);
    else if (pb_is(f, RESPONSE_ADDR, PB_VARINT))
        out->addr = narrow(f);
    else if (pb_is(f, RESPONSE_DIALLED, PB_VARINT))
        out->dialled = narrow(f);
}

static void read_data_request(const struct pb_field *f, struct autonat2_message *out)
{
    if (pb_is(f, DATA_REQUEST_ADDR, PB_VARINT))
        out->addr = narrow(f);
    else if (pb_is(f, DATA_REQUEST_BYTES, PB_VARINT))
        out->bytes = f->value;
}

static void read_data_response(const struct pb_field *f, struct autonat2_message *out)
{
    if (pb_is(f, DATA, PB_BYTES))
        out->data = view(f);
}

/* What is in it, and nothing of another that was there before. */
static int read_kind(const struct pb_field *from, struct autonat2_message *out)
{
    static void (*const fields[])(const struct pb_field *, struct autonat2_message *) = {
        [AUTONAT2_REQUEST] = read_request,
        [AUTONAT2_RESPONSE] = read_response,
        [AUTONAT2_DATA_REQUEST] = read_data_request,
        [AUTONAT2_DATA_RESPONSE] = read_data_response};
    struct pb_reader r;
    struct pb_field f;
    *out = (struct autonat2_message){.kind = (enum autonat2_kind)from->number};
    pb_read_init(&r, from->at, from->len);
    while (pb_next(&r, &f))
        fields[out->kind](&f, out);
    return pb_end(&r);
}

int autonat2_message_read(const void *data, size_t len, struct autonat2_message *out)
{
    struct autonat2_message m;
    struct pb_reader r;
    struct pb_field f;
    bool found = false;
    int err = 0;
    if (len > AUTONAT2_MESSAGE_MAX)
        return BEAM_ELIMIT;
    pb_read_init(&r, data, len);
    while (err == 0 && pb_next(&r, &f)) {
        if (f.wire != PB_BYTES || f.number > AUTONAT2_DATA_RESPONSE)
            continue;
        err = read_kind(&f, &m);
        found = true;
    }
    if (err == 0)
        err = pb_end(&r);
    if (err == 0 && (!found || m.data.len > AUTONAT2_DATA_MAX))
        err = BEAM_EINVAL;
    if (err == 0)
        *out = m;
    return err;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void write_request(struct wire_writer *w, const struct autonat2_message *m)
{
    size_t size = FIXED64_SIZE;
    for (size_t i = 0; i < m->n; i++)
        size += pb_bytes_size(REQUEST_ADDR, m->addrs[i].len);
    pb_write_head(w, AUTONAT2_REQUEST, size);
    for (size_t i = 0; i < m->n; i++)
        pb_write_bytes(w, REQUEST_ADDR, m->addrs[i].at, m->addrs[i].len);
    pb_write_fixed64(w, REQUEST_NONCE, m->nonce);
}

static void write_response(struct wire_writer *w, const struct autonat2_message *m)
{
    pb_write_head(w, AUTONAT2_RESPONSE,
                  3 + wire_varint_size(m->status) + wire_varint_size(m->addr) +
                      wire_varint_size(m->dialled));
    pb_write_number(w, RESPONSE_STATUS, m->status);
    pb_write_number(w, RESPONSE_ADDR, m->addr);
    pb_write_number(w, RESPONSE_DIALLED, m->dialled);
}

static void write_data_request(struct wire_writer *w, const struct autonat2_message *m)
{
    pb_write_head(w, AUTONAT2_DATA_REQUEST,
                  2 + wire_varint_size(m->addr) + wire_varint_size(m->bytes));
    pb_write_number(w, DATA_REQUEST_ADDR, m->addr);
    pb_write_number(w, DATA_REQUEST_BYTES, m->bytes);
}

static void write_data_response(struct wire_writer *w, const struct autonat2_message *m)
{
    pb_write_head(w, AUTONAT2_DATA_RESPONSE, pb_bytes_size(DATA, m->data.len));
    pb_write_bytes(w, DATA, m->data.at, m->data.len);
}

int autonat2_message_write(const struct autonat2_message *m, uint8_t *out, size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, AUTONAT2_MESSAGE_MAX);
    switch (m->kind) {
    case AUTONAT2_REQUEST:
        write_request(&w, m);
        break;
    case AUTONAT2_RESPONSE:
        write_response(&w, m);
        break;
    case AUTONAT2_DATA_REQUEST:
        write_data_request(&w, m);
        break;
    case AUTONAT2_DATA_RESPONSE:
        write_data_response(&w, m);
        break;
    }
    return wire_write_end(&w, out_len);
}

/* ---- the dial back -------------------------------------------------------------------------- */

/* The last field of that number and kind; 0 where there is none. */
static int read_one(const void *data, size_t len, uint32_t number, enum pb_wire wire, uint64_t *out)
{
    struct pb_reader r;
    struct pb_field f;
    uint64_t value = 0;
    if (len > AUTONAT2_BACK_MAX)
        return BEAM_ELIMIT;
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f))
        if (pb_is(&f, number, wire))
            value = f.value;
    int err = pb_end(&r);
    if (err == 0)
        *out = value;
    return err;
}

int autonat2_back_read(const void *data, size_t len, uint64_t *nonce)
{
    return read_one(data, len, BACK_NONCE, PB_FIXED64, nonce);
}

int autonat2_back_write(uint64_t nonce, uint8_t *out, size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, AUTONAT2_BACK_MAX);
    pb_write_fixed64(&w, BACK_NONCE, nonce);
    return wire_write_end(&w, out_len);
}

int autonat2_back_answer_read(const void *data, size_t len, uint32_t *status)
{
    uint64_t value;
    int err = read_one(data, len, BACK_STATUS, PB_VARINT, &value);
    if (err == 0)
        *status = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    return err;
}

int autonat2_back_answer_write(uint32_t status, uint8_t *out, size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, AUTONAT2_BACK_MAX);
    pb_write_number(&w, BACK_STATUS, status);
    return wire_write_end(&w, out_len);
}
