/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of circuit relay v2: what is decoded is encoded again, and means the same. The first
 * byte chooses between hop and stop. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "circuit/hop_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hop_message m, again;
    static uint8_t bytes[HOP_MESSAGE_MAX];
    size_t len;
    if (size == 0)
        return 0;
    enum hop_message_side side = data[0] % 2 ? STOP_SIDE : HOP_SIDE;
    if (hop_message_decode(side, data + 1, size - 1, &m) < 0)
        return 0;
    if (m.addr_count > HOP_MESSAGE_ADDRS)
        abort();
    (void)hop_status_text(m.status);
    if (hop_message_encode(side, &m, bytes, sizeof(bytes), &len) < 0)
        return 0; /* longer than it need have been, and longer than may be */
    if (hop_message_decode(side, bytes, len, &again) < 0 || again.type != m.type ||
        again.status != m.status || again.has_peer != m.has_peer ||
        again.has_limit != m.has_limit || again.limit.data != m.limit.data ||
        again.limit.duration != m.limit.duration || again.expire != m.expire ||
        again.addr_count != m.addr_count || again.voucher_len != m.voucher_len)
        abort();
    return 0;
}
