/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/datagram.h"

#include "base/wire.h"

/* Copied together first, so that it is added all or not at all. */
int datagram_put(struct buf *b, const void *data, size_t len)
{
    uint8_t whole[DATAGRAM_ROOM];
    struct wire_writer w;
    if (len > DATAGRAM_MAX)
        return BEAM_ELIMIT;
    wire_write_init(&w, whole, sizeof(whole));
    wire_write_be16(&w, (uint16_t)len);
    wire_write_bytes(&w, data, len);
    return buf_add(b, whole, DATAGRAM_HEAD + len);
}

ssize_t datagram_take(struct buf *b, uint8_t out[DATAGRAM_MAX])
{
    uint8_t head[DATAGRAM_HEAD];
    struct wire_reader r;
    if (buf_peek(b, 0, head, sizeof(head)) < sizeof(head))
        return BEAM_EAGAIN;
    wire_read_init(&r, head, sizeof(head));
    size_t len = wire_read_be16(&r);
    if (len > DATAGRAM_MAX)
        return BEAM_EPROTO;
    if (buf_len(b) < DATAGRAM_HEAD + len)
        return BEAM_EAGAIN;
    (void)buf_peek(b, DATAGRAM_HEAD, out, len);
    buf_drain(b, DATAGRAM_HEAD + len);
    return (ssize_t)len;
}
