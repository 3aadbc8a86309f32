/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/exchange.h"

#include <string.h>

#include "base/err.h"
#include "proxy/content.h"
#include "proxy/draft.h"
#include "proxy/request.h"
#include "proxy/response.h"

enum {
    SHORT_BODY = 64 * 1024, /* bytes that are read and thrown away rather than closing */
    INTERIM_MAX = 32
};

void exchange_init(struct exchange *x, struct buf_pool *pool)
{
    *x = (struct exchange){.heard = false};
    gather_init(&x->asked, pool);
    gather_init(&x->answered, pool);
}

void exchange_clear(struct exchange *x)
{
    struct buf_pool *pool = x->asked.held.pool;
    gather_clear(&x->asked);
    gather_clear(&x->answered);
    trailers_clear(&x->up_trailers);
    trailers_clear(&x->down_trailers);
    exchange_init(x, pool);
}

static bool method_is(const struct exchange *x, const char *name)
{
    const struct http_text *method = &x->request.method;
    return method->len == strlen(name) && memcmp(method->at, name, method->len) == 0;
}

/* ---- the request ----------------------------------------------------------------------------- */

/* What a head that is none is refused with. */
static int refusal(int err)
{
    return err == BEAM_ELIMIT ? 431 : err == BEAM_ENOMEM ? BEAM_ENOMEM : 400;
}

int exchange_hear(struct exchange *x, struct buf *in, uint64_t body_max)
{
    size_t before = buf_len(in);
    int len = gather_head(&x->asked, in, HTTP_REQUEST, &x->request), status;
    x->in += before - buf_len(in);
    if (len == BEAM_EAGAIN)
        return len;
    status = len < 0 ? refusal(len) : request_judge(&x->request);
    if (status == 0 && body_max && x->request.has_length && x->request.content_length > body_max)
        status = 413;
    x->heard = len >= 0;
    x->close = status != 0 || x->request.close;
    if (status == 0)
        http_body_init_request(&x->up, &x->request);
    if (status == 0 && x->up.framing == HTTP_BODY_CHUNKED)
        status = trailers_bar(&x->up_trailers, &x->request);
    return status;
}

bool exchange_hearing(const struct exchange *x)
{
    return gather_begun(&x->asked);
}

int exchange_ask(struct exchange *x, const struct rewrite *rules, struct buf *out)
{
    return rewrite_request(rules, &x->request, out);
}

int exchange_up(struct exchange *x, uint64_t body_max, struct buf *in, struct buf *out)
{
    size_t before = buf_len(in);
    ssize_t n = content_move(&x->up, x->up.framing == HTTP_BODY_CHUNKED, &x->up_trailers, in, out);
    x->in += before - buf_len(in);
    if (n < 0)
        return n == BEAM_ENOMEM ? BEAM_ENOMEM : BEAM_EPROTO;
    x->content += (uint64_t)n;
    return body_max && x->content > body_max ? BEAM_ELIMIT : 0;
}

ssize_t exchange_drop(struct exchange *x, struct buf *in)
{
    ssize_t n = content_drop(&x->up, in);
    x->in += n > 0 ? (uint64_t)n : 0;
    return n;
}

