/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/handshakes.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "relay/sni.h"
#include "stream/ahead.h"

enum {
    SOURCES_MAX = 65536, /* looked after at once */
    SWEEP_MS = 1000,
    BURST = 10,       /* seconds of a source's rate */
    COST = 1000,      /* of a handshake, in a source's thousandths */
    HANDSHAKE = 22,   /* the first byte of TLS (RFC 8446, 5.1) */
    FIRST_MAX = 4096, /* bytes that are read at once to see it, and most hellos */
    LONG_MAX = 256    /* hellos that are longer, at once */
};
enum { IPV6_NET = 8, SOURCE_SIZE = 1 + IPV6_NET };

/* Who begins handshakes. It is forgotten when it has rested so long that all of its burst is there
 * again. */
struct source {
    struct source *older, *newer; /* by when something of it began or ended */
    uint8_t key[SOURCE_SIZE];
    size_t under_way;
    bool free;      /* of this machine: a server in front of the relay brings everybody's */
    uint64_t milli; /* thousandths of handshakes that it may begin */
    uint64_t at;    /* as of then */
};

struct shake {
    struct shake *next, **link;
    struct handshakes *all;
    struct source *source;
    struct stream *stream; /* until it is known what it speaks */
    struct buf first;
    struct sni sni;
    bool is_long;          /* more was read than FIRST_MAX */
    struct loop_task look; /* a fresh stream owes no call */
    struct loop_timer deadline;
    struct tls *tls;
    struct addr from;
    bool known;
};

struct handshakes {
    struct handshakes_spec spec;
    struct shake *shakes;
    size_t count, long_count;
    struct map *sources;
    struct source *oldest, *newest;
    struct loop_timer sweep;
};

/* ---- sources -------------------------------------------------------------------------------- */

static void key_of(const struct addr *from, uint8_t out[SOURCE_SIZE])
{
    memset(out, 0, SOURCE_SIZE);
    if (!from)
        return;
    out[0] = (uint8_t)from->ss.ss_family;
    if (from->ss.ss_family == AF_INET)
        memcpy(out + 1, &((const struct sockaddr_in *)&from->ss)->sin_addr, 4);
    if (from->ss.ss_family == AF_INET6)
        memcpy(out + 1, &((const struct sockaddr_in6 *)&from->ss)->sin6_addr, IPV6_NET);
}

static uint64_t full(const struct handshakes *h)
{
    return h->spec.each_rate * BURST * COST;
}

static void earn(const struct handshakes *h, struct source *s)
{
    uint64_t now = loop_now(h->spec.loop), most = full(h);
    uint64_t more = (now - s->at) * h->spec.each_rate;
    s->milli = s->milli + more > most ? most : s->milli + more;
    s->at = now;
}

static void unlink_source(struct handshakes *h, struct source *s)
{
    *(s->older ? &s->older->newer : &h->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &h->newest) = s->older;
}

static void link_newest(struct handshakes *h, struct source *s)
{
    s->older = h->newest;
    s->newer = NULL;
    *(h->newest ? &h->newest->newer : &h->oldest) = s;
    h->newest = s;
}

static void touch(struct handshakes *h, struct source *s)
{
    earn(h, s);
    unlink_source(h, s);
    link_newest(h, s);
}

static void forget_source(struct handshakes *h, struct source *s)
{
    unlink_source(h, s);
    map_take(h->sources, s->key, sizeof(s->key));
    free(s);
}

static struct source *source_of(struct handshakes *h, const struct addr *from)
{
    uint8_t key[SOURCE_SIZE];
    key_of(from, key);
    struct source *s = map_get(h->sources, key, sizeof(key));
    if (s) {
        touch(h, s);
        return s;
    }
    if (map_count(h->sources) == SOURCES_MAX && h->oldest->under_way == 0)
        forget_source(h, h->oldest);
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    memcpy(s->key, key, sizeof(key));
    s->free = from && addr_scope(from) == ADDR_LOOPBACK;
    s->milli = full(h);
    s->at = loop_now(h->spec.loop);
    if (map_put(h->sources, key, sizeof(key), s) < 0) {
        free(s);
        return NULL;
    }
    link_newest(h, s);
    return s;
}

/* Whether one more may begin; it is counted then. */
static bool admit(struct handshakes *h, struct source *s)
{
    if (h->count == h->spec.max || (!s->free && (s->under_way == h->spec.each || s->milli < COST)))
        return false;
    if (!s->free)
        s->milli -= COST;
    s->under_way++;
    return true;
}

/* Whoever rested for less long than the oldest has not rested long enough either. */
static void on_sweep(void *arg)
{
    struct handshakes *h = arg;
    while (h->oldest) {
        earn(h, h->oldest);
        if (h->oldest->under_way > 0 || h->oldest->milli < full(h)) {
            loop_timer_set(&h->sweep, SWEEP_MS);
            return;
        }
        forget_source(h, h->oldest);
    }
}

/* ---- visitors ------------------------------------------------------------------------------- */

static void forget(struct shake *s)
{
    struct handshakes *h = s->all;
    loop_task_cancel(h->spec.loop, &s->look);
    loop_timer_clear(&s->deadline);
    buf_clear(&s->first);
    s->source->under_way--;
    touch(h, s->source);
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
    s->source->milli += COST;
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
        s->source->milli += COST;
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
                 struct source *source)
{
    struct shake *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->all = h;
    s->source = source;
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
    struct source *source = source_of(h, from);
    bool admitted = source && admit(h, source);
    if (source && !loop_timer_pending(&h->sweep))
        loop_timer_set(&h->sweep, SWEEP_MS);
    if (admitted && begin(h, s, from, source) == 0)
        return;
    if (admitted)
        source->under_way--;
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
    int err = map_new(spec->rng, SOURCES_MAX, &h->sources);
    if (err < 0) {
        free(h);
        return err;
    }
    loop_timer_init(spec->loop, &h->sweep, on_sweep, h);
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
    loop_timer_clear(&h->sweep);
    while (h->oldest)
        forget_source(h, h->oldest);
    map_free(h->sources);
    free(h);
}
