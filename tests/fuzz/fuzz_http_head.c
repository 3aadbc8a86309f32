/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of HTTP messages, as a request and as a response: a head that is taken is taken at its full
 * length only, its end is found by the other search too, and it holds nothing that two readers
 * could read in two ways.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct http_text t, const uint8_t *data, size_t size)
{
    if (t.len > 0 && ((const uint8_t *)t.at < data || (const uint8_t *)t.at + t.len > data + size))
        abort();
}

static void check_taken(const struct http_head *h, const uint8_t *data, size_t len)
{
    struct http_head part;
    size_t seen = 0, at = 0;
    if (http_head_find(data, len, &seen) != (int)len ||
        http_head_parse(data, len - 1, h->kind, &part) != BEAM_EAGAIN)
        abort();
    if (memchr(data, 0, len) || h->has_length + h->chunked + h->coded > 1)
        abort();
    for (size_t i = 0; i < len; i++)
        if ((data[i] == '\n') != (i > 0 && data[i - 1] == '\r'))
            abort();
    if (h->kind == HTTP_REQUEST && (http_looks(data, len) != HTTP_YES || h->coded))
        abort();
    inside(h->method, data, len);
    inside(h->target, data, len);
    struct http_text name, value;
    while (http_head_next(h, &at, &name, &value)) {
        inside(name, data, len);
        inside(value, data, len);
        http_text_lists(value, "close");
    }
    if (at != h->fields.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum http_kind kinds[] = {HTTP_REQUEST, HTTP_RESPONSE};
    enum http_guess guess = http_looks(data, size);
    for (size_t i = 0; i < 2; i++) {
        struct http_head h;
        int n = http_head_parse(data, size, kinds[i], &h);
        if (n > 0)
            check_taken(&h, data, (size_t)n);
        else if (n == BEAM_EAGAIN && kinds[i] == HTTP_REQUEST && guess == HTTP_NO)
            abort();
    }
    return 0;
}
