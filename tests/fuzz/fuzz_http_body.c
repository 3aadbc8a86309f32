/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chunked bodies: fed whole, a byte at a time, and with the content passed over unseen, a body ends
 * at the same byte or is refused each time.
 */
#include <stdint.h>
#include <stdlib.h>

#include "http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of the message, or an error; *done as the tracker says. */
static ssize_t run(const uint8_t *data, size_t size, size_t piece, bool pass, bool *done)
{
    const struct http_head head = {.kind = HTTP_REQUEST, .minor = 1, .chunked = true};
    struct http_body b;
    size_t at = 0;
    http_body_init_request(&b, &head);
    while (at < size && !b.done) {
        uint64_t opaque = pass ? http_body_opaque(&b) : 0;
        size_t n = size - at < opaque ? size - at : (size_t)opaque;
        http_body_pass(&b, n);
        at += n;
        n = size - at < piece ? size - at : piece;
        ssize_t fed = http_body_feed(&b, data + at, n);
        if (fed < 0)
            return fed;
        if ((size_t)fed > n || ((size_t)fed < n && !b.done))
            abort();
        at += (size_t)fed;
    }
    *done = b.done;
    return (ssize_t)at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool whole_done = false, slow_done = false, pass_done = false;
    ssize_t whole = run(data, size, SIZE_MAX, false, &whole_done);
    ssize_t slow = run(data, size, 1, false, &slow_done);
    ssize_t pass = run(data, size, 3, true, &pass_done);
    if (whole != slow || whole != pass || whole_done != slow_done || whole_done != pass_done)
        abort();
    return 0;
}
