/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a peer says in multistream-select, to an end that asks or to one that answers (the first
 * byte tells which), fed whole and fed as the shell reads it, no more at a time than is known to be
 * due: the same verdict, the same protocol, the same bytes sent, the same bytes left alone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/multistream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SENT_MAX = (NEGOTIATE_PROPOSALS_MAX + 2) * MULTISTREAM_MESSAGE_MAX };

struct outcome {
    int err;
    size_t left; /* bytes not eaten of all that there are */
    size_t sent;
    char protocol[NEGOTIATE_LINE_MAX];
    uint8_t bytes[SENT_MAX];
};

static const char *const protocols[] = {"/a", "/b/1.0.0", "na", "/c"};

static bool supports(void *arg, const char *protocol, size_t len)
{
    (void)arg;
    if (strlen(protocol) != len || len == 0 || len >= NEGOTIATE_LINE_MAX)
        abort();
    return len > 1 && protocol[1] == 'b';
}

static void talk(struct buf_pool *pool, const uint8_t *data, size_t size, bool asks, bool whole,
                 struct outcome *o)
{
    static struct multistream m;
    struct buf in, out;
    size_t at = 0;
    buf_init(&in, pool, size > MULTISTREAM_MESSAGE_MAX ? size : MULTISTREAM_MESSAGE_MAX);
    buf_init(&out, pool, SENT_MAX);
    if (!asks)
        multistream_answer(&m, supports, NULL);
    else if (multistream_ask(&m, protocols, sizeof(protocols) / sizeof(protocols[0]), &out) < 0)
        abort();
    o->err = BEAM_EAGAIN;
    while (o->err == BEAM_EAGAIN) {
        size_t need = multistream_need(&m, &in), n = size - at;
        if (need == 0 || need > MULTISTREAM_MESSAGE_MAX)
            abort(); /* a reader would wait for ever, or too much would have to be held */
        if (!whole && n > need)
            n = need;
        if (buf_add(&in, data + at, n) < 0)
            abort();
        at += n;
        o->err = multistream_input(&m, &in, &out);
        if (n == 0)
            break;
    }
    o->left = buf_len(&in) + size - at;
    o->sent = buf_peek(&out, 0, o->bytes, sizeof(o->bytes));
    memset(o->protocol, 0, sizeof(o->protocol));
    if (o->err == 0)
        memcpy(o->protocol, multistream_protocol(&m), strlen(multistream_protocol(&m)));
    buf_clear(&in);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole, paced;
    struct buf_pool *pool;
    if (size == 0 || buf_pool_new(4, &pool) < 0)
        return 0;
    talk(pool, data + 1, size - 1, data[0] & 1, true, &whole);
    talk(pool, data + 1, size - 1, data[0] & 1, false, &paced);
    buf_pool_free(pool);
    if (whole.err != paced.err || whole.sent != paced.sent ||
        memcmp(whole.bytes, paced.bytes, whole.sent) != 0 ||
        strcmp(whole.protocol, paced.protocol) != 0)
        abort();
    if (whole.err == 0 && whole.left != paced.left)
        abort();
    if (whole.err > 0 || (data[0] & 1 && whole.err == BEAM_ELIMIT))
        abort();
    return 0;
}
