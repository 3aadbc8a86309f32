/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/exchange.h"

#include <sodium.h>
#include <stdlib.h>

#include "p2p/open.h"
#include "stream/frame.h"

enum { DIRECT_MS = 15000, TOR_MS = 60000 }; /* for the answer, once the request is out */

struct exchange {
    struct loop *loop;
    struct host *host;
    const char *name;
    struct reservation_request request;
    exchange_fn *done;
    void *arg;
    struct open *open;
    struct frame *frame;
    bool reached;
    struct peer_id peer;
    enum way way;
};

/* Says how it went, and is gone. */
static void end(struct exchange *e, int err, const struct beam_why *why,
                const struct reservation_answer *answer)
{
    const struct peer_id peer = e->peer;
    bool reached = e->reached;
    enum way way = e->way;
    exchange_fn *done = e->done;
    void *arg = e->arg;
    e->open = NULL;
    exchange_cancel(e);
    done(arg, err, why, answer, reached ? &peer : NULL, way);
}

/* A stream that was reset may have been one that the peer does not speak: once it has said what it
 * speaks, that is known. */
static bool is_no_relay(const struct exchange *e)
{
    struct host_peer peer;
    return e->reached && host_find(e->host, &e->peer, &peer) && peer.agent[0] &&
           !host_speaks(e->host, &e->peer, RESERVATION_PROTOCOL);
}

static void fail(struct exchange *e, int err)
{
    struct beam_why why;
    if (err == BEAM_ERESET && is_no_relay(e))
        err = BEAM_ENOTFOUND;
    if (err == BEAM_ENOTFOUND)
        beam_why(&why, err, "relay %s: a peer, but not a relay (it does not speak %s)", e->name,
                 RESERVATION_PROTOCOL);
    else if (err == BEAM_EPROTO || err == BEAM_EINVAL || err == BEAM_ELIMIT)
        beam_why(&why, err = BEAM_EPROTO, "relay %s: what it answers is not an answer", e->name);
    else if (err == BEAM_ETIMEOUT)
        beam_why(&why, err, "relay %s: does not answer", e->name);
    else
        beam_why(&why, err, "relay %s: %s before it answered", e->name,
                 err == BEAM_ECLOSED ? "hung up" : beam_err_text(err));
    end(e, err, &why, NULL);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct exchange *e = arg;
    struct reservation_answer *a = malloc(sizeof(*a));
    int err = a ? reservation_answer_decode(data, len, a) : BEAM_ENOMEM;
    if (err == 0 && a->status == RESERVATION_OK && a->url_count == 0 &&
        e->request.verb <= RESERVATION_RENEW)
        err = BEAM_EPROTO;
    if (err < 0)
        fail(e, err);
    else
        end(e, 0, NULL, a);
    if (a)
        sodium_memzero(a, sizeof(*a));
    free(a);
}

static void on_ended(void *arg, int err)
{
    fail(arg, err);
}

static int send_request(struct exchange *e)
{
    uint8_t bytes[RESERVATION_MAX];
    size_t len;
    int err = reservation_request_encode(&e->request, bytes, sizeof(bytes), &len);
    if (err == 0)
        err = frame_send(e->frame, bytes, len);
    sodium_memzero(bytes, sizeof(bytes));
    return err;
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct exchange *e = arg;
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = e};
    (void)protocol;
    e->open = NULL;
    if (err < 0) {
        end(e, err, why, NULL);
        return;
    }
    e->reached = true;
    e->peer = *peer->id;
    e->way = peer->way;
    err = frame_new(e->loop, s, RESERVATION_MAX, &events, &e->frame);
    if (err == 0)
        err = send_request(e);
    if (err < 0)
        fail(e, err);
    else
        frame_read(e->frame, e->way == WAY_DIRECT ? DIRECT_MS : TOR_MS);
}

int exchange_start(struct loop *l, struct host *h, const struct connect_spec *spec,
                   const char *name, const struct reservation_request *request, exchange_fn *done,
                   void *arg, struct exchange **out)
{
    static const char *const protocols[] = {RESERVATION_PROTOCOL};
    struct exchange *e = calloc(1, sizeof(*e));
    if (!e)
        return BEAM_ENOMEM;
    e->loop = l;
    e->host = h;
    e->name = name;
    e->request = *request;
    e->done = done;
    e->arg = arg;
    int err = open_start(h, spec, protocols, 1, on_open, e, &e->open);
    if (err < 0)
        exchange_cancel(e);
    else
        *out = e;
    return err;
}

void exchange_cancel(struct exchange *e)
{
    if (!e)
        return;
    open_cancel(e->open);
    frame_free(e->frame);
    sodium_memzero(&e->request, sizeof(e->request));
    free(e);
}
