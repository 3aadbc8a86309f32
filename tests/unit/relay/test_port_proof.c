/* SPDX-License-Identifier: BSD-3-Clause */
/* How an owner sees whether a UDP port leads to it, with a relay of the test's own. */
#include "relay/port_proof.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/reservation.h"
#include "stream/datagram.h"
#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { WORD = 32, FRAMED = DATAGRAM_HEAD + WORD };

struct bench {
    struct loop *loop;
    struct permit *permit;
    int fd; /* the relay's port */
    struct sockaddr_in owner;
    uint8_t question[WORD], answer[WORD];
    struct stream *visit; /* that the relay brings to the owner */
    struct buf in, out;
    struct port_proof *proof;
    bool done;
    int err;
};

static void on_done(void *arg, int err, const struct beam_why *why)
{
    struct bench *b = arg;
    (void)why;
    b->done = true;
    b->err = err;
}

static void on_visitor(void *arg, struct stream *s)
{
    (void)arg;
    stream_free(s);
}

static void begin(struct bench *b, uint64_t timeout_ms)
{
    const struct policy policy = {
        .name = "open", .paths = POLICY_RELAY, .egress = POLICY_EGRESS_ANY};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    struct beam_why why = {.text = ""};
    char url[64];
    memset(b, 0, sizeof(*b));
    b->loop = until_loop_new();
    cr_assert_eq(permit_new(&policy, &b->permit), 0);
    b->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(b->fd, (struct sockaddr *)&at, len), 0);
    cr_assert_eq(getsockname(b->fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, sizeof(url), "udp://127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    const struct proof_spec spec = {.loop = b->loop,
                                    .rng = rng_system(),
                                    .permit = b->permit,
                                    .trust_loopback = true,
                                    .timeout_ms = timeout_ms};
    const struct proof_events events = {.done = on_done, .visitor = on_visitor, .arg = b};
    cr_assert_eq(port_proof_start(&spec, RESERVATION_UDP, url, &events, &b->proof, &why), 0, "%s",
                 why.text);
    buf_init(&b->in, loop_pool(b->loop), FRAMED);
    buf_init(&b->out, loop_pool(b->loop), FRAMED);
}

static void end(struct bench *b)
{
    port_proof_free(b->proof);
    stream_free(b->visit);
    buf_clear(&b->in);
    buf_clear(&b->out);
    close(b->fd);
    permit_free(b->permit);
    loop_free(b->loop);
}

static bool is_asked(void *arg)
{
    struct bench *b = arg;
    socklen_t len = sizeof(b->owner);
    return recvfrom(b->fd, b->question, WORD, 0, (struct sockaddr *)&b->owner, &len) == WORD;
}

static void say(const struct bench *b, const void *data, size_t len)
{
    cr_assert_eq(sendto(b->fd, data, len, 0, (const struct sockaddr *)&b->owner, sizeof(b->owner)),
                 (ssize_t)len);
}

/* What is no answer: a word of another, less, more, nothing, and the question again. */
static void say_anything(const struct bench *b)
{
    static const uint8_t word[2 * WORD] = {1, 2, 3};
    say(b, word, WORD);
    say(b, word, 3);
    say(b, word, sizeof(word));
    say(b, word, 0);
    say(b, b->question, WORD);
}

static bool is_answered(void *arg)
{
    struct bench *b = arg;
    (void)stream_read(b->visit, &b->in, FRAMED - buf_len(&b->in));
    return buf_len(&b->in) == FRAMED;
}

/* Has the owner tell its answer, as a relay does that brings the question there. */
static void bring(struct bench *b)
{
    const uint8_t head[DATAGRAM_HEAD] = {0, WORD};
    struct stream *far = NULL;
    uint8_t bytes[FRAMED];
    cr_assert_eq(stream_memory(b->loop, 4096, &b->visit, &far), 0);
    port_proof_visit(b->proof, far);
    cr_assert_eq(buf_add(&b->out, head, sizeof(head)), 0);
    cr_assert_eq(buf_add(&b->out, b->question, WORD), 0);
    cr_assert_eq(stream_write(b->visit, &b->out), FRAMED);
    cr_assert(until(b->loop, is_answered, b));
    buf_peek(&b->in, 0, bytes, sizeof(bytes));
    memcpy(b->answer, bytes + DATAGRAM_HEAD, WORD);
}

BEAM_TEST(port_proof, datagrams_that_anybody_may_have_sent_end_nothing)
{
    static struct bench b;
    begin(&b, UNTIL_MS);
    cr_assert(until(b.loop, is_asked, &b));
    say_anything(&b);
    cr_assert(until(b.loop, is_asked, &b), "it asks again");
    cr_expect_not(b.done);
    bring(&b);
    say_anything(&b);
    say(&b, b.answer, WORD);
    cr_assert(until_flag(b.loop, &b.done));
    cr_expect_eq(b.err, 0);
    end(&b);
}

BEAM_TEST(port_proof, without_an_answer_time_decides)
{
    static struct bench b;
    begin(&b, 300);
    cr_assert(until(b.loop, is_asked, &b));
    say_anything(&b);
    cr_assert(until_flag(b.loop, &b.done));
    cr_expect_eq(b.err, BEAM_ETIMEOUT);
    end(&b);
}
