/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_serve.h"

#include <stdlib.h>

#include "p2p/autonat2_back.h"
#include "p2p/autonat_asker.h"
#include "p2p/core.h"
#include "p2p/dial.h"
#include "stream/frame.h"

enum {
    READ_MS = 10 * 1000,
    DIAL_MS = 15 * 1000,
    TARGETS_MAX = 4 /* addresses of one question of the first version */
};

/* A question, by either version. */
struct asker {
    struct asker *next, **link;
    struct autonat_serve *serve;
    struct autonat_asker who;
    int seat;
    struct frame *frame;
    /* The first version's dial, and as whom. */
    struct key_pair *once;
    struct dial *dial;
    /* The second one's, and of which address. */
    struct autonat2_back *back;
    uint32_t addr;
};

struct autonat_serve {
    struct loop *loop;
    struct host *host;
    struct asker *askers;
    struct autonat_askers all;
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
    autonat2_back_free(a->back);
    frame_free(a->frame);
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    autonat_askers_leave(&a->serve->all, a->seat);
    free(a);
}

/* Closed in order, after what was said. */
static void say(struct asker *a, int err, const uint8_t *bytes, size_t len)
{
    if (err == 0 && frame_send(a->frame, bytes, len) == 0)
        frame_shut(a->frame);
    asker_free(a);
}

static bool may_dial(struct asker *a)
{
    return autonat_askers_dial(&a->serve->all, &a->who, loop_now(a->serve->loop));
}

/* ---- the first version ---------------------------------------------------------------------- */

static void answer(struct asker *a, enum autonat_status status, const struct multiaddr *addr)
{
    struct autonat_message m = {.type = AUTONAT_DIAL_RESPONSE, .status = status};
    uint8_t bytes[AUTONAT_MESSAGE_MAX];
    size_t len = 0;
    if (addr)
        m.addr = (struct autonat_view){addr->bytes, addr->len};
    int err = autonat_message_write(&m, bytes, &len);
    say(a, err, bytes, len);
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
    const struct dial_spec spec = {
        .host = h, .key = a->once, .expect = &a->who.peer, .timeout_ms = DIAL_MS};
    err = dial_start(&spec, targets, n, on_dialled, a, &a->dial);
    if (err == 0)
        h->dials++;
    return err;
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct asker *a = arg;
    const struct host *h = a->serve->host;
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
                peer_id_equal(&named, &a->who.peer);
    for (size_t i = 0; good && i < m.n && n < TARGETS_MAX; i++)
        n += autonat_asker_owns(&a->who, h->spec.permit, &m.addrs[i], &targets[n]);
    if (!good)
        answer(a, AUTONAT_BAD_REQUEST, NULL);
    else if (n == 0 || !may_dial(a) || dial_back(a, targets, n) < 0)
        answer(a, AUTONAT_DIAL_REFUSED, NULL);
    free(targets);
}

/* ---- the second one ------------------------------------------------------------------------- */

static void answer2(struct asker *a, enum autonat2_status status, enum autonat2_dialled dialled)
{
    const struct autonat2_message m = {
        .kind = AUTONAT2_RESPONSE, .status = status, .addr = a->addr, .dialled = dialled};
    uint8_t bytes[AUTONAT2_MESSAGE_MAX];
    size_t len = 0;
    int err = autonat2_message_write(&m, bytes, &len);
    say(a, err, bytes, len);
}

static void on_back(void *arg, enum autonat2_dialled dialled)
{
    answer2(arg, AUTONAT2_OK, dialled);
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

static void on_message2(void *arg, const uint8_t *data, size_t len)
{
    struct asker *a = arg;
    struct autonat2_message m;
    struct dial_target to;
    if (autonat2_message_read(data, len, &m) < 0 || m.kind != AUTONAT2_REQUEST)
        asker_free(a);
    else if (!choose(a, &m, &to))
        answer2(a, AUTONAT2_REFUSED, AUTONAT2_UNUSED);
    else if (!may_dial(a) || autonat2_back_start(a->serve->host, &a->who.peer, &to.addr, m.nonce,
                                                 on_back, a, &a->back) < 0)
        answer2(a, AUTONAT2_REJECTED, AUTONAT2_UNUSED);
}

/* ---- who asks ------------------------------------------------------------------------------- */

static void on_ended(void *arg, int err)
{
    (void)err;
    asker_free(arg);
}

/* A stream on which something will be asked; `message` has it. */
static void sit(struct autonat_serve *s, struct stream *stream, const struct host_peer *peer,
                void (*message)(void *arg, const uint8_t *data, size_t len))
{
    struct autonat_asker who;
    int seat = autonat_asker_of(peer, &who) ? autonat_askers_sit(&s->all, &who) : BEAM_ELIMIT;
    struct asker *a = seat >= 0 ? malloc(sizeof(*a)) : NULL;
    if (!a) {
        stream_reset(stream);
        stream_free(stream);
        if (seat >= 0)
            autonat_askers_leave(&s->all, seat);
        return;
    }
    const struct frame_events events = {.message = message, .ended = on_ended, .arg = a};
    *a =
        (struct asker){.serve = s, .who = who, .seat = seat, .next = s->askers, .link = &s->askers};
    if (frame_new(s->loop, stream, AUTONAT_MESSAGE_MAX, &events, &a->frame) < 0) {
        autonat_askers_leave(&s->all, seat);
        free(a);
        return;
    }
    if (a->next)
        a->next->link = &a->next;
    s->askers = a;
    frame_read(a->frame, READ_MS);
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    sit(arg, stream, peer, on_message);
}

static void on_stream2(void *arg, struct stream *stream, const struct host_peer *peer)
{
    sit(arg, stream, peer, on_message2);
}

int autonat_serve_start(struct loop *l, struct host *h, struct autonat_serve **out)
{
    struct autonat_serve *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->loop = l;
    s->host = h;
    int err = host_handle(h, AUTONAT_PROTOCOL, on_stream, s);
    if (err < 0) {
        free(s);
        return err;
    }
    err = host_handle(h, AUTONAT2_REQUEST_PROTOCOL, on_stream2, s);
    if (err < 0) {
        host_unhandle(h, AUTONAT_PROTOCOL);
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void autonat_serve_stop(struct autonat_serve *s)
{
    if (!s)
        return;
    host_unhandle(s->host, AUTONAT_PROTOCOL);
    host_unhandle(s->host, AUTONAT2_REQUEST_PROTOCOL);
    while (s->askers)
        asker_free(s->askers);
    free(s);
}
