/* SPDX-License-Identifier: BSD-3-Clause */
/* What an AutoNAT server or its asker gets, by either version: what is read is written again, and
 * reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/autonat2_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[AUTONAT2_MESSAGE_MAX];

static void same_bytes(const struct autonat_view *a, const struct autonat_view *b)
{
    if (a->len != b->len || (a->len > 0 && memcmp(a->at, b->at, a->len) != 0))
        abort();
}

static void first(const uint8_t *data, size_t size)
{
    static struct autonat_message m, again;
    size_t len;
    if (autonat_message_read(data, size, &m) < 0 || autonat_message_write(&m, out, &len) < 0)
        return;
    if (autonat_message_read(out, len, &again) < 0 || again.type != m.type)
        abort();
    if (m.type == AUTONAT_DIAL && (again.n != m.n || again.peer.len != m.peer.len))
        abort();
    if (m.type == AUTONAT_DIAL_RESPONSE &&
        (again.status != m.status || again.addr.len != m.addr.len))
        abort();
}

static void second(const uint8_t *data, size_t size)
{
    static struct autonat2_message m, again;
    size_t len;
    if (autonat2_message_read(data, size, &m) < 0 || autonat2_message_write(&m, out, &len) < 0)
        return;
    if (autonat2_message_read(out, len, &again) < 0 || again.kind != m.kind || again.n != m.n ||
        again.nonce != m.nonce || again.status != m.status || again.dialled != m.dialled ||
        again.addr != m.addr || again.bytes != m.bytes)
        abort();
    for (size_t i = 0; i < m.n; i++)
        same_bytes(&m.addrs[i], &again.addrs[i]);
    same_bytes(&m.data, &again.data);
}

static void dial_back(const uint8_t *data, size_t size)
{
    uint64_t nonce, nonce_again;
    uint32_t status, status_again;
    size_t len;
    if (autonat2_back_read(data, size, &nonce) == 0 &&
        (autonat2_back_write(nonce, out, &len) < 0 ||
         autonat2_back_read(out, len, &nonce_again) < 0 || nonce_again != nonce))
        abort();
    if (autonat2_back_answer_read(data, size, &status) == 0 &&
        (autonat2_back_answer_write(status, out, &len) < 0 ||
         autonat2_back_answer_read(out, len, &status_again) < 0 || status_again != status))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    first(data, size);
    second(data, size);
    dial_back(data, size);
    return 0;
}
