/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/hop_call.h"

#include <stdlib.h>

#include "p2p/open.h"
#include "stream/frame.h"

/* A relay asks the far peer before it answers, and either may be beyond Tor. */
enum { DIRECT_MS = 30 * 1000, LONG_MS = 90 * 1000 };

struct hop_call {
    struct loop *loop;
    struct host *host;
    struct hop_message question, answer;
    struct open *open; /* until there is a stream */
    struct frame *frame;
    struct peer_id relay;
    hop_call_fn *done;
    void *arg;
};

/* A stream that was reset may have been one that the peer does not speak: once it has said what it
 * speaks, that is known. */
static bool is_no_relay(const struct hop_call *c)
{
    struct host_peer peer;
    return c->frame && host_find(c->host, &c->relay, &peer) && peer.agent[0] &&
           !host_speaks(c->host, &c->relay, HOP_PROTOCOL);
}

static void fail(struct hop_call *c, int err, const struct beam_why *given)
{
    struct beam_why why;
    hop_call_fn *done = c->done;
    void *arg = c->arg;
    if (given)
        why = *given;
    else if (err == BEAM_ENOTFOUND || (err == BEAM_ERESET && is_no_relay(c)))
        beam_why(&why, err = BEAM_EREFUSED, "relay: the peer there is none (it does not speak %s)",
                 HOP_PROTOCOL);
    else if (err == BEAM_ETIMEOUT)
        beam_why(&why, err, "relay: no answer in time");
    else if (err == BEAM_EINVAL || err == BEAM_ELIMIT || err == BEAM_EPROTO)
        beam_why(&why, err = BEAM_EPROTO, "relay: what it answers is no answer");
    else
        beam_why(&why, err, "relay: %s before it answered",
                 err == BEAM_ECLOSED ? "hung up" : beam_err_text(err));
    hop_call_cancel(c);
    done(arg, err, &why, NULL, NULL, NULL);
}

static void refused(struct hop_call *c)
{
    struct beam_why why;
    beam_why(&why, hop_status_err(c->answer.status), "relay: %s (status %llu)",
             hop_status_text(c->answer.status), (unsigned long long)c->answer.status);
    fail(c, why.code, &why);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct hop_call *c = arg;
    int err = hop_message_decode(HOP_SIDE, data, len, &c->answer);
    if (err == 0 && (c->answer.type != HOP_STATUS || frame_unsent(c->frame) > 0))
        err = BEAM_EPROTO;
    if (err < 0) {
        fail(c, err, NULL);
    } else if (c->answer.status != HOP_OK) {
        refused(c);
    } else {
        struct stream *s = frame_take(c->frame);
        c->frame = NULL;
        c->done(c->arg, 0, NULL, &c->answer, s, &c->relay);
        hop_call_cancel(c);
    }
}

static void on_ended(void *arg, int err)
{
    fail(arg, err, NULL);
}

static int ask(struct hop_call *c)
{
    uint8_t bytes[HOP_MESSAGE_MAX];
    size_t len;
    int err = hop_message_encode(HOP_SIDE, &c->question, bytes, sizeof(bytes), &len);
    return err < 0 ? err : frame_send(c->frame, bytes, len);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct hop_call *c = arg;
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = c};
    bool direct = peer && peer->way == WAY_DIRECT;
    (void)protocol;
    c->open = NULL;
    if (err < 0) {
        fail(c, err, why);
        return;
    }
    c->relay = *peer->id;
    err = frame_new(c->loop, s, HOP_MESSAGE_MAX, &events, &c->frame);
    if (err == 0)
        err = ask(c);
    if (err < 0)
        fail(c, err, NULL);
    else
        frame_read(c->frame, direct ? DIRECT_MS : LONG_MS);
}

int hop_call_start(struct loop *l, struct host *h, const struct connect_spec *relay,
                   const struct peer_id *peer, hop_call_fn *done, void *arg, struct hop_call **out)
{
    static const char *const protocols[] = {HOP_PROTOCOL};
    struct connect_spec spec = *relay;
    struct hop_call *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    c->loop = l;
    c->host = h;
    c->done = done;
    c->arg = arg;
    c->question.type = peer ? HOP_CONNECT : HOP_RESERVE;
    c->question.has_peer = peer != NULL;
    if (peer)
        c->question.peer = *peer;
    spec.straight = true;
    int err = open_start(h, &spec, protocols, 1, on_open, c, &c->open);
    if (err < 0) {
        hop_call_cancel(c);
        return err;
    }
    *out = c;
    return 0;
}

void hop_call_cancel(struct hop_call *c)
{
    if (!c)
        return;
    open_cancel(c->open);
    frame_free(c->frame);
    free(c);
}
