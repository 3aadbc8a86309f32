/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/handshakes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/net.h"
#include "relay/quota.h"
#include "relay/sni.h"
#include "stream/ahead.h"

enum {
    SOURCES_MAX = 65536, /* looked after at once */
    SECOND_MS = 1000,
    BURST = 10,       /* seconds of a source's rate */
    HANDSHAKE = 22,   /* the first byte of TLS (RFC 8446, 5.1) */
    FIRST_MAX = 4096, /* bytes that are read at once to see it, and most hellos */
    LONG_MAX = 256    /* hellos that are longer, at once */
};

struct shake {
    struct shake *next, **link;
    struct handshakes *all;
    struct stream *stream; /* until it is known what it speaks */
    struct buf first;
    struct sni sni;
    bool is_long;          /* more was read than FIRST_MAX */
    struct loop_task look; /* a fresh stream owes no call */
    struct loop_timer deadline;
    struct tls *tls;
    struct addr from;
    struct net net;
    bool known, costless;
};

struct handshakes {
    struct handshakes_spec spec;
    struct shake *shakes;
    size_t count, long_count;
    struct quota *sources;
};

/* ---- sources -------------------------------------------------------------------------------- */

/* Whether one more may begin; it is counted then. */
static bool admit(struct handshakes *h, const struct net *from)
{
    struct net source;
    if (h->count == h->spec.max)
        return false;
    if (!net_source(from, &source))
        return true;
    if (!quota_enter(h->sources, &source, sizeof(source), h->spec.each))
        return false;
    if (quota_take(h->sources, &source, sizeof(source), loop_now(h->spec.loop), NULL))
        return true;
    quota_leave(h->sources, &source, sizeof(source));
    return false;
}

/* One of those has ended. `costless`: it was no handshake. */
static void leave(struct handshakes *h, const struct net *from, bool costless)
{
    struct net source;
    if (!net_source(from, &source))
        return;
    if (costless)
        quota_give_back(h->sources, &source, sizeof(source));
    quota_leave(h->sources, &source, sizeof(source));
}

/* ---- visitors ------------------------------------------------------------------------------- */

static void forget(struct shake *s)
{
    struct handshakes *h = s->all;
    loop_task_cancel(h->spec.loop, &s->look);
    loop_timer_clear(&s->deadline);
    buf_clear(&s->first);
    leave(h, &s->net, s->costless);
    h->count--;
    h->long_count -= s->is_long;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    free(s);
}

static void hand_on(struct shake *s, struct stream *stream, const struct tls_result *r)
{
    struct handshakes *h = s->all;
    struct addr from = s->from;
    bool known = s->known;
    forget(s);
    h->spec.visitor(h->spec.arg, stream, known ? &from : NULL, r);
}

static void drop(struct shake *s)
{
    if (s->stream)
        stream_reset(s->stream);
    stream_free(s->stream);
    tls_cancel(s->tls);
    forget(s);
}

static void on_tls(void *arg, int err, const struct beam_why *why, struct stream *stream,
                   const struct tls_result *r)
{
    struct shake *s = arg;
    s->tls = NULL;
    if (err < 0) {
        log_debug("relay", "a visitor's %s", why->text);
        forget(s);
        return;
    }
    hand_on(s, stream, r);
}

/* For somebody else to open: that costs no handshake. */
static void pass_on(struct shake *s, struct stream *whole)
{
    struct handshakes *h = s->all;
    char host[SNI_NAME_SIZE];
    struct addr from = s->from;
    bool known = s->known;
    memcpy(host, s->sni.name, sizeof(host));
    s->costless = true;
    forget(s);
    h->spec.passed(h->spec.arg, whole, known ? &from : NULL, host);
}

