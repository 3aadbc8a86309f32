/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/running.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/ask.h"

static void judge_tor(struct findings *fs, const cJSON *tor)
{
    const char *state = json_text(tor, "state"), *reason = json_text(tor, "reason");
    if (strcmp(state, "resting") == 0 || strcmp(state, "failed") == 0)
        findings_add(fs, "daemon", FINDINGS_FAIL, "see its log for why",
                     "the daemon's tor is %s%s%s: it is started again after a pause", state,
                     reason[0] ? ": " : "", reason);
    else if (strcmp(state, "starting") == 0 || strcmp(state, "bootstrapping") == 0)
        findings_add(fs, "daemon", FINDINGS_WARN, "wait, and see its log if this stays so",
                     "the daemon's tor is on its way, at %.0f %%%s%s", json_number(tor, "percent"),
                     reason[0] ? "; the one before: " : "", reason);
}

void running_judge(struct findings *fs, const cJSON *status, const char *version,
                   struct running *out)
{
    const cJSON *tor = cJSON_GetObjectItemCaseSensitive(status, "tor");
    const char *beam = json_text(status, "beam"), *state = json_text(tor, "state");
    out->there = true;
    out->tor_ready = strcmp(state, "ready") == 0;
    out->tor_off = strcmp(state, "off") == 0;
    if (strcmp(beam, version) != 0)
        findings_add(fs, "daemon", FINDINGS_WARN, "stop it: the next command starts the new one",
                     "the daemon is beam %s, and this is beam %s", beam, version);
    findings_add(fs, "daemon", FINDINGS_OK, "", "beam %s runs as pid %.0f, its tor is %s", beam,
                 json_number(status, "pid"), state);
    judge_tor(fs, tor);
}

void running_count(struct running_tunnels *t, const cJSON *status)
{
    const cJSON *tunnel, *path;
    cJSON_ArrayForEach(tunnel, cJSON_GetObjectItemCaseSensitive(status, "tunnels"))
    {
        const cJSON *down = NULL;
        cJSON_ArrayForEach(path, cJSON_GetObjectItemCaseSensitive(
                                     tunnel, "paths")) if (!down && strcmp(json_text(path, "state"),
                                                                           "up") != 0) down = path;
        t->count++;
        if (down && t->down++ == 0)
            snprintf(t->first, sizeof(t->first), "of %s the path %s is %s",
                     json_text(tunnel, "name"), json_text(down, "path"), json_text(down, "state"));
    }
}

void running_tell(struct findings *fs, const struct running_tunnels *t)
{
    if (t->down > 0)
        findings_add(fs, "tunnels", FINDINGS_WARN,
                     "wait, and when it stays so see beam status and the daemon's log",
                     "%zu of %zu cannot be reached as they should be: %s", t->down, t->count,
                     t->first);
    else if (t->count > 0)
        findings_add(fs, "tunnels", FINDINGS_OK, "", "%zu, and all are up", t->count);
}

struct asked {
    struct findings *findings;
    struct running *out;
    const char *version;
    struct running_tunnels tunnels;
    uint64_t after;
};

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    const struct asked *a = arg;
    return request_status(id, c, a->after);
}

static bool on_reply(void *arg, const cJSON *reply)
{
    struct asked *a = arg;
    const cJSON *page = cJSON_GetObjectItemCaseSensitive(reply, "tunnels");
    const cJSON *last = page && page->child ? page->child->prev : NULL; /* as cJSON links them */
    if (a->after == 0)
        running_judge(a->findings, reply, a->version, a->out);
    running_count(&a->tunnels, reply);
    a->after = last ? (uint64_t)json_number(last, "id") : 0;
    return a->after > 0 && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "more"));
}

void running_check(struct findings *fs, const struct options *o, const char *version, bool held,
                   struct running *out)
{
    struct asked a = {.findings = fs, .out = out, .version = version};
    const struct ask ask = {.request = make_request, .reply = on_reply, .arg = &a};
    struct beam_why why;
    *out = (struct running){.there = held};
    int err = ask_daemon(o, &ask, &why);
    if (err == BEAM_ENODAEMON && !held)
        findings_add(fs, "daemon", FINDINGS_OK, "", "none runs; one is started when it is needed");
    else if (err < 0)
        findings_add_why(fs, "daemon", FINDINGS_FAIL, &why);
    running_tell(fs, &a.tunnels);
}
