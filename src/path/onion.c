/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/onion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "path/arrivals.h"
#include "path/checkup.h"
#include "path/guests.h"
#include "tor/doorway.h"

enum { HTTP_PORT = 80 }; /* so that the URL needs none */

static const char scheme[] = "http://", tld[] = ".onion";
enum { URL_SIZE = sizeof(scheme) - 1 + ONION_ADDRESS_LEN + sizeof(tld) };

struct path_onion {
    struct path base;
    struct loop *loop;
    struct onion_key *key;
    struct doorway *doorway;
    struct tor *tor;
    struct onion *onion; /* NULL: nobody may enter for now */
    struct onion_limits limits;
    uint16_t port;
    struct guests *guests;     /* NULL: anybody may enter */
    struct checkup *checkup;   /* NULL: never */
    struct arrivals *arrivals; /* with a folder: visitors are announced */
    char *socket, *folder;
    char url[URL_SIZE];
};

static const char *url_of(const struct path *p)
{
    return ((const struct path_onion *)p)->url;
}

static void pause_visitors(struct path *p)
{
    doorway_pause(((struct path_onion *)p)->doorway);
}

static void resume_visitors(struct path *p)
{
    doorway_resume(((struct path_onion *)p)->doorway);
}

/* Whatever of it was made. */
static void take_down(struct path *p)
{
    struct path_onion *o = (struct path_onion *)p;
    checkup_free(o->checkup);
    guests_free(o->guests);
    onion_withdraw(o->onion);
    doorway_close(o->doorway);
    arrivals_free(o->arrivals);
    free(o->folder);
    onion_key_free(o->key);
    free(o->socket);
    free(o);
}

static const struct path_ops ops = {
    .kind = "onion",
    .url = url_of,
    .pause = pause_visitors,
    .resume = resume_visitors,
    .free = take_down,
};

static enum path_state state_of(enum onion_state state)
{
    switch (state) {
    case ONION_WAITING:
        return PATH_WAITING;
    case ONION_PUBLISHING:
        return PATH_OPENING;
    case ONION_UP:
        return PATH_UP;
    case ONION_FAILED:
        return PATH_FAILED;
    }
    return PATH_FAILED;
}

static void on_state(void *arg, enum onion_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct path *p = arg;
    const struct path_events *ev = &p->events;
    if (((struct path_onion *)p)->checkup)
        checkup_run(((struct path_onion *)p)->checkup, state == ONION_UP);
    if (state == ONION_PUBLISHING && ev->progress)
        ev->progress(ev->arg, p, 100, "publishing the onion service");
    ev->state(ev->arg, p, state_of(state), why, retry_ms);
}

/* It is published, and by that it is up, unless it was found not to be reachable. */
static void on_checked(void *arg, const struct beam_why *why)
{
    struct path *p = arg;
    p->events.state(p->events.arg, p, why ? PATH_OPENING : PATH_UP, why, 0);
}

static void on_unreached(void *arg)
{
    struct path_onion *o = arg;
    if (o->onion)
        onion_doubt(o->onion);
}

static void on_warning(void *arg, const struct beam_why *why)
{
    struct path *p = arg;
    if (p->events.warning)
        p->events.warning(p->events.arg, p, why);
}

static void on_announced(void *arg, struct stream *s, const char *tag)
{
    struct path *p = arg;
    p->events.visitor(p->events.arg, p, s, tag);
}

static void on_visitor(void *arg, struct stream *s)
{
    struct path_onion *o = arg;
    if (!o->onion) {
        /* Nobody may enter, which tor had not heard when it brought this one. */
        stream_reset(s);
        stream_free(s);
    } else if (o->arrivals) {
        arrivals_take(o->arrivals, s);
    } else {
        on_announced(o, s, "");
    }
}

static int publish(struct path_onion *o, struct beam_why *why)
{
    struct onion_spec spec = {.key = o->key,
                              .target = *doorway_addr(o->doorway),
                              .port = o->port,
                              .limits = o->limits,
                              .folder = o->folder};
    const struct onion_events events = {.state = on_state, .warning = on_warning, .arg = o};
    if (o->guests)
        spec.clients = guests_clients(o->guests);
    int err = onion_publish(o->tor, &spec, &events, &o->onion);
    switch (err) {
    case 0:
        return 0;
    case BEAM_EEXIST:
        return beam_why(why, err, "%s: published already (stop the tunnel that does)", o->url);
    case BEAM_EINVAL:
        return beam_why(why, err,
                        "%s: tor takes no socket path with a space, a quote or a letter beyond "
                        "ASCII in it (set BEAM_HOME or XDG_RUNTIME_DIR to another path)",
                        o->socket);
    default:
        return beam_why(why, err, "%s: cannot be published: %s", o->url, beam_err_text(err));
    }
}

