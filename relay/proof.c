/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/proof.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/head.h"
#include "relay/callers.h"
#include "relay/url_stream.h"
#include "stream/tls.h"

enum {
    WORD_BYTES = 32,
    WORD_LEN = 52,            /* in base32 */
    QUESTION_MAX = 16 * 1024, /* bytes of a visit's first request that are looked at */
    RESPONSE_MAX = 64 * 1024
};

static const char well_known[] = ".well-known/beam/";

struct proof {
    struct proof *next, **link; /* among the others; link NULL: it is alone */
    struct proof_spec spec;
    struct proof_events events;
    struct where_url url;
    uint8_t pin[TLS_DIGEST_SIZE];
    char question[WORD_LEN + 1], answer[WORD_LEN + 1];

    struct url_stream *way; /* of our own visit, while it is sought */
    struct stream *stream;  /* and then the visit */
    struct buf in, out;
    struct loop_timer deadline;
    struct beam_why why;
    struct callers callers;
};

enum permit_origin proof_origin(const struct proof_spec *spec, bool loopback)
{
    return spec->trust_loopback && loopback ? PERMIT_TYPED : PERMIT_LEARNED;
}

int proof_dial(const struct proof_spec *spec, const struct where_url *url, url_stream_fn *done,
               void *arg, struct url_stream **out, struct beam_why *why)
{
    const struct url_stream_spec way = {.loop = spec->loop,
                                        .permit = spec->permit,
                                        .origin = proof_origin(spec, url->loopback),
                                        .tor = spec->tor,
                                        .ca_file = spec->ca_file,
                                        .pin = spec->pin,
                                        .timeout_ms = spec->timeout_ms};
    return url_stream_open(&way, url, done, arg, out, why);
}

static void make_word(const struct rng *rng, char out[WORD_LEN + 1])
{
    uint8_t bytes[WORD_BYTES];
    rng->fill(rng->arg, bytes, sizeof(bytes));
    (void)text_base32_encode(bytes, sizeof(bytes), out, WORD_LEN + 1);
    sodium_memzero(bytes, sizeof(bytes));
}

/* ---- our own visit -------------------------------------------------------------------------- */

static void hang_up(struct proof *p)
{
    loop_timer_clear(&p->deadline);
    url_stream_cancel(p->way);
    stream_free(p->stream);
    buf_clear(&p->in);
    buf_clear(&p->out);
    p->way = NULL;
    p->stream = NULL;
}

static const char *scheme_of(const struct proof *p)
{
    return p->url.https ? "https" : "http";
}

static void end(struct proof *p, int err, const char *reason)
{
    hang_up(p);
    if (err < 0)
        beam_why(&p->why, err, "%s://%s%s: %s", scheme_of(p), p->url.authority, p->url.path,
                 reason);
    p->events.done(p->events.arg, err, err < 0 ? &p->why : NULL);
}

/* The whole of a response: is it our answer, and nothing else? */
static void compare(struct proof *p)
{
    static const char other[] = "something else answers there";
    char bytes[RESPONSE_MAX];
    struct http_head head;
    size_t len = buf_peek(&p->in, 0, bytes, sizeof(bytes));
    int n = http_head_parse(bytes, len, HTTP_RESPONSE, &head);
    if (n < 0 || head.status >= 500) {
        end(p, n < 0 ? BEAM_EPROTO : BEAM_EUNREACH,
            n < 0 ? "what answers there is no HTTP" : "the relay could not bring a visit here");
        return;
    }
    if (head.status != 200 || head.chunked || len - (size_t)n != WORD_LEN ||
        sodium_memcmp(bytes + n, p->answer, WORD_LEN) != 0)
        end(p, BEAM_EAUTH, other);
    else
        end(p, 0, "");
}

/* Whether all of the response is there, as far as its head tells. */
static bool is_whole(const struct proof *p)
{
    char bytes[RESPONSE_MAX];
    struct http_head head;
    size_t len = buf_peek(&p->in, 0, bytes, sizeof(bytes));
    int n = http_head_parse(bytes, len, HTTP_RESPONSE, &head);
    return n > 0 && head.status >= 200 && head.has_length && len - (size_t)n >= head.content_length;
}

static void on_response(void *arg, struct stream *s, unsigned ready)
{
    struct proof *p = arg;
    ssize_t n = 0;
    if (ready & STREAM_WRITABLE)
        while (buf_len(&p->out) > 0 && n >= 0)
            n = stream_write(s, &p->out);
    do
        n = stream_read(s, &p->in, RESPONSE_MAX);
    while (n > 0);
    if (n == BEAM_EAGAIN && !is_whole(p))
        return;
    if (n == BEAM_EAGAIN || n == BEAM_ECLOSED)
        compare(p);
    else
        end(p, (int)n, n == BEAM_ELIMIT ? "what answers there is too long" : beam_err_text((int)n));
}

