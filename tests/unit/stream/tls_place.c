/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/tls_place.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/socket.h"
#include "tests/unit/loop/until.h"

static void on_tls(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const struct tls_result *r)
{
    struct tls_place *p = arg;
    (void)err;
    (void)why;
    (void)r;
    p->under_way--;
    stream_free(s);
}

static void on_visitor(void *arg, int fd)
{
    struct tls_place *p = arg;
    const struct tls_spec spec = {.timeout_ms = UNTIL_MS};
    struct stream *s;
    struct tls *t;
    cr_assert_eq(stream_socket(p->loop, fd, &s), 0);
    p->visitors++;
    if (p->silent) {
        stream_free(p->held);
        p->held = s;
        return;
    }
    cr_assert_eq(tls_start(p->loop, s, p->tls.server, &spec, on_tls, p, &t), 0);
    p->under_way++;
}

void tls_place_open(struct tls_place *p, struct loop *l)
{
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    memset(p, 0, sizeof(*p));
    p->loop = l;
    tls_scene_open(&p->tls);
    memcpy(&at.ss, &any, sizeof(any));
    cr_assert_eq(listen_open(l, &at, on_visitor, p, &p->listener), 0);
    snprintf(p->url, sizeof(p->url), "https://127.0.0.1:%u/",
             (unsigned)addr_port(listen_addr(p->listener)));
}

void tls_place_leave(struct tls_place *p)
{
    listen_close(p->listener);
    p->listener = NULL;
}

void tls_place_renew(struct tls_place *p)
{
    authority_issue(&p->tls.authority, "beam", "DNS:beam.example,IP:127.0.0.1", -60, 7200);
    cr_assert_eq(tls_certificates_reload(p->tls.certificates), 0u);
}

void tls_place_digest(const struct tls_place *p, uint8_t out[TLS_DIGEST_SIZE])
{
    cr_assert_eq(tls_certificates_digest(p->tls.certificates, 0, out), 0);
}

static bool nobody_is_left(void *arg)
{
    return ((struct tls_place *)arg)->under_way == 0;
}

void tls_place_close(struct tls_place *p)
{
    tls_place_leave(p);
    stream_free(p->held);
    p->held = NULL;
    cr_assert(until(p->loop, nobody_is_left, p));
    tls_scene_close(&p->tls);
}
