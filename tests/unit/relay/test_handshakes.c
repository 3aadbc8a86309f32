/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/handshakes.h"

#include <stdio.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/relay/hello.h"
#include "tests/unit/stream/tls_pair.h"

struct scene {
    struct tls_scene tls;
    struct loop *loop;
    struct handshakes *shakes;
    struct stream *come;
    struct tls_result result;
    bool arrived, secure, known, passed;
    char host[300];
};

static void on_visitor(void *arg, struct stream *s, const struct addr *from,
                       const struct tls_result *tls)
{
    struct scene *sc = arg;
    stream_free(sc->come);
    sc->come = s;
    sc->arrived = true;
    sc->secure = tls != NULL;
    sc->known = from != NULL;
    if (tls)
        sc->result = *tls;
}

static bool is_the_owners(void *arg, const char *host)
{
    (void)arg;
    return strcmp(host, "app.beam.example") == 0;
}

static void on_passed(void *arg, struct stream *s, const struct addr *from, const char *host)
{
    struct scene *sc = arg;
    stream_free(sc->come);
    sc->come = s;
    sc->passed = true;
    sc->known = from != NULL;
    snprintf(sc->host, sizeof(sc->host), "%s", host);
}

static void scene_open_for(struct scene *s, uint64_t ms, size_t max, size_t each, uint64_t rate)
{
    memset(s, 0, sizeof(*s));
    tls_scene_open(&s->tls);
    s->loop = until_loop_new();
    const struct handshakes_spec spec = {.loop = s->loop,
                                         .rng = rng_system(),
                                         .context = s->tls.server,
                                         .timeout_ms = ms,
                                         .max = max,
                                         .each = each,
                                         .each_rate = rate,
                                         .visitor = on_visitor,
                                         .passes = is_the_owners,
                                         .passed = on_passed,
                                         .arg = s};
    cr_assert_eq(handshakes_new(&spec, &s->shakes), 0);
}

static void scene_open(struct scene *s, size_t max, size_t each, uint64_t rate)
{
    scene_open_for(s, 100, max, each, rate);
}

static bool holds_nothing(void *arg)
{
    struct scene *s = arg;
    return buf_pool_used(loop_pool(s->loop)) == 0;
}

static void scene_close(struct scene *s)
{
    stream_free(s->come);
    handshakes_free(s->shakes);
    tls_scene_close(&s->tls);
    cr_assert(until(s->loop, holds_nothing, s));
    loop_free(s->loop);
}

/* Another visitor; what is written to the stream is what it says. */
static struct stream *comes(struct scene *s, const char *ip)
{
    struct stream *near, *far;
    struct addr from;
    cr_assert_eq(stream_memory(s->loop, 50000, &near, &far), 0);
    cr_assert_eq(addr_ip(ip, strlen(ip), 1, &from), 0);
    handshakes_begin(s->shakes, far, &from);
    return near;
}

static bool is_gone(struct scene *s, struct stream *visitor)
{
    struct buf in;
    buf_init(&in, loop_pool(s->loop), 10);
    return stream_read(visitor, &in, 10) == BEAM_ERESET;
}

BEAM_TEST(handshakes, tls_and_plain_at_one_place)
{
    struct scene s;
    struct buf bytes;
    struct tls_end client = {.spec = {.name = "beam.example"}};
    scene_open(&s, 10, 10, 10);
    tls_end_start(&client, s.loop, s.tls.client, comes(&s, "192.0.2.1"));
    cr_assert(until_flag(s.loop, &s.arrived));
    cr_assert(s.secure && s.known);
    cr_assert_str_eq(s.result.alpn, "http/1.1");
    cr_assert_str_eq(stream_kind(s.come), "tls");

    s.arrived = false;
    struct stream *plain = comes(&s, "192.0.2.1");
    buf_init(&bytes, loop_pool(s.loop), 10);
    cr_assert_eq(buf_add(&bytes, "GET /", 5), 0);
    cr_assert_eq(stream_write(plain, &bytes), 5);
    cr_assert(until_flag(s.loop, &s.arrived));
    cr_assert(!s.secure);
    cr_assert_eq(stream_read(s.come, &bytes, 10), 5);
    buf_clear(&bytes);
    stream_free(plain);
    tls_end_close(&client);
    cr_assert_eq(handshakes_count(s.shakes), 0u);
    scene_close(&s);
}

static bool none_is_left(void *arg)
{
    struct scene *s = arg;
    return handshakes_count(s->shakes) == 0;
}

BEAM_TEST(handshakes, one_who_says_nothing_is_left)
{
    struct scene s;
    scene_open(&s, 10, 10, 10);
    struct stream *silent = comes(&s, "192.0.2.1");
    cr_assert_eq(handshakes_count(s.shakes), 1u);
    cr_assert(until(s.loop, none_is_left, &s));
    cr_assert(is_gone(&s, silent));
    cr_assert(!s.arrived);
    stream_free(silent);
    scene_close(&s);
}

