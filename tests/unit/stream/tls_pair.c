/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/tls_pair.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

static void on_tls(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const struct tls_result *r)
{
    struct tls_end *e = arg;
    cr_assert(!e->answered);
    cr_assert((err == 0) == (s != NULL) && (err == 0) == (r != NULL));
    e->answered = true;
    e->tls = NULL;
    e->err = err;
    e->stream = s;
    if (err < 0)
        e->why = *why;
    if (r)
        e->result = *r;
}

void tls_end_start(struct tls_end *e, struct loop *l, const struct tls_context *c,
                   struct stream *under)
{
    int err = tls_start(l, under, c, &e->spec, on_tls, e, &e->tls);
    if (err < 0)
        stream_free(under);
    cr_assert_eq(err, 0);
}

void tls_end_close(struct tls_end *e)
{
    tls_cancel(e->tls);
    stream_free(e->stream);
    *e = (struct tls_end){.tls = NULL};
}

struct both {
    struct tls_end *a, *b;
};

static bool both_answered(void *arg)
{
    struct both *b = arg;
    return b->a->answered && b->b->answered;
}

void tls_ends_meet(struct loop *l, struct tls_end *a, struct tls_end *b)
{
    struct both both = {a, b};
    cr_assert(until(l, both_answered, &both));
}

void tls_scene_open(struct tls_scene *s)
{
    static const char *const server[] = {"h2", "http/1.1"}, *const client[] = {"http/1.1"};
    memset(s, 0, sizeof(*s));
    cr_assert_geq(sodium_init(), 0);
    authority_open(&s->authority);
    authority_issue(&s->authority, "beam",
                    "DNS:beam.example,DNS:*.beam.example,DNS:b*.part.example,IP:127.0.0.1", -60,
                    3600);
    const struct tls_certificate_files files = authority_files(&s->authority, "beam");
    cr_assert_eq(tls_certificates_new(&files, 1, clock_system(), &s->certificates, NULL), 0);
    const struct tls_server_spec to = {.rng = rng_system(),
                                       .clock = clock_system(),
                                       .certificates = s->certificates,
                                       .alpn = server,
                                       .alpn_count = 2};
    const struct tls_client_spec from = {
        .ca_file = s->authority.ca, .alpn = client, .alpn_count = 1};
    cr_assert_eq(tls_context_server(&to, &s->server), 0);
    cr_assert_eq(tls_context_client(&from, &s->client, NULL), 0);
}

void tls_scene_close(struct tls_scene *s)
{
    tls_context_free(s->client);
    tls_context_free(s->server);
    tls_certificates_free(s->certificates);
    authority_close(&s->authority);
}
