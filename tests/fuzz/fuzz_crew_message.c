/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers say to one another: what is read is written again, and reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/crew_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crew_message m, again;
    uint8_t *out = malloc(CREW_SMALL_MAX + size);
    size_t len;
    if (!out)
        return 0;
    if (crew_message_read(data, size, &m) == 0) {
        if (crew_message_write(&m, out, CREW_SMALL_MAX + size, &len) < 0 ||
            crew_message_read(out, len, &again) < 0)
            abort();
        if (again.kind != m.kind || again.number != m.number || again.len != m.len ||
            !peer_id_equal(&again.peer, &m.peer) || !multiaddr_equal(&again.addr, &m.addr) ||
            strcmp(again.text, m.text) != 0 ||
            (m.len > 0 && memcmp(again.data, m.data, m.len) != 0))
            abort();
    }
    free(out);
    return 0;
}