/* It is known what it speaks, and for whom. */
static void decide(struct shake *s, bool tls)
{
    struct handshakes *h = s->all;
    const struct tls_spec spec = {.timeout_ms = h->spec.timeout_ms};
    struct stream *whole;
    if (stream_ahead(s->stream, &s->first, &whole) < 0) {
        drop(s);
        return;
    }
    stream_own(whole, NULL, NULL);
    s->stream = NULL;
    loop_timer_clear(&s->deadline);
    if (!tls) {
        s->costless = true;
        hand_on(s, whole, NULL);
    } else if (h->spec.passes && s->sni.name[0] && h->spec.passes(h->spec.arg, s->sni.name)) {
        pass_on(s, whole);
    } else if (tls_start(h->spec.loop, whole, h->spec.context, &spec, on_tls, s, &s->tls) < 0) {
        s->stream = whole;
        drop(s);
    }
}

/* Whether what came is room enough for a hello: of those that are long only so many are held. */
static bool has_room(struct shake *s)
{
    struct handshakes *h = s->all;
    if (s->is_long || buf_len(&s->first) < FIRST_MAX)
        return true;
    if (h->long_count == LONG_MAX)
        return false;
    s->is_long = true;
    h->long_count++;
    return true;
}

/* The bytes that came last, to whoever looks for the host's name. */
static enum sni_result feed(struct shake *s, size_t len)
{
    uint8_t bytes[FIRST_MAX];
    size_t at = buf_len(&s->first) - len;
    return sni_feed(&s->sni, bytes, buf_peek(&s->first, at, bytes, len));
}

static void look(struct shake *s)
{
    const struct handshakes *h = s->all;
    ssize_t n = 0;
    while (has_room(s) && (n = stream_read(s->stream, &s->first, FIRST_MAX)) > 0) {
        enum sni_result result = feed(s, (size_t)n);
        if (result != SNI_MORE || !h->spec.passes) {
            decide(s, result != SNI_NO_TLS);
            return;
        }
    }
    if (n != BEAM_EAGAIN)
        drop(s);
}

static void on_look(void *arg)
{
    look(arg);
}

static void on_ready(void *arg, struct stream *stream, unsigned ready)
{
    (void)stream;
    (void)ready;
    look(arg);
}

static void on_deadline(void *arg)
{
    drop(arg);
}

static int begin(struct handshakes *h, struct stream *stream, const struct addr *from,
                 const struct net *net)
{
    struct shake *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->all = h;
    s->net = *net;
    s->stream = stream;
    s->known = from != NULL;
    if (from)
        s->from = *from;
    buf_init(&s->first, loop_pool(h->spec.loop), SNI_BYTES_MAX + FIRST_MAX);
    loop_task_init(&s->look, on_look, s);
    loop_timer_init(h->spec.loop, &s->deadline, on_deadline, s);
    loop_timer_set(&s->deadline, h->spec.timeout_ms ? h->spec.timeout_ms : TLS_TIMEOUT_MS);
    s->next = h->shakes;
    s->link = &h->shakes;
    if (s->next)
        s->next->link = &s->next;
    h->shakes = s;
    h->count++;
    stream_own(stream, on_ready, s);
    loop_post(h->spec.loop, &s->look);
    return 0;
}

void handshakes_begin(struct handshakes *h, struct stream *s, const struct addr *from)
{
    struct net net;
    net_of(from, &net);
    if (admit(h, &net)) {
        if (begin(h, s, from, &net) == 0)
            return;
        leave(h, &net, true);
    }
    stream_reset(s);
    stream_free(s);
}

/* ---- all of them ---------------------------------------------------------------------------- */

int handshakes_new(const struct handshakes_spec *spec, struct handshakes **out)
{
    struct handshakes *h = calloc(1, sizeof(*h));
    if (!h)
        return BEAM_ENOMEM;
    h->spec = *spec;
    int err = quota_new(spec->rng, SOURCES_MAX, &h->sources);
    if (err < 0) {
        free(h);
        return err;
    }
    const struct bucket_rate rate =
        bucket_rate(spec->each_rate, SECOND_MS, spec->each_rate * BURST);
    quota_rate(h->sources, &rate);
    *out = h;
    return 0;
}

size_t handshakes_count(const struct handshakes *h)
{
    return h->count;
}

void handshakes_free(struct handshakes *h)
{
    if (!h)
        return;
    while (h->shakes)
        drop(h->shakes);
    quota_free(h->sources);
    free(h);
}
