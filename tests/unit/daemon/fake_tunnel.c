/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/daemon/fake_tunnel.h"

#include <stdio.h>
#include <stdlib.h>

struct tunnel {
    struct path path;
    enum path_state state;
    struct tunnel_spec spec;
    struct tunnel_events events;
    struct tunnel_figures figures;
    char name[64], url[96];
};

struct tunnel *fakes[FAKES_MAX];
int fakes_open, fakes_err;

static const char *url_of(const struct path *p)
{
    return ((const struct tunnel *)p)->url;
}

static const struct path_ops ops = {.kind = "onion", .url = url_of};

int tunnel_open(const struct tunnel_world *world, const struct tunnel_spec *spec,
                const struct tunnel_events *events, struct tunnel **out, struct beam_why *why)
{
    (void)world;
    struct tunnel *t = fakes_err || fakes_open == FAKES_MAX ? NULL : calloc(1, sizeof(*t));
    if (!t) {
        int err = fakes_err ? fakes_err : BEAM_ENOMEM;
        fakes_err = 0;
        return beam_why(why, err, "the tunnel's own words");
    }
    t->path.ops = &ops;
    t->spec = *spec;
    t->events = *events;
    snprintf(t->name, sizeof(t->name), "%s", spec->name);
    snprintf(t->url, sizeof(t->url), "http://%s.onion", spec->name);
    t->spec.name = t->name;
    fakes[fakes_open++] = t;
    *out = t;
    return 0;
}

void tunnel_free(struct tunnel *t)
{
    int at = 0;
    if (!t)
        return;
    while (fakes[at] != t)
        at++;
    fakes_open--;
    for (; at < fakes_open; at++)
        fakes[at] = fakes[at + 1];
    free(t);
}

const char *tunnel_name(const struct tunnel *t)
{
    return t->name;
}

const struct target *tunnel_target(const struct tunnel *t)
{
    return &t->spec.target;
}

bool tunnel_is_sealed(const struct tunnel *t)
{
    return t->spec.tls_passthrough;
}

const struct policy *tunnel_policy(const struct tunnel *t)
{
    return &t->spec.policy;
}

size_t tunnel_path_count(const struct tunnel *t)
{
    (void)t;
    return 1;
}

struct path *tunnel_path(const struct tunnel *t, size_t i)
{
    (void)i;
    return (struct path *)&t->path;
}

enum path_state tunnel_path_state(const struct tunnel *t, size_t i)
{
    (void)i;
    return t->state;
}

void tunnel_figures(const struct tunnel *t, struct tunnel_figures *out)
{
    *out = t->figures;
}

bool fake_ephemeral(const struct tunnel *t)
{
    return t->spec.ephemeral;
}

void fake_progress(struct tunnel *t, int percent, const char *summary)
{
    t->state = PATH_OPENING;
    t->events.progress(t->events.arg, &t->path, percent, summary);
}

void fake_up(struct tunnel *t, uint64_t ms)
{
    t->state = PATH_UP;
    t->events.path_up(t->events.arg, &t->path, ms);
}

void fake_down(struct tunnel *t, const char *reason, uint64_t retry_ms)
{
    struct beam_why why;
    beam_why(&why, BEAM_EIO, "%s", reason);
    t->state = PATH_WAITING;
    t->events.path_down(t->events.arg, &t->path, &why, retry_ms);
}

void fake_request(struct tunnel *t, const char *method, const char *target)
{
    const struct tunnel_request r = {.id = ++t->figures.requests,
                                     .circuit = "",
                                     .method = method,
                                     .target = target,
                                     .status = method[0] ? 200 : 0,
                                     .ms = 12,
                                     .in = 34,
                                     .out = 56,
                                     .path = "onion"};
    t->events.request(t->events.arg, &r);
}

void fake_warning(struct tunnel *t, const char *text)
{
    struct beam_why why;
    beam_why(&why, BEAM_EIO, "%s", text);
    t->events.warning(t->events.arg, &why);
}

void fake_failed(struct tunnel *t, int code, const char *text)
{
    struct beam_why why;
    beam_why(&why, code, "%s", text);
    t->state = PATH_FAILED;
    t->events.failed(t->events.arg, &why);
}
