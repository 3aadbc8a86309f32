/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/status.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

static bool add_number(cJSON *o, const char *key, uint64_t n)
{
    return cJSON_AddNumberToObject(o, key, (double)n) != NULL;
}

static bool add_tor(cJSON *tor, const struct tor *t)
{
    const char *trouble = tor_trouble(t);
    return (!trouble[0] || cJSON_AddStringToObject(tor, "reason", trouble)) &&
           cJSON_AddStringToObject(tor, "state", tor_state_name(tor_state(t))) &&
           cJSON_AddNumberToObject(tor, "percent", tor_percent(t)) &&
           cJSON_AddStringToObject(tor, "version", tor_version(t)) &&
           cJSON_AddNumberToObject(tor, "pid", (double)tor_pid(t));
}

static bool add_paths(cJSON *paths, const struct tunnel *t)
{
    bool whole = paths != NULL;
    for (size_t i = 0; whole && i < tunnel_path_count(t); i++) {
        const struct path *path = tunnel_path(t, i);
        const char *url = path_url(path);
        cJSON *o = json_append(paths);
        whole = cJSON_AddStringToObject(o, "path", path_kind(path)) &&
                cJSON_AddStringToObject(o, "state", path_state_name(tunnel_path_state(t, i))) &&
                (!url || cJSON_AddStringToObject(o, "url", url));
    }
    return whole;
}

static bool add_figures(cJSON *o, const struct tunnel *t)
{
    struct tunnel_figures f;
    tunnel_figures(t, &f);
    return add_number(o, "requests", f.requests) && add_number(o, "connections", f.connections) &&
           add_number(o, "open", f.open_streams) && add_number(o, "in", f.in) &&
           add_number(o, "out", f.out);
}

static bool add_tunnel(cJSON *o, const struct publication *p)
{
    const struct tunnel *t = publication_tunnel(p);
    const struct policy *policy = tunnel_policy(t);
    return add_number(o, "id", publication_id(p)) &&
           cJSON_AddStringToObject(o, "name", tunnel_name(t)) &&
           cJSON_AddStringToObject(o, "target", tunnel_target(t)->text) &&
           cJSON_AddStringToObject(o, "policy", policy->name) &&
           cJSON_AddStringToObject(o, "egress", policy_egress_name(policy->egress)) &&
           cJSON_AddBoolToObject(o, "ephemeral", publication_ephemeral(p)) &&
           cJSON_AddBoolToObject(o, "detached", publication_detached(p)) &&
           json_add_time(o, "since", publication_since(p)) &&
           add_paths(cJSON_AddArrayToObject(o, "paths"), t) && add_figures(o, t);
}

static bool add_page(cJSON *reply, struct publications *ps, uint64_t after)
{
    cJSON *tunnels = cJSON_AddArrayToObject(reply, "tunnels");
    struct publication *p = publications_above(ps, after);
    bool whole = tunnels != NULL;
    for (int n = 0; whole && p && n < MESSAGE_PAGE; n++) {
        whole = add_tunnel(json_append(tunnels), p);
        p = publication_next(p);
    }
    return whole && cJSON_AddBoolToObject(reply, "more", p != NULL);
}

cJSON *status_reply(const struct status_facts *facts, uint64_t id, uint64_t after)
{
    cJSON *reply = message_reply(id);
    if (reply && cJSON_AddStringToObject(reply, "beam", facts->version) &&
        cJSON_AddNumberToObject(reply, "pid", (double)getpid()) &&
        json_add_time(reply, "since", facts->started) &&
        add_tor(cJSON_AddObjectToObject(reply, "tor"), facts->tor) &&
        cJSON_AddStringToObject(reply, "keys", keystore_state_name(keystore_state(facts->keys))) &&
        add_page(reply, facts->publications, after))
        return reply;
    cJSON_Delete(reply);
    return NULL;
}
