/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/visits.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "stream/frame.h"

enum { HEAD_MS = 10000 };

/* A visit whose head is still to come. How many there are is what the host lets each relay open: a
 * ceiling for all would let one of them keep out the visitors of the others. */
struct arrival {
    struct arrival *next, **link;
    struct visits *visits;
    struct peer_id relay;
    struct frame *frame;
};

struct visits {
    struct loop *loop;
    struct host *host;
    struct visits_entry *entries;
    struct arrival *arrivals;
    struct proof *proofs;
};

static void take_out(struct arrival *a)
{
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    free(a);
}

static void refuse(struct stream *s)
{
    stream_reset(s);
    stream_free(s);
}

static struct visits_entry *find(const struct visits *v, const struct peer_id *relay,
                                 const uint8_t id[RESERVATION_ID_SIZE])
{
    struct visits_entry *e = v->entries;
    while (e && (!peer_id_equal(&e->relay, relay) || memcmp(e->id, id, sizeof(e->id)) != 0))
        e = e->next;
    return e;
}

static bool is_known(uint64_t via)
{
    return via == VISIT_HEAD_HTTP || via == VISIT_HEAD_TCP || via == VISIT_HEAD_UDP ||
           via == VISIT_HEAD_TLS || via == VISIT_HEAD_NOTICE;
}

static void on_head(void *arg, const uint8_t *data, size_t len)
{
    struct arrival *a = arg;
    struct visit_head head;
    struct visits_entry *e = NULL;
    if (visit_head_decode(data, len, &head) == 0 && is_known(head.via))
        e = find(a->visits, &a->relay, head.id);
    struct stream *s = frame_take(a->frame);
    take_out(a);
    if (e && head.via == VISIT_HEAD_NOTICE) {
        stream_free(s);
        if (e->notice)
            e->notice(e->arg, &head);
        return;
    }
    if (e) {
        e->visitor(e->arg, s, &head);
        return;
    }
    log_debug("relay", "a visit to none of our reservations was refused");
    refuse(s);
}

static void on_ended(void *arg, int err)
{
    struct arrival *a = arg;
    (void)err;
    struct stream *s = frame_take(a->frame);
    take_out(a);
    refuse(s);
}

static void on_stream(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct visits *v = arg;
    struct arrival *a = calloc(1, sizeof(*a));
    if (!a) {
        refuse(s);
        return;
    }
    const struct frame_events events = {.message = on_head, .ended = on_ended, .arg = a};
    a->visits = v;
    a->relay = *peer->id;
    if (frame_new(v->loop, s, VISIT_HEAD_MAX, &events, &a->frame) < 0) {
        free(a);
        return;
    }
    a->next = v->arrivals;
    a->link = &v->arrivals;
    if (a->next)
        a->next->link = &a->next;
    v->arrivals = a;
    frame_read(a->frame, HEAD_MS);
}

int visits_new(struct loop *l, struct host *h, struct visits **out)
{
    struct visits *v = calloc(1, sizeof(*v));
    if (!v)
        return BEAM_ENOMEM;
    v->loop = l;
    v->host = h;
    int err = host_handle(h, VISIT_HEAD_PROTOCOL, on_stream, v);
    if (err < 0)
        free(v);
    else
        *out = v;
    return err;
}

struct proof **visits_proofs(struct visits *v)
{
    return &v->proofs;
}

void visits_add(struct visits *v, struct visits_entry *e)
{
    visits_remove(e);
    e->next = v->entries;
    e->link = &v->entries;
    if (e->next)
        e->next->link = &e->next;
    v->entries = e;
}

void visits_remove(struct visits_entry *e)
{
    if (!e->link)
        return;
    *e->link = e->next;
    if (e->next)
        e->next->link = e->link;
    e->link = NULL;
}

void visits_free(struct visits *v)
{
    if (!v)
        return;
    host_unhandle(v->host, VISIT_HEAD_PROTOCOL);
    while (v->arrivals) {
        refuse(frame_take(v->arrivals->frame));
        take_out(v->arrivals);
    }
    while (v->entries)
        visits_remove(v->entries);
    free(v);
}
