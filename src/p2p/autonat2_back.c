/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat2_back.h"

#include <stdlib.h>

#include "p2p/core.h"
#include "p2p/open.h"
#include "stream/frame.h"

enum {
    DIAL_MS = 15 * 1000,
    ANSWER_MS = 10 * 1000,
    STREAMS = 16 /* ours, and what the peer may open in the meantime */
};

struct autonat2_back {
    struct host *of; /* whose dial it is */
    struct key_pair *once;
    struct host *host;
    struct peer_id peer;
    uint64_t nonce;
    struct connect *connect;
    struct open *open;
    struct frame *frame;
    struct loop_task end; /* the host cannot go from within its own calls */
    enum autonat2_dialled dialled;
    autonat2_back_fn *done;
    void *arg;
};

static void on_end(void *arg)
{
    struct autonat2_back *b = arg;
    b->done(b->arg, b->dialled);
}

static void end(struct autonat2_back *b, enum autonat2_dialled dialled)
{
    b->dialled = dialled;
    loop_post(b->of->spec.loop, &b->end);
}

static void on_answer(void *arg, const uint8_t *data, size_t len)
{
    uint32_t status;
    bool taken = autonat2_back_answer_read(data, len, &status) == 0 && status == 0;
    end(arg, taken ? AUTONAT2_DIALLED : AUTONAT2_BACK_ERROR);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    end(arg, AUTONAT2_BACK_ERROR);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct autonat2_back *b = arg;
    const struct frame_events events = {.message = on_answer, .ended = on_ended, .arg = b};
    uint8_t bytes[AUTONAT2_BACK_MAX];
    size_t len;
    (void)why;
    (void)protocol;
    (void)peer;
    b->open = NULL;
    if (err == 0)
        err = frame_new(b->of->spec.loop, s, AUTONAT2_BACK_MAX, &events, &b->frame);
    if (err == 0)
        err = autonat2_back_write(b->nonce, bytes, &len);
    if (err == 0)
        err = frame_send(b->frame, bytes, len);
    if (err < 0) {
        end(b, AUTONAT2_BACK_ERROR);
        return;
    }
    /* No half-close: before the protocol is agreed js-libp2p takes it for the stream's end. */
    frame_allow_empty(b->frame);
    frame_read(b->frame, ANSWER_MS);
}

static void on_connect(void *arg, int err, const struct beam_why *why, const struct host_peer *peer)
{
    static const char *const protocols[] = {AUTONAT2_BACK_PROTOCOL};
    struct autonat2_back *b = arg;
    const struct connect_spec to = {.peer = &b->peer, .standing = true};
    (void)why;
    (void)peer;
    b->connect = NULL;
    if (err < 0)
        end(b, AUTONAT2_DIAL_ERROR);
    else if (open_start(b->host, &to, protocols, 1, on_open, b, &b->open) < 0)
        end(b, AUTONAT2_BACK_ERROR);
}

static int begin(struct autonat2_back *b, const struct multiaddr *at)
{
    const struct host_spec *of = &b->of->spec;
    int err = key_pair_new(of->rng, &b->once);
    if (err < 0)
        return err;
    const struct host_spec host = {
        .loop = of->loop,
        .rng = of->rng,
        .clock = of->clock,
        .key = b->once,
        .permit = of->permit,
        .kind = HOST_ANONYMOUS,
        .limits = {.streams = STREAMS, .handshake_ms = of->limits.handshake_ms}};
    const struct connect_spec to = {.peer = &b->peer,
                                    .addrs = at,
                                    .n = 1,
                                    .origin = PERMIT_LEARNED,
                                    .timeout_ms = DIAL_MS,
                                    .straight = true};
    err = host_new(&host, &b->host);
    return err < 0 ? err : connect_start(b->host, &to, on_connect, b, &b->connect);
}

int autonat2_back_start(struct host *h, const struct peer_id *peer, const struct multiaddr *at,
                        uint64_t nonce, autonat2_back_fn *done, void *arg,
                        struct autonat2_back **out)
{
    if (h->dials >= h->spec.limits.dials)
        return BEAM_ELIMIT;
    struct autonat2_back *b = calloc(1, sizeof(*b));
    if (!b)
        return BEAM_ENOMEM;
    *b = (struct autonat2_back){.of = h, .peer = *peer, .nonce = nonce, .done = done, .arg = arg};
    loop_task_init(&b->end, on_end, b);
    h->dials++;
    int err = begin(b, at);
    if (err < 0)
        autonat2_back_free(b);
    else
        *out = b;
    return err;
}

void autonat2_back_free(struct autonat2_back *b)
{
    if (!b)
        return;
    loop_task_cancel(b->of->spec.loop, &b->end);
    connect_cancel(b->connect);
    open_cancel(b->open);
    frame_free(b->frame);
    host_free(b->host);
    key_pair_free(b->once);
    b->of->dials--;
    free(b);
}
