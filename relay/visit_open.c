/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/visit_open.h"

#include <stdlib.h>

#include "p2p/open.h"

struct visit_open {
    struct open *open;
    struct stream *stream;
    struct buf head;
    struct loop_timer deadline; /* for its head to be taken */
    uint64_t timeout;
    visit_open_fn *done;
    void *arg;
};

/* All of it but the stream. */
static void dissolve(struct visit_open *v)
{
    loop_timer_clear(&v->deadline);
    buf_clear(&v->head);
    free(v);
}

static void end(struct visit_open *v, int err)
{
    struct stream *s = v->stream;
    visit_open_fn *done = v->done;
    void *arg = v->arg;
    dissolve(v);
    if (s)
        stream_own(s, NULL, NULL);
    if (err < 0) {
        stream_free(s);
        s = NULL;
    }
    done(arg, err, s);
}

static void write_head(struct visit_open *v)
{
    ssize_t n = 0;
    while (buf_len(&v->head) > 0 && n >= 0)
        n = stream_write(v->stream, &v->head);
    if (n != BEAM_EAGAIN)
        end(v, n < 0 ? (int)n : 0);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    if (ready & STREAM_WRITABLE)
        write_head(arg);
}

static void on_deadline(void *arg)
{
    struct visit_open *v = arg;
    stream_reset(v->stream);
    end(v, BEAM_ETIMEOUT);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct visit_open *v = arg;
    (void)why;
    (void)protocol;
    (void)peer;
    v->open = NULL;
    if (err < 0) {
        end(v, err);
        return;
    }
    v->stream = s;
    stream_own(s, on_ready, v);
    loop_timer_set(&v->deadline, v->timeout);
    write_head(v);
}

int visit_open_start(struct loop *l, struct host *h, const struct peer_id *owner,
                     const struct visit_head *head, uint64_t timeout_ms, visit_open_fn *done,
                     void *arg, struct visit_open **out)
{
    static const char *const protocols[] = {VISIT_HEAD_PROTOCOL};
    const struct connect_spec spec = {
        .peer = owner, .origin = PERMIT_LEARNED, .timeout_ms = timeout_ms};
    uint8_t bytes[VISIT_HEAD_SIZE];
    size_t len;
    struct visit_open *v = calloc(1, sizeof(*v));
    if (!v)
        return BEAM_ENOMEM;
    v->done = done;
    v->arg = arg;
    v->timeout = timeout_ms;
    buf_init(&v->head, loop_pool(l), VISIT_HEAD_SIZE);
    loop_timer_init(l, &v->deadline, on_deadline, v);
    int err = visit_head_encode(head, bytes, sizeof(bytes), &len);
    if (err == 0)
        err = buf_add(&v->head, bytes, len);
    if (err == 0)
        err = open_start(h, &spec, protocols, 1, on_open, v, &v->open);
    if (err < 0)
        dissolve(v);
    else
        *out = v;
    return err;
}

void visit_open_cancel(struct visit_open *v)
{
    if (!v)
        return;
    open_cancel(v->open);
    if (v->stream)
        stream_reset(v->stream);
    stream_free(v->stream);
    dissolve(v);
}

bool visit_open_may(const struct host *h, const struct guard *g, const struct peer_id *owner)
{
    struct host_peer peer;
    struct net from;
    if (!host_find(h, owner, &peer))
        return false;
    net_of_multiaddr(peer.addr, &from);
    return !guard_shuts_out(g, owner, &from);
}
