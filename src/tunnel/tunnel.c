/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "path/onion.h"
#include "tunnel/departures.h"
#include "tunnel/entrants.h"
#include "tunnel/names.h"
#include "tunnel/own_tls.h"
#include "tunnel/persona.h"

enum {
    BRANCHES_MAX = 1 + TUNNEL_RELAYS_MAX, /* an onion and relays */
    SOCKET_NAME_LEN = 16 /* of the onion's address: 80 bits of it are unique enough */
};

/* A path and how it stands. */
struct branch {
    struct path *path;
    enum path_state state;
    uint64_t since; /* it is on its way up since then */
};

struct tunnel {
    const struct tunnel_world *world;
    char name[NAMES_SIZE];
    struct target target;
    struct policy policy;
    struct tunnel_events events;
    struct permit *permit;
    enum tunnel_protocol protocol;
    struct passwords *passwords; /* NULL: none are asked for */
    struct persona persona;

    struct own_tls *own_tls; /* NULL: relays open TLS, where there is any */
    struct agent *agent;     /* among peers; NULL where no path needs it */
    struct branch branches[BRANCHES_MAX];
    size_t branch_count;
    struct loop_task failed; /* told from the loop, so that it may free the tunnel */
    struct beam_why failed_why;

    struct entrants *entrants;
};

static uint64_t now(const struct tunnel *t)
{
    return t->world->clock->monotonic_ms(t->world->clock->arg);
}

/* ---- visitors ------------------------------------------------------------------------------- */

static void on_full(void *arg, bool full)
{
    struct tunnel *t = arg;
    for (size_t i = 0; i < t->branch_count; i++) {
        if (full)
            path_pause(t->branches[i].path);
        else
            path_resume(t->branches[i].path);
    }
}

/* Of TLS that is for us to open; NULL where what this path brings is none. */
static const struct tls_context *tls_of(const struct tunnel *t, const struct path *p)
{
    return t->own_tls && strcmp(path_kind(p), "relay") == 0 ? own_tls_context(t->own_tls) : NULL;
}

static void on_visitor(void *arg, struct path *p, struct stream *s, const char *circuit)
{
    struct tunnel *t = arg;
    entrants_admit(t->entrants, p, s, circuit, tls_of(t, p));
}

static void on_evict(void *arg, struct path *p)
{
    entrants_evict(((struct tunnel *)arg)->entrants, p);
}

/* ---- paths ---------------------------------------------------------------------------------- */

static void on_failed(void *arg)
{
    struct tunnel *t = arg;
    t->events.failed(t->events.arg, &t->failed_why);
}

static bool all_failed(const struct tunnel *t)
{
    for (size_t i = 0; i < t->branch_count; i++)
        if (t->branches[i].state != PATH_FAILED)
            return false;
    return true;
}

static void on_state(void *arg, struct path *p, enum path_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct tunnel *t = arg;
    struct branch *w = t->branches;
    while (w->path != p)
        w++;
    enum path_state before = w->state;
    w->state = state;
    if (state == PATH_UP && before != PATH_UP) {
        t->events.path_up(t->events.arg, p, now(t) - w->since);
    } else if (state != PATH_UP && before == PATH_UP) {
        w->since = now(t);
        t->events.path_down(t->events.arg, p, why, retry_ms);
    }
    if (state == PATH_FAILED && all_failed(t)) {
        t->failed_why = *why;
        /* Of its tor, say, which is none of what the user asked for; a relay is. */
        if (why->code == BEAM_ENOTFOUND && strcmp(path_kind(p), "relay") != 0)
            t->failed_why.code = BEAM_EIO;
        loop_post(t->world->loop, &t->failed);
    } else if (state == PATH_FAILED && before != PATH_UP) {
        t->events.warning(t->events.arg, why); /* it has no way down, and others go on */
    }
}

static void on_progress(void *arg, struct path *p, int percent, const char *summary)
{
    struct tunnel *t = arg;
    t->events.progress(t->events.arg, p, percent, summary);
}

static void on_warning(void *arg, struct path *p, const struct beam_why *why)
{
    struct tunnel *t = arg;
    (void)p;
    t->events.warning(t->events.arg, why);
}

static int open_persona(struct tunnel *t, bool ephemeral, struct beam_why *why)
{
    const struct tunnel_world *w = t->world;
    return ephemeral ? persona_make(w->rng, &t->persona, why)
                     : persona_open(w->keys, t->target.text, t->name, &t->persona, why);
}

