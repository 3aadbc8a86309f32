/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stream/socket.h"

enum { REQUEST_MAX = 1024, READ_MAX = 64 * 1024 };

static const char origin[] = "http://127.0.0.1:";

struct caller {
    struct loop *loop;
    caller_fn *done;
    void *arg;
    struct permit *permit;
    struct stream_dial *dial;
    struct stream *stream;
    struct buf request, answer;
    struct loop_timer deadline;
    uint64_t began;
};

void caller_cancel(struct caller *c)
{
    if (!c)
        return;
    loop_timer_clear(&c->deadline);
    stream_dial_cancel(c->dial);
    stream_free(c->stream);
    permit_free(c->permit);
    buf_clear(&c->request);
    buf_clear(&c->answer);
    free(c);
}

static void finish(struct caller *c, int err)
{
    struct beam_why why;
    if (err < 0)
        beam_why(&why, err, "fetching through the relay: %s", beam_err_text(err));
    c->done(c->arg, err, err < 0 ? &why : NULL, err < 0 ? NULL : &c->answer,
            loop_now(c->loop) - c->began);
    caller_cancel(c);
}

static void on_deadline(void *arg)
{
    finish(arg, BEAM_ETIMEOUT);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct caller *c = arg;
    ssize_t n = 0;
    if (ready & STREAM_WRITABLE)
        while (buf_len(&c->request) > 0 && n >= 0)
            n = stream_write(s, &c->request);
    while ((n = stream_read(s, &c->answer, READ_MAX)) > 0)
        continue;
    if (n == BEAM_ECLOSED)
        finish(c, 0);
    else if (n != BEAM_EAGAIN)
        finish(c, (int)n);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct caller *c = arg;
    c->dial = NULL;
    if (err < 0) {
        finish(c, err);
        return;
    }
    c->stream = s;
    stream_own(s, on_ready, c);
    on_ready(c, s, STREAM_WRITABLE);
}

/* The address of the URL, and where its path begins. */
static int read_url(const char *url, struct addr *at, const char **path)
{
    static const char host[] = "127.0.0.1";
    const size_t len = sizeof(origin) - 1;
    uint64_t port;
    if (strncmp(url, origin, len) != 0 || !(*path = strchr(url + len, '/')) ||
        text_number(url + len, (size_t)(*path - url) - len, UINT16_MAX, &port) < 0 || port == 0)
        return BEAM_EINVAL;
    return addr_ip(host, sizeof(host) - 1, (uint16_t)port, at);
}

int caller_fetch(struct loop *l, const char *url, caller_fn *done, void *arg, struct caller **out,
                 struct beam_why *why)
{
    struct addr at;
    const char *path;
    if (read_url(url, &at, &path) < 0)
        return beam_why(why, BEAM_EINVAL, "demo: the relay's URL is not on this machine");
    struct caller *c = calloc(1, sizeof(*c));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    c->loop = l;
    c->done = done;
    c->arg = arg;
    c->began = loop_now(l);
    buf_init(&c->request, loop_pool(l), REQUEST_MAX);
    buf_init(&c->answer, loop_pool(l), CALLER_ANSWER_MAX);
    loop_timer_init(l, &c->deadline, on_deadline, c);
    int err = permit_new_local(&c->permit);
    if (err == 0)
        err = buf_addf(&c->request, "GET %s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n\r\n",
                       path, (int)(path - url - 7), url + 7);
    if (err == 0)
        err =
            stream_dial(l, c->permit, &at, PERMIT_TYPED, CALLER_FETCH_MS, on_dialled, c, &c->dial);
    if (err < 0) {
        caller_cancel(c);
        return beam_why(why, err, "demo: %s", beam_err_text(err));
    }
    loop_timer_set(&c->deadline, CALLER_FETCH_MS);
    *out = c;
    return 0;
}
