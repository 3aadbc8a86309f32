/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_bridge.h"

#include <stdlib.h>

#include "p2p/core.h"
#include "p2p/crew_message.h"
#include "p2p/open.h"
#include "stream/frame.h"
#include "stream/splice.h"

enum {
    HEAD_MS = 10 * 1000, /* for a head to come, which is written at once */
    WINDOW = 64 * 1024   /* bytes that are held a direction */
};

struct crew_bridge {
    struct crew_bridges *all;
    struct crew_bridge *next, **link;
    /* The step at hand: one of these, of `open` with the near stream. */
    struct frame *head;
    struct open *open;
    struct splice *splice;
    struct stream *near;
};

static void drop(struct stream *s)
{
    if (s)
        stream_reset(s);
    stream_free(s);
}

static void bridge_free(struct crew_bridge *b)
{
    frame_free(b->head);
    open_cancel(b->open);
    drop(b->near);
    splice_free(b->splice);
    *b->link = b->next;
    if (b->next)
        b->next->link = b->link;
    free(b);
}

static struct crew_bridge *bridge_new(struct crew_bridges *all)
{
    struct crew_bridge *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->all = all;
    b->next = all->first;
    b->link = &all->first;
    if (b->next)
        b->next->link = &b->next;
    all->first = b;
    return b;
}

static void on_done(void *arg, int err)
{
    struct crew_bridge *b = arg;
    (void)err;
    b->splice = NULL;
    bridge_free(b);
}

/* Takes both over. */
static void join(struct crew_bridge *b, struct stream *near, struct stream *far)
{
    const struct splice_events events = {.done = on_done, .arg = b};
    const struct splice_options options = {.events = &events, .window = WINDOW};
    if (splice_start(b->all->loop, near, far, NULL, NULL, &options, &b->splice) < 0)
        bridge_free(b);
}

void crew_bridge_join(struct crew_bridges *all, struct stream *near, struct stream *far)
{
    struct crew_bridge *b = bridge_new(all);
    if (b) {
        join(b, near, far);
        return;
    }
    drop(near);
    drop(far);
}

/* ---- what a mate asks for ------------------------------------------------------------------- */

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct crew_bridge *b = arg;
    struct stream *near = b->near;
    (void)why;
    (void)protocol;
    (void)peer;
    b->open = NULL;
    if (err < 0) {
        bridge_free(b);
        return;
    }
    b->near = NULL;
    join(b, near, s);
}

/* On a connection that is here: that the mate was mistaken it learns by the stream's end. */
static void open_for(struct crew_bridge *b, const struct crew_message *m)
{
    struct host *h = b->all->host;
    const char *const protocols[] = {m->text};
    const struct peer *peer = pool_peer(&h->pool, &m->peer);
    struct conn *c = peer ? pool_use(peer) : NULL;
    if (!c || open_on(h, c, protocols, 1, on_open, b, &b->open) < 0)
        bridge_free(b);
}

static void pass_on(struct crew_bridge *b, const struct crew_message *m)
{
    struct stream *s = b->near;
    struct host *h = b->all->host;
    const struct host_peer peer = {.id = &m->peer,
                                   .addr = &m->addr,
                                   .way = WAY_DIRECT,
                                   .inbound = true,
                                   .agent = "",
                                   .since = loop_now(b->all->loop)};
    b->near = NULL;
    bridge_free(b);
    core_hand(h, s, m->text, &peer);
}

static void on_head(void *arg, const uint8_t *data, size_t len)
{
    struct crew_bridge *b = arg;
    struct crew_message m;
    int err = crew_message_read(data, len, &m);
    b->near = frame_take(b->head);
    b->head = NULL;
    if (err == 0 && m.kind == CREW_OPEN)
        open_for(b, &m);
    else if (err == 0 && m.kind == CREW_PASS)
        pass_on(b, &m);
    else
        bridge_free(b);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    bridge_free(arg);
}

void crew_bridge_begin(struct crew_bridges *all, struct stream *s)
{
    struct crew_bridge *b = bridge_new(all);
    if (!b) {
        drop(s);
        return;
    }
    const struct frame_events events = {.message = on_head, .ended = on_ended, .arg = b};
    if (frame_new(all->loop, s, CREW_SMALL_MAX, &events, &b->head) < 0)
        bridge_free(b);
    else
        frame_read(b->head, HEAD_MS);
}

void crew_bridges_clear(struct crew_bridges *all)
{
    while (all->first)
        bridge_free(all->first);
}
