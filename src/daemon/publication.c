/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/publication.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "daemon/events.h"
#include "daemon/wish.h"

struct publication {
    struct publications *all;
    struct publication *next, **link; /* in order of id */
    struct publication_subscriber to; /* event NULL: nobody hears */
    struct tunnel *tunnel;
    struct loop_task greet;
    bool greeted; /* "starting" was told, which comes before all else */
    uint64_t id, since;
    bool detached, ephemeral, was_ready;
};

struct publications {
    struct publications_spec spec;
    struct map *by_name;
    struct publication *first, **end;
    uint64_t last_id;
};

/* ---- events ---- */

static struct events_head head_of(const struct publication *p)
{
    const struct clock_source *clock = p->all->spec.world->clock;
    return (struct events_head){.tunnel = p->id, .wall_ms = clock->wall_ms(clock->arg)};
}

/* Hands the event over and deletes it. One that memory did not suffice for is lost, and logged. */
static void tell(struct publication *p, cJSON *event)
{
    if (!event)
        log_error("daemon", "tunnel %llu: an event was lost: out of memory",
                  (unsigned long long)p->id);
    else if (p->to.event)
        p->to.event(p->to.arg, event);
    cJSON_Delete(event);
}

static void on_greet(void *arg);

static void on_progress(void *arg, struct path *path, int percent, const char *summary)
{
    struct publication *p = arg;
    on_greet(p);
    if (strcmp(path_kind(path), "onion") == 0 && tor_state(p->all->spec.world->tor) != TOR_READY)
        return; /* tor's own progress is told meanwhile */
    struct events_head h = head_of(p);
    tell(p, events_progress(&h, path_kind(path), percent, summary));
}

static void on_path_up(void *arg, struct path *path, uint64_t ms)
{
    struct publication *p = arg;
    struct events_head h = head_of(p);
    log_info("daemon", "tunnel %llu: %s up after %llu ms", (unsigned long long)p->id,
             path_kind(path), (unsigned long long)ms);
    tell(p, events_path_up(&h, path_kind(path), path_url(path), path_peer(path),
                           tunnel_is_sealed(p->tunnel) && path_peer(path)[0] != '\0', ms));
    if (!p->was_ready) {
        p->was_ready = true;
        tell(p, events_ready(&h, p->tunnel));
    }
}

static void on_path_down(void *arg, struct path *path, const struct beam_why *why,
                         uint64_t retry_ms)
{
    struct publication *p = arg;
    struct events_head h = head_of(p);
    log_warn("daemon", "tunnel %llu: %s down: %s", (unsigned long long)p->id, path_kind(path),
             log_scrub(why->text));
    tell(p, events_path_down(&h, path_kind(path), why->text, retry_ms));
}

static void on_request(void *arg, const struct tunnel_request *r)
{
    struct publication *p = arg;
    struct events_head h = head_of(p);
    if (p->to.event)
        tell(p, events_request(&h, r));
}

static void on_warning(void *arg, const struct beam_why *why)
{
    struct publication *p = arg;
    struct events_head h = head_of(p);
    /* Not logged here: it names the target, and whoever found it has logged it scrubbed. */
    tell(p, events_warning(&h, why->text));
}

static void stop_with(struct publication *p, const struct beam_why *why)
{
    struct events_head h = head_of(p);
    tell(p, events_error(&h, why));
    publication_stop(p);
}

static void on_failed(void *arg, const struct beam_why *why)
{
    struct publication *p = arg;
    log_error("daemon", "tunnel %llu: %s", (unsigned long long)p->id, beam_err_text(why->code));
    stop_with(p, why);
}

/* The first events, once the reply to the request is on its way. */
static void on_greet(void *arg)
{
    struct publication *p = arg;
    if (p->greeted)
        return;
    p->greeted = true;
    struct events_head h = head_of(p);
    const struct policy *policy = tunnel_policy(p->tunnel);
    tell(p,
         events_starting(&h, tunnel_name(p->tunnel), tunnel_target(p->tunnel)->text, policy->name));
    if (policy->egress == POLICY_EGRESS_TOR)
        return;
    struct beam_why why;
    beam_why(&why, BEAM_EPOLICY,
             "egress %s: for this tunnel's sake this machine may reach %s addresses without Tor",
             policy_egress_name(policy->egress),
             policy->egress == POLICY_EGRESS_ANY ? "all" : "private and link-local");
    on_warning(p, &why);
}

