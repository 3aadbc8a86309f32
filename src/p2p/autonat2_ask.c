/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat2_ask.h"

#include <stdlib.h>

#include "p2p/autonat2_message.h"
#include "p2p/core.h"
#include "p2p/open.h"
#include "stream/frame.h"

enum {
    ANSWER_MS = 45 * 1000,
    BACK_MS = 10 * 1000,
    BACKS_MAX = 4 /* dial backs that are being read; who else comes is turned away */
};

/* Somebody who dialled, and is about to say why. */
struct back {
    struct autonat2_ask *ask;
    struct frame *frame; /* NULL: the place is free */
};

struct autonat2_ask {
    struct loop *loop;
    struct host *host;
    struct back backs[BACKS_MAX];
    /* The question that is open. */
    bool busy, dialled; /* dialled: its number came back */
    uint64_t nonce;
    struct peer_id peer;
    size_t n, refusals;
    struct multiaddr addrs[AUTONAT2_ASK_ADDRS];
    struct open *open;
    struct frame *frame;
    size_t promised, paid; /* bytes: to be sent still, and in all */
    struct loop_task end;
    enum autonat_answer answer;
    uint32_t which;
    autonat2_ask_fn *done;
    void *arg;
};

/* ---- what dials back ------------------------------------------------------------------------ */

static void back_free(struct back *b)
{
    frame_free(b->frame);
    b->frame = NULL;
}

static void on_back_message(void *arg, const uint8_t *data, size_t len)
{
    struct back *b = arg;
    struct autonat2_ask *a = b->ask;
    uint8_t bytes[AUTONAT2_BACK_MAX];
    uint64_t nonce;
    size_t n;
    if (a->busy && autonat2_back_read(data, len, &nonce) == 0 && nonce == a->nonce) {
        a->dialled = true;
        if (autonat2_back_answer_write(0, bytes, &n) == 0 && frame_send(b->frame, bytes, n) == 0)
            frame_shut(b->frame);
    }
    back_free(b);
}

static void on_back_ended(void *arg, int err)
{
    (void)err;
    back_free(arg);
}

/* Under whatever key it comes: what it knows is what counts, and that nothing was between. */
static void on_back(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct autonat2_ask *a = arg;
    size_t i = 0;
    while (i < BACKS_MAX && a->backs[i].frame)
        i++;
    if (i == BACKS_MAX || !a->busy || !peer->inbound || peer->way != WAY_DIRECT) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    struct back *b = &a->backs[i];
    const struct frame_events events = {
        .message = on_back_message, .ended = on_back_ended, .arg = b};
    b->ask = a;
    if (frame_new(a->loop, s, AUTONAT2_BACK_MAX, &events, &b->frame) == 0)
        frame_read(b->frame, BACK_MS);
}

/* ---- the question --------------------------------------------------------------------------- */

static void on_end(void *arg)
{
    struct autonat2_ask *a = arg;
    open_cancel(a->open);
    frame_free(a->frame);
    a->open = NULL;
    a->frame = NULL;
    a->busy = false;
    (void)pool_double(&a->host->pool, &a->peer, false);
    a->done(a->arg, a->answer, a->answer == AUTONAT_SILENT ? NULL : &a->addrs[a->which]);
}

static void end(struct autonat2_ask *a, enum autonat_answer answer, uint32_t which)
{
    a->answer = answer;
    a->which = which;
    loop_post(a->loop, &a->end);
}

/* As much as the stream takes; the rest when it has. */
static void pay(struct autonat2_ask *a)
{
    static const uint8_t nothing[AUTONAT2_DATA_MAX];
    uint8_t bytes[AUTONAT2_MESSAGE_MAX];
    size_t len;
    while (a->promised > 0 && frame_unsent(a->frame) == 0) {
        size_t part = a->promised < sizeof(nothing) ? a->promised : sizeof(nothing);
        const struct autonat2_message m = {.kind = AUTONAT2_DATA_RESPONSE, .data = {nothing, part}};
        if (autonat2_message_write(&m, bytes, &len) < 0 || frame_send(a->frame, bytes, len) < 0)
            return; /* the stream's failure is told by reading */
        a->promised -= part;
    }
}

static void on_flushed(void *arg)
{
    pay(arg);
}

static void on_data_request(struct autonat2_ask *a, const struct autonat2_message *m)
{
    if (m->addr >= a->n || m->bytes == 0 || a->promised > 0 ||
        m->bytes > AUTONAT2_ASK_BYTES_MAX - a->paid) {
        end(a, AUTONAT_SILENT, 0);
        return;
    }
    a->promised = (size_t)m->bytes;
    a->paid += a->promised;
    frame_read(a->frame, ANSWER_MS);
    pay(a);
}

