/* SPDX-License-Identifier: BSD-3-Clause */
/* The peers of last time: what is read is written, and reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/address_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char owner_text[] = "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE";
    static struct address_file f, again;
    static char text[ADDRESS_FILE_MAX];
    struct peer_id owner;
    if (peer_id_parse(owner_text, strlen(owner_text), &owner, NULL) < 0)
        abort();
    if (address_file_read((const char *)data, size, &owner, &f) < 0)
        return 0;
    size_t len = address_file_write(&f, &owner, text);
    if (len > sizeof(text) || address_file_read(text, len, &owner, &again) < 0 || again.n > f.n)
        abort();
    for (size_t i = 0; again.n == f.n && i < f.n; i++)
        if (!multiaddr_equal(&f.rows[i].addr, &again.rows[i].addr) ||
            f.rows[i].until != again.rows[i].until)
            abort();
    return 0;
}