static const struct tunnel_events events = {
    .progress = on_progress,
    .path_up = on_path_up,
    .path_down = on_path_down,
    .request = on_request,
    .warning = on_warning,
    .failed = on_failed,
};

/* ---- one ---- */

static void unlink_one(struct publication *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    else
        p->all->end = p->link;
    map_take(p->all->by_name, tunnel_name(p->tunnel), strlen(tunnel_name(p->tunnel)));
}

static void free_one(struct publication *p)
{
    unlink_one(p);
    loop_task_cancel(p->all->spec.world->loop, &p->greet);
    tunnel_free(p->tunnel);
    free(p);
}

static void changed(struct publications *ps)
{
    if (ps->spec.changed)
        ps->spec.changed(ps->spec.arg);
}

void publication_stop(struct publication *p)
{
    struct publications *ps = p->all;
    struct events_head h = head_of(p);
    cJSON *event = events_stopped(&h);
    struct publication_subscriber to = p->to;
    free_one(p);
    if (to.event && event)
        to.event(to.arg, event);
    cJSON_Delete(event);
    changed(ps);
}

static int refuse_running(const struct publication *p, struct beam_why *why)
{
    const char *name = tunnel_name(p->tunnel);
    return beam_why(why, BEAM_EEXIST,
                    "%s: runs already as tunnel %llu (see it with `beam status`, end it with "
                    "`beam stop %s`, or publish under another --name)",
                    name, (unsigned long long)p->id, name);
}

/* Room for one more, and nobody of that name. */
static int check_room(struct publications *ps, const char *name, struct beam_why *why)
{
    const struct publication *same = map_get(ps->by_name, name, strlen(name));
    if (same)
        return refuse_running(same, why);
    uint64_t most = ps->spec.conf->daemon_max_tunnels;
    if (publications_count(ps) >= most)
        return beam_why(why, BEAM_ELIMIT,
                        "%s: %llu tunnels run already, which is daemon.max_tunnels (stop one, or "
                        "raise it)",
                        name, (unsigned long long)most);
    return 0;
}

static int open_one(struct publication *p, const struct wish *wish, struct beam_why *why)
{
    struct publications *ps = p->all;
    const struct tunnel_spec spec = {.name = wish->name,
                                     .target = wish->target,
                                     .policy = wish->policy,
                                     .relays = wish->relays,
                                     .relay_count = wish->relay_count,
                                     .find_relay = wish->find_relay,
                                     .rendezvous = wish->rendezvous,
                                     .named = wish->named,
                                     .ephemeral = wish->ephemeral,
                                     .client_auth = wish->client_auth,
                                     .basic_auth = wish->basic_auth,
                                     .protocol = wish->protocol,
                                     .relay_port = wish->relay_port,
                                     .tls_passthrough = wish->tls_passthrough,
                                     .tls_certificate = wish->tls_certificate,
                                     .tls_key = wish->tls_key};
    struct tunnel_events ev = events;
    ev.arg = p;
    int err = tunnel_open(ps->spec.world, &spec, &ev, &p->tunnel, why);
    if (err < 0)
        return err;
    err = map_put(ps->by_name, wish->name, strlen(wish->name), p);
    if (err < 0) {
        tunnel_free(p->tunnel);
        return beam_why(why, err, "%s: %s", wish->name, beam_err_text(err));
    }
    p->link = ps->end;
    *ps->end = p;
    ps->end = &p->next;
    return 0;
}

int publication_open(struct publications *ps, const struct message *m,
                     const struct publication_subscriber *to, struct publication **out,
                     struct beam_why *why)
{
    const struct tunnel_world *world = ps->spec.world;
    struct wish wish;
    int err = wish_read(m, ps->spec.conf, world->keys, world->rng, &wish, why);
    if (err < 0 || (err = check_room(ps, wish.name, why)) < 0)
        return err;
    struct publication *p = calloc(1, sizeof(*p));
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", wish.name);
    p->all = ps;
    p->to = *to;
    p->detached = m->publish.detach;
    p->ephemeral = wish.ephemeral;
    p->since = world->clock->wall_ms(world->clock->arg);
    loop_task_init(&p->greet, on_greet, p);
    err = open_one(p, &wish, why);
    if (err < 0) {
        free(p);
        return err;
    }
    p->id = ++ps->last_id;
    loop_post(world->loop, &p->greet);
    changed(ps);
    *out = p;
    return 0;
}

