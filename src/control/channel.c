/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/channel.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/secrecy.h"
#include "base/text.h"

enum {
    READ_MAX = 64 * 1024, /* bytes a read */
    READS_PER_TURN = 4,   /* then others have their turn */
    LINE_FIRST = 1024     /* first size of the piece of a line that waits for its rest */
};

struct channel {
    struct loop *loop;
    struct stream *stream; /* NULL once closed */
    struct channel_events events;
    struct buf in, out;
    char *line; /* what has come of a line that did not come in one piece */
    size_t len, size;
    int err; /* why it ends, 0 while it lives */
    bool finishing, shut;
    bool calling, freed; /* freed while calling: run() lets go of it */
    struct loop_task go_on;
};

/* ---- a line -------------------------------------------------------------------------------- */

/* The length of the escape that begins at a backslash; 0 for what is none, and for an escaped NUL,
 * which would cut a C string short. (cJSON takes \u with anything but hex digits for one.) */
static size_t escape_len(const char *at, size_t left)
{
    uint8_t code[2];
    if (left < 2 || !strchr("\"\\/bfnrtu", at[1]) || at[1] == '\0')
        return 0;
    if (at[1] != 'u')
        return 2;
    if (left < 6 || text_hex_decode(at + 2, 4, code, sizeof(code)) < 0)
        return 0;
    return code[0] || code[1] ? 6 : 0;
}

/* What cJSON lets pass and we do not: control characters anywhere, NULs however written, nesting
 * that its recursion would follow a thousand deep. One pass. */
static bool is_plain(const char *line, size_t len)
{
    bool in_string = false;
    int depth = 0;
    for (size_t i = 0, n = 1; i < len; i += n, n = 1) {
        unsigned char c = (unsigned char)line[i];
        if (c < ' ' && (in_string || (c != '\t' && c != '\r' && c != '\n')))
            return false;
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string && c == '\\') {
            n = escape_len(line + i, len - i);
            if (n == 0)
                return false;
        } else if (!in_string && (c == '{' || c == '[')) {
            if (++depth > CONTROL_DEPTH_MAX)
                return false;
        } else if (!in_string && (c == '}' || c == ']')) {
            depth--;
        }
    }
    return true;
}

/* Whether nothing but JSON's white space is in [at, end). */
static bool is_blank(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    return at == end;
}

int channel_parse(const char *line, size_t len, cJSON **out)
{
    const char *end = NULL;
    if (len == 0 || !is_plain(line, len) || !text_utf8_valid(line, len))
        return BEAM_EPROTO;
    cJSON *object = cJSON_ParseWithLengthOpts(line, len, &end, 0);
    if (!object)
        return BEAM_EPROTO;
    if (!cJSON_IsObject(object) || !is_blank(end, line + len)) {
        cJSON_Delete(object);
        return BEAM_EPROTO;
    }
    *out = object;
    return 0;
}

/* ---- coming in ----------------------------------------------------------------------------- */

static void take_line(struct channel *c, const char *line, size_t len)
{
    cJSON *object = NULL;
    if (c->finishing)
        return;
    c->err = channel_parse(line, len, &object);
    if (c->err == 0)
        c->events.message(c->events.arg, object);
    cJSON_Delete(object);
}

/* Keeps a piece of a line; it fits CONTROL_LINE_MAX. */
static int keep(struct channel *c, const char *piece, size_t len)
{
    size_t size = c->size ? c->size : LINE_FIRST;
    while (size < c->len + len)
        size *= 2;
    if (size != c->size) {
        char *line = malloc(size); /* realloc would leave a copy behind */
        if (!line)
            return BEAM_ENOMEM;
        if (c->len > 0)
            memcpy(line, c->line, c->len);
        secrecy_free(c->line);
        c->line = line;
        c->size = size;
    }
    memcpy(c->line + c->len, piece, len);
    c->len += len;
    return 0;
}

static void forget_line(struct channel *c)
{
    secrecy_free(c->line);
    c->line = NULL;
    c->len = c->size = 0;
}

/* Takes the bytes of one contiguous piece up to the end of a line, or all. Returns how many. */
static size_t take_piece(struct channel *c, const char *piece, size_t len)
{
    const char *lf = memchr(piece, '\n', len);
    size_t n = lf ? (size_t)(lf - piece) : len;
    if (c->len + n >= CONTROL_LINE_MAX) {
        c->err = BEAM_EPROTO;
    } else if (lf && c->len == 0) {
        take_line(c, piece, n);
    } else {
        c->err = keep(c, piece, n);
        if (lf && c->err == 0) {
            take_line(c, c->line, c->len);
            forget_line(c);
        }
    }
    return n + (lf != NULL);
}

