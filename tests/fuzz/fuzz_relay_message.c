/* SPDX-License-Identifier: BSD-3-Clause */
/* What a relay and an owner say to each other: what is taken is written, and read as the same. The
 * first byte chooses the message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/reservation.h"
#include "relay/visit_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(const uint8_t *data, size_t size)
{
    static uint8_t bytes[RESERVATION_MAX];
    struct reservation_request r, again;
    size_t len;
    if (reservation_request_decode(data, size, &r) < 0)
        return;
    if (reservation_request_encode(&r, bytes, sizeof(bytes), &len) < 0 ||
        reservation_request_decode(bytes, len, &again) < 0 || memcmp(&r, &again, sizeof(r)) != 0)
        abort();
}

static void answer(const uint8_t *data, size_t size)
{
    static uint8_t bytes[RESERVATION_MAX];
    static struct reservation_answer a, again;
    size_t len;
    if (reservation_answer_decode(data, size, &a) < 0)
        return;
    if (a.url_count > RESERVATION_URLS_MAX || !memchr(a.reason, 0, sizeof(a.reason)))
        abort();
    for (size_t i = 0; i < a.url_count; i++)
        if (!memchr(a.url[i], 0, sizeof(a.url[i])))
            abort();
    if (reservation_answer_encode(&a, bytes, sizeof(bytes), &len) < 0 ||
        reservation_answer_decode(bytes, len, &again) < 0 || a.status != again.status ||
        a.url_count != again.url_count || a.lease != again.lease ||
        strcmp(a.reason, again.reason) != 0)
        abort();
}

static void head(const uint8_t *data, size_t size)
{
    uint8_t bytes[VISIT_HEAD_SIZE];
    struct visit_head h, again;
    size_t len;
    if (visit_head_decode(data, size, &h) < 0)
        return;
    if (visit_head_encode(&h, bytes, sizeof(bytes), &len) < 0)
        abort();
    size_t before = bytes[0] < 0x80 ? 1 : 2;
    if (visit_head_decode(bytes + before, len - before, &again) < 0 ||
        memcmp(&h, &again, sizeof(h)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t id[RESERVATION_ID_SIZE];
    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0:
        request(data + 1, size - 1);
        break;
    case 1:
        answer(data + 1, size - 1);
        break;
    case 2:
        head(data + 1, size - 1);
        break;
    default:
        (void)reservation_id_parse((const char *)data + 1, size - 1, id);
        break;
    }
    return 0;
}
