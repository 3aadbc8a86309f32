/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "relay/check.h"
#include "relay/vigil.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/tls_place.h"

enum { LOOKS = 4 };

struct bed {
    struct loop *loop;
    struct permit *permit;
    struct tls_place place;
    struct proof_spec proof;
    struct seal_source source;
    uint8_t digest[TLS_DIGEST_SIZE]; /* that the source tells */
    int source_err;
    void (*asked)(struct bed *b); /* NULL; each time before it is told */
    int asks, cancelled;
    bool done;
    int err, seen;
    struct beam_why why;
    char url[RESERVATION_URL_SIZE];
    struct vigil *vigil;
};

struct question {
    struct bed *bed;
    struct loop_task now;
    seal_digest_fn *done;
    void *arg;
};

static void on_now(void *arg)
{
    struct question q = *(struct question *)arg;
    struct bed *b = q.bed;
    struct beam_why why = {.text = "no certificate"};
    free(arg);
    if (b->asked)
        b->asked(b);
    q.done(q.arg, b->source_err, b->source_err ? &why : NULL, b->source_err ? NULL : b->digest);
}

static int on_ask(void *source, const char *host, seal_digest_fn *done, void *arg, void **out)
{
    struct bed *b = source;
    struct question *q = calloc(1, sizeof(*q));
    cr_assert_not_null(q);
    cr_assert_str_eq(host, "127.0.0.1");
    *q = (struct question){.bed = b, .done = done, .arg = arg};
    loop_task_init(&q->now, on_now, q);
    loop_post(b->loop, &q->now);
    b->asks++;
    *out = q;
    return 0;
}

static void on_cancel(void *source, void *asked)
{
    struct bed *b = source;
    struct question *q = asked;
    loop_task_cancel(b->loop, &q->now);
    free(q);
    b->cancelled++;
}

static void bed_open(struct bed *b)
{
    const struct policy policy = {
        .name = "open", .paths = POLICY_RELAY, .egress = POLICY_EGRESS_ANY};
    memset(b, 0, sizeof(*b));
    b->loop = until_loop_new();
    cr_assert_eq(permit_new(&policy, &b->permit), 0);
    tls_place_open(&b->place, b->loop);
    tls_place_digest(&b->place, b->digest);
    b->proof = (struct proof_spec){.loop = b->loop,
                                   .rng = rng_system(),
                                   .permit = b->permit,
                                   .trust_loopback = true,
                                   .timeout_ms = UNTIL_MS};
    b->source = (struct seal_source){.ask = on_ask, .cancel = on_cancel, .source = b};
}

static void bed_close(struct bed *b)
{
    vigil_free(b->vigil);
    tls_place_close(&b->place);
    permit_free(b->permit);
    loop_free(b->loop);
}

static void note(struct bed *b, int err, const struct beam_why *why)
{
    b->done = true;
    b->err = err;
    if (why)
        b->why = *why;
}

static void on_sealed(void *arg, int err, const struct beam_why *why)
{
    note(arg, err, why);
}

static int look(struct bed *b)
{
    struct seal *s = NULL;
    struct beam_why why = {.text = ""};
    b->done = false;
    cr_assert_eq(seal_start(&b->proof, &b->source, b->place.url, on_sealed, b, &s, &why), 0, "%s",
                 why.text);
    cr_assert(until_flag(b->loop, &b->done));
    seal_free(s);
    return b->err;
}

BEAM_TEST(seal, our_certificate_is_ours_and_another_is_not)
{
    static struct bed b;
    bed_open(&b);
    cr_expect_eq(look(&b), 0);
    cr_expect_eq(b.asks, 1);
    b.digest[5] ^= 1;
    cr_expect_eq(look(&b), BEAM_EAUTH);
    cr_expect_eq(b.asks, 3, "both are looked at once more");
    cr_expect_not_null(strstr(b.why.text, "another certificate"), "%s", b.why.text);
    bed_close(&b);
}

BEAM_TEST(seal, a_target_need_not_speak_http_1_1)
{
    static const char *const protocols[] = {"h2"};
    static struct bed b;
    bed_open(&b);
    const struct tls_server_spec h2 = {.rng = rng_system(),
                                       .clock = clock_system(),
                                       .certificates = b.place.tls.certificates,
                                       .alpn = protocols,
                                       .alpn_count = 1};
    tls_context_free(b.place.tls.server);
    cr_assert_eq(tls_context_server(&h2, &b.place.tls.server), 0);
    cr_expect_eq(look(&b), 0, "%s", b.why.text);
    bed_close(&b);
}

static void renew_the_second_time(struct bed *b)
{
    if (b->asks == 2)
        tls_place_digest(&b->place, b->digest);
}

BEAM_TEST(seal, one_that_is_renewed_meanwhile_accuses_nobody)
{
    static struct bed b;
    bed_open(&b);
    tls_place_renew(&b.place);
    b.asked = renew_the_second_time;
    cr_expect_eq(look(&b), 0);
    cr_expect_eq(b.asks, 2);
    bed_close(&b);
}

