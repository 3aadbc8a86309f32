/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_call.h"

#include <stdlib.h>
#include <string.h>

#include "p2p/open.h"
#include "stream/frame.h"

enum { AGAIN_MS = 300 };

struct kad_call {
    struct host *host;
    struct loop *loop;
    struct peer_id to;
    const char *protocol;
    bool answered; /* an answer is due */
    uint64_t timeout, deadline;
    struct loop_timer again;
    struct open *open;
    struct frame *frame;
    struct loop_task fail;
    kad_call_fn *done;
    void *arg;
    size_t len;
    uint8_t bytes[]; /* the question */
};

void kad_call_cancel(struct kad_call *c)
{
    if (!c)
        return;
    loop_timer_clear(&c->again);
    loop_task_cancel(c->loop, &c->fail);
    open_cancel(c->open);
    frame_free(c->frame);
    free(c);
}

static void end(struct kad_call *c, struct kad_call_end how)
{
    struct host_peer peer;
    kad_call_fn *done = c->done;
    void *arg = c->arg;
    bool there = host_find(c->host, &c->to, &peer);
    kad_call_cancel(c);
    how.peer = how.err == 0 && there ? &peer : NULL;
    done(arg, &how);
}

static void fail(struct kad_call *c, int err)
{
    end(c, (struct kad_call_end){.err = err});
}

static void on_fail(void *arg)
{
    fail(arg, BEAM_ENOMEM);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct kad_call *c = arg;
    struct kad_message *m = malloc(sizeof(*m));
    int err = !m ? BEAM_ENOMEM : kad_message_decode(data, len, m) < 0 ? BEAM_EINVAL : 0;
    /* What it was decoded from is the frame's, which lives until the end. */
    struct frame *f = c->frame;
    c->frame = NULL;
    end(c, (struct kad_call_end){
               .err = err, .garbled = err == BEAM_EINVAL, .answer = err == 0 ? m : NULL});
    frame_free(f);
    free(m);
}

/* That a message is too long the peer itself said. BEAM_EPROTO may be the doing of whoever carries
 * the bytes: it is also what a record that was tampered with, or half a message, leads to. */
static void on_ended(void *arg, int err)
{
    struct kad_call *c = arg;
    if (!c->answered && err == BEAM_ECLOSED)
        err = 0;
    end(c, (struct kad_call_end){.err = err, .garbled = err == BEAM_ELIMIT});
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct kad_call *c = arg;
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = c};
    (void)why;
    (void)protocol;
    (void)peer;
    c->open = NULL;
    /* This host has too much under way: that passes, and says nothing of the peer. */
    if (err == BEAM_ELIMIT && loop_now(c->loop) + AGAIN_MS < c->deadline) {
        loop_timer_set(&c->again, AGAIN_MS);
        return;
    }
    if (err == 0)
        err = frame_new(c->loop, s, KAD_MESSAGE_MAX, &events, &c->frame);
    if (err == 0)
        err = frame_send(c->frame, c->bytes, c->len);
    if (err < 0) {
        fail(c, err);
        return;
    }
    frame_shut(c->frame);
    frame_read(c->frame, c->timeout); /* of no answer, the end is what is read */
}

static void reach(void *arg)
{
    struct kad_call *c = arg;
    const struct connect_spec to = {
        .peer = &c->to, .timeout_ms = c->deadline - loop_now(c->loop), .modest = true};
    if (open_start(c->host, &to, &c->protocol, 1, on_open, c, &c->open) < 0)
        loop_post(c->loop, &c->fail);
}

int kad_call_start(const struct kad_call_spec *spec, const struct kad_message *m, kad_call_fn *done,
                   void *arg, struct kad_call **out)
{
    size_t len = 0;
    uint8_t *bytes = malloc(KAD_MESSAGE_MAX);
    if (!bytes)
        return BEAM_ENOMEM;
    int err = kad_message_encode(m, bytes, KAD_MESSAGE_MAX, &len);
    struct kad_call *c = err == 0 ? malloc(sizeof(*c) + len) : NULL;
    if (!c) {
        free(bytes);
        return err < 0 ? err : BEAM_ENOMEM;
    }
    *c = (struct kad_call){.host = spec->host,
                           .loop = spec->loop,
                           .to = *spec->to,
                           .protocol = spec->protocol,
                           .answered = m->type != KAD_ADD_PROVIDER,
                           .timeout = spec->timeout_ms,
                           .deadline = loop_now(spec->loop) + spec->timeout_ms,
                           .done = done,
                           .arg = arg,
                           .len = len};
    memcpy(c->bytes, bytes, len);
    free(bytes);
    loop_task_init(&c->fail, on_fail, c);
    loop_timer_init(c->loop, &c->again, reach, c);
    reach(c);
    *out = c;
    return 0;
}
