/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of the DHT: what is decoded is encoded again, and means the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "p2p/kad_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kad_message m, again;
    static uint8_t bytes[KAD_MESSAGE_MAX];
    size_t len;
    if (kad_message_decode(data, size, &m) < 0 ||
        kad_message_encode(&m, bytes, sizeof(bytes), &len) < 0)
        return 0;
    if (kad_message_decode(bytes, len, &again) < 0 || again.type != m.type ||
        again.key.len != m.key.len || again.has_record != m.has_record ||
        again.closer_count != m.closer_count || again.provider_count != m.provider_count)
        abort();
    return 0;
}
