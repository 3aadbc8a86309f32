/* SPDX-License-Identifier: BSD-3-Clause */
/* Identify messages: what was understood can be written, and is then understood the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/identify_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct identify_view *a, const struct identify_view *b)
{
    if (!a->at != !b->at || a->len != b->len || (a->len > 0 && memcmp(a->at, b->at, a->len) != 0))
        abort();
}

static void all_same(const struct identify_view *a, const struct identify_view *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        same(&a[i], &b[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct identify_message m, again;
    static uint8_t out[IDENTIFY_MESSAGE_MAX + 3];
    size_t len;
    if (identify_message_decode(data, size, &m) < 0)
        return 0;
    if (m.addr_count > IDENTIFY_ADDRS_MAX || m.protocol_count > IDENTIFY_PROTOCOLS_MAX)
        abort();
    if (identify_message_encode(&m, out, sizeof(out), &len) < 0)
        return 0; /* of several, and too long for one */
    if (identify_message_decode(out, len, &again) < 0 || again.addr_count != m.addr_count ||
        again.protocol_count != m.protocol_count)
        abort();
    all_same(m.addrs, again.addrs, m.addr_count);
    all_same(m.protocols, again.protocols, m.protocol_count);
    same(&m.version, &again.version);
    same(&m.agent, &again.agent);
    same(&m.key, &again.key);
    same(&m.observed, &again.observed);
    same(&m.record, &again.record);
    return 0;
}
