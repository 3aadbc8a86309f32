/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "http/body.h"

enum { BLOCK = 64 * 1024, STATUS_OK = 200, STATUS_UNCHANGED = 304, GONE = -1 };

static const char no_http[] = "what answers there is no HTTP";

struct download {
    struct download_spec spec;
    struct download_events events;
    struct url_stream *way;
    struct stream *stream;
    struct buf in, out;
    struct loop_timer idle, end;
    struct loop_task more;
    int fd;
    bool has_head, judged;
    struct http_body body;
    uint64_t got; /* bytes of content */
    uint8_t *first;
    size_t first_len;
    char tag[DOWNLOAD_TAG_SIZE];
};

/* ---- its end -------------------------------------------------------------------------------- */

/* All but the file's name. */
static void let_go(struct download *d)
{
    url_stream_cancel(d->way);
    stream_free(d->stream);
    buf_clear(&d->in);
    buf_clear(&d->out);
    loop_timer_clear(&d->idle);
    loop_timer_clear(&d->end);
    loop_task_cancel(d->spec.way.loop, &d->more);
    if (d->fd >= 0)
        close(d->fd);
    free(d->first);
    free(d);
}

void download_cancel(struct download *d)
{
    if (!d)
        return;
    (void)file_remove(d->spec.path);
    let_go(d);
}

static void end(struct download *d, int err, const struct beam_why *why)
{
    const struct download_events events = d->events;
    char tag[DOWNLOAD_TAG_SIZE];
    memcpy(tag, d->tag, sizeof(tag));
    if (err != 0)
        download_cancel(d);
    else
        let_go(d);
    events.done(events.arg, err, why, tag);
}

/* GONE, always. */
static int fail(struct download *d, int err, const char *words)
{
    struct beam_why why = {.text = ""};
    (void)beam_why(&why, err, "%s", words ? words : beam_err_text(err));
    end(d, err, &why);
    return GONE;
}

static void on_idle(void *arg)
{
    (void)fail(arg, BEAM_ETIMEOUT, "nothing came for a while");
}

static void on_end(void *arg)
{
    (void)fail(arg, BEAM_ETIMEOUT, "it takes too long");
}

/* ---- content -------------------------------------------------------------------------------- */

/* What its first bytes say. As all below: GONE when it has ended, and 0 otherwise. */
static int judge(struct download *d)
{
    struct beam_why why = {.text = ""};
    d->judged = true;
    int err = d->events.begins(d->events.arg, d->first, d->first_len, &why);
    if (err == 0)
        return 0;
    end(d, err, &why);
    return GONE;
}

static int take_content(struct download *d, const uint8_t *data, size_t len)
{
    size_t n = d->spec.first - d->first_len;
    d->got += len;
    if (d->got > d->spec.max)
        return fail(d, BEAM_ELIMIT, "it is larger than it may be");
    n = n < len ? n : len;
    memcpy(d->first + d->first_len, data, n);
    d->first_len += n;
    if (!d->judged && d->first_len == d->spec.first && judge(d) == GONE)
        return GONE;
    return write(d->fd, data, len) == (ssize_t)len ? 0 : fail(d, beam_err_errno(errno), NULL);
}

static int feed(struct download *d, const uint8_t *data, size_t len)
{
    while (len > 0 && !d->body.done) {
        uint64_t content = http_body_opaque(&d->body);
        size_t n = content < len ? (size_t)content : len;
        if (n > 0) {
            http_body_pass(&d->body, n);
            if (take_content(d, data, n) == GONE)
                return GONE;
        } else if (http_body_feed(&d->body, data, n = 1) < 0) {
            return fail(d, BEAM_EPROTO, no_http);
        }
        data += n;
        len -= n;
    }
    return 0;
}

/* ---- the response --------------------------------------------------------------------------- */

static void keep_tag(struct download *d, const struct http_head *head)
{
    struct http_text tag;
    if (!http_head_field(head, "ETag", &tag) || tag.len >= sizeof(d->tag))
        return;
    for (size_t i = 0; i < tag.len; i++)
        if (tag.at[i] < '!' || tag.at[i] > '~')
            return;
    memcpy(d->tag, tag.at, tag.len);
    d->tag[tag.len] = '\0';
}

static int take_head(struct download *d, const struct http_head *head)
{
    char words[64];
    if (head->status == STATUS_UNCHANGED) {
        end(d, DOWNLOAD_UNCHANGED, NULL);
        return GONE;
    }
    snprintf(words, sizeof(words), "the answer there is %d", head->status);
    if (head->status != STATUS_OK)
        return fail(d, BEAM_EUNREACH, words);
    if (head->has_length && head->content_length > d->spec.max)
        return fail(d, BEAM_ELIMIT, "it is larger than it may be");
    http_body_init_response(&d->body, head, (struct http_text){"GET", 3});
    d->has_head = true;
    keep_tag(d, head);
    return 0;
}

