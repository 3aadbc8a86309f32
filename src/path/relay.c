/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/relay.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/file.h"
#include "relay/ticket.h"

enum { PERCENT_FINDING = 10, PERCENT_ASKING = 20, PERCENT_CHECKING = 80, PERCENT_DONE = 100 };
enum { FIND_MIN_MS = 2000, FIND_MAX_MS = 5 * 60 * 1000 };

/* Stands for the relay's address in messages, and in the name of what is kept of it. */
static const char found_text[] = "found in the network";

struct path_relay {
    struct path base;
    struct owner *owner; /* NULL while one is looked for */
    bool paused, was_up;
    struct beam_why said; /* of what keeps it from coming up, so that it is said once */

    struct finder *finder; /* NULL: the relay was named */
    struct owner_spec spec;
    struct peer_id relay; /* that was picked */
    uint64_t since;
    unsigned misses;         /* picks that gave nothing */
    struct loop_timer timer; /* until another is looked for */
};

static const struct path_relay *of(const struct path *p)
{
    return (const struct path_relay *)p;
}

static const char *url_of(const struct path *p)
{
    return of(p)->owner ? owner_url(of(p)->owner) : "";
}

static const char *peer_of(const struct path *p)
{
    return of(p)->owner ? owner_peer(of(p)->owner) : "";
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
    if (r->finder) {
        loop_timer_clear(&r->timer);
        finder_cancel(r->finder); /* which outlives the path, if the agent has something to say */
    }
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

static void say_progress(struct path_relay *r, int percent, const char *summary)
{
    const struct path_events *ev = &r->base.events;
    if (ev->progress)
        ev->progress(ev->arg, &r->base, percent, summary);
}

/* A found relay is left for another: at once when it never came up, else after a while. */
static void judge_found(struct path_relay *r, enum owner_state state)
{
    if (state == OWNER_UP) {
        loop_timer_clear(&r->timer);
        if (r->since != 0)
            finder_report(r->finder, &r->relay, true, loop_now(r->spec.loop) - r->since);
        r->since = 0;
    } else if (state == OWNER_FAILED || (state == OWNER_RESTING && r->since != 0)) {
        if (r->since == 0) /* it was up, and was caught at something: that is told of it as well */
            r->since = loop_now(r->spec.loop);
        loop_timer_set(&r->timer, 0);
    } else if (state == OWNER_RESTING && !loop_timer_pending(&r->timer)) {
        loop_timer_set(&r->timer, PATH_RELAY_PATIENCE_MS);
    }
}

static void on_sealed(void *arg)
{
    say_progress(arg, PERCENT_DONE,
                 "visited the address: its certificate is ours, nobody sits in the middle");
}

static void on_state(void *arg, enum owner_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct path *p = arg;
    struct path_relay *r = arg;
    r->was_up |= state == OWNER_UP;
    if (state == OWNER_RESTING)
        tell_trouble(r, why);
    if (state == OWNER_ASKING)
        say_progress(r, PERCENT_ASKING, "asking the relay for an address");
    if (state == OWNER_CHECKING)
        say_progress(r, PERCENT_CHECKING, "visiting the address, to see if it leads here");
    if (r->finder)
        judge_found(r, state);
    if (r->finder && state == OWNER_FAILED) {
        tell_trouble(r, why);
        p->events.state(p->events.arg, p, PATH_WAITING, why, FIND_MIN_MS);
        return;
    }
    p->events.state(p->events.arg, p, state_of(state), why, retry_ms);
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct path_relay *r = arg;
    (void)head;
    if (!r->paused) {
        r->base.events.visitor(r->base.events.arg, &r->base, s, "");
        return;
    }
    stream_reset(s);
    stream_free(s);
}

static int start(struct path_relay *r, struct beam_why *why)
{
    const struct owner_events owner = {.state = on_state,
                                       .warning = on_warning,
                                       .sealed = on_sealed,
                                       .visitor = on_visitor,
                                       .arg = r};
    return owner_start(&r->spec, &owner, &r->owner, why);
}

static int make(const struct owner_spec *spec, const struct path_events *events,
                struct path_relay **out, struct beam_why *why)
{
    struct path_relay *r = calloc(1, sizeof(*r));
    if (!r)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    r->base = (struct path){.ops = &ops, .events = *events};
    r->spec = *spec;
    *out = r;
    return 0;
}

int path_relay(const struct owner_spec *spec, const struct path_events *events, struct path **out,
               struct beam_why *why)
{
    struct path_relay *r;
    int err = make(spec, events, &r, why);
    if (err < 0)
        return err;
    err = start(r, why);
    if (err < 0)
        free(r);
    else
        *out = &r->base;
    return err;
}

/* ---- a relay that is found ------------------------------------------------------------------ */

/* What is kept of the last one: which it was, for one that is another knows nothing of it. */
static char *kept(const struct path_relay *r)
{
    return ticket_path(r->spec.dir, host_id(r->spec.host), found_text);
}

static void prefer_last(struct path_relay *r)
{
    struct ticket t;
    char *path = r->spec.keep ? kept(r) : NULL;
    if (path && ticket_load(path, &t, &(struct beam_why){.code = 0}) == 0)
        finder_prefer(r->finder, &t.relay);
    free(path);
}

static void forget_last(struct path_relay *r, const struct peer_id *now)
{
    struct ticket t;
    char *path = r->spec.keep ? kept(r) : NULL;
    if (path && ticket_load(path, &t, &(struct beam_why){.code = 0}) == 0 &&
        !peer_id_equal(&t.relay, now))
        (void)file_remove(path);
    free(path);
}

/* Nobody was found: it is tried again, ever less often. */
static void miss(struct path_relay *r, const struct beam_why *why)
{
    uint64_t ms = backoff_pause(r->misses++, FIND_MIN_MS, FIND_MAX_MS);
    tell_trouble(r, why);
    loop_timer_set(&r->timer, ms);
    r->base.events.state(r->base.events.arg, &r->base, PATH_WAITING, why, ms);
}

static void on_found(void *arg, int err, const struct beam_why *why, const struct relay_info *info)
{
    struct path_relay *r = arg;
    struct beam_why words;
    if (err < 0) {
        miss(r, why);
        return;
    }
    r->misses = 0;
    r->relay = info->id;
    r->spec.where = (struct where){.peer = info->id};
    memcpy(r->spec.where.text, found_text, sizeof(found_text));
    forget_last(r, &info->id);
    r->since = loop_now(r->spec.loop);
    err = start(r, &words);
    if (err < 0)
        miss(r, &words);
}

static void on_timer(void *arg)
{
    struct path_relay *r = arg;
    if (r->owner && r->since != 0)
        finder_report(r->finder, &r->relay, false, 0);
    owner_free(r->owner);
    r->owner = NULL;
    say_progress(r, PERCENT_FINDING, "looking for a relay");
    r->base.events.state(r->base.events.arg, &r->base, PATH_OPENING, NULL, 0);
    finder_pick(r->finder, on_found, r);
}

int path_relay_found(const struct owner_spec *spec, struct finder *finder,
                     const struct path_events *events, struct path **out, struct beam_why *why)
{
    struct path_relay *r;
    int err = make(spec, events, &r, why);
    if (err < 0)
        return err;
    r->finder = finder;
    loop_timer_init(spec->loop, &r->timer, on_timer, r);
    loop_timer_set(&r->timer, 0);
    prefer_last(r);
    *out = &r->base;
    return 0;
}
