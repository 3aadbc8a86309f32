/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of AutoNAT v2: what is read is written again, and reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/autonat2_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_bytes(const struct autonat_view *a, const struct autonat_view *b)
{
    if (a->len != b->len || (a->len > 0 && memcmp(a->at, b->at, a->len) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct autonat2_message m, again;
    static uint8_t out[AUTONAT2_MESSAGE_MAX];
    size_t len;
    if (autonat2_message_read(data, size, &m) < 0 || autonat2_message_write(&m, out, &len) < 0)
        return 0;
    if (autonat2_message_read(out, len, &again) < 0 || again.kind != m.kind || again.n != m.n ||
        again.nonce != m.nonce || again.status != m.status || again.dialled != m.dialled ||
        again.addr != m.addr || again.bytes != m.bytes)
        abort();
    for (size_t i = 0; i < m.n; i++)
        same_bytes(&m.addrs[i], &again.addrs[i]);
    same_bytes(&m.data, &again.data);
    return 0;
}
