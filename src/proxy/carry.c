/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/carry.h"

enum {
    DROP_MAX = 1024 * 1024, /* bytes of a request that are thrown away after its answer */
    PER_TURN = 1024 * 1024  /* bytes a direction, then others have their turn */
};

void carry_init(struct carry *c, struct loop *l, size_t window, uint64_t body_max)
{
    side_init(&c->visitor, l, window);
    side_init(&c->backend, l, window);
    exchange_init(&c->x, loop_pool(l));
    c->body_max = body_max;
}

static size_t less(size_t left, ssize_t n)
{
    return (size_t)n < left ? left - (size_t)n : 0;
}

/* ---- up -------------------------------------------------------------------------------------- */

/* Nobody reads the request any more. */
static void go_deaf(struct carry *c)
{
    c->deaf = true;
    buf_clear(&c->backend.out);
}

/* What there is of the request, to nobody. What is too much, or makes no sense, ends the
 * connection. */
static enum carry_end drop_up(struct carry *c)
{
    ssize_t n = exchange_drop(&c->x, &c->visitor.in);
    c->dropped += n > 0 ? (size_t)n : 0;
    c->x.close |= n < 0 || c->dropped > DROP_MAX;
    return c->x.close || c->x.up.done ? CARRY_WAITS : CARRY_MORE;
}

/* What there is of the request. CARRY_MORE: all of it went, and it was not all. */
static enum carry_end pass_up(struct carry *c)
{
    if (c->deaf)
        return drop_up(c);
    int err = exchange_up(&c->x, c->body_max, &c->visitor.in, &c->backend.out);
    if (err == BEAM_ELIMIT)
        return CARRY_TOO_LARGE;
    if (err < 0)
        return err == BEAM_ENOMEM ? CARRY_NO_MEMORY : CARRY_BAD_REQUEST;
    err = side_flush(&c->backend);
    if (err < 0 && err != BEAM_EAGAIN)
        go_deaf(c); /* it may have answered all the same */
    return err == BEAM_EAGAIN || c->x.up.done ? CARRY_WAITS : CARRY_MORE;
}

/* The visitor ended or failed before its request was whole. */
static enum carry_end visitor_ended(struct carry *c, ssize_t err)
{
    if (err != BEAM_ECLOSED || !exchange_answered(&c->x))
        return CARRY_GONE;
    go_deaf(c);
    c->x.close = true;
    return CARRY_WAITS;
}

static enum carry_end carry_up(struct carry *c)
{
    size_t left = PER_TURN;
    while (left > 0) {
        enum carry_end end = pass_up(c);
        if (end != CARRY_MORE)
            return end;
        if (buf_len(&c->visitor.in) > 0)
            return CARRY_MORE; /* there was no room for it, and is now */
        ssize_t n = side_fill(&c->visitor, SIZE_MAX);
        if (n < 0)
            return n == BEAM_EAGAIN ? CARRY_WAITS : visitor_ended(c, n);
        left = less(left, n);
    }
    return CARRY_MORE;
}

/* ---- down ------------------------------------------------------------------------------------ */

/* The visitor may go while a long response is waited for: one look, which leaves a call owed. */
static enum carry_end watch_visitor(struct carry *c)
{
    struct side *v = &c->visitor;
    if (!c->x.begun || v->dry || v->ended || buf_len(&v->in) > 0)
        return CARRY_WAITS;
    ssize_t n = side_fill(v, BUF_BLOCK_SIZE);
    if (n >= 0 || n == BEAM_EAGAIN || (n == BEAM_ECLOSED && !stream_gone(v->stream)))
        return CARRY_WAITS;
    return CARRY_GONE;
}

/* Reads of the response. CARRY_MORE: there is something to pass on. */
static enum carry_end fill_down(struct carry *c, size_t *left)
{
    ssize_t n = side_fill(&c->backend, SIZE_MAX);
    if (n == BEAM_EAGAIN)
        return watch_visitor(c);
    if (n > 0)
        *left = less(*left, n);
    if (n > 0 || (n == BEAM_ECLOSED && exchange_down_ended(&c->x, &c->visitor.out) == 0))
        return CARRY_MORE;
    return CARRY_LOST;
}

static enum carry_end bad_response(int err)
{
    if (err == BEAM_EPOLICY)
        return CARRY_FORBIDDEN;
    return err == BEAM_ENOMEM ? CARRY_NO_MEMORY : CARRY_BAD_RESPONSE;
}

/* What there is of the response. CARRY_MORE: all of it went, and it was not all. */
static enum carry_end pass_down(struct carry *c)
{
    int err = 0;
    if (!exchange_answered(&c->x))
        err = exchange_down(&c->x, c->rules, &c->backend.in, &c->visitor.out);
    if (err < 0)
        return bad_response(err);
    if (c->x.switched)
        return CARRY_SWITCHED;
    err = side_flush(&c->visitor);
    if (err < 0)
        return err == BEAM_EAGAIN ? CARRY_WAITS : CARRY_GONE;
    return exchange_answered(&c->x) ? CARRY_WAITS : CARRY_MORE;
}

static enum carry_end carry_down(struct carry *c)
{
    size_t left = PER_TURN;
    while (left > 0) {
        enum carry_end end = pass_down(c);
        if (end == CARRY_MORE && buf_len(&c->backend.in) > 0)
            return CARRY_MORE; /* as above */
        if (end == CARRY_MORE)
            end = fill_down(c, &left);
        if (end != CARRY_MORE)
            return end;
    }
    return CARRY_MORE;
}

/* ---- both ------------------------------------------------------------------------------------ */

bool carry_sent(const struct carry *c)
{
    return c->x.up.done && buf_len(&c->backend.out) == 0;
}

bool carry_waits(const struct carry *c)
{
    return !c->x.up.done && buf_len(&c->backend.out) == 0;
}

/* Whether the exchange has come to its end in order. */
static enum carry_end settle(struct carry *c)
{
    if (!exchange_answered(&c->x))
        return CARRY_WAITS;
    if (!c->x.up.done && c->x.response.close)
        go_deaf(c); /* it will read no more */
    if (c->x.close && buf_len(&c->visitor.out) == 0)
        (void)stream_shut(c->visitor.stream);
    if (carry_sent(c))
        return c->x.close ? CARRY_LAST : CARRY_DONE;
    return c->deaf && c->x.close ? CARRY_LAST : CARRY_WAITS;
}

enum carry_end carry_on(struct carry *c)
{
    enum carry_end up = carry_up(c), down, end;
    if (up != CARRY_WAITS && up != CARRY_MORE)
        return up;
    down = carry_down(c);
    if (down != CARRY_WAITS && down != CARRY_MORE)
        return down;
    end = settle(c);
    return end == CARRY_WAITS && (up == CARRY_MORE || down == CARRY_MORE) ? CARRY_MORE : end;
}

int carry_answer(struct carry *c, const struct answer *a)
{
    side_close(&c->backend, true);
    c->deaf = true;
    return exchange_answer(&c->x, a, &c->visitor.out);
}

bool carry_keeps(struct carry *c)
{
    if (c->backend.stream && side_fill(&c->backend, 1) != BEAM_EAGAIN)
        side_close(&c->backend, false);
    return c->backend.stream != NULL;
}

void carry_next(struct carry *c)
{
    bool whole = exchange_answered(&c->x) && c->x.up.done;
    if (c->deaf || buf_len(&c->backend.in) > 0 || !exchange_backend_lives(&c->x))
        side_close(&c->backend, !whole);
    exchange_clear(&c->x);
    c->deaf = false;
    c->dropped = 0;
}