static struct path_events events_of(struct tunnel *t)
{
    return (struct path_events){.state = on_state,
                                .progress = on_progress,
                                .warning = on_warning,
                                .visitor = on_visitor,
                                .evict = on_evict,
                                .arg = t};
}

static int open_onion(struct tunnel *t, const struct tunnel_spec *asked, struct beam_why *why)
{
    const struct tunnel_world *w = t->world;
    const struct path_events events = events_of(t);
    char id[SOCKET_NAME_LEN + 1];
    char *dir = file_join(w->run_dir, "onion");
    if (!dir)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", w->run_dir);
    snprintf(id, sizeof(id), "%s", onion_key_address(t->persona.onion));
    const struct path_onion_spec spec = {.loop = w->loop,
                                         .tor = w->tor,
                                         .key = t->persona.onion,
                                         .dir = dir,
                                         .id = id,
                                         .client_auth = asked->client_auth,
                                         .limits = w->onion_limits,
                                         .services =
                                             t->policy.tag_circuits ? w->services_dir : NULL,
                                         .checkup_every = w->onion_watch,
                                         .permit = t->permit,
                                         .isolation = w->isolation,
                                         .clock = w->clock};
    struct branch *branch = &t->branches[t->branch_count];
    t->persona.onion = NULL; /* the path's now */
    int err = path_onion(&spec, &events, &branch->path, why);
    free(dir);
    if (err < 0)
        return err;
    branch->state = PATH_WAITING;
    branch->since = now(t);
    t->branch_count++;
    return 0;
}

static uint64_t kind_of(const struct tunnel *t)
{
    if (t->own_tls)
        return RESERVATION_TLS;
    switch (t->protocol) {
    case TUNNEL_TCP:
        return RESERVATION_TCP;
    case TUNNEL_UDP:
        return RESERVATION_UDP;
    default:
        return RESERVATION_HTTP;
    }
}

static int open_own_tls(struct tunnel *t, const struct tunnel_spec *asked, struct beam_why *why)
{
    const struct tunnel_world *w = t->world;
    const struct own_tls_spec spec = {.loop = w->loop,
                                      .rng = w->rng,
                                      .clock = w->clock,
                                      .permit = t->permit,
                                      .target = &t->target,
                                      .connect_timeout = w->connect_timeout,
                                      .certificate = asked->tls_certificate,
                                      .key = asked->tls_key,
                                      .http = t->protocol != TUNNEL_TCP};
    return own_tls_new(&spec, &t->own_tls, why);
}