uint64_t publication_id(const struct publication *p)
{
    return p->id;
}

const struct tunnel *publication_tunnel(const struct publication *p)
{
    return p->tunnel;
}

bool publication_detached(const struct publication *p)
{
    return p->detached;
}

bool publication_ephemeral(const struct publication *p)
{
    return p->ephemeral;
}

uint64_t publication_since(const struct publication *p)
{
    return p->since;
}

/* ---- all ---- */

int publications_new(const struct publications_spec *spec, struct publications **out)
{
    struct publications *ps = calloc(1, sizeof(*ps));
    if (!ps)
        return BEAM_ENOMEM;
    ps->spec = *spec;
    ps->end = &ps->first;
    int err = map_new(spec->world->rng, (size_t)spec->conf->daemon_max_tunnels, &ps->by_name);
    if (err < 0) {
        free(ps);
        return err;
    }
    *out = ps;
    return 0;
}

void publications_stop(struct publications *ps, const struct beam_why *why)
{
    struct publication *p = ps->first, *next;
    for (; p; p = next) {
        next = p->next;
        stop_with(p, why);
    }
}

void publications_free(struct publications *ps)
{
    if (!ps)
        return;
    struct publication *p = ps->first, *next;
    for (; p; p = next) {
        next = p->next;
        free_one(p);
    }
    map_free(ps->by_name);
    free(ps);
}

/* The onion of a tunnel, or NULL; `waiting`: only one that is not up. */
static struct path *onion_of(const struct publication *p, bool waiting)
{
    for (size_t i = 0; i < tunnel_path_count(p->tunnel); i++) {
        struct path *path = tunnel_path(p->tunnel, i);
        if (strcmp(path_kind(path), "onion") == 0)
            return waiting && tunnel_path_state(p->tunnel, i) == PATH_UP ? NULL : path;
    }
    return NULL;
}

void publications_tor_progress(struct publications *ps, int percent, const char *summary)
{
    for (struct publication *p = ps->first; p; p = p->next) {
        const struct path *path = onion_of(p, true);
        struct events_head h = head_of(p);
        if (path)
            tell(p, events_progress(&h, path_kind(path), percent,
                                    percent < 100 ? summary : "publishing the onion service"));
    }
}

void publications_tor_warning(struct publications *ps, const struct beam_why *why)
{
    /* What is in tor's way concerns those that wait for it; what is wrong with tor itself, or with
     * the program that speaks a transport, those that are up as well. */
    bool waiting = why->code == BEAM_EUNREACH || why->code == BEAM_ETIMEOUT;
    for (struct publication *p = ps->first; p; p = p->next)
        if (onion_of(p, waiting))
            on_warning(p, why);
}

size_t publications_count(const struct publications *ps)
{
    return map_count(ps->by_name);
}

struct publication *publications_above(struct publications *ps, uint64_t id)
{
    struct publication *p = ps->first;
    while (p && p->id <= id)
        p = p->next;
    return p;
}

struct publication *publication_next(const struct publication *p)
{
    return p->next;
}

struct publication *publications_by_id(struct publications *ps, uint64_t id)
{
    struct publication *p = id > 0 ? publications_above(ps, id - 1) : NULL;
    return p && p->id == id ? p : NULL;
}

struct publication *publications_find(struct publications *ps, const char *what)
{
    struct publication *p = map_get(ps->by_name, what, strlen(what));
    uint64_t id;
    if (p || text_number(what, strlen(what), MESSAGE_ID_MAX, &id) < 0)
        return p;
    return publications_by_id(ps, id);
}

void publications_leave(struct publications *ps, const void *subscriber_arg)
{
    struct publication *p = ps->first, *next;
    for (; p; p = next) {
        next = p->next;
        if (p->to.arg != subscriber_arg)
            continue;
        p->to = (struct publication_subscriber){0};
        if (!p->detached)
            publication_stop(p);
    }
}
