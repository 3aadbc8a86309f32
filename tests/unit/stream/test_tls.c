/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/tls_pair.h"

struct scene {
    struct tls_scene tls;
    struct loop *loop;
    struct stream *under[2];
    struct tls_end client, server;
};

static void scene_open(struct scene *s, size_t window)
{
    memset(s, 0, sizeof(*s));
    tls_scene_open(&s->tls);
    s->loop = until_loop_new();
    cr_assert_eq(stream_memory(s->loop, window, &s->under[0], &s->under[1]), 0);
    s->client.spec.name = "beam.example";
}

/* An end with something left to say goes on for a moment by itself. */
static bool holds_nothing(void *arg)
{
    struct scene *s = arg;
    return buf_pool_used(loop_pool(s->loop)) == 0;
}

static void scene_close(struct scene *s)
{
    tls_end_close(&s->client);
    tls_end_close(&s->server);
    stream_free(s->under[0]);
    stream_free(s->under[1]);
    tls_scene_close(&s->tls);
    cr_assert(until(s->loop, holds_nothing, s));
    loop_free(s->loop);
}

static struct stream *take(struct stream **s)
{
    struct stream *mine = *s;
    *s = NULL;
    return mine;
}

static void shake_hands(struct scene *s)
{
    tls_end_start(&s->client, s->loop, s->tls.client, take(&s->under[0]));
    tls_end_start(&s->server, s->loop, s->tls.server, take(&s->under[1]));
    tls_ends_meet(s->loop, &s->client, &s->server);
}

BEAM_TEST(tls, both_learn_what_was_agreed)
{
    static const size_t windows[] = {1, 24, 50000};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct scene s;
        scene_open(&s, windows[i]);
        shake_hands(&s);
        cr_assert(s.client.err == 0 && s.server.err == 0);
        cr_assert_str_eq(s.server.result.name, "beam.example");
        cr_assert_str_eq(s.server.result.alpn, "http/1.1");
        cr_assert_str_eq(s.client.result.alpn, "http/1.1");
        cr_assert(!s.server.result.resumed);
        cr_assert_str_eq(stream_kind(s.server.stream), "tls");
        scene_close(&s);
    }
}

BEAM_TEST(tls, names_and_addresses_are_checked)
{
    static const struct {
        const char *name;
        int err;
    } rows[] = {{"a.beam.example", 0},
                {"127.0.0.1", 0},
                {"other.example", BEAM_EAUTH},
                {"a.b.beam.example", BEAM_EAUTH},
                {"bob.part.example", BEAM_EAUTH},
                {"127.0.0.2", BEAM_EAUTH}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene s;
        scene_open(&s, 50000);
        s.client.spec.name = rows[i].name;
        shake_hands(&s);
        cr_assert_eq(s.client.err, rows[i].err, "%s: %s", rows[i].name, s.client.why.text);
        if (rows[i].err < 0)
            cr_assert_not_null(strstr(s.client.why.text, "mismatch"), "%s", s.client.why.text);
        scene_close(&s);
    }
}

BEAM_TEST(tls, an_authority_that_nobody_knows)
{
    struct scene s;
    const struct tls_client_spec strict = {.ca_file = NULL};
    struct beam_why why;
    scene_open(&s, 50000);
    tls_context_free(s.tls.client);
    s.tls.client = NULL;
    cr_assert_eq(tls_context_client(&strict, &s.tls.client, &why), 0);
    shake_hands(&s);
    cr_assert_eq(s.client.err, BEAM_EAUTH);
    cr_assert_not_null(strstr(s.client.why.text, "not trusted"), "%s", s.client.why.text);
    cr_assert(s.server.err == BEAM_EPROTO || s.server.err == 0);
    scene_close(&s);
}

BEAM_TEST(tls, a_pin_in_place_of_an_authority)
{
    uint8_t digest[TLS_DIGEST_SIZE];
    for (int i = 0; i < 2; i++) {
        struct scene s;
        scene_open(&s, 50000);
        cr_assert_eq(tls_certificates_digest(s.tls.certificates, 0, digest), 0);
        digest[7] ^= (uint8_t)i;
        s.client.spec.name = "whoever.example";
        s.client.spec.pin = digest;
        shake_hands(&s);
        cr_assert_eq(s.client.err, i ? BEAM_EAUTH : 0);
        scene_close(&s);
    }
}

