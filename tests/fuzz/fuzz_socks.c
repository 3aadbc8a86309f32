/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a SOCKS port says, fed whole and fed as the dialler reads it, no more at a time than is
 * known to be due: the same verdict, the same reply, the same bytes sent, and the bytes that follow
 * an accepted reply are left alone both times.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    int err;
    uint8_t reply;
    size_t left; /* bytes not eaten of all that there are */
    size_t sent;
    uint8_t bytes[3 * SOCKS_OUT_MAX];
};

static const struct socks_target target = {
    .host = "example.onion", .port = 80, .user = "user", .password = "password"};

static void talk(struct buf_pool *pool, const uint8_t *data, size_t size, bool whole,
                 struct outcome *o)
{
    struct socks_state st;
    struct buf in, out;
    size_t at = 0;
    buf_init(&in, pool, size > SOCKS_IN_MAX ? size : SOCKS_IN_MAX);
    buf_init(&out, pool, sizeof(o->bytes));
    o->err = socks_start(&st, &target, &out) < 0 ? BEAM_ENOMEM : BEAM_EAGAIN;
    while (o->err == BEAM_EAGAIN) {
        size_t need = socks_need(&st, &in), n = size - at;
        if (need == 0)
            abort(); /* a reader would wait for ever */
        if (!whole && n > need)
            n = need;
        if (buf_add(&in, data + at, n) < 0)
            abort();
        at += n;
        o->err = socks_input(&st, &in, &out);
        if (n == 0)
            break;
    }
    o->reply = st.reply;
    o->left = buf_len(&in) + size - at;
    o->sent = buf_peek(&out, 0, o->bytes, sizeof(o->bytes));
    buf_clear(&in);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf_pool *pool;
    struct outcome whole, paced;
    if (buf_pool_new(4, &pool) < 0)
        return 0;
    talk(pool, data, size, true, &whole);
    talk(pool, data, size, false, &paced);
    buf_pool_free(pool);
    if (whole.err != paced.err || whole.reply != paced.reply || whole.sent != paced.sent ||
        memcmp(whole.bytes, paced.bytes, whole.sent) != 0)
        abort();
    if (whole.err == 0 && (whole.reply != 0 || whole.left != paced.left))
        abort();
    if (whole.err != 0 && whole.err != BEAM_EAGAIN && whole.reply != 0 &&
        socks_reply_err(whole.reply) != whole.err)
        abort();
    return 0;
}
