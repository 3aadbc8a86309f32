/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat2_serve.h"

#include <stdlib.h>

#include "p2p/autonat2_back.h"
#include "p2p/core.h"
#include "stream/frame.h"

enum { READ_MS = 10 * 1000 };

/* A question. */
struct asker {
    struct asker *next, **link;
    struct autonat2_serve *serve;
    struct autonat_asker who;
    int seat;
    struct frame *frame;
    struct autonat2_back *back;
    uint32_t addr; /* which one is dialled */
};

struct autonat2_serve {
    struct loop *loop;
    struct host *host;
    struct autonat_askers *all;
    struct asker *askers;
};

static void asker_free(struct asker *a)
{
    autonat2_back_free(a->back);
    frame_free(a->frame);
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    autonat_askers_leave(a->serve->all, a->seat);
    free(a);
}

/* Closed in order, after what was said. */
static void answer(struct asker *a, enum autonat2_status status, enum autonat2_dialled dialled)
{
    const struct autonat2_message m = {
        .kind = AUTONAT2_RESPONSE, .status = status, .addr = a->addr, .dialled = dialled};
    uint8_t bytes[AUTONAT2_MESSAGE_MAX];
    size_t len;
    if (autonat2_message_write(&m, bytes, &len) == 0 && frame_send(a->frame, bytes, len) == 0)
        frame_shut(a->frame);
    asker_free(a);
}

static void on_back(void *arg, enum autonat2_dialled dialled)
{
    answer(arg, AUTONAT2_OK, dialled);
}

/* The first of the addresses that is its own. */
static bool choose(struct asker *a, const struct autonat2_message *m, struct dial_target *out)
{
    for (uint32_t i = 0; i < m->n; i++) {
        if (!autonat_asker_owns(&a->who, a->serve->host->spec.permit, &m->addrs[i], out))
            continue;
        a->addr = i;
        return true;
    }
    return false;
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct asker *a = arg;
    struct autonat2_message m;
    struct dial_target to;
    if (autonat2_message_read(data, len, &m) < 0 || m.kind != AUTONAT2_REQUEST)
        asker_free(a);
    else if (!choose(a, &m, &to))
        answer(a, AUTONAT2_REFUSED, AUTONAT2_UNUSED);
    else if (!autonat_askers_dial(a->serve->all, &a->who, loop_now(a->serve->loop)) ||
             autonat2_back_start(a->serve->host, &a->who.peer, &to.addr, m.nonce, on_back, a,
                                 &a->back) < 0)
        answer(a, AUTONAT2_REJECTED, AUTONAT2_UNUSED);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    asker_free(arg);
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct autonat2_serve *s = arg;
    struct autonat_asker who;
    int seat = autonat_asker_of(peer, &who) ? autonat_askers_sit(s->all, &who) : BEAM_ELIMIT;
    struct asker *a = seat >= 0 ? malloc(sizeof(*a)) : NULL;
    if (!a) {
        stream_reset(stream);
        stream_free(stream);
        if (seat >= 0)
            autonat_askers_leave(s->all, seat);
        return;
    }
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = a};
    *a =
        (struct asker){.serve = s, .who = who, .seat = seat, .next = s->askers, .link = &s->askers};
    if (frame_new(s->loop, stream, AUTONAT2_MESSAGE_MAX, &events, &a->frame) < 0) {
        autonat_askers_leave(s->all, seat);
        free(a);
        return;
    }
    if (a->next)
        a->next->link = &a->next;
    s->askers = a;
    frame_read(a->frame, READ_MS);
}

int autonat2_serve_start(struct loop *l, struct host *h, struct autonat_askers *all,
                         struct autonat2_serve **out)
{
    struct autonat2_serve *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    *s = (struct autonat2_serve){.loop = l, .host = h, .all = all};
    int err = host_handle(h, AUTONAT2_REQUEST_PROTOCOL, on_stream, s);
    if (err < 0)
        free(s);
    else
        *out = s;
    return err;
}

void autonat2_serve_stop(struct autonat2_serve *s)
{
    if (!s)
        return;
    host_unhandle(s->host, AUTONAT2_REQUEST_PROTOCOL);
    while (s->askers)
        asker_free(s->askers);
    free(s);
}