BEAM_TEST(tls, wrong_use)
{
    struct scene s;
    struct tls *t;
    scene_open(&s, 100);
    s.client.spec.name = NULL;
    cr_assert_eq(tls_start(s.loop, s.under[0], s.tls.client, &s.client.spec, NULL, NULL, &t),
                 BEAM_EINVAL);
    const char *const many[] = {"a", "b", "c", "d", "e"};
    const struct tls_client_spec spec = {.alpn = many, .alpn_count = 5};
    struct tls_context *c;
    cr_assert_eq(tls_context_client(&spec, &c, NULL), BEAM_EINVAL);
    struct beam_why why;
    const struct tls_client_spec no_file = {.ca_file = "/nowhere/ca.pem"};
    cr_assert_eq(tls_context_client(&no_file, &c, &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "/nowhere/ca.pem"));
    tls_cancel(NULL);
    tls_context_free(NULL);
    scene_close(&s);
}

BEAM_TEST(tls, a_peer_that_never_finishes)
{
    struct scene s;
    scene_open(&s, 50000);
    s.server.spec.timeout_ms = 30;
    tls_end_start(&s.server, s.loop, s.tls.server, take(&s.under[1]));
    cr_assert(until_flag(s.loop, &s.server.answered));
    cr_assert_eq(s.server.err, BEAM_ETIMEOUT);
    scene_close(&s);
}

static void says(struct scene *s, const void *bytes, size_t len)
{
    struct buf out;
    buf_init(&out, loop_pool(s->loop), len);
    cr_assert_eq(buf_add(&out, bytes, len), 0);
    cr_assert_eq(stream_write(s->under[0], &out), (ssize_t)len);
}

BEAM_TEST(tls, what_is_no_tls)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: beam.example\r\n\r\n";
    struct scene s;
    scene_open(&s, 50000);
    tls_end_start(&s.server, s.loop, s.tls.server, take(&s.under[1]));
    says(&s, http, sizeof(http) - 1);
    cr_assert(until_flag(s.loop, &s.server.answered));
    cr_assert_eq(s.server.err, BEAM_EPROTO);
    cr_assert_not_null(strstr(s.server.why.text, "http request"), "%s", s.server.why.text);
    scene_close(&s);

    scene_open(&s, 50000);
    tls_end_start(&s.server, s.loop, s.tls.server, take(&s.under[1]));
    says(&s, "\x16\x03", 2);
    stream_free(take(&s.under[0]));
    cr_assert(until_flag(s.loop, &s.server.answered));
    cr_assert_eq(s.server.err, BEAM_ERESET);
    scene_close(&s);
}

/* An end without close_notify may be somebody's on the way. */
BEAM_TEST(tls, an_end_that_is_cut_off)
{
    struct scene s;
    struct buf got;
    struct stream *below;
    scene_open(&s, 50000);
    below = s.under[0];
    shake_hands(&s);
    buf_init(&got, loop_pool(s.loop), 10);
    cr_assert_eq(stream_read(s.server.stream, &got, 10), BEAM_EAGAIN);
    cr_assert_eq(stream_shut(below), 0);
    cr_assert_eq(stream_read(s.server.stream, &got, 10), BEAM_ERESET);
    cr_assert_eq(stream_read(s.server.stream, &got, 10), BEAM_ERESET);
    scene_close(&s);
}

/* One byte of a record is changed on the way: nothing of it is given out. */
BEAM_TEST(tls, a_record_that_was_changed)
{
    struct scene s;
    struct buf got, forged;
    struct stream *below;
    static const char record[] = "\x17\x03\x03\x00\x20"
                                 "this was never sealed by anybody";
    scene_open(&s, 50000);
    below = s.under[0];
    shake_hands(&s);
    buf_init(&forged, loop_pool(s.loop), 100);
    buf_init(&got, loop_pool(s.loop), 100);
    cr_assert_eq(buf_add(&forged, record, sizeof(record) - 1), 0);
    cr_assert_gt(stream_write(below, &forged), 0);
    cr_assert_eq(stream_read(s.server.stream, &got, 100), BEAM_EPROTO);
    cr_assert_eq(buf_len(&got), 0u);
    cr_assert_eq(stream_write(s.server.stream, &got), BEAM_EPROTO);
    scene_close(&s);
}

BEAM_TEST(tls, given_up)
{
    struct scene s;
    struct buf got;
    scene_open(&s, 50000);
    tls_end_start(&s.client, s.loop, s.tls.client, take(&s.under[0]));
    cr_assert_eq(loop_turn(s.loop), 0);
    tls_cancel(s.client.tls);
    s.client.tls = NULL;
    buf_init(&got, loop_pool(s.loop), 10000);
    ssize_t n = stream_read(s.under[1], &got, 10000);
    cr_assert(n == BEAM_ERESET || stream_read(s.under[1], &got, 1) == BEAM_ERESET);
    buf_clear(&got);
    scene_close(&s);
}