static int read_head(struct download *d)
{
    char bytes[HTTP_HEAD_MAX];
    struct http_head head;
    int n = 0;
    while (!d->has_head) {
        size_t len = buf_peek(&d->in, 0, bytes, sizeof(bytes));
        n = http_head_parse(bytes, len, HTTP_RESPONSE, &head);
        if (n == BEAM_EAGAIN)
            return 0;
        if (n < 0)
            return fail(d, n, no_http);
        if (head.status / 100 != 1 && take_head(d, &head) == GONE)
            return GONE;
        buf_drain(&d->in, (size_t)n);
    }
    return 0;
}

static int take(struct download *d)
{
    uint8_t bytes[16 * 1024];
    size_t n;
    if (!d->has_head && read_head(d) == GONE)
        return GONE;
    while (d->has_head && !d->body.done && (n = buf_peek(&d->in, 0, bytes, sizeof(bytes))) > 0) {
        if (feed(d, bytes, n) == GONE)
            return GONE;
        buf_drain(&d->in, n);
    }
    return 0;
}

static void finish(struct download *d)
{
    if (d->judged || judge(d) != GONE)
        end(d, 0, NULL);
}

/* One block a call: what follows waits for its turn. */
static void read_on(struct download *d)
{
    ssize_t n = stream_read(d->stream, &d->in, BLOCK);
    if (n == BEAM_EAGAIN)
        return;
    loop_timer_set(&d->idle, d->spec.idle_ms);
    if (take(d) == GONE)
        return;
    if (n < 0 && d->has_head && !d->body.done && n == BEAM_ECLOSED)
        n = http_body_close(&d->body);
    if (d->has_head && d->body.done)
        finish(d);
    else if (n <= 0)
        (void)fail(d, n == BEAM_ECLOSED || n == 0 ? BEAM_ERESET : (int)n,
                   d->has_head ? "it is cut" : no_http);
    else
        loop_post(d->spec.way.loop, &d->more);
}

static void on_more(void *arg)
{
    read_on(arg);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct download *d = arg;
    (void)ready;
    if (buf_len(&d->out) > 0)
        (void)stream_write(s, &d->out);
    read_on(d);
}

/* ---- its beginning -------------------------------------------------------------------------- */

static void on_way(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct download *d = arg;
    const struct download_spec *spec = &d->spec;
    bool again = spec->tag[0] != '\0';
    d->way = NULL;
    if (err < 0) {
        end(d, err, why);
        return;
    }
    d->stream = s;
    stream_own(s, on_ready, d);
    loop_timer_set(&d->idle, spec->idle_ms);
    err = buf_addf(&d->out,
                   "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
                   "%s%s%sConnection: close\r\n\r\n",
                   spec->url.path, spec->url.authority, again ? "If-None-Match: " : "",
                   again ? spec->tag : "", again ? "\r\n" : "");
    if (err < 0)
        (void)fail(d, err, NULL);
    else
        on_ready(d, s, STREAM_WRITABLE);
}

int download_start(const struct download_spec *spec, const struct download_events *events,
                   struct download **out, struct beam_why *why)
{
    struct loop *l = spec->way.loop;
    struct download *d = calloc(1, sizeof(*d));
    if (!d)
        return beam_why(why, BEAM_ENOMEM, "out of memory");
    d->spec = *spec;
    d->events = *events;
    buf_init(&d->in, loop_pool(l), HTTP_HEAD_MAX + BLOCK);
    buf_init(&d->out, loop_pool(l), 2 * WHERE_TEXT_SIZE + 512);
    loop_timer_init(l, &d->idle, on_idle, d);
    loop_timer_init(l, &d->end, on_end, d);
    loop_task_init(&d->more, on_more, d);
    d->first = malloc(spec->first);
    d->fd = open(spec->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int err = 0;
    if (d->fd < 0)
        err = beam_why(why, beam_err_errno(errno), "%s: %s", spec->path, strerror(errno));
    else if (!d->first)
        err = beam_why(why, BEAM_ENOMEM, "out of memory");
    if (err == 0)
        err = url_stream_open(&spec->way, &spec->url, on_way, d, &d->way, why);
    if (err < 0) {
        download_cancel(d);
        return err;
    }
    loop_timer_set(&d->end, spec->most_ms);
    *out = d;
    return 0;
}
