/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/yamux_frame.h"

#include <stdbool.h>

#include "base/wire.h"

void yamux_frame_put(const struct yamux_frame *f, uint8_t out[YAMUX_HEAD])
{
    struct wire_writer w;
    wire_write_init(&w, out, YAMUX_HEAD);
    wire_write_u8(&w, 0);
    wire_write_u8(&w, (uint8_t)f->type);
    wire_write_be16(&w, (uint16_t)f->flags);
    wire_write_be32(&w, f->stream);
    wire_write_be32(&w, f->length);
}

static bool flags_fit(unsigned type, unsigned flags)
{
    switch (type) {
    case YAMUX_DATA:
    case YAMUX_WINDOW:
        /* A stream is opened by one end and acknowledged by the other. */
        return flags <= (YAMUX_SYN | YAMUX_ACK | YAMUX_FIN | YAMUX_RST) &&
               (flags & (YAMUX_SYN | YAMUX_ACK)) != (YAMUX_SYN | YAMUX_ACK);
    case YAMUX_PING:
        return flags == YAMUX_SYN || flags == YAMUX_ACK;
    default:
        return flags == 0;
    }
}

int yamux_frame_get(const uint8_t head[YAMUX_HEAD], struct yamux_frame *out, struct beam_why *why)
{
    struct wire_reader r;
    wire_read_init(&r, head, YAMUX_HEAD);
    unsigned version = wire_read_u8(&r), type = wire_read_u8(&r), flags = wire_read_be16(&r);
    uint32_t stream = wire_read_be32(&r), length = wire_read_be32(&r);
    if (version != 0)
        return beam_why(why, BEAM_EPROTO, "yamux: version %u: only 0 is known", version);
    if (type > YAMUX_AWAY)
        return beam_why(why, BEAM_EPROTO, "yamux: a frame of type %u: there is no such type", type);
    if (!flags_fit(type, flags))
        return beam_why(why, BEAM_EPROTO, "yamux: flags 0x%x do not go with type %u", flags, type);
    if ((stream == 0) != (type == YAMUX_PING || type == YAMUX_AWAY))
        return beam_why(why, BEAM_EPROTO, "yamux: a frame of type %u for stream %u", type, stream);
    *out = (struct yamux_frame){(enum yamux_type)type, flags, stream, length};
    return 0;
}
