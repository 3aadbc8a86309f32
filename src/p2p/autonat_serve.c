/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_serve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/autonat_message.h"
#include "p2p/core.h"
#include "p2p/dial.h"
#include "stream/frame.h"

enum {
    READ_MS = 10 * 1000,
    DIAL_MS = 15 * 1000,
    MINUTE_MS = 60 * 1000,
    TARGETS_MAX = 4 /* addresses of one question */
};

/* A question. */
struct asker {
    struct asker *next, **link;
    struct autonat_serve *serve;
    struct peer_id peer;
    struct addr from;
    struct frame *frame;
    struct key_pair *once; /* as whom it is dialled back */
    struct dial *dial;
};

struct autonat_serve {
    struct loop *loop;
    struct host *host;
    struct asker *askers;
    size_t n;
    struct served {
        bool used;
        uint64_t at;
        struct addr from;
    } served[AUTONAT_SERVED_A_MINUTE]; /* the last ones */
    size_t next;
};

static void end_dial(struct asker *a)
{
    if (!a->dial)
        return;
    dial_cancel(a->dial);
    a->dial = NULL;
    a->serve->host->dials--;
}

static void asker_free(struct asker *a)
{
    end_dial(a);
    key_pair_free(a->once);
    frame_free(a->frame);
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    a->serve->n--;
    free(a);
}

/* Closed in order, after what was said. */
static void answer(struct asker *a, enum autonat_status status, const struct multiaddr *addr)
{
    struct autonat_message m = {.type = AUTONAT_DIAL_RESPONSE, .status = status};
    uint8_t bytes[AUTONAT_MESSAGE_MAX];
    size_t len;
    if (addr)
        m.addr = (struct autonat_view){addr->bytes, addr->len};
    if (autonat_message_write(&m, bytes, &len) == 0 && frame_send(a->frame, bytes, len) == 0)
        frame_shut(a->frame);
    asker_free(a);
}

static void on_dialled(void *arg, int err, const struct beam_why *why, const struct dial_result *r)
{
    struct asker *a = arg;
    (void)why;
    a->dial = NULL;
    a->serve->host->dials--;
    struct multiaddr at;
    if (err == 0) {
        at = r->target->addr;
        stream_free(r->secured);
    }
    answer(a, err < 0 ? AUTONAT_DIAL_ERROR : AUTONAT_OK, err < 0 ? NULL : &at);
}

/* ---- what is dialled ------------------------------------------------------------------------ */

static bool same_ip(const struct addr *a, const struct addr *b)
{
    if (a->ss.ss_family != b->ss.ss_family)
        return false;
    if (a->ss.ss_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)&a->ss)->sin_addr,
                      &((const struct sockaddr_in *)&b->ss)->sin_addr, sizeof(struct in_addr)) == 0;
    return a->ss.ss_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr,
                  &((const struct sockaddr_in6 *)&b->ss)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* TCP at the IP address that it is seen to have, and nothing else. */
static bool is_its_own(const struct asker *a, const struct autonat_view *view,
                       struct dial_target *out)
{
    const struct host_spec *h = &a->serve->host->spec;
    struct multiaddr whole;
    struct peer_id named;
    if (multiaddr_decode(view->at, view->len, &whole, NULL) < 0 ||
        (multiaddr_peer(&whole, &named) == 0 && !peer_id_equal(&named, &a->peer)))
        return false;
    multiaddr_without_peer(&whole, &out->addr);
    return way_find(&out->addr, h->permit, PERMIT_LEARNED, 0, &out->target, NULL) == 0 &&
           out->target.way == WAY_DIRECT && same_ip(&out->target.at, &a->from);
}

/* So many a minute, of all and of one address. */
static bool is_in_time(struct autonat_serve *s, const struct addr *from)
{
    uint64_t now = loop_now(s->loop);
    size_t all = 0, its = 0;
    for (size_t i = 0; i < AUTONAT_SERVED_A_MINUTE; i++) {
        const struct served *x = &s->served[i];
        if (!x->used || now - x->at >= MINUTE_MS)
            continue;
        all++;
        its += same_ip(&x->from, from);
    }
    if (all == AUTONAT_SERVED_A_MINUTE || its >= AUTONAT_SERVED_EACH)
        return false;
    s->served[s->next] = (struct served){.used = true, .at = now, .from = *from};
    s->next = (s->next + 1) % AUTONAT_SERVED_A_MINUTE;
    return true;
}