bool exchange_again(const struct exchange *x)
{
    static const char *const idempotent[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    if (x->begun || x->interim > 0 || gather_begun(&x->answered) || x->up.framing != HTTP_BODY_NONE)
        return false;
    for (size_t i = 0; i < sizeof(idempotent) / sizeof(idempotent[0]); i++)
        if (method_is(x, idempotent[i]))
            return true;
    return false;
}

/* ---- the response ---------------------------------------------------------------------------- */

static int write_response(struct exchange *x, const struct rewrite *rules, struct buf *out)
{
    return rewrite_response(rules, &x->response, &x->request, x->body, x->close, out);
}

/* One of those before the response that counts; one who speaks HTTP/1.0 knows none. */
static int pass_interim(struct exchange *x, const struct rewrite *rules, struct buf *out)
{
    x->continued |= x->response.status == 100;
    x->body = REWRITE_AS_IS;
    int err = x->interim++ < INTERIM_MAX ? 0 : BEAM_EPROTO;
    if (err == 0 && x->request.minor >= 1)
        err = write_response(x, rules, out);
    gather_clear(&x->answered);
    return err;
}

/* Whether what is left of the request cannot be told from another request, or will not be read. */
static bool leaves_body(const struct exchange *x)
{
    if (x->up.done)
        return false;
    return x->response.close || (x->request.expect_continue && !x->continued && x->content == 0);
}

static int begin_response(struct exchange *x, const struct rewrite *rules, struct buf *out)
{
    if (x->response.status == 101 && !x->up.done)
        return BEAM_EPROTO;
    if (rules->allows && !rules->allows(rules->arg, &x->response))
        return BEAM_EPOLICY;
    http_body_init_response(&x->down, &x->response, x->request.method);
    x->body = rewrite_body(x->down.framing, &x->request);
    x->close |= x->body == REWRITE_UNTIL_CLOSE || leaves_body(x);
    x->status = x->response.status;
    x->switched = x->down.framing == HTTP_BODY_SWITCHED;
    x->begun = true;
    int err = x->body == REWRITE_CHUNKED ? trailers_bar(&x->down_trailers, &x->response) : 0;
    if (err == 0)
        err = write_response(x, rules, out);
    gather_clear(&x->answered);
    return err;
}

static int hear_response(struct exchange *x, const struct rewrite *rules, struct buf *in,
                         struct buf *out)
{
    int err = gather_head(&x->answered, in, HTTP_RESPONSE, &x->response);
    if (err >= 0)
        err = response_judge(&x->response, &x->request);
    if (err < 0)
        return err;
    bool interim = x->response.status < 200 && x->response.status != 101;
    return interim ? pass_interim(x, rules, out) : begin_response(x, rules, out);
}

int exchange_down(struct exchange *x, const struct rewrite *rules, struct buf *in, struct buf *out)
{
    size_t before = buf_len(out);
    int err = 0;
    while (err == 0 && !x->begun && buf_room(out) >= DRAFT_MAX)
        err = hear_response(x, rules, in, out);
    if (err == 0 && x->begun) {
        bool chunked = x->body == REWRITE_CHUNKED;
        ssize_t n = content_move(&x->down, chunked, chunked ? &x->down_trailers : NULL, in, out);
        err = n < 0 ? (int)n : 0;
    }
    x->out += buf_len(out) - before;
    return err == BEAM_EAGAIN ? 0 : err;
}

int exchange_down_ended(struct exchange *x, struct buf *out)
{
    size_t before = buf_len(out);
    if (!x->begun)
        return BEAM_ERESET;
    int err = content_close(&x->down, x->body == REWRITE_CHUNKED, out);
    x->out += buf_len(out) - before;
    return err;
}

/* Whether what is left of the request is little, and will surely come. */
static bool short_rest(const struct exchange *x)
{
    return x->up.done || (x->up.framing == HTTP_BODY_LENGTH && !x->request.expect_continue &&
                          x->request.content_length <= SHORT_BODY);
}

int exchange_answer(struct exchange *x, const struct answer *a, struct buf *out)
{
    struct answer mine = *a;
    size_t before = buf_len(out);
    x->close |= a->close || !x->heard || !short_rest(x);
    mine.close = x->close;
    bool head_only = x->heard && method_is(x, "HEAD");
    int err = answer_write(&mine, head_only, x->heard && x->request.minor == 0, out);
    x->begun = x->down.done = true;
    x->status = a->status;
    x->out += buf_len(out) - before;
    return err;
}

bool exchange_backend_lives(const struct exchange *x)
{
    return exchange_answered(x) && x->up.done && !x->response.close && !x->switched &&
           x->down.framing != HTTP_BODY_UNTIL_CLOSE;
}
