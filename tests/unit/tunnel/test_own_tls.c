/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/own_tls.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/tls_place.h"

struct bed {
    struct loop *loop;
    struct permit *permit;
    struct tls_place place;
    struct target target;
    struct own_tls *own;
    bool told;
    int err;
    struct beam_why why;
    uint8_t digest[TLS_DIGEST_SIZE], expected[TLS_DIGEST_SIZE];
};

static void bed_open(struct bed *b, bool files, uint64_t patience_ms)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_RELAY};
    struct beam_why why = {.text = ""};
    memset(b, 0, sizeof(*b));
    b->loop = until_loop_new();
    cr_assert_eq(permit_new(&policy, &b->permit), 0);
    tls_place_open(&b->place, b->loop);
    b->target.addr[b->target.addr_count++] = *listen_addr(b->place.listener);
    memcpy(b->target.text, "127.0.0.1:1", sizeof("127.0.0.1:1"));
    const struct tls_certificate_files f = authority_files(&b->place.tls.authority, "beam");
    const struct own_tls_spec spec = {.loop = b->loop,
                                      .rng = rng_system(),
                                      .clock = clock_system(),
                                      .permit = b->permit,
                                      .target = &b->target,
                                      .connect_timeout = patience_ms,
                                      .certificate = files ? f.chain : NULL,
                                      .key = files ? f.key : NULL,
                                      .http = true};
    cr_assert_eq(own_tls_new(&spec, &b->own, &why), 0, "%s", why.text);
    cr_expect_eq(own_tls_context(b->own) != NULL, files);
}

static void bed_close(struct bed *b)
{
    own_tls_free(b->own);
    tls_place_close(&b->place);
    permit_free(b->permit);
    loop_free(b->loop);
}

static void on_digest(void *arg, int err, const struct beam_why *why,
                      const uint8_t digest[TLS_DIGEST_SIZE])
{
    struct bed *b = arg;
    b->told = true;
    b->err = err;
    if (err < 0)
        b->why = *why;
    else
        memcpy(b->digest, digest, sizeof(b->digest));
}

static void ask(struct bed *b, void **asked)
{
    const struct seal_source *s = own_tls_source(b->own);
    b->told = false;
    cr_assert_eq(s->ask(s->source, "beam.example", on_digest, b, asked), 0);
}

static void is_shown(struct bed *b)
{
    void *asked;
    ask(b, &asked);
    cr_assert(until_flag(b->loop, &b->told));
    cr_assert_eq(b->err, 0, "%s", b->why.text);
    tls_place_digest(&b->place, b->expected);
    cr_expect_eq(memcmp(b->digest, b->expected, sizeof(b->digest)), 0);
}

BEAM_TEST(own_tls, the_certificate_of_the_files_or_what_the_target_shows)
{
    for (int files = 0; files < 2; files++) {
        static struct bed b;
        void *asked;
        bed_open(&b, files, UNTIL_MS);
        is_shown(&b);
        tls_place_renew(&b.place);
        is_shown(&b);
        ask(&b, &asked);
        own_tls_source(b.own)->cancel(own_tls_source(b.own)->source, asked);
        cr_expect_eq(b.place.visitors > 0, !files);
        bed_close(&b);
    }
}

BEAM_TEST(own_tls, a_target_that_opens_none_and_one_that_is_not_there)
{
    static struct bed b;
    void *asked;
    bed_open(&b, false, 200);
    b.place.silent = true;
    ask(&b, &asked);
    cr_assert(until_flag(b.loop, &b.told));
    cr_expect_eq(b.err, BEAM_ETIMEOUT);
    cr_expect_not_null(strstr(b.why.text, "opens no TLS"), "%s", b.why.text);
    tls_place_leave(&b.place);
    ask(&b, &asked);
    cr_assert(until_flag(b.loop, &b.told));
    cr_expect_lt(b.err, 0);
    cr_expect_not_null(strstr(b.why.text, "nothing answers"), "%s", b.why.text);
    bed_close(&b);
}

BEAM_TEST(own_tls, files_that_are_none)
{
    struct own_tls *own;
    struct beam_why why;
    const struct own_tls_spec spec = {.certificate = "/nowhere.pem", .key = "/nowhere.key"};
    cr_expect_lt(own_tls_new(&spec, &own, &why), 0);
    cr_expect_not_null(strstr(why.text, "/nowhere"), "%s", why.text);
}