BEAM_TEST(seal, what_cannot_be_seen_accuses_nobody)
{
    static struct bed b;
    struct seal *s = NULL;
    struct beam_why why = {.text = ""};
    bed_open(&b);
    b.source_err = BEAM_EAUTH;
    cr_expect_eq(look(&b), BEAM_EPROTO);
    cr_expect_not_null(strstr(b.why.text, "no certificate"), "%s", b.why.text);
    b.source_err = 0;
    b.proof.timeout_ms = 50;
    b.place.silent = true;
    cr_expect_eq(look(&b), BEAM_ETIMEOUT);
    tls_place_leave(&b.place);
    cr_expect_lt(look(&b), 0);
    cr_expect_neq(b.err, BEAM_EAUTH);
    b.done = false;
    cr_expect_eq(seal_start(&b.proof, &b.source, "http://127.0.0.1:1/", on_sealed, &b, &s, &why),
                 0);
    cr_assert(until_flag(b.loop, &b.done));
    cr_expect_eq(b.err, BEAM_EPROTO, "plain HTTP is nobody's to open");
    seal_free(s);
    cr_assert_eq(seal_start(&b.proof, &b.source, b.place.url, on_sealed, &b, &s, &why), 0);
    seal_free(s);
    cr_expect_eq(b.cancelled, 1);
    bed_close(&b);
}

static void on_seen(void *arg, int err, const struct beam_why *why)
{
    struct bed *b = arg;
    note(b, err, why);
    b->seen++;
    if (err == 0 && b->seen == LOOKS)
        b->digest[0] ^= 1;
    b->done = err < 0;
    if (err < 0) {
        vigil_free(b->vigil);
        b->vigil = NULL;
    }
}

static void watch(struct bed *b)
{
    const struct vigil_spec spec = {
        .proof = b->proof, .source = &b->source, .url = b->place.url, .every_ms = 10};
    cr_assert_eq(vigil_start(&spec, on_seen, b, &b->vigil), 0);
    cr_assert(until_flag(b->loop, &b->done));
}

BEAM_TEST(vigil, looks_until_somebody_sits_in_the_middle)
{
    static struct bed b;
    bed_open(&b);
    watch(&b);
    cr_expect_eq(b.err, BEAM_EAUTH);
    cr_expect_eq(b.seen, LOOKS + 1);
    bed_close(&b);
}

BEAM_TEST(vigil, nobody_there_counts_when_it_is_so_three_times)
{
    static struct bed b;
    bed_open(&b);
    tls_place_leave(&b.place);
    watch(&b);
    cr_expect_neq(b.err, BEAM_EAUTH);
    cr_expect_eq(b.seen, 1);
    cr_expect_eq(b.asks, 3);
    bed_close(&b);
}

static void on_checked(void *arg, int err, const struct beam_why *why, const char *url)
{
    struct bed *b = arg;
    note(b, err, why);
    if (url)
        memcpy(b->url, url, strlen(url) + 1);
}

static void check(struct bed *b, const struct reservation_answer *answer)
{
    const struct check_spec spec = {
        .proof = b->proof, .kind = RESERVATION_TLS, .seal = &b->source, .answer = answer};
    const struct check_events events = {.done = on_checked, .arg = b};
    struct check *c = NULL;
    struct beam_why why = {.text = ""};
    b->done = false;
    cr_assert_eq(check_start(&spec, &events, &c, &why), 0, "%s", why.text);
    cr_assert(until_flag(b->loop, &b->done));
    check_free(c);
}

BEAM_TEST(check, the_first_url_that_is_ours_and_no_other_when_one_is_opened)
{
    static struct bed b;
    static struct reservation_answer answer = {.url_count = 3};
    struct check *c;
    struct beam_why why;
    bed_open(&b);
    memcpy(answer.url[0], "http://127.0.0.1:1/", sizeof("http://127.0.0.1:1/"));
    memcpy(answer.url[1], b.place.url, sizeof(b.place.url));
    memcpy(answer.url[2], b.place.url, sizeof(b.place.url));
    check(&b, &answer);
    cr_expect_eq(b.err, 0, "%s", b.why.text);
    cr_expect_str_eq(b.url, b.place.url);
    b.digest[0] ^= 1;
    b.asks = 0;
    check(&b, &answer);
    cr_expect_eq(b.err, BEAM_EAUTH);
    cr_expect_eq(b.asks, 3, "the third is not looked at");
    answer.url_count = 1;
    check(&b, &answer);
    cr_expect_eq(b.err, BEAM_EPROTO);
    cr_expect_not_null(strstr(b.why.text, "not https"), "%s", b.why.text);
    answer.url_count = 0;
    const struct check_spec spec = {
        .proof = b.proof, .kind = RESERVATION_TLS, .seal = &b.source, .answer = &answer};
    const struct check_events events = {.done = on_checked, .arg = &b};
    cr_expect_lt(check_start(&spec, &events, &c, &why), 0);
    bed_close(&b);
}
