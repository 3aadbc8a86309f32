/* SPDX-License-Identifier: BSD-3-Clause */
/* The first bytes of a TLS client, fed whole and byte by byte: the same verdict, and a name of
 * letters that hosts have. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/sni.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    struct sni whole = {.seen = 0}, paced = {.seen = 0};
    sni_feed(&whole, data, size);
    for (size_t i = 0; i < size; i++)
        sni_feed(&paced, data + i, 1);
    if (whole.result != paced.result || strcmp(whole.name, paced.name) != 0)
        abort();
    if (whole.result == SNI_FOUND && strspn(whole.name, letters) != strlen(whole.name))
        abort();
    if (whole.result != SNI_FOUND && whole.result != SNI_MORE && whole.name[0])
        abort();
    return 0;
}