BEAM_TEST(handshakes, so_many_at_once_of_one_source_and_in_all)
{
    struct scene s;
    struct stream *v[5];
    scene_open(&s, 3, 2, 100);
    v[0] = comes(&s, "2001:db8::1");
    v[1] = comes(&s, "2001:db8::2");
    v[2] = comes(&s, "2001:db8:0:ffff::3"); /* of the same /48 */
    v[3] = comes(&s, "192.0.2.1");
    v[4] = comes(&s, "198.51.100.2"); /* one too many in all */
    cr_assert_eq(handshakes_count(s.shakes), 3u);
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(is_gone(&s, v[i]), i == 2 || i == 4, "%d", i);
        stream_free(v[i]);
    }
    scene_close(&s);
}

BEAM_TEST(handshakes, so_many_in_a_while_of_one_source)
{
    struct scene s;
    struct stream *v;
    scene_open(&s, 100, 100, 1);
    for (int i = 0; i < 12; i++) {
        v = comes(&s, "192.0.2.1");
        cr_expect_eq(is_gone(&s, v), i >= 10, "%d", i);
        stream_free(v);
    }
    v = comes(&s, "::ffff:192.0.2.200");
    cr_expect(is_gone(&s, v), "the same /24, as a place for both kinds of IP has it");
    stream_free(v);
    v = comes(&s, "::ffff:198.51.100.1");
    cr_expect(!is_gone(&s, v), "another source");
    stream_free(v);
    for (int i = 0; i < 12; i++) {
        v = comes(&s, "127.0.0.1");
        cr_expect(!is_gone(&s, v), "a server in front of the relay");
        stream_free(v);
    }
    scene_close(&s);
}

static void says(struct scene *s, struct stream *v, const uint8_t *bytes, size_t len)
{
    struct buf out;
    buf_init(&out, loop_pool(s->loop), len);
    cr_assert_eq(buf_add(&out, bytes, len), 0);
    while (buf_len(&out) > 0) {
        ssize_t n = stream_write(v, &out);
        cr_assert(n > 0 || n == BEAM_EAGAIN);
        loop_turn(s->loop);
    }
}

/* What was passed on is what was said, whole. */
static void hears(struct scene *s, const uint8_t *bytes, size_t len)
{
    static uint8_t got[HELLO_SIZE];
    struct buf in;
    cr_assert(until_flag(s->loop, &s->passed));
    cr_assert_str_eq(s->host, "app.beam.example");
    cr_assert(s->known);
    buf_init(&in, loop_pool(s->loop), HELLO_SIZE);
    for (int i = 0; i < 1000 && buf_len(&in) < len; i++) {
        (void)stream_read(s->come, &in, HELLO_SIZE);
        loop_turn(s->loop);
    }
    cr_assert_eq(buf_len(&in), len);
    buf_peek(&in, 0, got, len);
    cr_assert_eq(memcmp(got, bytes, len), 0);
    buf_clear(&in);
}

BEAM_TEST(handshakes, what_is_an_owners_to_open_goes_on_as_it_is)
{
    static uint8_t bytes[HELLO_SIZE];
    static const struct {
        size_t before, record, piece;
    } rows[] = {{100, 16384, HELLO_SIZE}, {100, 1, 7}, {30, 1, 1}, {65000, 16384, 30000}};
    struct scene s;
    scene_open_for(&s, UNTIL_MS, 10, 10, 10);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = hello_make(bytes, "App.Beam.Example", rows[i].before, rows[i].record);
        struct stream *v = comes(&s, "192.0.2.1");
        s.passed = false;
        for (size_t at = 0; at < n; at += rows[i].piece)
            says(&s, v, bytes + at, n - at < rows[i].piece ? n - at : rows[i].piece);
        hears(&s, bytes, n);
        cr_expect(!s.arrived);
        stream_free(v);
    }
    cr_assert_eq(handshakes_count(s.shakes), 0u);
    scene_close(&s);
}

BEAM_TEST(handshakes, what_asks_for_nobody_is_the_relays)
{
    static uint8_t bytes[HELLO_SIZE];
    static const char *const names[] = {NULL, "other.beam.example", "a b"};
    struct scene s;
    scene_open_for(&s, UNTIL_MS, 10, 10, 10);
    for (size_t i = 0; i < 3; i++) {
        struct stream *v = comes(&s, "192.0.2.1");
        struct buf in;
        size_t n = hello_make(bytes, names[i], 10, 100);
        says(&s, v, bytes, n);
        buf_init(&in, loop_pool(s.loop), 100);
        ssize_t got;
        while ((got = stream_read(v, &in, 1)) == BEAM_EAGAIN)
            loop_turn(s.loop);
        uint8_t first = 0;
        buf_peek(&in, 0, &first, 1);
        cr_expect_eq(first, 21, "an alert of ours, for its ciphers are none");
        buf_clear(&in);
        stream_free(v);
    }
    cr_expect(!s.passed && !s.arrived);
    scene_close(&s);
}

BEAM_TEST(handshakes, a_hello_that_does_not_end_is_left)
{
    static uint8_t bytes[HELLO_SIZE];
    struct scene s;
    scene_open(&s, 10, 10, 10);
    (void)hello_make(bytes, "app.beam.example", 60000, 16384);
    struct stream *v = comes(&s, "192.0.2.1");
    says(&s, v, bytes, 40000);
    cr_assert(until(s.loop, none_is_left, &s));
    cr_assert(is_gone(&s, v));
    cr_expect(!s.passed && !s.arrived);
    stream_free(v);
    scene_close(&s);
}
