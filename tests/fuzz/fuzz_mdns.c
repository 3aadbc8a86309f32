/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of mDNS: what is found in one lies in it, and what is told again is found again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/mdns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char me[] = "abcdefghijklmnopqrstuvwxyz234567";
    static struct mdns_message m, again;
    static uint8_t out[MDNS_SENT_MAX];
    struct multiaddr a;
    if (mdns_message_read(data, size, me, &m) < 0)
        return 0;
    for (size_t i = 0; i < m.n; i++) {
        const struct mdns_found *f = &m.found[i];
        if ((const uint8_t *)f->text < data || f->len > MDNS_STRING_MAX ||
            (const uint8_t *)f->text + f->len > data + size || strlen(f->name) >= MDNS_NAME_SIZE)
            abort();
        if (multiaddr_parse(f->text, f->len, &a, NULL) < 0)
            continue;
        size_t len = mdns_message_answer(me, MDNS_ASKS_PEERS, &a, 1, f->ttl_s, out);
        if (len > 0 && (mdns_message_read(out, len, "x", &again) < 0 || again.n != 1))
            abort();
    }
    return 0;
}
