/* SPDX-License-Identifier: BSD-3-Clause */
/* What an owner makes of visits while several of its URLs are looked at. The rest: test_owner. */
#include "relay/proof.h"

#include <stdio.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/relay/mirror.h"

enum { TEXT = 1024 };

struct bench {
    struct loop *loop;
    struct permit *permit;
    struct mirror mirror; /* where the URLs lead; it does not answer */
    struct proof *others;
    struct stream *visit; /* the relay's end */
    struct buf in;
    int visitors;
};

static void on_done(void *arg, int err, const struct beam_why *why)
{
    (void)arg;
    (void)why;
    cr_assert_fail("%d", err);
}

static void on_visitor(void *arg, struct stream *s)
{
    ((struct bench *)arg)->visitors++;
    stream_reset(s);
    stream_free(s);
}

static bool is_asked(void *arg)
{
    return strstr(((struct bench *)arg)->mirror.heard, "\r\n\r\n") != NULL;
}

/* One whose question is in the mirror then. */
static struct proof *start(struct bench *b)
{
    const struct proof_spec spec = {.loop = b->loop,
                                    .rng = rng_system(),
                                    .permit = b->permit,
                                    .trust_loopback = true,
                                    .others = &b->others,
                                    .timeout_ms = UNTIL_MS};
    const struct proof_events events = {.done = on_done, .visitor = on_visitor, .arg = b};
    struct beam_why why = {.text = ""};
    struct proof *p = NULL;
    b->mirror.heard[0] = '\0';
    char url[sizeof(b->mirror.url)];
    snprintf(url, sizeof(url), "%.*s/", (int)(strrchr(b->mirror.url, '/') - b->mirror.url),
             b->mirror.url);
    cr_assert_eq(proof_start(&spec, url, &events, &p, &why), 0, "%s", why.text);
    cr_assert(until(b->loop, is_asked, b));
    b->mirror.asked++; /* it keeps those whom it counted */
    return p;
}

static void begin(struct bench *b)
{
    const struct policy policy = {
        .name = "open", .paths = POLICY_RELAY, .egress = POLICY_EGRESS_ANY};
    memset(b, 0, sizeof(*b));
    b->loop = until_loop_new();
    cr_assert_eq(permit_new(&policy, &b->permit), 0);
    mirror_open(&b->mirror, b->loop);
    buf_init(&b->in, loop_pool(b->loop), TEXT);
}

static void end(struct bench *b)
{
    stream_free(b->visit);
    buf_clear(&b->in);
    mirror_close(&b->mirror);
    permit_free(b->permit);
    loop_free(b->loop);
}

/* A visit that is brought to `to`, and is nothing yet but this. */
static void bring(struct bench *b, struct proof *to, const char *request)
{
    struct stream *far = NULL;
    struct buf out;
    stream_free(b->visit);
    buf_clear(&b->in);
    cr_assert_eq(stream_memory(b->loop, 4096, &b->visit, &far), 0);
    buf_init(&out, loop_pool(b->loop), TEXT);
    cr_assert_eq(buf_add(&out, request, strlen(request)), 0);
    cr_assert_eq(stream_write(b->visit, &out), (ssize_t)strlen(request));
    proof_visit(to, far);
}

static bool is_over(void *arg)
{
    struct bench *b = arg;
    ssize_t n;
    do
        n = stream_read(b->visit, &b->in, TEXT);
    while (n > 0);
    return n != BEAM_EAGAIN;
}

/* What it was told, until its end. */
static const char *told(struct bench *b)
{
    static char text[TEXT + 1];
    cr_assert(until(b->loop, is_over, b));
    text[buf_peek(&b->in, 0, text, TEXT)] = '\0';
    return text;
}

BEAM_TEST(proof, a_question_that_comes_by_the_way_of_another_is_answered)
{
    static struct bench b;
    char question[TEXT];
    begin(&b);
    struct proof *first = start(&b);
    snprintf(question, sizeof(question), "%s", b.mirror.heard);
    struct proof *second = start(&b);

    bring(&b, second, question);
    const char *text = told(&b);
    cr_expect_eq(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0, "%s", text);

    bring(&b, second, question);
    proof_free(second); /* which has not heard it */
    text = told(&b);
    cr_expect_eq(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0, "%s", text);
    cr_expect_eq(b.visitors, 0);

    bring(&b, first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    proof_free(first);
    cr_expect_eq(b.visitors, 1, "nobody else may have asked that");
    cr_expect_null(b.others);
    end(&b);
}

BEAM_TEST(proof, who_asks_none_of_them_is_a_visitor)
{
    static struct bench b;
    begin(&b);
    struct proof *first = start(&b), *second = start(&b);
    bring(&b, second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    proof_free(second);
    cr_expect_str_eq(told(&b), "");
    cr_expect_eq(b.visitors, 1);
    proof_free(first);
    end(&b);
}