/* "It was dialled" and the number go together: who says one without the other is not believed. */
static void on_response(struct autonat2_ask *a, const struct autonat2_message *m)
{
    enum autonat_answer answer = AUTONAT_SILENT;
    /* js-libp2p goes on to the next address after it said this. */
    if (m->status == AUTONAT2_REFUSED && ++a->refusals < a->n) {
        frame_read(a->frame, ANSWER_MS);
        return;
    }
    if (m->status == AUTONAT2_OK && m->addr < a->n) {
        if (m->dialled == AUTONAT2_DIALLED && a->dialled)
            answer = AUTONAT_REACHED;
        else if (m->dialled == AUTONAT2_DIAL_ERROR && !a->dialled)
            answer = AUTONAT_FAILED;
    }
    end(a, answer, m->addr);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct autonat2_ask *a = arg;
    struct autonat2_message m;
    int err = autonat2_message_read(data, len, &m);
    if (err == 0 && m.kind == AUTONAT2_RESPONSE)
        on_response(a, &m);
    else if (err == 0 && m.kind == AUTONAT2_DATA_REQUEST)
        on_data_request(a, &m);
    else
        end(a, AUTONAT_SILENT, 0);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    end(arg, AUTONAT_SILENT, 0);
}

static int send_question(struct autonat2_ask *a)
{
    struct autonat2_message m = {.kind = AUTONAT2_REQUEST, .nonce = a->nonce};
    uint8_t bytes[AUTONAT2_MESSAGE_MAX];
    size_t len;
    for (size_t i = 0; i < a->n; i++)
        m.addrs[m.n++] = (struct autonat_view){a->addrs[i].bytes, a->addrs[i].len};
    int err = autonat2_message_write(&m, bytes, &len);
    return err < 0 ? err : frame_send(a->frame, bytes, len);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct autonat2_ask *a = arg;
    const struct frame_events events = {
        .message = on_message, .ended = on_ended, .flushed = on_flushed, .arg = a};
    (void)why;
    (void)protocol;
    (void)peer;
    a->open = NULL;
    if (err == 0)
        err = frame_new(a->loop, s, AUTONAT2_MESSAGE_MAX, &events, &a->frame);
    if (err == 0)
        err = send_question(a);
    if (err < 0)
        end(a, AUTONAT_SILENT, 0);
    else
        frame_read(a->frame, ANSWER_MS);
}

int autonat2_ask_start(struct autonat2_ask *a, const struct peer_id *peer,
                       const struct multiaddr *addrs, size_t n, autonat2_ask_fn *done, void *arg)
{
    static const char *const protocols[] = {AUTONAT2_REQUEST_PROTOCOL};
    const struct connect_spec to = {.peer = peer, .standing = true};
    const struct rng *rng = a->host->spec.rng;
    if (n == 0 || n > AUTONAT2_ASK_ADDRS)
        return BEAM_ELIMIT;
    /* It may dial back in its own name, as js-libp2p does. */
    int err = pool_double(&a->host->pool, peer, true);
    if (err < 0)
        return err;
    err = open_start(a->host, &to, protocols, 1, on_open, a, &a->open);
    if (err < 0) {
        (void)pool_double(&a->host->pool, peer, false);
        return err;
    }
    a->peer = *peer;
    rng->fill(rng->arg, &a->nonce, sizeof(a->nonce));
    for (a->n = 0; a->n < n; a->n++)
        a->addrs[a->n] = addrs[a->n];
    a->busy = true;
    a->dialled = false;
    a->refusals = a->promised = a->paid = 0;
    a->done = done;
    a->arg = arg;
    return 0;
}

bool autonat2_ask_busy(const struct autonat2_ask *a)
{
    return a->busy;
}

/* ---- the whole ------------------------------------------------------------------------------ */

int autonat2_ask_new(struct loop *l, struct host *h, struct autonat2_ask **out)
{
    struct autonat2_ask *a = calloc(1, sizeof(*a));
    if (!a)
        return BEAM_ENOMEM;
    a->loop = l;
    a->host = h;
    loop_task_init(&a->end, on_end, a);
    int err = host_handle(h, AUTONAT2_BACK_PROTOCOL, on_back, a);
    if (err < 0)
        free(a);
    else
        *out = a;
    return err;
}

void autonat2_ask_free(struct autonat2_ask *a)
{
    if (!a)
        return;
    host_unhandle(a->host, AUTONAT2_BACK_PROTOCOL);
    if (a->busy)
        (void)pool_double(&a->host->pool, &a->peer, false);
    loop_task_cancel(a->loop, &a->end);
    open_cancel(a->open);
    frame_free(a->frame);
    for (size_t i = 0; i < BACKS_MAX; i++)
        back_free(&a->backs[i]);
    free(a);
}
