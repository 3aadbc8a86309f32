/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A path is one way by which visitors reach a tunnel: it brings itself up, stays up
 * as long as it can, says how it stands, and hands over each visitor as a stream.
 */
#ifndef BEAM_PATH_PATH_H
#define BEAM_PATH_PATH_H

#include "base/err.h"
#include "stream/stream.h"

struct path;

enum path_state {
    PATH_WAITING, /* for what it stands on (tor, a relay) */
    PATH_OPENING, /* on its way up */
    PATH_UP,      /* visitors can come: url and ms are known */
    PATH_FAILED   /* it will not come up as things are */
};

struct path_events {
    /* The state changed. `why` on FAILED, and on WAITING or OPENING after it was up; retry_ms
     * as known, else 0. */
    void (*state)(void *arg, struct path *p, enum path_state state, const struct beam_why *why,
                  uint64_t retry_ms);
    /* Percent and words while it comes up. */
    void (*progress)(void *arg, struct path *p, int percent, const char *summary);
    void (*warning)(void *arg, struct path *p, const struct beam_why *why);
    /* A visitor; the stream is the callee's. `circuit` tells its streams from others', where that
     * is known; else "". Good during the call. */
    void (*visitor)(void *arg, struct path *p, struct stream *s, const char *circuit);
    /* Nobody who came by it may stay: what they have open is to be reset. NULL allowed. */
    void (*evict)(void *arg, struct path *p);
    void *arg;
};

/* What a kind of path provides. */
struct path_ops {
    const char *kind; /* "onion": the word in events and in policies */
    /* "http://….onion"; known before the path is up, or NULL. Borrowed. */
    const char *(*url)(const struct path *p);
    /* The peer that visitors come through, as text; "" or NULL where there is none. Borrowed. */
    const char *(*peer)(const struct path *p);
    /* Rests and goes on taking visitors (too many streams). */
    void (*pause)(struct path *p);
    void (*resume)(struct path *p);
    void (*free)(struct path *p);
};

/* Embedded first in each kind's own struct. */
struct path {
    const struct path_ops *ops;
    struct path_events events;
};

static inline const char *path_kind(const struct path *p)
{
    return p->ops->kind;
}
static inline const char *path_url(const struct path *p)
{
    return p->ops->url(p);
}
/* "" where there is none. */
static inline const char *path_peer(const struct path *p)
{
    const char *peer = p->ops->peer ? p->ops->peer(p) : NULL;
    return peer ? peer : "";
}
static inline void path_pause(struct path *p)
{
    p->ops->pause(p);
}
static inline void path_resume(struct path *p)
{
    p->ops->resume(p);
}
/* Takes the endpoint down; nothing more is called. NULL allowed. */
void path_free(struct path *p);
const char *path_state_name(enum path_state state);

#endif
