/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/relay/mirror.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "stream/socket.h"
#include "tests/unit/harness.h"

static void answer(struct mirror_guest *g)
{
    struct mirror *m = g->mirror;
    m->asked++;
    g->answered = true;
    cr_assert_eq(buf_addf(&g->out, "%s\r\n", m->head), 0);
    if (m->len > 0)
        cr_assert_eq(buf_add(&g->out, m->body, m->len), 0);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct mirror_guest *g = arg;
    struct mirror *m = g->mirror;
    (void)ready;
    while (stream_read(s, &g->in, 4000) > 0)
        continue;
    if (!g->answered)
        m->heard[buf_peek(&g->in, 0, m->heard, sizeof(m->heard) - 1)] = '\0';
    if (!g->answered && m->head && strstr(m->heard, "\r\n\r\n")) {
        buf_clear(&g->in);
        answer(g);
    }
    while (buf_len(&g->out) > 0)
        if (stream_write(s, &g->out) < 0)
            return;
    if (g->answered)
        (void)stream_shut(s);
}

static void on_guest(void *arg, int fd)
{
    struct mirror *m = arg;
    struct mirror_guest *g = &m->guests[m->asked % MIRROR_GUESTS];
    stream_free(g->s);
    buf_clear(&g->in);
    buf_clear(&g->out);
    g->s = NULL;
    g->answered = false;
    cr_assert_eq(stream_socket(m->loop, fd, &g->s), 0);
    stream_own(g->s, on_ready, g);
    on_ready(g, g->s, STREAM_READABLE);
}

void mirror_open(struct mirror *m, struct loop *l)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    memset(m, 0, sizeof(*m));
    memcpy(&at.ss, &any, sizeof(any));
    m->loop = l;
    for (size_t i = 0; i < MIRROR_GUESTS; i++) {
        m->guests[i].mirror = m;
        buf_init(&m->guests[i].in, loop_pool(l), 4096);
        buf_init(&m->guests[i].out, loop_pool(l), 8 << 20);
    }
    cr_assert_eq(listen_open(l, &at, on_guest, m, &m->listener), 0);
    snprintf(m->url, sizeof(m->url), "http://127.0.0.1:%u/list",
             (unsigned)addr_port(listen_addr(m->listener)));
}

void mirror_close(struct mirror *m)
{
    listen_close(m->listener);
    for (size_t i = 0; i < MIRROR_GUESTS; i++) {
        stream_free(m->guests[i].s);
        buf_clear(&m->guests[i].in);
        buf_clear(&m->guests[i].out);
    }
}
