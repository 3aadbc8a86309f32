/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/relay.h"

#include <stdlib.h>
#include <string.h>

enum { PERCENT_ASKING = 20, PERCENT_CHECKING = 80 };

struct path_relay {
    struct path base;
    struct owner *owner;
    bool paused, was_up;
    struct beam_why said; /* of what keeps it from coming up, so that it is said once */
};

static const struct path_relay *of(const struct path *p)
{
    return (const struct path_relay *)p;
}

static const char *url_of(const struct path *p)
{
    return owner_url(of(p)->owner);
}

static const char *peer_of(const struct path *p)
{
    return owner_peer(of(p)->owner);
}

/* The relay is not told to wait: visitors beyond the tunnel's ceiling are turned away. */
static void pause_visitors(struct path *p)
{
    ((struct path_relay *)p)->paused = true;
}

static void resume_visitors(struct path *p)
{
    ((struct path_relay *)p)->paused = false;
}

static void take_down(struct path *p)
{
    struct path_relay *r = (struct path_relay *)p;
    owner_free(r->owner);
    free(r);
}

static const struct path_ops ops = {
    .kind = "relay",
    .url = url_of,
    .peer = peer_of,
    .pause = pause_visitors,
    .resume = resume_visitors,
    .free = take_down,
};

static enum path_state state_of(enum owner_state state)
{
    switch (state) {
    case OWNER_ASKING:
    case OWNER_CHECKING:
        return PATH_OPENING;
    case OWNER_UP:
        return PATH_UP;
    case OWNER_RESTING:
        return PATH_WAITING;
    case OWNER_FAILED:
        return PATH_FAILED;
    }
    return PATH_FAILED;
}

static void on_warning(void *arg, const struct beam_why *why)
{
    struct path *p = arg;
    if (p->events.warning)
        p->events.warning(p->events.arg, p, why);
}

/* A path that was never up has no way down: what keeps it is told as it changes. */
static void tell_trouble(struct path_relay *r, const struct beam_why *why)
{
    if (r->was_up || !why || strcmp(why->text, r->said.text) == 0)
        return;
    r->said = *why;
    on_warning(r, why);
}

static void on_state(void *arg, enum owner_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct path *p = arg;
    const struct path_events *ev = &p->events;
    struct path_relay *r = arg;
    r->was_up |= state == OWNER_UP;
    if (state == OWNER_RESTING)
        tell_trouble(r, why);
    if (ev->progress && state == OWNER_ASKING)
        ev->progress(ev->arg, p, PERCENT_ASKING, "asking the relay for an address");
    if (ev->progress && state == OWNER_CHECKING)
        ev->progress(ev->arg, p, PERCENT_CHECKING, "visiting the address, to see if it leads here");
    ev->state(ev->arg, p, state_of(state), why, retry_ms);
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct path_relay *r = arg;
    (void)head;
    if (!r->paused) {
        r->base.events.visitor(r->base.events.arg, &r->base, s);
        return;
    }
    stream_reset(s);
    stream_free(s);
}

int path_relay(const struct owner_spec *spec, const struct path_events *events, struct path **out,
               struct beam_why *why)
{
    struct path_relay *r = calloc(1, sizeof(*r));
    if (!r)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    const struct owner_events owner = {
        .state = on_state, .warning = on_warning, .visitor = on_visitor, .arg = r};
    r->base = (struct path){.ops = &ops, .events = *events};
    int err = owner_start(spec, &owner, &r->owner, why);
    if (err < 0) {
        free(r);
        return err;
    }
    *out = &r->base;
    return 0;
}
