/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of AutoNAT: what is read is written again, and reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/autonat_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct autonat_message m, again;
    static uint8_t out[AUTONAT_MESSAGE_MAX];
    size_t len;
    if (autonat_message_read(data, size, &m) < 0 || autonat_message_write(&m, out, &len) < 0)
        return 0;
    if (autonat_message_read(out, len, &again) < 0 || again.type != m.type)
        abort();
    if (m.type == AUTONAT_DIAL && (again.n != m.n || again.peer.len != m.peer.len))
        abort();
    if (m.type == AUTONAT_DIAL_RESPONSE &&
        (again.status != m.status || again.addr.len != m.addr.len))
        abort();
    return 0;
}
