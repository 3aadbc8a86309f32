/* SPDX-License-Identifier: BSD-3-Clause */
/* What an AutoNAT v2 server brings when it dials back, and what it is told there. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "p2p/autonat2_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[AUTONAT2_BACK_MAX];
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
    return 0;
}
