/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/yamux_window.h"

#include "base/err.h"

/* Half a window read within so many round trips: the window is too small. A round trip that is far
 * shorter than a batch takes to be made and opened says nothing of that: there, within QUICK_US. */
enum { QUICK_RTTS = 4, QUICK_US = 400 };

void yamux_window_init(struct yamux_window *w)
{
    *w = (struct yamux_window){.size = YAMUX_WINDOW_FIRST, .credit = YAMUX_WINDOW_FIRST};
}

int yamux_window_take(struct yamux_window *w, uint32_t len, uint64_t now_us)
{
    if (len > w->credit)
        return BEAM_EPROTO;
    w->credit -= len;
    if (w->granted_us == 0)
        w->granted_us = now_us;
    return 0;
}

/* The size that w is to have from now on. */
static uint32_t sized(const struct yamux_window *w, size_t ceiling, uint64_t rtt_us,
                      uint64_t now_us)
{
    uint64_t size = w->size, quick = QUICK_RTTS * rtt_us;
    if (rtt_us > 0 && now_us - w->granted_us < (quick > QUICK_US ? quick : QUICK_US))
        size *= 2;
    if (size > ceiling)
        size = ceiling;
    if (size > UINT32_MAX)
        size = UINT32_MAX;
    return size > YAMUX_WINDOW_FIRST ? (uint32_t)size : YAMUX_WINDOW_FIRST;
}

uint32_t yamux_window_grant(struct yamux_window *w, size_t unread, size_t ceiling, uint64_t rtt_us,
                            uint64_t now_us)
{
    uint64_t out = (uint64_t)w->credit + unread; /* granted and not read */
    if (out > w->size / 2)
        return 0;
    w->size = sized(w, ceiling, rtt_us, now_us);
    if (out > w->size / 2)
        return 0;
    uint32_t more = w->size - (uint32_t)out;
    w->credit += more;
    w->granted_us = now_us;
    return more;
}
