/* SPDX-License-Identifier: BSD-3-Clause */
/* Peer ids as text and as bytes: whatever is taken comes back from its own text and bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/peer_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct peer_id *id)
{
    char text[PEER_ID_TEXT_SIZE];
    struct peer_id again;
    struct key_public key;
    peer_id_text(id, text);
    if (peer_id_parse(text, strlen(text), &again, NULL) < 0 || !peer_id_equal(id, &again))
        abort();
    if (peer_id_decode(id->bytes, id->len, &again, NULL) < 0 || !peer_id_equal(id, &again))
        abort();
    if (peer_id_key(id, &key) == 0 && !peer_id_is_of(id, &key))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer_id id;
    struct beam_why why;
    if (peer_id_parse((const char *)data, size, &id, &why) == 0)
        same(&id);
    if (peer_id_decode(data, size, &id, &why) == 0)
        same(&id);
    return 0;
}
