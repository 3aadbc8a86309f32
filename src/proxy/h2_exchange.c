/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/h2_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/content.h"
#include "proxy/gather.h"

enum {
    PIECE_MIN = 4096, /* bytes of content, beside which a chunk's lines are little */
    LINES = 16        /* bytes of these */
};

struct h2_exchange {
    struct stream stream;
    struct loop *loop;
    struct h2_stream *core;
    struct h2_exchange_owner owner;
    struct loop_task call;
    unsigned owed, due; /* STREAM_… calls that the owner waits for, that are on their way */
    int failed;
    bool shut;
    /* The request. */
    struct buf text; /* of it, in HTTP/1.1: what is read next */
    bool told;       /* its last byte was there */
    /* The response. */
    struct gather head;
    struct http_body body;
    struct trailers trailers;
    bool begun, whole;
    bool raw;  /* another protocol follows */
    bool deaf; /* what follows is of no use: what was sent in its place is whole */
};

static struct h2_exchange *of(struct stream *s)
{
    return (struct h2_exchange *)s;
}

static void stir(const struct h2_exchange *x)
{
    x->owner.stir(x->owner.arg);
}

/* ---- calls to the owner ---------------------------------------------------------------------- */

static void on_call(void *arg)
{
    struct h2_exchange *x = arg;
    unsigned due = x->due;
    x->due = 0;
    if (x->stream.fn)
        x->stream.fn(x->stream.arg, &x->stream, due); /* the last: it may free */
}

static void call(struct h2_exchange *x, unsigned what)
{
    if (!what)
        return;
    x->owed &= ~what;
    x->due |= what;
    loop_post(x->loop, &x->call);
}

void h2_exchange_news(struct h2_stream *core, unsigned news)
{
    struct h2_exchange *x = core->owner;
    if (news & H2_NEWS_FAILED && !x->failed) {
        x->failed = core->failed;
        call(x, STREAM_READABLE | STREAM_WRITABLE);
        return;
    }
    call(x, x->owed & ((news & H2_NEWS_READABLE ? (unsigned)STREAM_READABLE : 0) |
                       (news & H2_NEWS_WRITABLE ? (unsigned)STREAM_WRITABLE : 0)));
}

/* ---- the request ----------------------------------------------------------------------------- */

static bool chunked(const struct h2_exchange *x)
{
    return !x->raw && !x->core->kind.has_length;
}

/* Content that may be read now; of a WebSocket none before it was granted. It is no more than is
 * read at once, `most` bytes: the rest stays under the windows of HTTP/2. */
static int add_content(struct h2_exchange *x, size_t most)
{
    struct h2_stream *core = x->core;
    size_t n = x->core->kind.websocket && !x->raw ? 0 : buf_len(&core->in);
    if (n == 0)
        return 0;
    most = most > PIECE_MIN + LINES ? most - LINES : PIECE_MIN;
    if (n > most)
        n = most;
    int err = chunked(x) ? buf_addf(&x->text, "%zx\r\n", n) : 0;
    if (err == 0)
        err = buf_move(&x->text, &core->in, n);
    if (err == 0 && chunked(x))
        err = buf_add(&x->text, "\r\n", 2);
    if (err < 0)
        return err;
    h2_taken(core, n);
    stir(x);
    return 0;
}

/* The end of a request, once there is nothing before it. */
static int add_end(struct h2_exchange *x)
{
    if (x->told || !x->core->in_ended || buf_len(&x->core->in) > 0)
        return 0;
    x->told = true;
    if (!chunked(x))
        return 0;
    int err = buf_add(&x->text, "0\r\n", 3);
    if (err == 0)
        err = buf_move(&x->text, &x->core->tail, buf_len(&x->core->tail));
    return err < 0 ? err : buf_add(&x->text, "\r\n", 2);
}

static int more_text(struct h2_exchange *x, size_t most)
{
    struct h2_stream *core = x->core;
    if (x->failed || buf_len(&x->text) > 0)
        return 0;
    if (buf_len(&core->head) > 0) {
        x->told = core->kind.websocket || core->kind.bodiless;
        return buf_move(&x->text, &core->head, buf_len(&core->head));
    }
    int err = add_content(x, most);
    return err < 0 ? err : add_end(x);
}

/* Nothing is there: is that the end? */
static ssize_t nothing(struct h2_exchange *x)
{
    bool end = x->raw ? x->core->in_ended : x->whole && (x->told || x->shut);
    if (x->failed)
        return x->failed;
    if (end)
        return BEAM_ECLOSED;
    x->owed |= STREAM_READABLE;
    return BEAM_EAGAIN;
}

static ssize_t h2_read(struct stream *stream, struct buf *into, size_t max)
{
    struct h2_exchange *x = of(stream);
    size_t most = buf_room(into) < max ? buf_room(into) : max;
    int err = more_text(x, most);
    if (err < 0)
        return x->failed = err;
    size_t n = buf_len(&x->text);
    if (n == 0)
        return nothing(x);
    if (most == 0)
        return BEAM_ELIMIT;
    if (n > most)
        n = most;
    err = buf_move(into, &x->text, n);
    if (err < 0)
        return x->failed = err;
    return (ssize_t)n;
}

/* ---- the response ---------------------------------------------------------------------------- */

static void finished(struct h2_exchange *x)
{
    x->whole = true;
    call(x, x->owed & STREAM_READABLE); /* for its reader this is the end */
}

