/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers of yamux: what is taken is what is put, bit for bit, and what is not has a reason. */
#include <stdlib.h>
#include <string.h>

#include "stream/yamux_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (; size >= YAMUX_HEAD; data += YAMUX_HEAD, size -= YAMUX_HEAD) {
        struct yamux_frame f;
        struct beam_why why = {.code = 0};
        uint8_t again[YAMUX_HEAD];
        int err = yamux_frame_get(data, &f, &why);
        if (err != why.code || (err < 0 && (err != BEAM_EPROTO || !why.text[0])))
            abort();
        if (err < 0)
            continue;
        yamux_frame_put(&f, again);
        if (memcmp(again, data, YAMUX_HEAD) != 0)
            abort();
    }
    return 0;
}