/* Under a key of its own: in our name the peer would take the connection for the one that is to
 * stay, and leave the other for it. */
static int dial_back(struct asker *a, const struct dial_target *targets, size_t n)
{
    struct host *h = a->serve->host;
    if (h->dials >= h->spec.limits.dials)
        return BEAM_ELIMIT;
    int err = key_pair_new(h->spec.rng, &a->once);
    if (err < 0)
        return err;
    const struct dial_spec spec = {.loop = a->serve->loop,
                                   .rng = h->spec.rng,
                                   .key = a->once,
                                   .permit = h->spec.permit,
                                   .tor = &h->spec.tor,
                                   .expect = &a->peer,
                                   .timeout_ms = DIAL_MS,
                                   .handshake_ms = h->spec.limits.handshake_ms};
    err = dial_start(&spec, targets, n, on_dialled, a, &a->dial);
    if (err == 0)
        h->dials++;
    return err;
}

/* ---- questions ------------------------------------------------------------------------------ */

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct asker *a = arg;
    struct dial_target *targets = calloc(TARGETS_MAX, sizeof(*targets));
    struct autonat_message m;
    struct peer_id named;
    size_t n = 0;
    if (!targets) {
        answer(a, AUTONAT_INTERNAL_ERROR, NULL);
        return;
    }
    bool good = autonat_message_read(data, len, &m) == 0 && m.type == AUTONAT_DIAL && m.peer.at &&
                peer_id_decode(m.peer.at, m.peer.len, &named, NULL) == 0 &&
                peer_id_equal(&named, &a->peer);
    for (size_t i = 0; good && i < m.n && n < TARGETS_MAX; i++)
        n += is_its_own(a, &m.addrs[i], &targets[n]);
    if (!good)
        answer(a, AUTONAT_BAD_REQUEST, NULL);
    else if (n == 0 || !is_in_time(a->serve, &a->from) || dial_back(a, targets, n) < 0)
        answer(a, AUTONAT_DIAL_REFUSED, NULL);
    free(targets);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    asker_free(arg);
}

/* One that no relay and no circuit is between: its address is its own. */
static bool is_direct(const struct host_peer *peer, struct addr *out)
{
    enum multiaddr_code transport;
    return peer->way == WAY_DIRECT && multiaddr_to_addr(peer->addr, out, &transport) == 0;
}

/* Who asks, and then says nothing, does not take the places of all. */
static bool has_room(const struct autonat_serve *s, const struct peer_id *peer,
                     const struct addr *from)
{
    size_t n = 0;
    for (const struct asker *a = s->askers; a; a = a->next)
        n += peer_id_equal(&a->peer, peer) || same_ip(&a->from, from);
    return s->n < AUTONAT_SERVED_AT_ONCE && n < AUTONAT_SERVED_EACH;
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct autonat_serve *s = arg;
    struct addr from = {.len = 0};
    bool taken = is_direct(peer, &from) && has_room(s, peer->id, &from);
    struct asker *a = taken ? malloc(sizeof(*a)) : NULL;
    if (!a) {
        stream_reset(stream);
        stream_free(stream);
        return;
    }
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = a};
    *a = (struct asker){
        .serve = s, .peer = *peer->id, .from = from, .next = s->askers, .link = &s->askers};
    if (frame_new(s->loop, stream, AUTONAT_MESSAGE_MAX, &events, &a->frame) < 0) {
        free(a);
        return;
    }
    if (a->next)
        a->next->link = &a->next;
    s->askers = a;
    s->n++;
    frame_read(a->frame, READ_MS);
}

int autonat_serve_start(struct loop *l, struct host *h, struct autonat_serve **out)
{
    struct autonat_serve *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->loop = l;
    s->host = h;
    int err = host_handle(h, AUTONAT_PROTOCOL, on_stream, s);
    if (err < 0)
        free(s);
    else
        *out = s;
    return err;
}

void autonat_serve_stop(struct autonat_serve *s)
{
    if (!s)
        return;
    host_unhandle(s->host, AUTONAT_PROTOCOL);
    while (s->askers)
        asker_free(s->askers);
    free(s);
}