static void take_lines(struct channel *c)
{
    while (buf_len(&c->in) > 0 && c->err == 0 && !c->freed) {
        struct iovec piece;
        (void)buf_iov(&c->in, &piece, 1);
        size_t n = take_piece(c, piece.iov_base, piece.iov_len);
        sodium_memzero(piece.iov_base, n); /* a line may have a secret in it */
        buf_drain(&c->in, n);
    }
}

static void receive(struct channel *c)
{
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = stream_read(c->stream, &c->in, READ_MAX);
        if (n == BEAM_EAGAIN)
            return;
        if (n < 0)
            c->err = (int)n;
        else
            take_lines(c);
        if (c->err || c->freed)
            return;
    }
    loop_post(c->loop, &c->go_on);
}

/* ---- going out ----------------------------------------------------------------------------- */

static int send_some(struct channel *c)
{
    ssize_t n = stream_write(c->stream, &c->out);
    if (n < 0 && n != BEAM_EAGAIN)
        return (int)n;
    if (!c->finishing || c->shut || buf_len(&c->out) > 0)
        return 0;
    c->shut = true;
    return stream_shut(c->stream);
}

/* Appends an object as a line, all or nothing. */
static int put_line(struct buf *out, const cJSON *message)
{
    char *text = cJSON_PrintUnformatted(message);
    if (!text)
        return BEAM_ENOMEM;
    size_t len = strlen(text);
    int err = BEAM_EINVAL;
    if (len < CONTROL_LINE_MAX && text_utf8_valid(text, len)) {
        text[len] = '\n'; /* where the NUL was */
        err = buf_add_secret(out, text, len + 1);
    }
    cJSON_free(text);
    return err;
}

/* What was queued goes out soon; from within an event, as soon as that is over. */
static void go_on(struct channel *c)
{
    if (!c->calling)
        loop_post(c->loop, &c->go_on);
}

int channel_send(struct channel *c, const cJSON *message)
{
    if (c->err || c->finishing || c->freed)
        return BEAM_ECLOSED;
    int err = put_line(&c->out, message);
    if (err == BEAM_ELIMIT)
        c->err = err;
    go_on(c);
    return err;
}

size_t channel_queued(const struct channel *c)
{
    return buf_len(&c->out);
}

void channel_finish(struct channel *c)
{
    c->finishing = true;
    go_on(c);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void destroy(struct channel *c)
{
    loop_task_cancel(c->loop, &c->go_on);
    stream_free(c->stream);
    buf_clear(&c->in);
    buf_clear(&c->out);
    forget_line(c);
    free(c);
}

static void end(struct channel *c)
{
    loop_task_cancel(c->loop, &c->go_on);
    stream_free(c->stream);
    c->stream = NULL;
    buf_clear(&c->in);
    buf_clear(&c->out);
    forget_line(c);
    c->events.closed(c->events.arg, c->err);
}

static void run(void *arg)
{
    struct channel *c = arg;
    c->calling = true;
    if (c->err == 0)
        receive(c);
    /* The answers to the last words of a peer that ended go out too. */
    if (!c->freed && (c->err == 0 || c->err == BEAM_ECLOSED)) {
        int err = send_some(c);
        c->err = c->err ? c->err : err;
    }
    if (!c->freed && c->err)
        end(c);
    c->calling = false;
    if (c->freed)
        destroy(c);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    run(arg);
}

int channel_new(struct loop *l, struct stream *s, const struct channel_events *events,
                struct channel **out)
{
    struct channel *c = calloc(1, sizeof(*c));
    if (!c) {
        stream_free(s);
        return BEAM_ENOMEM;
    }
    c->loop = l;
    c->stream = s;
    c->events = *events;
    buf_init(&c->in, loop_pool(l), READ_MAX);
    buf_init(&c->out, loop_pool(l), CONTROL_QUEUE_MAX);
    loop_task_init(&c->go_on, run, c);
    stream_own(s, on_ready, c);
    loop_post(l, &c->go_on);
    *out = c;
    return 0;
}

void channel_free(struct channel *c)
{
    if (!c)
        return;
    if (c->calling)
        c->freed = true;
    else
        destroy(c);
}