static void ask(struct proof *p, struct stream *s)
{
    p->stream = s;
    stream_own(s, on_response, p);
    int err = buf_addf(
        &p->out, "GET %s%s%s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        p->url.path, well_known, p->question, p->url.authority);
    if (err < 0)
        end(p, err, beam_err_text(err));
    else
        on_response(p, s, STREAM_WRITABLE);
}

/* There is a way there, or none. */
static void on_there(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct proof *p = arg;
    p->way = NULL;
    if (err == BEAM_EPROTO && !p->spec.pin) {
        end(p, BEAM_EUNREACH, why->text); /* it has no certificate yet, perhaps: that may change */
    } else if (err < 0) {
        end(p, err, why->text);
    } else if (p->spec.pin) {
        stream_free(s);
        end(p, 0, "");
    } else {
        ask(p, s);
    }
}

static void on_deadline(void *arg)
{
    end(arg, BEAM_ETIMEOUT, "no visit came through in time");
}

/* ---- visits that come meanwhile ------------------------------------------------------------- */

static void flush_answer(struct caller *c)
{
    char rest[512];
    ssize_t n = caller_flush(c);
    if (n == BEAM_EAGAIN)
        return;
    if (n >= 0)
        (void)stream_shut(c->stream);
    /* The relay is waited for: an end with bytes unread could cost it the answer. */
    do {
        buf_drain(&c->in, buf_peek(&c->in, 0, rest, sizeof(rest)));
        n = stream_read(c->stream, &c->in, sizeof(rest));
    } while (n > 0);
    if (n != BEAM_EAGAIN)
        caller_close(c);
}

static void answer(struct caller *c, const struct proof *asked)
{
    c->asked = true;
    if (buf_addf(&c->out,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                 "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                 WORD_LEN, asked->answer) < 0)
        caller_close(c);
    else
        flush_answer(c);
}

/* Whether what has come so far can still be this one's question: its first line up to the blank
 * behind the target decides. */
static enum http_guess asks(const struct caller *c, const struct proof *p)
{
    char line[sizeof("GET /") + sizeof(well_known) + WORD_LEN], is[sizeof(line)];
    int want = snprintf(line, sizeof(line), "GET /%s%s ", well_known, p->question);
    size_t n = buf_peek(&c->in, 0, is, (size_t)want);
    if (sodium_memcmp(line, is, n) != 0)
        return HTTP_NO;
    return n < (size_t)want ? HTTP_MORE : HTTP_YES;
}

/* The same of any that is under way; YES: *asked is whose. */
static enum http_guess is_question(const struct proof *own, const struct caller *c,
                                   const struct proof **asked)
{
    enum http_guess best = HTTP_NO;
    const struct proof *p = own->link ? *own->spec.others : own;
    for (; p && best != HTTP_YES; p = p->next) {
        enum http_guess guess = asks(c, p);
        if (guess == HTTP_YES)
            *asked = p;
        if (guess != HTTP_NO)
            best = guess;
    }
    return best;
}

static void listen_to(void *arg, struct caller *c)
{
    const struct proof *p = arg;
    char head[QUESTION_MAX];
    size_t seen = 0;
    ssize_t n;
    if (c->asked) {
        flush_answer(c);
        return;
    }
    do
        n = stream_read(c->stream, &c->in, QUESTION_MAX);
    while (n > 0);
    const struct proof *asked = NULL;
    enum http_guess guess = is_question(p, c, &asked);
    if (guess == HTTP_NO || (n < 0 && n != BEAM_EAGAIN)) {
        caller_hand_on(c);
        return;
    }
    size_t len = buf_peek(&c->in, 0, head, sizeof(head));
    if (guess == HTTP_YES && http_head_find(head, len, &seen) > 0)
        answer(c, asked);
}

void proof_visit(struct proof *p, struct stream *s)
{
    callers_add(&p->callers, s, QUESTION_MAX, 512);
}

/* ---- the proof ------------------------------------------------------------------------------ */

int proof_start(const struct proof_spec *spec, const char *url, const struct proof_events *events,
                struct proof **out, struct beam_why *why)
{
    struct proof *p = calloc(1, sizeof(*p));
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    p->spec = *spec;
    p->events = *events;
    buf_init(&p->in, loop_pool(spec->loop), RESPONSE_MAX);
    buf_init(&p->out, loop_pool(spec->loop), 2 * WHERE_TEXT_SIZE + 512);
    p->callers = (struct callers){.loop = spec->loop,
                                  .ready = listen_to,
                                  .visitor = events->visitor,
                                  .arg = p,
                                  .visitor_arg = events->arg};
    loop_timer_init(spec->loop, &p->deadline, on_deadline, p);
    make_word(spec->rng, p->question);
    make_word(spec->rng, p->answer);
    int err = where_parse_url(url, &p->url, why);
    if (err == 0 && spec->pin && !p->url.https)
        err = beam_why(why, BEAM_EPROTO, "%s: not https, which alone can go on unopened", url);
    if (spec->pin) {
        memcpy(p->pin, spec->pin, sizeof(p->pin));
        p->spec.pin = p->pin;
    }
    if (err == 0)
        err = proof_dial(&p->spec, &p->url, on_there, p, &p->way, why);
    if (err < 0) {
        proof_free(p);
        return err;
    }
    loop_timer_set(&p->deadline, spec->timeout_ms);
    if (spec->others) {
        p->next = *spec->others;
        p->link = spec->others;
        if (p->next)
            p->next->link = &p->next;
        *spec->others = p;
    }
    *out = p;
    return 0;
}

static void on_unheard(void *arg, struct stream *s)
{
    proof_visit(arg, s);
}

/* Who was not heard yet may have another's question: that one hears them. */
static void leave_others(struct proof *p)
{
    if (!p->link)
        return;
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    p->link = NULL;
    if (*p->spec.others) {
        p->callers.visitor = on_unheard;
        p->callers.visitor_arg = *p->spec.others;
    }
}

void proof_free(struct proof *p)
{
    if (!p)
        return;
    leave_others(p);
    hang_up(p);
    callers_end(&p->callers);
    sodium_memzero(p->answer, sizeof(p->answer));
    free(p);
}
