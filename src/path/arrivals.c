/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/arrivals.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <sodium.h>

#include "base/log.h"
#include "base/text.h"
#include "tor/proxy_line.h"

enum {
    WITHIN = 10000, /* ms */
    WAITING_MAX = 1000,
    SAY_EVERY = 60000, /* ms */
    TAG_BYTES = 5
};

struct arrival {
    struct arrivals *all;
    LIST_ENTRY(arrival) link;
    struct stream *stream;
    struct loop_timer late;
    struct loop_task begin;
    struct buf in;
    char line[PROXY_LINE_MAX + 2]; /* with its CRLF */
    size_t len;
};

struct arrivals {
    struct loop *loop;
    arrivals_fn *fn;
    void *arg;
    LIST_HEAD(, arrival) waiting;
    size_t count;
    uint64_t turned_away, say_at; /* since it was last said; when it may be said again */
    unsigned char key[crypto_shorthash_KEYBYTES];
};

static void tag_of(const struct arrivals *a, uint32_t circuit, char tag[ARRIVALS_TAG_SIZE])
{
    unsigned char hash[crypto_shorthash_BYTES];
    const unsigned char number[] = {(unsigned char)(circuit >> 24), (unsigned char)(circuit >> 16),
                                    (unsigned char)(circuit >> 8), (unsigned char)circuit};
    crypto_shorthash(hash, number, sizeof(number), a->key);
    (void)text_base32_encode(hash, TAG_BYTES, tag, ARRIVALS_TAG_SIZE);
}

/* What is left is its stream, which is given back. */
static struct stream *leave(struct arrival *v)
{
    struct stream *s = v->stream;
    loop_timer_clear(&v->late);
    loop_task_cancel(v->all->loop, &v->begin);
    LIST_REMOVE(v, link);
    v->all->count--;
    stream_own(s, NULL, NULL);
    buf_clear(&v->in);
    free(v);
    return s;
}

static void turn_away(struct arrival *v, const char *reason)
{
    struct stream *s = leave(v);
    log_info("path", "a visitor was turned away: %s", reason);
    stream_reset(s);
    stream_free(s);
}

static void announced(struct arrival *v)
{
    struct arrivals *a = v->all;
    uint32_t circuit;
    char tag[ARRIVALS_TAG_SIZE];
    if (v->len < 2 || v->line[v->len - 2] != '\r' ||
        proxy_line_parse(v->line, v->len - 2, &circuit) < 0) {
        turn_away(v, "tor did not announce it");
        return;
    }
    tag_of(a, circuit, tag);
    a->fn(a->arg, leave(v), tag);
}

/* No byte after the line is read, so that the stream is as if there had been none. */
static size_t wanted(const struct arrival *v)
{
    return v->len < PROXY_LINE_MIN ? PROXY_LINE_MIN - v->len : 1;
}

static void on_stream(void *arg, struct stream *s, unsigned ready)
{
    struct arrival *v = arg;
    (void)ready;
    while (v->len == 0 || v->line[v->len - 1] != '\n') {
        if (v->len == sizeof(v->line)) {
            turn_away(v, "tor did not announce it");
            return;
        }
        ssize_t n = stream_read(s, &v->in, wanted(v));
        if (n == BEAM_EAGAIN)
            return;
        if (n < 0) {
            turn_away(v, beam_err_text((int)n));
            return;
        }
        v->len += buf_peek(&v->in, 0, v->line + v->len, (size_t)n);
        buf_drain(&v->in, (size_t)n);
    }
    announced(v);
}

static void on_begin(void *arg)
{
    struct arrival *v = arg;
    on_stream(v, v->stream, STREAM_READABLE);
}

static void on_late(void *arg)
{
    turn_away(arg, beam_err_text(BEAM_ETIMEOUT));
}

int arrivals_new(struct loop *l, const struct rng *rng, arrivals_fn *fn, void *arg,
                 struct arrivals **out)
{
    struct arrivals *a = calloc(1, sizeof(*a));
    if (!a)
        return BEAM_ENOMEM;
    a->loop = l;
    a->fn = fn;
    a->arg = arg;
    LIST_INIT(&a->waiting);
    rng->fill(rng->arg, a->key, sizeof(a->key));
    *out = a;
    return 0;
}

/* A flood's log has a line a minute of it. */
static void say_full(struct arrivals *a)
{
    uint64_t now = loop_now(a->loop);
    a->turned_away++;
    if (now < a->say_at)
        return;
    log_warn("path",
             "visitors are turned away (%llu since this was last said): %zu others wait for tor to "
             "announce them",
             (unsigned long long)a->turned_away, a->count);
    a->turned_away = 0;
    a->say_at = now + SAY_EVERY;
}

void arrivals_take(struct arrivals *a, struct stream *s)
{
    struct arrival *v = a->count < WAITING_MAX ? calloc(1, sizeof(*v)) : NULL;
    if (!v) {
        say_full(a);
        stream_reset(s);
        stream_free(s);
        return;
    }
    v->all = a;
    v->stream = s;
    buf_init(&v->in, loop_pool(a->loop), sizeof(v->line));
    loop_timer_init(a->loop, &v->late, on_late, v);
    loop_task_init(&v->begin, on_begin, v);
    LIST_INSERT_HEAD(&a->waiting, v, link);
    a->count++;
    stream_own(s, on_stream, v);
    loop_timer_set(&v->late, WITHIN);
    loop_post(a->loop, &v->begin);
}

void arrivals_turn_away(struct arrivals *a)
{
    struct arrival *v;
    while (a && (v = LIST_FIRST(&a->waiting)) != NULL) {
        struct stream *s = leave(v);
        stream_reset(s);
        stream_free(s);
    }
}

void arrivals_free(struct arrivals *a)
{
    if (!a)
        return;
    arrivals_turn_away(a);
    sodium_memzero(a->key, sizeof(a->key));
    free(a);
}
