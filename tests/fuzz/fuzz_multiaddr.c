/* SPDX-License-Identifier: BSD-3-Clause */
/* Multiaddrs as text and as bytes: whatever is taken comes back from its own text and bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/multiaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct multiaddr *a)
{
    static char text[MULTIADDR_TEXT_SIZE];
    static struct multiaddr again;
    struct multiaddr_part part;
    struct peer_id id;
    size_t pos = 0, n = 0;
    multiaddr_text(a, text);
    if (multiaddr_parse(text, strlen(text), &again, NULL) < 0 || !multiaddr_equal(a, &again))
        abort();
    if (multiaddr_decode(a->bytes, a->len, &again, NULL) < 0 || !multiaddr_equal(a, &again))
        abort();
    while (multiaddr_next(a, &pos, &part))
        n++;
    if (pos != a->len || n == 0 || n > MULTIADDR_PARTS_MAX)
        abort();
    if (multiaddr_peer(a, &id) < 0)
        return;
    multiaddr_without_peer(a, &again);
    if (multiaddr_with_peer(&again, &id, &again) < 0 || !multiaddr_equal(a, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct multiaddr a;
    struct beam_why why;
    enum multiaddr_code transport;
    struct addr addr;
    if (multiaddr_parse((const char *)data, size, &a, &why) == 0)
        same(&a);
    if (multiaddr_decode(data, size, &a, &why) == 0) {
        same(&a);
        multiaddr_to_addr(&a, &addr, &transport);
    }
    if (multiaddr_decode_start(data, size, &a) == 0) {
        same(&a);
        multiaddr_ip(&a, &addr);
    }
    return 0;
}