static int begin(struct h2_exchange *x, const struct http_head *head)
{
    struct http_text method = {x->core->kind.method, strlen(x->core->kind.method)};
    bool interim = head->status < 200 && head->status != 101;
    if (interim)
        return h2_respond(x->core, head, false);
    http_body_init_response(&x->body, head, method);
    x->begun = true;
    x->raw = x->body.framing == HTTP_BODY_SWITCHED;
    int err = h2_respond(x->core, head, x->body.done && !x->raw);
    x->deaf = x->core->ended && !x->body.done;
    if (err == 0 && !x->raw && x->core->ended)
        finished(x);
    if (x->raw) /* what came before it was granted may be read now */
        call(x, x->owed & STREAM_READABLE);
    return err;
}

/* Its head. BEAM_EAGAIN: all of `from` was taken. */
static int take_head(struct h2_exchange *x, struct buf *from)
{
    struct http_head head;
    int err = gather_head(&x->head, from, HTTP_RESPONSE, &head);
    if (err < 0)
        return err;
    err = begin(x, &head);
    gather_clear(&x->head);
    return err;
}

static int take_content(struct h2_exchange *x, struct buf *from)
{
    struct buf *out = &x->core->out;
    size_t n = buf_len(from) < buf_room(out) ? buf_len(from) : buf_room(out);
    if (x->raw) {
        int err = buf_move(out, from, n);
        h2_more(x->core);
        return err;
    }
    ssize_t moved = content_move(&x->body, false, &x->trailers, from, out);
    h2_more(x->core);
    if (moved < 0 || !x->body.done)
        return moved < 0 ? (int)moved : 0;
    size_t len = 0;
    char *lines = trailers_take(&x->trailers, &len);
    h2_trail(x->core, lines, len);
    h2_finish(x->core);
    finished(x);
    return 0;
}

static int take(struct h2_exchange *x, struct buf *from)
{
    int err = 0;
    while (err == 0 && !x->begun && buf_len(from) > 0)
        err = take_head(x, from);
    if (err == 0 && x->begun && !x->whole && buf_len(from) > 0)
        err = take_content(x, from);
    if (x->deaf)
        buf_clear(from);
    return err == BEAM_EAGAIN ? 0 : err;
}

static void fail(struct h2_exchange *x, int err)
{
    h2_reset(x->core, H2_INTERNAL_ERROR);
    x->failed = err;
    stir(x);
}

static ssize_t h2_write(struct stream *stream, struct buf *from)
{
    struct h2_exchange *x = of(stream);
    size_t before = buf_len(from);
    if (x->failed)
        return x->failed;
    if (before == 0)
        return 0;
    if (x->shut || (x->whole && !x->deaf))
        return BEAM_ECLOSED;
    int err = take(x, from);
    if (err < 0) {
        fail(x, err);
        return err;
    }
    stir(x);
    if (buf_len(from) > 0)
        x->owed |= STREAM_WRITABLE;
    return buf_len(from) < before ? (ssize_t)(before - buf_len(from)) : BEAM_EAGAIN;
}

static size_t h2_unsent(const struct stream *stream)
{
    const struct h2_exchange *x = (const struct h2_exchange *)stream;
    return x->failed ? 0 : buf_len(&x->core->out);
}

/* ---- its end --------------------------------------------------------------------------------- */

static int h2_shut(struct stream *stream)
{
    struct h2_exchange *x = of(stream);
    if (x->shut || x->failed == BEAM_ECLOSED)
        return 0;
    if (x->failed)
        return x->failed;
    x->shut = true;
    if (x->whole) {
        call(x, x->owed & STREAM_READABLE);
        return 0;
    }
    if (x->raw || (x->begun && http_body_close(&x->body) == 0)) {
        h2_finish(x->core);
        finished(x);
        stir(x);
        return 0;
    }
    fail(x, BEAM_ERESET);
    return x->failed;
}

static void h2_reset_stream(struct stream *stream)
{
    struct h2_exchange *x = of(stream);
    if (x->failed == BEAM_ECLOSED)
        return;
    buf_clear(&x->text);
    fail(x, BEAM_ECLOSED);
}

static void h2_free_stream(struct stream *stream)
{
    struct h2_exchange *x = of(stream);
    struct h2_exchange_owner owner = x->owner;
    if (!x->shut && x->raw)
        (void)h2_shut(stream);
    loop_task_cancel(x->loop, &x->call);
    h2_forget(x->core);
    buf_clear(&x->text);
    gather_clear(&x->head);
    trailers_clear(&x->trailers);
    free(x);
    owner.stir(owner.arg);
    owner.gone(owner.arg);
}

static const struct stream_ops h2_ops = {
    .kind = "h2",
    .read = h2_read,
    .write = h2_write,
    .shut = h2_shut,
    .reset = h2_reset_stream,
    .free = h2_free_stream,
    .unsent = h2_unsent,
};

int h2_exchange_new(struct loop *l, struct h2_stream *core, const struct h2_exchange_owner *owner,
                    struct stream **out)
{
    struct h2_exchange *x = calloc(1, sizeof(*x));
    if (!x) {
        h2_reset(core, H2_INTERNAL_ERROR);
        h2_forget(core);
        return BEAM_ENOMEM;
    }
    x->stream.ops = &h2_ops;
    x->loop = l;
    x->core = core;
    x->owner = *owner;
    core->owner = x;
    buf_init(&x->text, loop_pool(l), 2 * H2_WIDE);
    gather_init(&x->head, loop_pool(l));
    loop_task_init(&x->call, on_call, x);
    *out = &x->stream;
    return 0;
}