/* ---- those with keys ------------------------------------------------------------------------ */

static void shut(struct path_onion *o, enum path_state state, const struct beam_why *why)
{
    if (o->checkup)
        checkup_run(o->checkup, false);
    onion_withdraw(o->onion);
    o->onion = NULL;
    /* tor leaves the circuits of who is inside as they are. */
    arrivals_turn_away(o->arrivals);
    if (o->base.events.evict)
        o->base.events.evict(o->base.events.arg, &o->base);
    o->base.events.state(o->base.events.arg, &o->base, state, why, 0);
}

static void on_closed(void *arg, const struct beam_why *why)
{
    shut(arg, PATH_WAITING, why);
}

static void on_changed(void *arg)
{
    struct path_onion *o = arg;
    struct beam_why why;
    const struct onion_clients clients = guests_clients(o->guests);
    int err = 0;
    arrivals_turn_away(o->arrivals);
    if (!o->onion)
        err = publish(o, &why);
    else if ((err = onion_admit(o->onion, &clients)) < 0)
        beam_why(&why, err, "%s: cannot be published anew: %s", o->url, beam_err_text(err));
    if (err < 0)
        shut(o, PATH_FAILED, &why);
}

static int open_guests(struct path_onion *o, const char *file, struct beam_why *why)
{
    const struct guests_events events = {.changed = on_changed, .closed = on_closed, .arg = o};
    return file ? guests_new(o->loop, file, &events, &o->guests, why) : 0;
}

static int begin_checkups(struct path_onion *o, const struct path_onion_spec *spec,
                          struct beam_why *why)
{
    const struct checkup_spec checkup = {.loop = spec->loop,
                                         .tor = spec->tor,
                                         .permit = spec->permit,
                                         .isolation = spec->isolation,
                                         .clock = spec->clock,
                                         .rng = rng_system(),
                                         .every = spec->checkup_every,
                                         .host = o->url + sizeof(scheme) - 1};
    const struct checkup_events events = {
        .changed = on_checked, .unreached = on_unreached, .arg = o};
    /* Another's tor may not say why it refuses, and who has no key is always refused. */
    bool blind = spec->client_auth && !tor_is_ours(spec->tor);
    if (spec->checkup_every == 0 || blind || checkup_new(&checkup, &events, &o->checkup) == 0)
        return 0;
    return beam_why(why, BEAM_ENOMEM, "onion: out of memory");
}

/* Only tor's configuration has it tell circuits, and that is only ours to change where tor is. */
static int tell_circuits(struct path_onion *o, const char *services, struct beam_why *why)
{
    if (!services)
        return 0;
    if (!tor_is_ours(o->tor))
        return beam_why(
            why, BEAM_EINVAL,
            "tag_circuits (onion.tag_circuits, or the policy's): only a tor of beam's "
            "own can have its configuration changed for this (leave out tor.control, or "
            "set it to no)");
    o->folder = file_join(services, onion_key_address(o->key));
    if (o->folder && arrivals_new(o->loop, rng_system(), on_announced, o, &o->arrivals) == 0)
        return 0;
    return beam_why(why, BEAM_ENOMEM, "onion: out of memory");
}

int path_onion(const struct path_onion_spec *spec, const struct path_events *events,
               struct path **out, struct beam_why *why)
{
    const struct doorway_spec door = {
        .loop = spec->loop, .tor = spec->tor, .dir = spec->dir, .id = spec->id};
    int err = 0;
    struct path_onion *o = calloc(1, sizeof(*o));
    if (!o) {
        onion_key_free(spec->key);
        return beam_why(why, BEAM_ENOMEM, "onion: out of memory");
    }
    o->base = (struct path){.ops = &ops, .events = *events};
    o->loop = spec->loop;
    o->tor = spec->tor;
    o->key = spec->key;
    o->limits = spec->limits;
    o->port = spec->port ? spec->port : HTTP_PORT;
    snprintf(o->url, sizeof(o->url), "%s%s%s", scheme, onion_key_address(o->key), tld);

    o->socket = file_join(spec->dir, spec->id);
    if (!o->socket) {
        err = beam_why(why, BEAM_ENOMEM, "onion: out of memory");
        goto out;
    }
    err = tell_circuits(o, spec->services, why);
    if (err == 0)
        err = begin_checkups(o, spec, why);
    if (err == 0)
        err = open_guests(o, spec->client_auth, why);
    if (err == 0)
        err = doorway_open(&door, on_visitor, o, &o->doorway, why);
    if (err == 0)
        err = publish(o, why);
out:
    if (err < 0)
        take_down(&o->base);
    else
        *out = &o->base;
    return err;
}
