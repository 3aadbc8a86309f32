/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/app.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "demo/page.h"
#include "loop/listen.h"
#include "stream/socket.h"

enum { HEAD_MAX = 16 * 1024, ANSWER_MAX = HEAD_MAX + 4096, READ_MAX = 4096 };

enum guest_state { GUEST_ASKS, GUEST_HEARS, GUEST_GONE };

struct guest {
    struct app *app;
    struct guest *next, **link;
    enum guest_state state;
    struct stream *stream;
    struct buf in, out;
    struct loop_timer timer;
};

struct app {
    struct loop *loop;
    struct listener *listener;
    struct guest *guests;
    size_t count;
};

static void guest_free(struct guest *g)
{
    struct app *a = g->app;
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    loop_timer_clear(&g->timer);
    stream_free(g->stream);
    buf_clear(&g->in);
    buf_clear(&g->out);
    free(g);
    if (a->count-- == APP_GUESTS_MAX)
        listen_resume(a->listener);
}

/* The answer to what came in; BEAM_EAGAIN while it is not whole. */
static int answer(struct guest *g)
{
    char bytes[HEAD_MAX];
    struct http_head head;
    size_t len = buf_peek(&g->in, 0, bytes, sizeof(bytes));
    int n = http_head_parse(bytes, len, HTTP_REQUEST, &head);
    if (n == BEAM_EAGAIN && buf_room(&g->in) > 0)
        return n;
    return n < 0 ? page_refusal(&g->out) : page_answer(&head, bytes, (size_t)n, &g->out);
}

static enum guest_state hear(struct guest *g)
{
    ssize_t n;
    while ((n = stream_read(g->stream, &g->in, READ_MAX)) > 0)
        continue;
    if (n != BEAM_EAGAIN && n != BEAM_ELIMIT && n != BEAM_ECLOSED)
        return GUEST_GONE;
    int err = answer(g);
    if (err == BEAM_EAGAIN)
        return n == BEAM_EAGAIN ? GUEST_ASKS : GUEST_GONE;
    return err < 0 ? GUEST_GONE : GUEST_HEARS;
}

static enum guest_state speak(struct guest *g)
{
    ssize_t n = buf_len(&g->out) > 0 ? stream_write(g->stream, &g->out) : 0;
    if (n < 0 && n != BEAM_EAGAIN)
        return GUEST_GONE;
    return buf_len(&g->out) > 0 ? GUEST_HEARS : GUEST_GONE;
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct guest *g = arg;
    (void)s;
    (void)ready;
    if (g->state == GUEST_ASKS)
        g->state = hear(g);
    if (g->state == GUEST_HEARS)
        g->state = speak(g);
    if (g->state == GUEST_GONE)
        guest_free(g);
}

static void on_timer(void *arg)
{
    guest_free(arg);
}

static void on_connection(void *arg, int fd)
{
    struct app *a = arg;
    struct stream *s;
    if (stream_socket(a->loop, fd, &s) < 0)
        return;
    struct guest *g = calloc(1, sizeof(*g));
    if (!g) {
        stream_free(s);
        return;
    }
    g->app = a;
    g->stream = s;
    g->link = &a->guests;
    g->next = a->guests;
    if (g->next)
        g->next->link = &g->next;
    a->guests = g;
    buf_init(&g->in, loop_pool(a->loop), HEAD_MAX);
    buf_init(&g->out, loop_pool(a->loop), ANSWER_MAX);
    loop_timer_init(a->loop, &g->timer, on_timer, g);
    loop_timer_set(&g->timer, APP_GUEST_MS);
    if (++a->count == APP_GUESTS_MAX)
        listen_pause(a->listener);
    stream_own(s, on_ready, g);
    on_ready(g, s, STREAM_READABLE);
}

int app_start(struct loop *l, struct app **out, struct beam_why *why)
{
    /* Port 0: the system picks one. */
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    struct app *a = calloc(1, sizeof(*a));
    if (!a)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    memcpy(&at.ss, &any, sizeof(any));
    a->loop = l;
    int err = listen_open(l, &at, on_connection, a, &a->listener);
    if (err < 0) {
        free(a);
        return beam_why(why, err, "the demo app: no port to listen on: %s", beam_err_text(err));
    }
    *out = a;
    return 0;
}

uint16_t app_port(const struct app *a)
{
    return addr_port(listen_addr(a->listener));
}

void app_free(struct app *a)
{
    if (!a)
        return;
    struct guest *g = a->guests, *next;
    for (; g; g = next) {
        next = g->next;
        guest_free(g);
    }
    listen_close(a->listener);
    free(a);
}