/* One path each, all with one persona. */
static int open_relays(struct tunnel *t, const struct tunnel_spec *spec, struct beam_why *why)
{
    const struct tunnel_world *w = t->world;
    const struct path_events events = events_of(t);
    const struct agent_spec agent = {.loop = w->loop,
                                     .rng = w->rng,
                                     .clock = w->clock,
                                     .tor = w->tor,
                                     .isolation = w->isolation,
                                     .permit = t->permit,
                                     .key = t->persona.identity,
                                     .kind = kind_of(t),
                                     .port = spec->relay_port,
                                     .seal = t->own_tls ? own_tls_source(t->own_tls) : NULL,
                                     .seal_every = w->tls_check,
                                     .max_streams = w->max_streams,
                                     .dir = w->relays_dir,
                                     .bootstrap = w->bootstrap,
                                     .ca_file = w->ca_file,
                                     .rendezvous = spec->rendezvous ? w->rendezvous : NULL,
                                     .direct = t->policy.egress != POLICY_EGRESS_TOR,
                                     .keep = !spec->ephemeral};
    t->persona.identity = NULL; /* the agent's now */
    int err = agent_new(&agent, &t->agent);
    if (err < 0)
        return beam_why(why, err, "tunnel %s: out of memory", t->name);
    const char *name = spec->named ? t->name : NULL;
    for (size_t i = 0; err == 0 && i < spec->relay_count + spec->find_relay; i++) {
        struct branch *branch = &t->branches[t->branch_count];
        err = i < spec->relay_count
                  ? agent_relay(t->agent, &spec->relays[i], name, &events, &branch->path, why)
                  : agent_relay_found(t->agent, name, &events, &branch->path, why);
        if (err < 0)
            break;
        branch->state = PATH_WAITING;
        branch->since = now(t);
        t->branch_count++;
    }
    return err;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static int refuse_egress(const struct tunnel *t, struct beam_why *why)
{
    bool tor = t->policy.egress == POLICY_EGRESS_TOR;
    return beam_why(why, BEAM_EPOLICY,
                    "target %s: beyond this %s, %s policy %s %s (add --egress any, or publish "
                    "what is on this machine)",
                    t->target.text, tor ? "machine" : "network", tor ? "which" : "where",
                    t->policy.name, tor ? "reaches through Tor alone" : "does not go");
}

/* Before anything is made: that the policy covers the target, and that it can be one. */
static int check_target(const struct tunnel *t, struct beam_why *why)
{
    struct stat st;
    for (int i = 0; i < t->target.addr_count; i++)
        if (permit_check(t->permit, &t->target.addr[i], PERMIT_TYPED, NULL) < 0)
            return refuse_egress(t, why);
    const char *path = addr_path(&t->target.addr[0]);
    if (path && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return beam_why(why, BEAM_EINVAL, "target %s: %s, not a socket (give the socket's path)",
                        t->target.text, S_ISDIR(st.st_mode) ? "a folder" : "a file");
    return 0;
}

static int expect_visitors(struct tunnel *t, struct beam_why *why)
{
    const struct entrants_spec spec = {.world = t->world,
                                       .permit = t->permit,
                                       .target = &t->target,
                                       .passwords = t->passwords,
                                       .protocol = t->protocol,
                                       .events = &t->events,
                                       .full = on_full,
                                       .arg = t};
    int err = entrants_new(&spec, &t->entrants);
    return err < 0 ? beam_why(why, err, "tunnel %s: out of memory", t->name) : 0;
}

int tunnel_open(const struct tunnel_world *world, const struct tunnel_spec *spec,
                const struct tunnel_events *events, struct tunnel **out, struct beam_why *why)
{
    struct tunnel *t = calloc(1, sizeof(*t));
    if (!t)
        return beam_why(why, BEAM_ENOMEM, "tunnel %s: out of memory", spec->name);
    t->world = world;
    t->target = spec->target;
    t->policy = spec->policy;
    t->events = *events;
    t->protocol = spec->protocol;
    snprintf(t->name, sizeof(t->name), "%s", spec->name);
    loop_task_init(&t->failed, on_failed, t);

    int err = permit_new(&t->policy, &t->permit);
    if (err < 0) {
        beam_why(why, err, "tunnel %s: out of memory", spec->name);
        goto out;
    }
    err = check_target(t, why);
    if (err == 0 && spec->basic_auth)
        err = passwords_load(spec->basic_auth, world->rng, &t->passwords, why);
    if (err == 0)
        err = expect_visitors(t, why);
    if (err == 0)
        err = open_persona(t, spec->ephemeral, why);
    if (err == 0 && t->policy.paths & POLICY_ONION)
        err = open_onion(t, spec, why);
    if (err == 0 && spec->tls_passthrough)
        err = open_own_tls(t, spec, why);
    if (err == 0 && t->policy.paths & POLICY_RELAY)
        err = open_relays(t, spec, why);
out:
    if (err < 0)
        tunnel_free(t);
    else
        *out = t;
    return err;
}

void tunnel_free(struct tunnel *t)
{
    if (!t)
        return;
    loop_task_cancel(t->world->loop, &t->failed);
    for (size_t i = 0; i < t->branch_count; i++)
        path_free(t->branches[i].path);
    entrants_free(t->entrants);
    own_tls_free(t->own_tls);
    persona_clear(&t->persona);
    passwords_free(t->passwords);
    departures_add(t->world->departures, t->agent, t->permit);
    free(t);
}

const char *tunnel_name(const struct tunnel *t)
{
    return t->name;
}

const struct target *tunnel_target(const struct tunnel *t)
{
    return &t->target;
}

const struct policy *tunnel_policy(const struct tunnel *t)
{
    return &t->policy;
}

bool tunnel_is_sealed(const struct tunnel *t)
{
    return t->own_tls != NULL;
}

size_t tunnel_path_count(const struct tunnel *t)
{
    return t->branch_count;
}

struct path *tunnel_path(const struct tunnel *t, size_t i)
{
    return t->branches[i].path;
}

enum path_state tunnel_path_state(const struct tunnel *t, size_t i)
{
    return t->branches[i].state;
}

void tunnel_figures(const struct tunnel *t, struct tunnel_figures *out)
{
    entrants_figures(t->entrants, out);
}
