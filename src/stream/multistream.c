/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/multistream.h"

#include <string.h>

#include "base/err.h"
#include "base/wire.h"

#define HEADER        "/multistream/1.0.0"
#define NOT_AVAILABLE "na"

enum {
    HEADER_MESSAGE_SIZE = 1 + sizeof(HEADER), /* with its length and its newline */
    MESSAGE_MIN = 2,                          /* a length and a newline */
    LENGTH_SIZE_MAX = 2
};

static int send_line(struct buf *out, const char *line, size_t len)
{
    uint8_t message[MULTISTREAM_MESSAGE_MAX];
    struct wire_writer w;
    wire_write_init(&w, message, sizeof(message));
    wire_write_varint(&w, len + 1);
    wire_write_bytes(&w, line, len);
    wire_write_u8(&w, '\n');
    int err = wire_write_end(&w, &len);
    return err < 0 ? err : buf_add(out, message, len);
}

static int propose(struct multistream *m, struct buf *out)
{
    const char *protocol = m->protocols[m->proposals++];
    return send_line(out, protocol, strlen(protocol));
}

static bool is_valid(const char *protocol)
{
    size_t len = strnlen(protocol, NEGOTIATE_LINE_MAX);
    return len > 0 && len < NEGOTIATE_LINE_MAX && !strchr(protocol, '\n');
}

int multistream_ask(struct multistream *m, const char *const *protocols, size_t count,
                    struct buf *out)
{
    if (count == 0 || count > NEGOTIATE_PROPOSALS_MAX)
        return BEAM_EINVAL;
    for (size_t i = 0; i < count; i++)
        if (!is_valid(protocols[i]))
            return BEAM_EINVAL;
    memset(m, 0, sizeof(*m));
    m->protocols = protocols;
    m->count = count;
    int err = send_line(out, HEADER, strlen(HEADER));
    return err < 0 ? err : propose(m, out);
}

void multistream_answer(struct multistream *m, negotiate_supports_fn *supports, void *arg)
{
    memset(m, 0, sizeof(*m));
    m->supports = supports;
    m->arg = arg;
}

/* The size of the message that begins with the bytes in `in`, as far as they tell, and of its
 * length alone; BEAM_EPROTO when it can be none. */
static int measure(const struct buf *in, size_t *length_size, size_t *all)
{
    uint8_t head[LENGTH_SIZE_MAX];
    size_t have = buf_peek(in, 0, head, sizeof(head));
    struct wire_reader r;
    if (have < MESSAGE_MIN) {
        *all = MESSAGE_MIN;
        return 0;
    }
    wire_read_init(&r, head, have);
    uint64_t line = wire_read_varint(&r);
    if (wire_read_end(&r, false) < 0 || line == 0 || line > NEGOTIATE_LINE_MAX)
        return BEAM_EPROTO;
    *length_size = have - wire_read_left(&r);
    *all = *length_size + (size_t)line;
    return 0;
}

size_t multistream_need(const struct multistream *m, const struct buf *in)
{
    size_t have = buf_len(in), length_size, all = HEADER_MESSAGE_SIZE;
    if (m->agreed || (m->opened && measure(in, &length_size, &all) < 0))
        return 0;
    return all > have ? all - have : 0;
}

/* The header is one text and no other, so that it is refused with its first wrong byte. */
static int take_header(struct multistream *m, struct buf *in)
{
    static const char header[HEADER_MESSAGE_SIZE + 1] = "\x13" HEADER "\n";
    char got[HEADER_MESSAGE_SIZE];
    size_t have = buf_peek(in, 0, got, sizeof(got));
    if (memcmp(got, header, have) != 0)
        return BEAM_EPROTO;
    if (have < sizeof(got))
        return BEAM_EAGAIN;
    buf_drain(in, sizeof(got));
    m->opened = true;
    return 0;
}

/* The next line, without its newline, to m->heard. */
static int take_line(struct multistream *m, struct buf *in, size_t *len)
{
    size_t length_size = 0, all;
    int err = measure(in, &length_size, &all);
    if (err < 0)
        return err;
    if (buf_len(in) < all)
        return BEAM_EAGAIN;
    buf_drain(in, length_size);
    *len = all - length_size - 1;
    buf_peek(in, 0, m->heard, *len + 1);
    buf_drain(in, *len + 1);
    if (m->heard[*len] != '\n')
        return BEAM_EPROTO;
    m->heard[*len] = '\0';
    return 0;
}

static bool is_heard(const struct multistream *m, size_t len, const char *text)
{
    return strlen(text) == len && memcmp(m->heard, text, len) == 0;
}

/* The peer's answer to our last proposal. */
static int on_answer(struct multistream *m, size_t len, struct buf *out)
{
    if (is_heard(m, len, m->protocols[m->proposals - 1])) {
        m->agreed = true;
        return 0;
    }
    if (!is_heard(m, len, NOT_AVAILABLE))
        return BEAM_EPROTO;
    return m->proposals < m->count ? propose(m, out) : BEAM_ENOTFOUND;
}

static int on_proposal(struct multistream *m, size_t len, struct buf *out)
{
    if (m->proposals++ == NEGOTIATE_PROPOSALS_MAX)
        return BEAM_ELIMIT;
    m->agreed = strlen(m->heard) == len && len > 0 && m->supports(m->arg, m->heard, len);
    if (m->agreed)
        return send_line(out, m->heard, len);
    return send_line(out, NOT_AVAILABLE, strlen(NOT_AVAILABLE));
}

static int take(struct multistream *m, struct buf *in, struct buf *out)
{
    size_t len;
    int err;
    if (!m->opened) {
        err = take_header(m, in);
        /* The asking end has said its own already. */
        return err < 0 || m->protocols ? err : send_line(out, HEADER, strlen(HEADER));
    }
    err = take_line(m, in, &len);
    if (err < 0)
        return err;
    return m->protocols ? on_answer(m, len, out) : on_proposal(m, len, out);
}

int multistream_input(struct multistream *m, struct buf *in, struct buf *out)
{
    int err = 0;
    while (err == 0 && !m->agreed)
        err = take(m, in, out);
    return err;
}

const char *multistream_protocol(const struct multistream *m)
{
    return m->protocols ? m->protocols[m->proposals - 1] : m->heard;
}
