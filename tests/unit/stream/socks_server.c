/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/socks_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static const struct {
    const char *bytes;
    size_t len;
} normal[3] = {
    {"\x05\x02", 2},
    {"\x01\x00", 2},
    {"\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90", 10},
};

/* The length of the client's message, 0 while that cannot be told. */
static size_t message_len(const struct socks_server *s)
{
    uint8_t b[SOCKS_SERVER_HEARD_MAX];
    size_t len = buf_peek(&s->in, 0, b, sizeof(b));
    switch (s->step) {
    case 0:
        return len >= 2 ? 2 + (size_t)b[1] : 0;
    case 1:
        return len >= 2 && len >= 3 + (size_t)b[1] ? 3 + (size_t)b[1] + b[2 + b[1]] : 0;
    default:
        if (len < 5)
            return 0;
        return b[3] == 1 ? 10 : b[3] == 4 ? 22 : 7 + (size_t)b[4];
    }
}

static void answer(struct socks_server *s)
{
    const char *bytes = s->replies[s->step] ? s->replies[s->step] : normal[s->step].bytes;
    size_t len = s->replies[s->step] ? s->reply_len[s->step] : normal[s->step].len;
    struct buf out;
    buf_init(&out, loop_pool(s->loop), 4096);
    cr_assert_eq(buf_add(&out, bytes, len), 0);
    if (s->step == 2 && s->early)
        cr_assert_eq(buf_add(&out, s->early, strlen(s->early)), 0);
    ssize_t n = stream_write(s->shaking, &out);
    if (n < 0) { /* the client went away */
        stream_free(s->shaking);
        s->shaking = NULL;
        buf_clear(&out);
        return;
    }
    cr_assert_eq(buf_len(&out), 0u);
    if (++s->step == 3) {
        s->stream = s->shaking;
        s->shaking = NULL;
        stream_own(s->stream, NULL, NULL);
        s->open = true;
    }
}

static void on_ready(void *arg, struct stream *stream, unsigned ready)
{
    struct socks_server *s = arg;
    (void)stream;
    (void)ready;
    while (s->shaking) {
        /* A byte at a time: none of what follows the request is eaten. */
        ssize_t n = stream_read(s->shaking, &s->in, 1);
        if (n < 0)
            return;
        size_t all = message_len(s);
        if (s->mute || all == 0 || buf_len(&s->in) < all)
            continue;
        cr_assert_leq(s->heard_len + all, sizeof(s->heard));
        s->heard_len += buf_peek(&s->in, 0, s->heard + s->heard_len, all);
        buf_drain(&s->in, all);
        answer(s);
    }
}

static void on_connection(void *arg, int fd)
{
    struct socks_server *s = arg;
    bool refused = s->replies[2] && s->reply_len[2] > 1 && s->replies[2][1] != 0;
    cr_assert(!s->open || refused, "one connection a server");
    stream_free(s->shaking);
    stream_free(s->stream);
    s->stream = NULL;
    s->open = false;
    s->step = 0;
    buf_clear(&s->in);
    cr_assert_eq(stream_socket(s->loop, fd, &s->shaking), 0);
    stream_own(s->shaking, on_ready, s);
    on_ready(s, s->shaking, STREAM_READABLE);
}

void socks_server_open(struct socks_server *s, struct loop *l)
{
    s->loop = l;
    buf_init(&s->in, loop_pool(l), SOCKS_SERVER_HEARD_MAX);
    snprintf(s->dir, sizeof(s->dir), "/tmp/beam-socks-XXXXXX");
    cr_assert_not_null(mkdtemp(s->dir));
    snprintf(s->path, sizeof(s->path), "%s/s", s->dir);
    cr_assert_eq(addr_unix(s->path, &s->at), 0);
    cr_assert_eq(listen_open(l, &s->at, on_connection, s, &s->listener), 0);
}

void socks_server_close(struct socks_server *s)
{
    listen_close(s->listener);
    stream_free(s->shaking);
    buf_clear(&s->in);
    rmdir(s->dir);
}
